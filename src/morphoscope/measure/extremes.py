"""
The largest or smallest value in the square about each pixel: the same as scipy's filters, several times faster.

Windows double in width until they suffice, so a square of any side costs a few passes.

Checked against: scipy's maximum and minimum filters, in tests/measure/test_extremes.py.
"""

from __future__ import annotations

from typing import Literal

import numpy as np


def largest_near(plane: np.ndarray, size: int, *, beyond: Literal["wrap", "symmetric"]) -> np.ndarray:
    """Largest value in the square of odd ``size``; ``beyond`` the edges the plane repeats (wrap) or mirrors itself."""
    return _near(plane, size, beyond, np.maximum)


def smallest_near(plane: np.ndarray, size: int, *, beyond: Literal["wrap", "symmetric"]) -> np.ndarray:
    """Smallest value in the square of odd ``size``; ``beyond`` the edges the plane repeats (wrap) or mirrors itself."""
    return _near(plane, size, beyond, np.minimum)


def _near(plane: np.ndarray, size: int, beyond: Literal["wrap", "symmetric"], better: np.ufunc) -> np.ndarray:
    for axis in (0, 1):
        line = np.pad(plane, [(size // 2, size // 2) if k == axis else (0, 0) for k in (0, 1)], mode=beyond)
        line = np.moveaxis(line, axis, 0)
        width = 1
        while 2 * width <= size:
            line = better(line[:-width], line[width:])
            width *= 2
        if rest := size - width:
            line = better(line[:-rest], line[rest:])
        plane = np.moveaxis(line, 0, axis)
    return plane
