"""
Images of one bit a pixel, 64 columns to a word, and their exact dilation by discs and balls.

.. math:: X \\oplus B_R = \\{ \\mathbf x : \\exists\\, \\mathbf y \\in X, \\; |\\mathbf x - \\mathbf y| < R \\}

A ball is put together from its sections, in a volume discs, and these from segments along the rows: the image is
widened along its rows one pixel at a time, moved by the steps to other rows, then to other slices, and added up. On 64
pixels at once this costs less than a distance transform [1]_ [2]_, in a plane in proportion to the radius and in a
volume to its square. Lengths are in the unit of ``pixel``.

References
----------
.. [1] R. van den Boomgaard, R. van Balen, CVGIP: Graph. Models Image Process. 54, 252 (1992), for bitmaps.
.. [2] P. Soille, Morphological Image Analysis (2004), doi 10.1007/978-3-662-05088-0, for dilation.

Checked against: the definition by brute force, and a distance transform, in tests/validation/test_shape_measures.py.
"""

from __future__ import annotations

import math

import numpy as np

WORD = np.dtype("<u8")


def pack(field: np.ndarray) -> np.ndarray:
    """``field`` of true and false as words of 64 columns; what is beyond the last column is false."""
    missing = -field.shape[-1] % 64
    padded = np.pad(field, [(0, 0)] * (field.ndim - 1) + [(0, missing)]) if missing else np.ascontiguousarray(field)
    return np.packbits(padded, axis=-1, bitorder="little").view(WORD)


def unpack(words: np.ndarray, width: int) -> np.ndarray:
    """The inverse of ``pack``, as 0 and 1."""
    return np.unpackbits(words.view(np.uint8), axis=-1, bitorder="little", count=width)


def within(words: np.ndarray, radius: float, pixel: tuple[float, ...]) -> np.ndarray:
    """Pixels closer than ``radius`` to one that is true in ``words``."""
    return _ball(_Widened(words), 0, radius**2, 1e-12 * radius**2, pixel)


def _ball(wide: _Widened, axis: int, square: float, least: float, pixel: tuple[float, ...]) -> np.ndarray:
    """Dilation along ``axis`` and those behind it by the ball whose radius squared is ``square``; smallest sections first."""
    if axis == len(pixel) - 1:
        return wide.by(max(0, math.ceil(math.sqrt(square) / pixel[-1] * (1 - 1e-12)) - 1))
    shape = wide.words.shape
    out = np.zeros_like(wide.words)
    for step in reversed(range(min(shape[axis], math.ceil(math.sqrt(square) / pixel[axis])))):
        rest = square - (step * pixel[axis]) ** 2
        if rest <= least:
            continue
        section = _ball(wide, axis + 1, rest, least, pixel)
        before = (slice(None),) * axis
        low, high = (*before, slice(0, shape[axis] - step)), (*before, slice(step, None))
        out[high] |= section[low]
        if step:
            out[low] |= section[high]
    return out


class _Widened:
    """An image with each row widened to both sides; of a volume, whose sections ask for every width again, all are kept."""

    def __init__(self, words: np.ndarray) -> None:
        self.words, self.width = words, 0
        self.now, self.kept = words.copy(), [words]

    def by(self, width: int) -> np.ndarray:
        """The image ``width`` pixels wider, which stays as it is until a wider one is asked for."""
        while self.width < width:
            left, right = self.now << np.uint64(1), self.now >> np.uint64(1)
            left[..., 1:] |= self.now[..., :-1] >> np.uint64(63)
            right[..., :-1] |= self.now[..., 1:] << np.uint64(63)
            self.now = self.now | left | right
            self.width += 1
            if self.words.ndim == 3:
                self.kept.append(self.now)
        return self.kept[width] if self.words.ndim == 3 else self.now
