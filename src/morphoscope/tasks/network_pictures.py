"""Micrographs as networks see them: one grey square each, the print filled with the specimen's texture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ..core import Micrograph
from ..errors import InputError, MissingDependency
from ..io import read_micrograph
from ..learn.epochs import Pictures
from ..measure.annotations import find as find_print
from ..measure.print_filling import textured_over
from ..measure.scalebar.ocr import engine
from ..measure.scalebar.words import Reader

LEAST_PX = 32


def pictures(
    images: Sequence[Path | Micrograph],
    *,
    size_px: int,
    progress: Callable[[float, float, str], None] = lambda done, total, note: None,
) -> Pictures:
    """The middle square of each image, twice as wide as ``size_px`` so that it can be turned without loss."""
    squares, shorter, words = [], [], reader()
    for k, image in enumerate(images):
        progress(k, len(images), image.name)
        grey, side = square(image, side_px=2 * size_px, words=words)
        squares.append(grey)
        shorter.append(side)
    return Pictures(np.stack(squares), np.array(shorter, np.float32))


def reader() -> Reader | None:
    """What finds words whose ink is neither black nor white; None without the extra that brings it."""
    try:
        return engine()
    except MissingDependency:
        return None


def square(image: Path | Micrograph, *, side_px: int, words: Reader | None) -> tuple[np.ndarray, int]:
    """The middle square of ``image`` (a file or what was read from it) in 8 bits, ``side_px`` wide, and its side before."""
    micrograph = read_micrograph(image, nan="mask") if isinstance(image, Path) else image
    height, width = micrograph.pixels.shape
    side = min(height, width)
    if side < LEAST_PX:
        raise InputError(f"{micrograph.name}: {width} x {height} px is too small; give at least {LEAST_PX} a side")
    plane = textured_over(micrograph, find_print(micrograph, reader=words, grey_bars=words is not None))
    top, left = (height - side) // 2, (width - side) // 2
    middle = Image.fromarray(np.ascontiguousarray(plane[top : top + side, left : left + side]))
    how = Image.Resampling.BICUBIC if side < side_px else Image.Resampling.BOX
    fitted = np.asarray(middle.resize((side_px, side_px), how))
    return np.rint(np.clip(fitted, 0, 1) * 255).astype(np.uint8), side
