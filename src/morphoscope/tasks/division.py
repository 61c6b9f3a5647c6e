"""Grey images, volumes and masks as tasks read them, ready to be divided into phases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from ..core import Micrograph, Param, PixelSize, Stack
from ..errors import InputError, UnreadableFile
from ..io import read, read_micrograph
from ..measure import databar, segmentation, shading
from ..measure.annotations import find as find_print
from ..measure.annotations import without

Mask = Annotated[Path | None, Param("image of the same size: white counts, black is left out", accepts="file")]
Method = Annotated[str, Param("how grey levels become phases", choices=segmentation.METHODS)]
Background = Annotated[str, Param("uneven illumination to take off first", choices=shading.BACKGROUNDS)]
Denoise = Annotated[str, Param("noise filter before the division", choices=shading.DENOISERS)]


@dataclass(frozen=True, eq=False)
class Grey:
    """Grey levels in [0, 1] of a plane or a volume, where they count, and what is known of the scale."""

    name: str
    pixels: np.ndarray
    mask: np.ndarray | None
    pixel_size: PixelSize | None
    spacing_nm: float | None
    notes: tuple[str, ...]

    @property
    def sides_nm(self) -> tuple[float, ...] | None:
        """Sides of a voxel, or None where the scale is unknown."""
        return sides(self.pixels.ndim, self.pixel_size, self.spacing_nm)


def sides(ndim: int, size: PixelSize | None, spacing: float | None) -> tuple[float, ...] | None:
    """(z,) y and x in nm; slices are as far apart as pixels where nothing else is known."""
    if size is None:
        return None
    plane = (size.y_nm, size.x_nm)
    return plane if ndim == 2 else (size.mean_nm if spacing is None else spacing, *plane)


def volume_or_image(path: Path) -> object:
    """What ``path`` holds; a stack of one is that one, and a stack must be a volume."""
    noun = read(path)
    if isinstance(noun, Stack) and len(noun) == 1:
        return noun[0]
    if isinstance(noun, Stack) and noun.axis not in ("z", "page"):
        raise UnreadableFile(path, f"{len(noun)} frames along {noun.axis} are no volume; give one frame, or slices along z")
    return noun


def grey_of(path: Path, *, mask: Path | None, pixel_size_nm: float | None, keep_print: bool = False) -> Grey:
    """The grey image or volume at ``path``; data bar, print (unless kept) and what ``mask`` leaves out do not count."""
    noun = volume_or_image(path)
    if isinstance(noun, Micrograph):
        noun = noun if keep_print else without(noun, find_print(noun))
        pixels, counts, size, spacing = noun.pixels.astype(float), _above_data_bar(noun), noun.pixel_size, None
    elif isinstance(noun, Stack):
        raw = noun.array()
        low, high = (0.0, 255.0) if noun[0].bits == 8 else (float(raw.min()), float(raw.max()))
        pixels, counts = (raw - low) / max(high - low, 1e-300), None
        size, spacing = noun[0].pixel_size, noun.spacing_nm
    else:
        raise UnreadableFile(path, f"holds a {type(noun).__name__.lower()}, not a grey image or volume")
    if pixel_size_nm is not None:
        size, spacing = PixelSize(pixel_size_nm, pixel_size_nm), spacing or pixel_size_nm
    chosen = mask_of(mask, pixels.shape)
    if chosen is not None:
        counts = chosen if counts is None else counts & chosen
    return Grey(path.name, pixels, counts, size, spacing, noun.notes)


def _above_data_bar(micrograph: Micrograph) -> np.ndarray | None:
    """The micrograph's own mask, less its data bar."""
    row = micrograph.data_bar_row_px or databar.find(micrograph.pixels)
    if row is None:
        return micrograph.mask
    counts = np.ones(micrograph.pixels.shape, bool) if micrograph.mask is None else micrograph.mask.copy()
    counts[row:] = False
    return counts


def mask_of(path: Path | None, shape: tuple[int, ...]) -> np.ndarray | None:
    """Where pixels count, from a file: a plane, or for a volume one plane for all slices or a volume."""
    if path is None:
        return None
    noun = read(path)
    inside = noun.array() > 0 if isinstance(noun, Stack) else read_micrograph(path).pixels > 0.5
    if len(shape) == 3 and inside.ndim == 2 and inside.shape == shape[1:]:
        inside = np.broadcast_to(inside, shape)
    if inside.shape != shape:
        sizes = ", the picture has ".join(" x ".join(map(str, reversed(each))) for each in (inside.shape, shape))
        raise UnreadableFile(path, f"a mask of {sizes}; give one of the same size")
    if not inside.any():
        raise UnreadableFile(path, "the mask is black everywhere; white pixels are those that count")
    return np.asarray(inside, bool)


def divided(grey: Grey, recipe: segmentation.Recipe) -> segmentation.Segmented:
    """``grey`` divided by ``recipe``; what goes wrong names the file."""
    try:
        return segmentation.segment(grey.pixels, recipe=recipe, mask=grey.mask)
    except InputError as error:
        raise type(error)(f"{grey.name}: {error}") from None
