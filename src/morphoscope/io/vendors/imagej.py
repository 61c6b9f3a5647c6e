"""ImageJ and Fiji: ``unit=``, ``spacing=``, ``slices=`` in the ImageDescription, pixels per unit in the resolution tags."""

from __future__ import annotations

import re

from ...core import PixelSize
from ..lengths import nm_per, seconds_per
from .facts import Facts, Page
from .layout import Layout, laid_out
from .text import number, rectangle

DESCRIPTION, X_RESOLUTION, Y_RESOLUTION = 270, 282, 283
PRINTING = {72, 75, 96, 100, 120, 150, 180, 200, 240, 300, 350, 360, 400, 600, 720, 1200, 2400}
"""Pixels per inch that printers and screens have."""


def told(page: Page) -> dict[str, str] | None:
    """The lines of an ImageJ description, or None where ImageJ did not write it."""
    text = page.value(DESCRIPTION)
    if not isinstance(text, str) or not text.startswith("ImageJ="):
        return None
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {key.strip().lower(): _unescaped(value.strip()) for key, value in pairs}


def _unescaped(text: str) -> str:
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)


def layout(page: Page, planes: int) -> Layout | None:
    """Scale and third axis of an ImageJ file of ``planes`` images."""
    lines = told(page)
    if lines is None:
        return None
    size, notes = _size(page, lines)
    unit_nm = nm_per(lines.get("zunit") or lines.get("unit", ""))
    spacing = number(lines.get("spacing"))
    interval = number(lines.get("finterval"))
    seconds = (seconds_per(lines.get("tunit", "s")) or 1.0) * interval if interval else None
    counts = {
        name: int(number(lines.get(key)) or 1) for name, key in (("channel", "channels"), ("z", "slices"), ("time", "frames"))
    }
    if seconds and counts["time"] == 1 and counts["z"] == planes > 1 and not spacing:
        counts["z"], counts["time"] = 1, planes
    return laid_out(
        Facts(size, {"software": f"ImageJ {lines['imagej']}"}, {"imagej": str(page.value(DESCRIPTION))}, notes=notes),
        counts,
        planes,
        spacing_nm=abs(spacing) * unit_nm if spacing and unit_nm else None,
        step_s=seconds,
    )


def declared(page: Page) -> int:
    """How many images the description says follow one another after a single page."""
    return int(number((told(page) or {}).get("images")) or 1)


def _size(page: Page, lines: dict[str, str]) -> tuple[PixelSize | None, tuple[str, ...]]:
    unit = lines.get("unit", "")
    x_nm, y_nm = nm_per(unit), nm_per(lines.get("yunit") or unit)
    x, y = (_per_unit(page.value(code)) for code in (X_RESOLUTION, Y_RESOLUTION))
    if x_nm is None or y_nm is None or not x or not y:
        return None, ()
    if unit.lower().startswith("in") and round(x, 3) in PRINTING:
        return None, (f"{x:.0f} pixels per inch is a printing resolution, not a scale",)
    return rectangle(y_nm / y, x_nm / x, f"ImageJ resolution in {unit}"), ()


def _per_unit(value: object) -> float | None:
    if isinstance(value, tuple) and len(value) == 2 and value[0] > 0 and value[1] > 0:
        return float(value[0] / value[1])
    return None
