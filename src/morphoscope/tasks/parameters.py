"""Parameters that several tasks share."""

from __future__ import annotations

from typing import Annotated

from ..core import Micrograph, Param
from ..errors import BadParameter
from ..measure import databar
from ..measure.annotations import find as find_print
from ..measure.annotations import without

PixelSizeByHand = Annotated[
    float | None,
    Param("width of a pixel, where the file does not know it or is wrong", unit="nm", low=0, high=1e9, open_low=True),
]

Diameter = Annotated[float, Param("diameter of the particles, in beads", low=1, high=20)]
Beads = Annotated[int, Param("beads of a chain", low=1, high=1000)]
ParticleDensity = Annotated[float, Param("particles per volume, in 1/sigma^3", low=0, high=1)]
EpsNN = Annotated[float, Param("attraction between particles, in kT", low=0, high=20)]
EpsPN = Annotated[float, Param("attraction between particle and bead, in kT", low=0, high=20)]

Threshold = Annotated[float | None, Param("grey level between the phases, of full scale; Otsu's by default", low=0, high=1)]
Phase = Annotated[str, Param("which phase to follow", choices=("bright", "dark"))]
Smoothing = Annotated[float, Param("Gaussian smoothing before the threshold", unit="px", low=0, high=100)]
Periodic = Annotated[bool, Param("the image repeats itself on all sides, as a simulated one does")]
AsPoreSpy = Annotated[bool, Param("the curves of PoreSpy too, as papers have used them, to compare with")]
KeepPrint = Annotated[bool, Param("count what is printed on the image too: labels, bars, arrows, frames, insets")]


def calibrated(micrograph: Micrograph, pixel_size_nm: float | None) -> Micrograph:
    """``micrograph`` with the pixel size given by hand, if one was."""
    return micrograph if pixel_size_nm is None else micrograph.with_scale(pixel_size_nm)


def specimen(micrograph: Micrograph, *, keep_print: bool = False) -> Micrograph:
    """
    The part of the image above its data bar, with whatever else is printed on it masked.

    The bar begins at the row the file names, or else at the one that is found. A note of the micrograph says what
    was left out; ``keep_print`` leaves only the data bar out.
    """
    row = micrograph.data_bar_row_px or databar.find(micrograph.pixels)
    if micrograph.data_bar_row_px is not None:
        micrograph = micrograph.above_data_bar()
    elif row is not None:
        micrograph = micrograph.crop(0, 0, row, micrograph.width_px)
    return micrograph if keep_print else without(micrograph, find_print(micrograph))


def scale_notes(micrograph: Micrograph) -> list[str]:
    """How the scale was known, in a sentence or two, and what else there is to say of the micrograph."""
    size = micrograph.pixel_size
    if size is None:
        return ["scale: unknown, so lengths are in pixels; give pixel_size_nm, or read the scale bar", *micrograph.notes]
    notes = [f"scale: {size.x_nm:.6g} nm a pixel ({size.origin})"]
    if size.relative_error is not None:
        notes.append(
            f"the scale itself is known to {100 * size.relative_error:.2g} % (one standard error), which no interval holds"
        )
    if not size.square:
        notes.append(f"pixels are not square ({size.y_nm:.6g} nm high); distances are physical")
    return [*notes, *micrograph.notes]


def only_one(**given: float | None) -> None:
    """Refuse two parameters that say the same thing."""
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise BadParameter(f"give either {' or '.join(names)}, not both")
