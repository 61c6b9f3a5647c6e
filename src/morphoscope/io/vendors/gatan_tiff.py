"""Gatan DigitalMicrograph: private tags 65003 to 65025 of the TIFF files it exports."""

from __future__ import annotations

from ..lengths import nm_per, pixel_size, seconds_per
from .facts import Facts, Page
from .text import known

UNITS, SCALES = (65003, 65004, 65005), (65009, 65010, 65011)
"""Unit and step along columns, rows and frames."""


def read(page: Page) -> Facts | None:
    """Step and unit of both axes; a diffraction image's are inverse lengths and give a note."""
    scales = [page.value(code) for code in SCALES]
    units = [page.value(code) for code in UNITS]
    if not isinstance(scales[0], float) or not isinstance(scales[1], float):
        return None
    x_unit, y_unit = (str(unit or "") for unit in units[:2])
    size, notes = pixel_size(scales[1], scales[0], y_unit, "Gatan DM tags 65009, 65010", x_unit=x_unit)
    return Facts(size, known(vendor="Gatan"), notes=notes)


def third_axis(page: Page) -> tuple[float | None, float | None]:
    """Distance in nm and interval in s between frames, each None where the third axis is something else."""
    scale, unit = page.value(SCALES[2]), str(page.value(UNITS[2]) or "")
    if not isinstance(scale, float) or scale <= 0:
        return None, None
    length, duration = nm_per(unit), seconds_per(unit)
    return (None if length is None else scale * length), (None if duration is None else scale * duration)
