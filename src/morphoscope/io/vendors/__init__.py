"""Metadata of microscope makers inside TIFF tags and beside pictures: one file per maker."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import fei, gatan_tiff, hamamatsu, hitachi, imagej, jeol, ome, resolution, sis, tescan, tvips, zeiss, zeiss_optical
from .facts import Facts, Page
from .layout import Layout

TAGGED: Mapping[str, Callable[[Page], Facts | None]] = {
    "FEI": fei.read,
    "Zeiss": zeiss.read,
    "TESCAN": tescan.read,
    "Olympus SIS": sis.read,
    "TVIPS": tvips.read,
    "JEOL": jeol.read,
    "Hamamatsu": hamamatsu.read,
    "Gatan": gatan_tiff.read,
    "Zeiss optical": zeiss_optical.read,
    "resolution tags": resolution.read,
}
"""Readers of private tags, in the order in which they are believed."""

LAYOUTS: Mapping[str, Callable[[Page, int], Layout | None]] = {"OME": ome.layout, "ImageJ": imagej.layout}
"""Readers of descriptions that speak of all images of a file: ``(first page, number of images)``."""

BESIDE: Mapping[str, Callable[[str, int, int], Facts | None]] = {
    "Hitachi": hitachi.beside,
    "JEOL": jeol.beside,
    "TESCAN": tescan.beside,
}
"""Readers of a text beside the picture: ``(text, height_px, width_px)``."""

__all__ = ["BESIDE", "LAYOUTS", "TAGGED", "Facts", "Layout", "Page"]
