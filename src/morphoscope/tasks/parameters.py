"""Parameters that several tasks share."""

from __future__ import annotations

from typing import Annotated

from ..core import Micrograph, Param
from ..errors import BadParameter
from ..measure import databar

PixelSizeByHand = Annotated[
    float | None,
    Param("width of a pixel, where the file does not know it or is wrong", unit="nm", low=0, high=1e9, open_low=True),
]


def calibrated(micrograph: Micrograph, pixel_size_nm: float | None) -> Micrograph:
    """``micrograph`` with the pixel size given by hand, if one was."""
    return micrograph if pixel_size_nm is None else micrograph.with_scale(pixel_size_nm)


def specimen(micrograph: Micrograph) -> Micrograph:
    """The part of the image above its data bar: the row the file names, or else the one that is found."""
    if micrograph.data_bar_row_px is not None:
        return micrograph.above_data_bar()
    row = databar.find(micrograph.pixels)
    return micrograph if row is None else micrograph.crop(0, 0, row, micrograph.width_px)


def only_one(**given: float | None) -> None:
    """Refuse two parameters that say the same thing."""
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise BadParameter(f"give either {' or '.join(names)}, not both")
