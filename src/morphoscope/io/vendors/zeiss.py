"""
Zeiss SEM (LEO, Supra, Ultra, Merlin, Gemini, Sigma, EVO): tag 34118.

The header knows several pixel sizes. ``AP_PIXEL_SIZE`` and the unnamed fourth number are those of the
screen, 1024 pixels wide; ``AP_IMAGE_PIXEL_SIZE`` is that of the image at its store resolution;
``AP_WIDTH`` is the width of the field. They are held against each other and the image's own width.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

from ..plain import decode
from .facts import Facts, Page
from .text import bare, known, length_nm, number, pair, rectangle, square, times, xml

TAG = 34118
WIDE_TAG = 34119
ORION_TAG, FIBICS_TAG = 65000, 51023
SCREEN_PX = 1024
AGREE, SAME = 0.02, 1e-3
KEY = re.compile(r"^(?:AP|DP|SV)_\w+$")


def read(page: Page) -> Facts | None:
    """Pixel size and conditions of SmartSEM, or of the XML of an ORION ion microscope."""
    raw = page.raw(TAG) or page.raw(WIDE_TAG)
    if raw is None:
        return _ion(page)
    text = decode(raw).rstrip("\0")
    told = _named(text)
    nm, origin, notes = _pixel_nm(told, _screen_nm(text), page.width_px)
    size = square(nm, f"Zeiss {origin}") if nm is not None else None
    if size is None and told.get("AP_FIB_PIXEL_SIZE"):
        size = square(length_nm(told["AP_FIB_PIXEL_SIZE"]), "Zeiss AP_FIB_PIXEL_SIZE")
    return Facts(size, _conditions(told), {"zeiss": text}, None, notes)


def _named(text: str) -> dict[str, str]:
    """Values by key: each key stands on a line of its own, the line after it reads "label = value" or "label :value"."""
    lines = [line.strip() for line in text.replace("\0", "\n").splitlines()]
    found = {}
    for key, line in pairwise(lines):
        if KEY.match(key) and re.search("[=:]", line):
            found[key] = re.split("[=:]", line, maxsplit=1)[1].strip()
    return found


def _screen_nm(text: str) -> float | None:
    """The pixel of the screen, in metres on the fourth line of the unnamed block that opens the text."""
    lines = text.split("\n")[:8]
    opening = [line.strip() for line in lines if line.strip() and number(line) is not None and not KEY.match(line.strip())]
    value = number(opening[3]) if len(opening) > 3 else None
    return value * 1e9 if value is not None and 1e-13 < value < 1e-2 else None


def _pixel_nm(told: dict[str, str], screen_nm: float | None, width_px: int) -> tuple[float | None, str, tuple[str, ...]]:
    """The pixel size of the image, its origin and what had to be decided."""
    image = length_nm(told.get("AP_IMAGE_PIXEL_SIZE"))
    shown = length_nm(told.get("AP_PIXEL_SIZE"))
    field = length_nm(told.get("AP_WIDTH"))
    by_field = field and field / width_px
    by_screen = [nm * SCREEN_PX / width_px for nm in (screen_nm, shown) if nm]
    stored = pair(told.get("DP_IMAGE_STORE"))
    if image is None:
        nm = next(iter(by_screen), by_field)
        origin = "AP_PIXEL_SIZE of a screen 1024 pixels wide" if by_screen else "AP_WIDTH"
        return nm, origin, (f"no image pixel size in the header; taken from {origin}",) if nm else ()
    corrected = image * stored[0] / width_px if stored else image
    witnesses = [nm for nm in (by_field, *by_screen) if nm]
    chosen = next((nm for nm in (corrected, image) if _near(nm, witnesses[:1] if by_field else witnesses)), None)
    if chosen is None and by_field and shown and screen_nm:
        chosen = next((nm for nm in by_screen if _near(nm, [by_field])), None)
    if chosen is None and shown and _near(image, [shown], SAME) and by_screen and width_px != SCREEN_PX:
        chosen = by_screen[0]
    chosen = chosen or corrected
    notes: tuple[str, ...] = ()
    if not _near(chosen, [image], AGREE):
        notes = (f"the header's image pixel size of {image:.6g} nm is for another image width; corrected for {width_px} pixels",)
    finer = next((nm for nm in by_screen[:1] if screen_nm and _near(nm, [chosen], SAME)), None)
    if finer is not None and finer != chosen:
        return finer, "AP_IMAGE_PIXEL_SIZE, to the digits of the unnamed block", notes
    return chosen, "AP_IMAGE_PIXEL_SIZE", notes


def _near(nm: float, others: Sequence[float], tolerance: float = AGREE) -> bool:
    return any(math.isclose(nm, other, rel_tol=tolerance) for other in others)


def _conditions(told: dict[str, str]) -> dict[str, float | str]:
    magnification = number(told.get("AP_MAG"))
    if magnification and re.search(r"\dK|\d\s+K", told["AP_MAG"]):
        magnification *= 1000
    distance = length_nm(told.get("AP_WD"))
    dwell = re.search(r"([\d.,]+)\s*(ns|µs|us|ms|s)\b", told.get("DP_DWELL_TIME", ""))
    return known(
        vendor="Zeiss",
        instrument=told.get("DP_SEM") or told.get("SV_SERIAL_NUMBER"),
        voltage_kv=_kilovolts(told.get("AP_ACTUALKV") or told.get("AP_MANUALKV")),
        working_distance_mm=None if distance is None else float(f"{distance * 1e-6:.12g}"),
        magnification=magnification,
        detector=told.get("DP_DETECTOR_CHANNEL") or told.get("DP_DETECTOR_TYPE"),
        dwell_time_us=times(dwell[1], {"ns": 1e-3, "ms": 1e3, "s": 1e6}.get(dwell[2], 1.0)) if dwell else None,
        tilt_alpha_deg=number(told.get("AP_STAGE_AT_T")),
        date=" ".join(t for t in (told.get("AP_DATE"), told.get("AP_TIME")) if t),
        software=told.get("SV_VERSION"),
    )


def _kilovolts(text: str | None) -> float | None:
    value = number(text)
    return value if value is None or "kV" in (text or "") else value / 1000


def _ion(page: Page) -> Facts | None:
    """ORION (``<ImageTags>``) and Fibics (``<Fibics>``): the field of view over the image's own size."""
    raw = page.raw(FIBICS_TAG) or page.raw(ORION_TAG)
    if raw is None or b"<" not in raw:
        return None
    text = decode(raw).rstrip("\0")
    root = xml(text)
    if bare(root.tag) not in ("fibics", "imagetags"):
        return None
    told = {}
    for node in root.iter():
        parts = {bare(child.tag): (child.text or "").strip() for child in node}
        unit = parts.get("units") or next((v for k, v in node.attrib.items() if bare(k) in ("unit", "units")), "")
        told[bare(node.tag)] = f"{parts.get('value') or (node.text or '').strip()} {unit}".strip()
    width = length_nm(told.get("fov_x") or told.get("fov") or told.get("fieldofview"), "um")
    height = length_nm(told.get("fov_y"), "um")
    size = rectangle(height and height / page.height_px, width and width / page.width_px, "Zeiss ORION field of view")
    volts = number(told.get("accelerationvoltage") or told.get("beamhv"))
    conditions = known(
        vendor="Zeiss", instrument=told.get("beam") or "ORION", detector=told.get("detectorname"), date=told.get("date"),
        voltage_kv=None if volts is None else abs(volts) / 1e3 if abs(volts) > 100 else abs(volts),
    )  # fmt: skip
    return Facts(size, conditions, {"zeiss_xml": text})
