"""JEOL: the text that a JSM writes beside its picture, and the XML that SightX writes into a TIFF."""

from __future__ import annotations

import math

from ...core import PixelSize
from .facts import Facts, Page
from .text import bare, fitted, known, length_nm, number, pair, rectangle, square, times, xml

DESCRIPTION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 270, 282, 283, 296
NM_PER_RESOLUTION_UNIT = {2: 2.54e7, 3: 1e7}
ROUNDED_TO_A_PIXEL = 1 / math.sqrt(12)


def beside(text: str, height_px: int, width_px: int) -> Facts | None:
    """Lines of ``$CM_MAG 25000`` and ``$$SM_MICRON_BAR 119``; the scale is the marker's length over the bar's pixels."""
    told: dict[str, str] = {}
    for line in text.splitlines():
        if line.strip().startswith("$"):
            key, _, value = line.strip().lstrip("$").partition(" ")
            told.setdefault(key.upper(), value.strip())
    if not any(key.startswith(("CM_", "SM_")) for key in told):
        return None
    stated = pair(told.get("CM_IMAGE_SIZE")) or pair(told.get("CM_FULL_SIZE"))
    facts = Facts(_size(told, stated), _conditions(told))
    return fitted(facts, stated, height_px, width_px)


def _size(told: dict[str, str], stated: tuple[int, int] | None) -> PixelSize | None:
    bar, marker = number(told.get("SM_MICRON_BAR")), length_nm(told.get("SM_MICRON_MARKER"))
    by_bar = None
    if bar and marker:
        by_bar = square(marker / bar, "JEOL SM_MICRON_MARKER / SM_MICRON_BAR", ROUNDED_TO_A_PIXEL / bar)
    stated_nm = length_nm((told.get("CM_PIXEL_SIZE") or "").replace("/pixel", "").replace("/px", ""))
    if stated_nm is not None:
        return square(stated_nm, "JEOL CM_PIXEL_SIZE")
    field = [part for part in (told.get("CM_FIELD_OF_VIEW") or "").split() if number(part)]
    if len(field) >= 2 and stated is not None:
        x_nm, y_nm = (length_nm(part, "um") for part in field[:2])
        by_field = rectangle(y_nm and y_nm / stated[1], x_nm and x_nm / stated[0], "JEOL CM_FIELD_OF_VIEW")
        if by_field is not None and (by_bar is None or math.isclose(by_field.x_nm, by_bar.x_nm, rel_tol=0.05)):
            return by_field
    return by_bar


def _conditions(told: dict[str, str]) -> dict[str, float | str]:
    return known(
        vendor="JEOL",
        instrument=told.get("CM_INSTRUMENT"),
        voltage_kv=number(told.get("CM_ACCEL_VOLT") or told.get("CM_ACCEL_VOLTAGE")),
        working_distance_mm=number(told.get("SM_WD")),
        magnification=number(told.get("CM_MAG")),
        detector=told.get("FE_DETECTOR_NAME") or told.get("CM_DETECTOR") or told.get("CM_SIGNAL"),
        date=" ".join(t for t in (told.get("CM_DATE"), told.get("CM_TIME")) if t),
        software=" ".join(t for t in (told.get("CM_FORMAT"), told.get("CM_VERSION")) if t),
    )


def read(page: Page) -> Facts | None:
    """SightX of the TEMs: resolution tags speak of the camera, divided by the magnification they are the specimen's."""
    text = page.value(DESCRIPTION)
    if not isinstance(text, str) or "<TemReporter" not in text[:1000]:
        return None
    told: dict[str, str] = {}
    for node in xml(text).iter():
        if node.text and node.text.strip():
            told.setdefault(bare(node.tag), node.text.strip())
    conditions = known(
        vendor="JEOL",
        instrument=told.get("instruments"),
        voltage_kv=times(told.get("accelerationvoltage"), 1e-3),
        magnification=number(told.get("selectorvalue")) if told.get("modestring") == "MAG" else None,
        camera_length_mm=number(told.get("selectorvalue")) if told.get("modestring") == "DIFF" else None,
        date=told.get("datetime"),
    )
    if told.get("eosmode") != "eosTEM" or told.get("modestring") != "MAG":
        mode = "diffraction" if told.get("modestring") == "DIFF" else told.get("eosmode") or "unknown"
        return Facts(None, conditions, {"jeol": text}, notes=(f"JEOL mode {mode}: the header gives no pixel size in length",))
    magnification = number(told.get("selectorvalue"))
    unit_nm = NM_PER_RESOLUTION_UNIT.get(int(page.value(RESOLUTION_UNIT) or 2))
    x, y = (_pixels_per_unit(page.value(code)) for code in (X_RESOLUTION, Y_RESOLUTION))
    size = None
    if magnification and unit_nm and x and y:
        size = rectangle(unit_nm / y / magnification, unit_nm / x / magnification, "JEOL SightX resolution / magnification")
    return Facts(size, conditions, {"jeol": text})


def _pixels_per_unit(value: object) -> float | None:
    if isinstance(value, tuple) and len(value) == 2 and value[0] > 0 and value[1] > 0:
        return float(value[0] / value[1])
    return None
