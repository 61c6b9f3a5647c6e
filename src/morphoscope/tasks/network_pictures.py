"""Micrographs as networks see them: one grey square each, the print filled with the specimen's texture."""

from __future__ import annotations

import functools
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
REMEMBERED = 600
"""Squares kept in memory, 64 kB each for a network of 128 px; the public set has 517."""


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
        if isinstance(image, Path):
            status = image.stat()
            grey, side = _remembered(image, status.st_mtime_ns, status.st_size, 2 * size_px, words is not None)
        else:
            grey, side = square(image, side_px=2 * size_px, words=words)
        squares.append(grey)
        shorter.append(side)
    return Pictures(np.stack(squares), np.array(shorter, np.float32))


@functools.lru_cache(maxsize=REMEMBERED)
def _remembered(path: Path, mtime_ns: int, size: int, side_px: int, with_words: bool) -> tuple[np.ndarray, int]:
    """The square of a file, made once in a process as long as the file is the same: a campaign trains many networks on it."""
    return square(path, side_px=side_px, words=reader() if with_words else None)


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
