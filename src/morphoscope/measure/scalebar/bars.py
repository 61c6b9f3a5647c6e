r"""
Straight horizontal strokes that may be a scale bar, and where exactly they end.

A bar is a stroke of one grey level, longer than ``SHORTEST`` of the width and thinner than ``THICKEST`` of the
height. With the grey opening :math:`\gamma_L` along a row and :math:`\gamma_T` along a column,

.. math:: T = \gamma_L(I) - \gamma_T(\gamma_L(I))

is large exactly on what is longer than L and thinner than T, whatever touches it; the dark strokes are those of the
inverted image. The ends are where the mean profile of the stroke's rows crosses the level half way between the
stroke and what lies just beyond, interpolated between pixels, so a stroke that covers the columns a to b is
b - a + 1 long.

Checked against: bars drawn with known sub-pixel ends, in tests/measure/test_scalebar_bars.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

SHORTEST, LONGEST = 0.02, 0.72
"""Shares of the width; a reading further limits what it accepts."""
OPENINGS = (0.02, 0.07, 0.18)
"""Lengths L of the opening along a row, shares of the width: a long one keeps a bar apart from the texture it touches."""
FIRMNESS = (0.5, 0.8)
"""Shares of a region's lift above which its pixels are taken as the stroke."""
THICKEST = 0.12
CONTRAST = 30
"""Grey levels of 255 by which a stroke stands out from what is above and below it."""
MOST = 40


@dataclass(frozen=True)
class Bar:
    """
    A stroke from (``left``, ``right``) in pixel edges, rows ``top`` to ``bottom`` (exclusive).

    ``light`` says its polarity, ``contrast`` its height over the surroundings and ``roughness`` the standard
    deviation of its own grey, both in levels of 255. ``quality`` in [0, 1] says how much it looks printed. ``kind``
    is "stroke", "split" (two strokes with the label between) or "ruler" (a row of ticks); ``tick_px`` is the width of the
    cross strokes at its ends, 0 without.
    """

    left: float
    right: float
    top: int
    bottom: int
    light: bool
    contrast: float
    roughness: float
    quality: float
    kind: str = "stroke"
    tick_px: float = 0.0

    @property
    def length_px(self) -> float:
        """From tick to tick where it has ticks, else from end to end."""
        return self.right - self.left - self.tick_px

    @property
    def middle(self) -> float:
        """Column half way."""
        return (self.left + self.right) / 2


def find(grey: np.ndarray) -> list[Bar]:
    """The strokes in an 8-bit plane, those that look most printed first."""
    height, width = grey.shape
    if height < 24 or width < 24:
        return []
    found: list[Bar] = []
    for light in (True, False):
        plane = grey if light else 255 - grey
        for box in _strokes(plane):
            bar = measured(plane, box, light)
            if bar is not None and SHORTEST * width <= bar.right - bar.left <= LONGEST * width:
                found.append(bar)
    found.sort(key=lambda bar: -bar.quality)
    return _distinct(found)[:MOST]


def _strokes(plane: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Boxes (top, bottom, left, right), ends exclusive, of long thin bright strokes."""
    height, width = plane.shape
    thick = max(5, int(THICKEST * height)) | 1
    padded = np.pad(plane, ((2, 2), (0, 0)))
    boxes: dict[tuple[int, int, int, int], None] = {}
    for share in OPENINGS:
        long = max(7, int(share * width)) | 1
        rows = ndimage.grey_opening(padded, size=(1, long), mode="constant", cval=0)
        lift = (rows - ndimage.grey_opening(rows, size=(thick, 1), mode="constant", cval=0))[2:-2]
        labels, _ = ndimage.label(lift >= CONTRAST)
        for number, window in enumerate(ndimage.find_objects(labels), start=1):
            if window[1].stop - window[1].start >= long:
                inside = labels[window] == number
                for firm in FIRMNESS:
                    boxes.update(dict.fromkeys(_parts(lift[window], inside, window, long, thick, firm)))
    return list(boxes)


def _parts(
    lift: np.ndarray, inside: np.ndarray, window: tuple[slice, ...], long: int, thick: int, firm: float
) -> list[tuple[int, int, int, int]]:
    """The straight pieces of one raised region, where its lift is at least the share ``firm`` of what it mostly is."""
    strong = inside & (lift >= firm * np.percentile(lift[inside], 80))
    parts, _ = ndimage.label(strong)
    boxes = []
    for part, (rows, columns) in enumerate(ndimage.find_objects(parts), start=1):
        tall, wide = rows.stop - rows.start, columns.stop - columns.start
        if wide < long or tall > thick or tall * 2 > wide:
            continue
        mine = parts[rows, columns] == part
        kept = np.flatnonzero(mine.sum(axis=1) >= 0.7 * wide)  # the rows that carry the stroke's whole length
        if kept.size == 0:
            continue
        across = np.flatnonzero(mine[kept].mean(axis=0) >= 0.5)
        if across.size:
            top, left = window[0].start + rows.start, window[1].start + columns.start
            boxes.append((top + int(kept[0]), top + int(kept[-1]) + 1, left + int(across[0]), left + int(across[-1]) + 1))
    return boxes


def _stands_out(plane: np.ndarray, box: tuple[int, int, int, int], mean: float, least: float) -> bool:
    """Whether a box is clearly no bar because what lies above or below is about as bright; quick."""
    top, bottom, left, right = box
    over, under = plane[max(0, top - 2) : top, left:right], plane[bottom + 1 : bottom + 3, left:right]
    return all(side.size == 0 or mean - float(side.mean()) > 0.5 * least for side in (over, under))


def measured(plane: np.ndarray, box: tuple[int, int, int, int], light: bool, least: float = CONTRAST) -> Bar | None:
    """The bar in ``box`` with its ends to a fraction of a pixel, or None where it is none."""
    top, bottom, left, right = box
    inside = plane[top:bottom, left:right].astype(np.float64)
    if not _stands_out(plane, box, float(inside.mean()), least):
        return None
    core = inside if bottom - top < 4 else inside[1:-1]
    level = float(np.median(core))
    rough = float(core[:, 1:-1].std()) if core.shape[1] > 4 else float(core.std())
    over, under = _beside(plane, top - 2, top, left, right), _beside(plane, bottom + 1, bottom + 3, left, right)
    sides = [side for side in (over, under) if side is not None]
    if not sides:
        return None
    contrast = min(level - float(np.median(side)) for side in sides)
    if contrast < least:
        return None
    clear = min(float(np.mean(level - side > 0.5 * contrast)) for side in sides)
    profile = core.mean(axis=0)
    start, first = _end(plane, top, bottom, left, level, contrast, -1)
    stop, last = _end(plane, top, bottom, right - 1, level, contrast, +1)
    if start is None or stop is None or stop - start < 5:
        return None
    even = float(np.mean(np.abs(profile[1:-1] - level) < 0.25 * contrast)) if profile.size > 4 else 0.0
    sharp = 0.5 * (first + last)
    quality = clear * even * np.exp(-rough / (0.25 * contrast + 4)) * (0.25 + 0.75 * sharp) * min(1.0, contrast / 100) ** 0.5
    tick = _ticks(plane, top, bottom, start, stop, level, contrast)
    return Bar(start, stop, top, bottom, light, contrast, rough, float(quality), tick_px=tick)


def _ticks(plane: np.ndarray, top: int, bottom: int, start: float, stop: float, level: float, contrast: float) -> float:
    """Width of the cross strokes at both ends; 0 where one end has none."""
    reach = max(2, (bottom - top + 1) // 2)
    widths = []
    for edge, step in ((start, 1), (stop, -1)):
        first = int(edge) if step > 0 else int(np.ceil(edge)) - 1
        columns = [c for c in range(first, first + step * 12, step) if 0 <= c < plane.shape[1]]
        tall = []
        for rows in (slice(max(0, top - 1 - reach), max(0, top - 1)), slice(bottom + 1, bottom + 1 + reach)):
            beside = plane[rows, columns].astype(np.float64)
            tall.append(beside.min(axis=0) if beside.shape[0] == reach else np.full(len(columns), -1.0))
        raised = np.clip((np.minimum(*tall) - (level - contrast)) / contrast, 0, 1)
        peak = int(np.argmax(raised[:3])) if raised.size else 0
        after = np.flatnonzero(raised[peak:] < 0.3)
        widths.append(float(raised[: peak + after[0]].sum()) if after.size and raised[peak] > 0.6 else 0.0)
    even = abs(widths[0] - widths[1]) <= 0.3 * max(widths) + 0.7
    return float(np.mean(widths)) if min(widths) >= 0.5 and even and max(widths) < 0.06 * (stop - start) + 1 else 0.0


def _beside(plane: np.ndarray, top: int, bottom: int, left: int, right: int) -> np.ndarray | None:
    """The rows from ``top`` to ``bottom`` as their mean, None where they lie outside."""
    top, bottom = max(0, top), min(plane.shape[0], bottom)
    return plane[top:bottom, left:right].mean(axis=0) if bottom > top else None


def _end(
    plane: np.ndarray, top: int, bottom: int, at: int, level: float, contrast: float, step: int
) -> tuple[float | None, float]:
    """Edge position near column ``at`` going ``step``, and how sharp (0 to 1) the stroke stops there."""
    width = plane.shape[1]
    if bottom - top >= 4:
        top, bottom = top + 1, bottom - 1
    reach = 8
    columns = np.arange(-4, reach) * step + at
    columns = columns[(columns >= 0) & (columns < width)]
    profile = plane[top:bottom, columns].astype(np.float64).mean(axis=0)
    begin = int(np.flatnonzero(columns == at)[0])
    tail = profile[begin + 1 :]
    if tail.size < 7 and (not tail.size or level - float(tail.min()) < 0.4 * contrast):
        return (0.0, 0.8) if step < 0 else (float(width), 0.8)  # it runs out of the picture
    drop = level - float(np.min(tail[:4]))
    if drop < 12:
        return None, 0.0
    half = level - 0.5 * drop
    for k in range(max(0, begin - 3), profile.size - 1):
        if profile[k] >= half > profile[k + 1]:
            share = (profile[k] - half) / (profile[k] - profile[k + 1])
            column = columns[k] + step * share
            position = column + 0.5
            high, low = level - 0.15 * drop, level - 0.85 * drop
            wide = float(np.sum((profile[max(0, k - 3) : k + 5] < high) & (profile[max(0, k - 3) : k + 5] > low)))
            beyond = float(np.median(tail[min(1, tail.size - 1) : 7]))
            ends = min(1.0, (level - beyond) / (0.6 * contrast))  # a line that goes on fainter does not end here
            return float(position), float(np.exp(-max(0.0, wide - 2) / 2)) * max(0.0, ends)
    return None, 0.0


def _distinct(bars: list[Bar]) -> list[Bar]:
    """Without those that lie on a better one."""
    kept: list[Bar] = []
    for bar in bars:
        if not any(same(bar, other) for other in kept):
            kept.append(bar)
    return kept


def same(one: Bar, other: Bar) -> bool:
    """Whether two strokes lie on each other."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    shorter = min(one.right - one.left, other.right - other.left)
    return one.light == other.light and down > 0 and across > 0.5 * shorter


def alone(strokes: list[Bar]) -> list[Bar]:
    """The strokes with less ``quality`` where they are pieces of a longer line, such as the edge of a data bar."""
    judged = []
    strokes = _whole([bar for bar in strokes if not any(_shadow(bar, other) for other in strokes)])
    for bar in strokes:
        pieces = [b for b in strokes if b is not bar and _continues(bar, b)]
        judged.append(replace(bar, quality=bar.quality * 0.4 ** min(2, len(pieces))) if len(pieces) > 1 else bar)
    return sorted(judged, key=lambda bar: -bar.quality)


def _whole(strokes: list[Bar]) -> list[Bar]:
    """The strokes with those of a bar of alternating segments (black, white, black, ...) made one."""
    kept = list(strokes)
    for bar in strokes:
        family = [b for b in kept if _twins(bar, b)]
        if len(family) < 2 or bar not in kept:
            continue
        left, right = min(b.left for b in family), max(b.right for b in family)
        segments = (right - left) / (bar.right - bar.left)
        if abs(segments - round(segments)) < 0.2 and round(segments) in (3, 5, 7, 9):
            kept = [b for b in kept if b not in family]
            kept.append(replace(bar, left=left, right=right, quality=min(b.quality for b in family), tick_px=0.0))
    return kept


def _twins(bar: Bar, other: Bar) -> bool:
    """Whether both have one size, one polarity and one row, an odd number of lengths apart."""
    size = bar.right - bar.left
    alike = abs(bar.top - other.top) <= 1 and abs(bar.bottom - other.bottom) <= 1 and bar.light == other.light
    steps = abs(other.left - bar.left) / (2 * size)
    return alike and abs(other.right - other.left - size) <= 0.08 * size and abs(steps - round(steps)) < 0.1 and round(steps) <= 4


def _continues(bar: Bar, other: Bar) -> bool:
    """Whether ``other`` lies on the same line as ``bar``, close enough to be its continuation."""
    level = abs((bar.top + bar.bottom) - (other.top + other.bottom)) <= 6 and bar.light == other.light
    gap = max(other.left - bar.right, bar.left - other.right)
    size = bar.right - bar.left
    like = (other.bottom - other.top) <= 2 * (bar.bottom - bar.top) + 1
    return level and like and gap <= 1.2 * size and other.right - other.left >= 0.3 * size


def _shadow(bar: Bar, other: Bar) -> bool:
    """Whether ``bar`` is only the gap between the ticks of ``other``, or the box or outline around it."""
    if bar.light == other.light or max(bar.top - other.bottom, other.top - bar.bottom) > 1:
        return False
    left, right = bar.left - other.left, other.right - bar.right
    between = -0.5 <= left <= 6 and -0.5 <= right <= 6 and other.tick_px > 0
    around = left <= 0.5 and right <= 0.5 and bar.tick_px == 0 and other.quality > 0.7 * bar.quality
    return between or around


def runs_on(grey: np.ndarray, bar: Bar) -> bool:
    """Whether thin ink goes on beyond an end of the stroke, a row or two higher or lower, as that of an aslant line does."""
    plane = (grey if bar.light else 255 - grey).astype(np.int16)
    thick = bar.bottom - bar.top
    own = np.median(plane[bar.top : bar.bottom, max(0, int(bar.left)) : int(bar.right)])
    reach, wide = max(5, min(12, int(0.06 * (bar.right - bar.left)))), thick + 4
    for first in (int(np.ceil(bar.right)) + 1, int(bar.left) - 1 - reach):
        columns = slice(max(0, first), max(0, first + reach))
        inked = plane[max(0, bar.top - wide) : bar.bottom + wide, columns] > own - 0.4 * bar.contrast
        level = inked[min(wide, bar.top) - min(2, bar.top) :][: thick + 4]
        if inked.shape[1] == reach and level.any(axis=0).all() and (inked.sum(axis=0) <= thick + 3).all():
            return True
    return False
