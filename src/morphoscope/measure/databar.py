"""
Finds the bar of text that an instrument prints below its image.

A data bar is a band at the bottom (a few rows of the image may follow), as wide as the image, on a
background of one grey level, that begins at one row and holds glyphs: many small marks of a very different
level. Vacuum, a charged or dark margin and a black border lack the glyphs; texture lacks the background; a
label box inside the picture lacks the width; a page with a chart is blank on both sides as well. Each is
asked for in turn, first of backgrounds that are exactly one level, then of those that a lossy save has
roughened. A background as rough as the same level is elsewhere in the picture is the specimen's own.

Checked against: rendered bars of five instruments' styles and images without one, in
tests/measure/test_databar.py.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

TOLERANCES = (0.012, 0.07)
"""How far, of full scale, the background may stray from its level: a lossless save, and a lossy one."""

JUMP = {TOLERANCES[0]: 0.1, TOLERANCES[1]: 0.3}
"""By how much the share of background rises where the bar begins."""

ROUGHNESS = 0.03
"""Largest standard deviation of the background away from glyphs."""

CLEAR = 0.85
"""Share of background in the first row of a bar, which lies above its text."""

FILLED = 0.3
"""Least share of background in a row full of text."""

CONTRAST = 0.2
"""How different from the background a glyph is."""

TALLEST = 0.35
"""Largest share of the image's height that a bar may take."""


COMMON = 0.3
"""Share of the picture above a bar from which its level counts as the specimen's too."""

QUIET = 0.004
"""Noise, of full scale, that a bar's background may have whatever the picture has."""


def find(pixels: np.ndarray) -> int | None:
    """First row of the data bar at the bottom of ``pixels`` (grey, in [0, 1]), or None where there is none."""
    height, width = pixels.shape
    if height < 48 or width < 48:
        return None
    spread = None
    for tolerance in TOLERANCES:
        for level in _levels(pixels, tolerance):
            if spread is None:
                spread = np.ptp(np.percentile(pixels[_first(height) :], [4, 96], axis=1), axis=0)
            rows = _band(pixels, level, tolerance, spread)
            if rows is not None and _has_glyphs(pixels[rows], level) and not _goes_on(pixels, rows, level, tolerance):
                return int(rows.start)
    return None


def _levels(pixels: np.ndarray, tolerance: float) -> list[float]:
    """The one or two commonest levels of the lowest rows, if they are common enough to be a background."""
    lowest = pixels[-max(6, pixels.shape[0] // 40) :]
    found: list[float] = []
    counts, edges = np.histogram(lowest, bins=256, range=(0.0, 1.0))
    for _ in range(2):
        best = int(np.argmax(counts))
        if counts[best] == 0:
            break
        level = float(np.median(lowest[(lowest >= edges[best]) & (lowest <= edges[best + 1])]))
        if np.mean(np.abs(lowest - level) <= tolerance) < 0.3:
            break
        found.append(level)
        centres = (edges[1:] + edges[:-1]) / 2
        counts = np.where(np.abs(centres - level) <= 2 * tolerance, 0, counts)
    return found


def _first(height: int) -> int:
    """The first row that matters: a few above the tallest bar."""
    return max(0, int((1 - TALLEST) * height) - 8)


def _band(pixels: np.ndarray, level: float, tolerance: float, spread: np.ndarray) -> slice | None:
    """
    Rows of the band of ``level`` at the bottom, or None where it has no clear beginning.

    ``spread`` is the range of the levels in each of the rows from ``_first``, without the few most extreme.
    """
    height, first = len(pixels), _first(len(pixels))
    share, line = np.zeros(height), np.zeros(height, bool)
    share[first:] = np.mean(np.abs(pixels[first:] - level) <= tolerance, axis=1)
    line[first:] = spread <= 2 * tolerance
    like = (share >= FILLED) | line
    end = height - int(np.argmax(like[::-1][: max(3, height // 60)]))
    top = end
    for row in range(end - 1, max(-1, int((1 - TALLEST) * height) - 3), -1):
        if not like[row] and not like[max(0, row - 2) : row].any():
            break
        top = row
    clear = (share >= CLEAR) | line
    while top < end and not clear[top]:
        top += 1
    if end - top < max(8, 0.015 * height) or height - top > TALLEST * height or top < 8:
        return None
    above, within = float(share[max(0, top - 4) : top - 1].max()), float(share[top : top + 2].max())
    starts = share[top + 1] >= 0.6 or line[top + 1]
    rises = within - above >= JUMP[tolerance]
    if not (starts and rises) or line[top - 3] or _is_page(pixels[:top], level):
        return None
    return slice(_edge(pixels, top), end)


def _edge(pixels: np.ndarray, top: int) -> int:
    """The first row, at ``top`` or up to five above, that differs from the one before more than rows of the specimen do."""
    first = max(1, top - 20)
    step = np.median(np.abs(np.diff(pixels[first - 1 : top + 1], axis=0)), axis=1)
    usual, last = float(np.median(step[:-6])), step[-6:]
    jumps = last > max(2 * usual, 0.3 * float(last.max()))
    return top - 5 + int(np.argmax(jumps)) if len(step) > 12 and jumps.any() else top


def _goes_on(pixels: np.ndarray, rows: slice, level: float, tolerance: float) -> bool:
    """Whether the background of ``rows`` covers a good part of the picture above too, with a noise of the same strength."""
    below, above = (part[np.abs(part - level) <= tolerance] for part in (pixels[rows], pixels[: rows.start]))
    if above.size < COMMON * rows.start * pixels.shape[1]:
        return False
    noise = float(below.std())
    return noise > QUIET and noise > 0.5 * float(above.std())


def _is_page(above: np.ndarray, level: float) -> bool:
    """Whether both sides of the picture are blank too, as on a page with a chart."""
    side = max(2, above.shape[1] // 40)
    return bool(np.all(above[:, :side] == level) and np.all(above[:, -side:] == level))


def _has_glyphs(bar: np.ndarray, level: float) -> bool:
    """Whether ``bar`` holds text: many small sharp marks, on a background that is nothing but background."""
    away = np.abs(bar - level)
    marks = away > CONTRAST
    if not 0.002 < float(np.mean(marks)) < 0.55:
        return False
    near_marks = ndimage.binary_dilation(away > CONTRAST / 2, np.ones((3, 3), bool), iterations=2)
    quiet = bar[~near_marks]
    if quiet.size < 0.05 * bar.size or float(quiet.std()) > ROUGHNESS:
        return False
    labels, _ = ndimage.label(marks, np.ones((3, 3), int))
    boxes = ndimage.find_objects(labels)
    tall = np.array([rows.stop - rows.start for rows, _ in boxes])
    wide = np.array([cols.stop - cols.start for _, cols in boxes])
    glyphs = (tall >= 4) & (tall <= 0.9 * len(bar)) & (wide <= 8 * tall)
    return int(np.count_nonzero(glyphs)) >= 4
