"""
Largest, smallest and weighed values about each pixel, crosses, and percentiles: those of scipy and numpy, several times faster.

Windows double in width until they suffice, so a square of any side costs a few passes. A percentile costs one partition
for one rank, which numpy does with vector instructions as it does not for several ranks at once.

Checked against: the filters of scipy and percentiles of numpy, in tests/measure/test_extremes.py.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def eroded(mask: np.ndarray, *, beyond: bool) -> np.ndarray:
    """Pixels of ``mask`` whose four neighbours are in it too; ``beyond`` says what lies outside the picture."""
    kept = mask.copy()
    kept[1:] &= mask[:-1]
    kept[:-1] &= mask[1:]
    kept[:, 1:] &= mask[:, :-1]
    kept[:, :-1] &= mask[:, 1:]
    if not beyond:
        kept[[0, -1]] = False
        kept[:, [0, -1]] = False
    return kept


def dilated(mask: np.ndarray) -> np.ndarray:
    """``mask`` with the four neighbours of each of its pixels."""
    wider = mask.copy()
    wider[1:] |= mask[:-1]
    wider[:-1] |= mask[1:]
    wider[:, 1:] |= mask[:, :-1]
    wider[:, :-1] |= mask[:, 1:]
    return wider


def weighed(plane: np.ndarray, half: np.ndarray) -> np.ndarray:
    """``plane`` after a symmetric filter along both axes: ``half`` its weights from the middle outwards; mirrored edges."""
    reach = len(half) - 1
    line = np.pad(plane, reach, mode="symmetric")
    for axis in (0, 1):
        line = line if axis == 0 else line.T
        size = len(line) - 2 * reach
        total = float(half[0]) * line[reach : reach + size]
        for away in range(1, reach + 1):
            pair = line[reach - away : reach - away + size] + line[reach + away : reach + away + size]
            pair *= float(half[away])
            total += pair
        line = total if axis == 0 else total.T
    return line


def percentiles(values: np.ndarray, wanted: Sequence[float]) -> list[float]:
    """Percentiles by linear interpolation, as numpy's."""
    flat, found = values.ravel(), list[float]()
    for percent in wanted:
        place = percent / 100 * (flat.size - 1)
        rank = min(int(place), flat.size - 2)
        if rank < 0:
            return [float(flat[0])] * len(wanted)
        if percent < 50:
            parted = np.partition(flat, rank + 1)
            low, high = float(parted[: rank + 1].max()), float(parted[rank + 1])
        else:
            parted = np.partition(flat, rank)
            low, high = float(parted[rank]), float(parted[rank + 1 :].min())
        found.append(low + (high - low) * (place - rank))
    return found
