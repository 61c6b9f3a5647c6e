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

Threshold = Annotated[float | None, Param("grey level between the phases, of full scale; Otsu's by default", low=0, high=1)]
Phase = Annotated[str, Param("which phase to follow", choices=("bright", "dark"))]
Smoothing = Annotated[float, Param("Gaussian smoothing before the threshold", unit="px", low=0, high=100)]
Periodic = Annotated[bool, Param("the image repeats itself on all sides, as a simulated one does")]


def calibrated(micrograph: Micrograph, pixel_size_nm: float | None) -> Micrograph:
    """``micrograph`` with the pixel size given by hand, if one was."""
    return micrograph if pixel_size_nm is None else micrograph.with_scale(pixel_size_nm)


def specimen(micrograph: Micrograph) -> Micrograph:
    """The part of the image above its data bar: the row the file names, or else the one that is found."""
    if micrograph.data_bar_row_px is not None:
        return micrograph.above_data_bar()
    row = databar.find(micrograph.pixels)
    return micrograph if row is None else micrograph.crop(0, 0, row, micrograph.width_px)


def scale_notes(micrograph: Micrograph) -> list[str]:
    """How the scale was known, in a sentence or two."""
    size = micrograph.pixel_size
    if size is None:
        return ["scale: unknown, so lengths are in pixels; give pixel_size_nm, or read the scale bar"]
    notes = [f"scale: {size.x_nm:.6g} nm a pixel ({size.origin})"]
    if size.relative_error is not None:
        notes.append(
            f"the scale itself is known to {100 * size.relative_error:.2g} % (one standard error), which no interval holds"
        )
    if not size.square:
        notes.append(f"pixels are not square ({size.y_nm:.6g} nm high); distances are physical")
    return notes


def only_one(**given: float | None) -> None:
    """Refuse two parameters that say the same thing."""
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise BadParameter(f"give either {' or '.join(names)}, not both")
