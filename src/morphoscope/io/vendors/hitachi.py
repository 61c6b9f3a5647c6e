"""Hitachi: the text beside the picture of an S-, SU-, TM- or Regulus-series microscope."""

from __future__ import annotations

from .facts import Facts
from .text import NUMBER, fitted, known, length_nm, number, pair, sections, square

HEADS = ("semimagefile.", "temimagefile.", "imagefile.")


def beside(text: str, height_px: int, width_px: int) -> Facts | None:
    """``[SemImageFile]`` with ``PixelSize`` in nm for an image of ``DataSize`` pixels."""
    told = sections(text)
    head = next((head for head in HEADS if any(key.startswith(head) for key in told)), None)
    if head is None:
        return None
    values = {key.removeprefix(head): value for key, value in told.items() if key.startswith(head)}
    size = square(length_nm(values.get("pixelsize"), "nm"), "Hitachi PixelSize")
    notes = () if size else ("the Hitachi text names no pixel size",)
    stated = pair(values.get("datasize"))
    return fitted(Facts(size, _conditions(values), notes=notes), stated, height_px, width_px)


def _conditions(told: dict[str, str]) -> dict[str, float | str]:
    distance = length_nm(told.get("workingdistance"), "um")
    return known(
        vendor="Hitachi",
        instrument=told.get("instructname") or told.get("instrumentname"),
        voltage_kv=_kilovolts(told.get("acceleratingvoltage")),
        working_distance_mm=None if distance is None else float(f"{distance * 1e-6:.12g}"),
        magnification=number(told.get("magnification")),
        detector=told.get("signalname"),
        date=" ".join(t for t in (told.get("date"), told.get("time")) if t),
    )


def _kilovolts(text: str | None) -> float | None:
    value = number(text)
    if value is None or text is None:
        return None
    unit = NUMBER.sub("", text, count=1).strip().lower()
    return value if unit.startswith("k") else float(f"{value / 1000:.12g}")
