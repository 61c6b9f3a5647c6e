"""
Lines of letters beside a stroke, found by their shape alone.

A label has the ink of its bar, so the grey half way between the bar and its surroundings divides letters from
ground. Pieces of like height that follow each other on one level are a line. This finds where to read at a
hundredth of what a network for finding text costs; what it misses is left to that network.

Checked against: rendered labels in four places, in tests/measure/test_scalebar_letters.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .bars import Bar

Box = tuple[float, float, float, float]

DEPTHS = (0.45, 0.7)
"""How far below the ink, as shares of the bar's contrast, a pixel still belongs to a letter."""
TALLEST, SHORTEST_PX = 0.14, 5
"""Height of a line: at most this share of the picture's, at least so many pixels."""
LEVEL = 0.5
"""Share of the smaller height by which neighbours overlap."""
SPACE = 1.15
"""Widest space inside a line, in its heights."""
MOST_PIECES = 400


@dataclass(frozen=True)
class Line:
    """A ``box`` (left, top, right, bottom) that holds ``pieces`` letters or parts of them."""

    box: Box
    pieces: int


def beside(grey: np.ndarray, bar: Bar) -> list[Line]:
    """Lines of letters in the bar's ink around it; the same line may be there twice with other margins."""
    height, width = grey.shape
    tall = float(np.clip(TALLEST * height, 16, 110))
    across = max(0.25 * width, 0.3 * (bar.right - bar.left), 3 * tall)
    top, bottom = max(0, int(bar.top - 2 * tall)), min(height, int(bar.bottom + 2 * tall) + 1)
    left, right = max(0, int(bar.left - across)), min(width, int(bar.right + across) + 1)
    plane = grey[top:bottom, left:right].astype(np.int16)
    plane = plane if bar.light else 255 - plane
    rows = slice(bar.top - top, bar.bottom - top)
    columns = slice(max(0, int(bar.left) - left), int(bar.right) - left)
    level = float(np.median(plane[rows, columns]))
    lines: list[Line] = []
    for depth in DEPTHS:
        inked = plane >= level - depth * bar.contrast
        inked[rows, columns] = False
        lines += [_moved(line, left, top) for line in _lines(inked, tall)]
    return lines


def _moved(line: Line, left: int, top: int) -> Line:
    box = line.box
    return Line((box[0] + left, box[1] + top, box[2] + left, box[3] + top), line.pieces)


def _lines(inked: np.ndarray, tallest: float) -> list[Line]:
    """Lines among the connected pieces of ``inked``."""
    labels, _ = ndimage.label(inked, np.ones((3, 3)))
    boxes = [(c.start, r.start, c.stop, r.stop) for r, c in ndimage.find_objects(labels)]
    letters = [b for b in boxes if SHORTEST_PX <= b[3] - b[1] <= tallest and b[2] - b[0] <= 7 * (b[3] - b[1])]
    if not letters or len(letters) > MOST_PIECES:
        return []
    lines: list[list[tuple[int, int, int, int]]] = []
    for box in sorted(letters):
        near = [line for line in lines if _follows(line, box)]
        if near:
            min(near, key=lambda line: box[0] - max(b[2] for b in line)).append(box)
        else:
            lines.append([box])
    found = []
    for line in lines:
        left, top = min(b[0] for b in line), min(b[1] for b in line)
        right, bottom = max(b[2] for b in line), max(b[3] for b in line)
        if right - left >= 1.4 * (bottom - top):
            found.append(Line((left, top, right, bottom), len(line)))
    return found


def _follows(line: list[tuple[int, int, int, int]], box: tuple[int, int, int, int]) -> bool:
    """Whether ``box`` stands on the level of the line's last letters, close enough and of like height."""
    last = line[-1]
    tall = max(b[3] - b[1] for b in line[-3:])
    mine = box[3] - box[1]
    overlap = min(last[3], box[3]) - max(last[1], box[1])
    near = -0.5 * tall <= box[0] - max(b[2] for b in line[-3:]) <= SPACE * max(tall, mine)
    return near and overlap >= LEVEL * min(last[3] - last[1], mine) and 0.45 <= mine / tall <= 2.2
