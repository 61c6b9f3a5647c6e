"""
Pictures within the picture: rectangles whose straight frame is seen, each with a scale of its own.

Checked against: drawn insets, in tests/measure/test_annotations.py.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

Rectangle = tuple[int, int, int, int]

SIDE = 0.2
"""Shortest side of an inset, as a share of the picture's."""
LARGEST = 0.6
INK = 236
"""Level of 255 from which a pixel may belong to a frame."""
WHOLE, CLEAR = 0.97, 0.2
"""Share of a frame's length that is ink, and largest share that is ink just beside it."""
MEET_PX = 6


def find(grey: np.ndarray) -> list[Rectangle]:
    """Insets of an 8-bit plane as (left, top, right, bottom): two lines that meet in a corner inside the picture."""
    height, width = grey.shape
    if min(height, width) < 60:
        return []
    found: list[Rectangle] = []
    for plane in (grey, 255 - grey):
        across = lines(plane)
        if not across:
            continue
        down = [(left, top, right, bottom) for top, left, bottom, right in lines(plane.T)]
        for row in across:
            for column in down:
                inset = _corner(row, column)
                if inset is not None and _plausible(inset, width, height):
                    found.append(inset)
    return found


def lines(plane: np.ndarray) -> list[Rectangle]:
    """Boxes (left, top, right, bottom) of bright straight lines along the rows, at least ``SIDE`` long."""
    height, width = plane.shape
    long, thick = int(SIDE * width) | 1, max(6, height // 40)
    white = plane >= INK
    thickened = white.copy()  # a line that is a little aslant stays whole
    thickened[1:] |= white[:-1]
    thickened[:-1] |= white[1:]
    runs = _long_runs(thickened, long)
    if runs is None:
        return []
    labels, _ = ndimage.label(runs)
    boxes = []
    for r, c in ndimage.find_objects(labels):
        top, bottom = max(0, r.start - 3), min(height, r.stop + 3)
        if r.stop - r.start > thick + 2 or top == 0 or bottom == height:
            continue
        beside = max(white[top : r.start - 1, c].mean(), white[r.stop + 1 : bottom, c].mean())
        if white[r, c].any(axis=0).mean() >= WHOLE and beside <= CLEAR:
            boxes.append((c.start, r.start, c.stop, r.stop))
    return boxes


def _long_runs(white: np.ndarray, long: int) -> np.ndarray | None:
    """``white`` without its runs along the rows that are shorter than ``long``; None where nothing is left."""
    rows = np.flatnonzero(np.count_nonzero(white, axis=1) >= long)
    steps = np.diff(np.pad(white[rows], ((0, 0), (1, 1))).view(np.int8), axis=1)
    (row, start), (_, stop) = np.nonzero(steps == 1), np.nonzero(steps == -1)
    kept = np.zeros(white.shape, bool)
    for k in np.flatnonzero(stop - start >= long):
        kept[rows[row[k]], start[k] : stop[k]] = True
    return kept if kept.any() else None


def _corner(row: Rectangle, column: Rectangle) -> Rectangle | None:
    """The rectangle spanned by a horizontal and a vertical line if an end of one meets an end of the other."""
    y, x = (row[1] + row[3]) / 2, (column[0] + column[2]) / 2
    meets_x = min(abs(row[0] - x), abs(row[2] - x)) <= MEET_PX
    meets_y = min(abs(column[1] - y), abs(column[3] - y)) <= MEET_PX
    return (row[0], column[1], row[2], column[3]) if meets_x and meets_y else None


def _plausible(inset: Rectangle, width: int, height: int) -> bool:
    left, top, right, bottom = inset
    return (right - left) * (bottom - top) <= LARGEST * width * height
