"""What a file is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ..core import Figure, Micrograph, Param, Quantity, Report, Run, Stack
from ..errors import UnreadableFile
from ..io import read
from ..measure import databar
from .pictures import save_picture


def inspect(run: Run, file: Annotated[Path, Param("any file that can be read", accepts="any")]) -> Report:
    """What a file is: size, depth, scale and where it comes from, instrument, conditions, quality."""
    noun = read(file, nan="mask")
    if isinstance(noun, Micrograph):
        return _micrograph(run, noun)
    if isinstance(noun, Stack):
        return _micrograph(run, noun[0])
    raise UnreadableFile(file, f"holds a {type(noun).__name__.lower()}, which cannot be inspected")


def _micrograph(run: Run, image: Micrograph) -> Report:
    values = {
        "width_px": Quantity(image.width_px, "px"),
        "height_px": Quantity(image.height_px, "px"),
        "bits": Quantity(image.bits, "bit"),
    }
    if image.pixel_size is not None:
        values["pixel_size_nm"] = Quantity(image.pixel_size.x_nm, "nm")
    row = image.data_bar_row_px if image.data_bar_row_px is not None else databar.find(image.pixels)
    if row is not None:
        values["data_bar_row_px"] = Quantity(row, "px")
    save_picture(run, "thumbnail.png", image.pixels)
    return Report(
        f"{image.name}",
        values=values,
        files={"thumbnail": "thumbnail.png"},
        figures={"thumbnail": Figure("image", ("thumbnail",), image.name)},
    )
