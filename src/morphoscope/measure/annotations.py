"""
What was printed onto a micrograph: frames, data bars, labels and their boxes, arrows, scale bars, insets.

Printed ink differs from a specimen in three ways that are measured here: it has one grey level at an end of the
scale, its edges fall off within two pixels, and its boxes and frames are straight. Bright specimens that saturate the
detector share the first but neither of the others.

Checked against: print drawn on simulated micrographs, in tests/measure/test_annotations.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image
from scipy import ndimage

from ..core import Micrograph
from . import databar
from .extremes import dilated, eroded, largest_near, smallest_near
from .scalebar import bars, insets
from .scalebar.words import Reader

WHITE, BLACK = 246, 9
"""Levels of 255 from which a pixel may be ink."""
SPREAD = 6.0
"""Largest difference of grey within a frame or a flat box, in levels of 255 (compression adds some)."""
JUMP = 55
"""Levels by which ink stands out two pixels beyond its edge."""
SHARP = 0.7
"""Share of an ink's outline that stands out so."""
EXTREME = 0.4
"""Share of a letter that is as bright or dark as ink; the rest is its edge."""
SURE = 0.58
"""The same share from which a piece is ink even where it stands alone."""
COMMON = 0.1
"""Share of the picture that may be as bright (or dark) as ink; where more is, ink cannot be told from the specimen."""
FEW_LEVELS, TWO_LEVELS = 16, 0.9
"""Number of grey levels, and share of pixels that are black or white, of a picture that is a drawing itself."""
FEWEST_PX = 10
"""Pixels of the smallest piece of ink."""
MOST_BARS = 4
"""More strokes than these are a specimen of stripes."""
MARGIN_PX = 2
"""The mask is wider than the ink by this, for the blur of its edges."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Print:
    """``mask`` is True where something is printed; ``parts`` are its kinds and boxes (left, top, right, bottom)."""

    mask: np.ndarray
    parts: tuple[tuple[str, Box], ...]

    @property
    def share(self) -> float:
        """Share of the picture that is print."""
        return float(self.mask.mean())


def find(micrograph: Micrograph, *, reader: Reader | None = None, grey_bars: bool = True) -> Print:
    """
    Everything printed on ``micrograph``; nothing where the picture has two levels only, or a few, as labels do.

    With a ``reader`` (``scalebar.ocr.engine()``) also words whose ink is not black or white. Without ``grey_bars``
    scale bars are found as ink only, which takes a tenth of the time.
    """
    grey = np.rint(np.clip(micrograph.pixels, 0, 1) * 255).astype(np.uint8)
    mask = np.zeros(grey.shape, bool)
    parts: list[tuple[str, Box]] = []
    if _is_drawn(grey):
        return Print(mask, ())

    def add(kind: str, box: Box, margin: int = MARGIN_PX) -> None:
        left, top, right, bottom = box
        mask[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin] = True
        parts.append((kind, box))

    for box in frames(grey):
        add("frame", box)
    row = micrograph.data_bar_row_px or databar.find(micrograph.pixels) or band(grey)
    if row is not None:
        add("data bar", (0, row, grey.shape[1], grey.shape[0]), 0)
    for box in insets.find(grey):
        add("inset", box)
    for box in flat_boxes(grey):
        add("box", box)
    inked, boxes = ink(grey, mask)  # before bars and words, which would cut letters and arrows in pieces
    drawn = bars.alone(bars.find(grey)) if grey_bars else ()
    strokes = [bar for bar in drawn if bar.quality >= 0.6 and bar.bottom - bar.top >= 2]
    for bar in strokes if len(strokes) <= MOST_BARS else ():
        add("bar", (int(bar.left), bar.top, int(np.ceil(bar.right)), bar.bottom))
    for line in reader.boxes(grey) if reader is not None else ():
        add("words", (int(line[0]), int(line[1]), int(np.ceil(line[2])), int(np.ceil(line[3]))))
    boxes = [box for box in boxes if not mask[box[1] : box[3], box[0] : box[2]].all()]
    for _ in range(MARGIN_PX):
        inked = dilated(inked)
    mask |= inked
    return Print(mask, (*parts, *(("ink", box) for box in boxes)))


def without(micrograph: Micrograph, printed: Print) -> Micrograph:
    """``micrograph`` with what is printed masked and a note that says so; itself where nothing is."""
    if not printed.mask.any():
        return micrograph
    mask = ~printed.mask if micrograph.mask is None else micrograph.mask & ~printed.mask
    kinds = ", ".join(dict.fromkeys(kind for kind, _ in printed.parts))
    note = f"print: {printed.share:.2%} of the image is left out ({kinds}); keep_print counts it"
    return replace(micrograph, mask=mask, notes=(*micrograph.notes, note), history=(*micrograph.history, "without(print)"))


def _is_drawn(grey: np.ndarray) -> bool:
    """Whether the picture has so few levels that black and white are its own, as those of a mask or of labels are."""
    levels = np.array(Image.fromarray(grey).histogram())
    ends = levels[: BLACK + 1].sum() + levels[WHITE:].sum()
    return int(np.count_nonzero(levels)) <= FEW_LEVELS or float(ends) >= TWO_LEVELS * grey.size


def painted_over(micrograph: Micrograph, printed: Print) -> Micrograph:
    """``micrograph`` with the print filled in smoothly from around it, and masked: filled pixels are no measurement."""
    pixels, unknown = micrograph.pixels.astype(np.float64), printed.mask.copy()
    if unknown.all() or not unknown.any():
        return without(micrograph, printed)
    filled, sigma = np.where(unknown, 0.0, pixels), 1.0
    while unknown.any():
        weight = ndimage.gaussian_filter((~printed.mask).astype(np.float64), sigma)
        mean = ndimage.gaussian_filter(np.where(printed.mask, 0.0, pixels), sigma) / np.maximum(weight, 1e-12)
        ready = unknown & (weight > 0.02)
        filled[ready] = mean[ready]
        unknown &= ~ready
        sigma *= 2
    if micrograph.gain >= 255:  # whole raw values stay whole
        filled = np.where(printed.mask, np.rint(filled * micrograph.gain) / micrograph.gain, pixels)
    painted = np.clip(filled, 0, 1).astype(micrograph.pixels.dtype)
    return without(micrograph.then("painted_over(print)", painted), printed)


def frames(grey: np.ndarray) -> list[Box]:
    """Strips of one level along the picture's edges."""
    height, width = grey.shape
    boxes: list[Box] = []
    for turns, side in ((0, "top"), (1, "right"), (2, "bottom"), (3, "left")):
        deep = _depth(np.rot90(grey, turns))
        if deep > 0:
            boxes.append(
                {
                    "top": (0, 0, width, deep),
                    "right": (width - deep, 0, width, height),
                    "bottom": (0, height - deep, width, height),
                    "left": (0, 0, deep, height),
                }[side]
            )
    return boxes


def _depth(grey: np.ndarray) -> int:
    """Number of rows from the top that have one and the same extreme level; 0 where the whole picture has."""
    level = float(np.median(grey[0]))
    if BLACK < level < WHITE or not _plain(grey[:1], level)[0]:
        return 0
    plain = _plain(grey[: math.ceil(0.4 * len(grey))], level)
    return int(np.argmin(plain)) if not plain.all() else 0


def _plain(rows: np.ndarray, level: float) -> np.ndarray:
    """Whether each of ``rows`` has ``level`` and next to no other."""
    low, middle, high = np.percentile(rows, [1, 50, 99], axis=1)
    return np.asarray((high - low <= 2 * SPREAD) & (np.abs(middle - level) <= SPREAD))


def band(grey: np.ndarray) -> int | None:
    """First row of a band of one level with words in it along the bottom, or None."""
    height = int(grey.shape[0])
    for extreme in (grey <= BLACK + 12, grey >= WHITE - 6):
        share = extreme.mean(axis=1)
        rows = share >= 0.55
        start = height
        while start > 0 and (rows[start - 1] or rows[max(0, start - 4) : start].any()):
            start -= 1
        tall = height - start
        if not 0.025 * height <= tall <= 0.3 * height or start < 8:
            continue
        begins, before = float(share[start : start + 4].max()), float(share[start - 8 : start - 3].mean())
        if begins >= 0.93 and before < 0.6:
            return int(start)
    return None


def flat_boxes(grey: np.ndarray) -> list[Box]:
    """Rectangles of one extreme level, with or without words in them."""
    height, width = grey.shape
    boxes: list[Box] = []
    for extreme in (grey >= WHITE, grey <= BLACK):
        core = smallest_near(np.pad(extreme, 1), 3, beyond="wrap")
        if not core.any():
            continue
        labels, _ = ndimage.label(largest_near(core, 3, beyond="wrap")[1:-1, 1:-1])
        for number, window in enumerate(ndimage.find_objects(labels), start=1):
            tall, wide = (side.stop - side.start for side in window)
            if tall < max(9, 0.025 * height) or wide < max(9, 0.025 * width) or tall * wide > 0.25 * height * width:
                continue
            inside = labels[window] == number
            whole = ndimage.binary_fill_holes(np.pad(inside, 1))[1:-1, 1:-1]
            if whole.mean() > 0.93 and inside.mean() > 0.3:
                top, left = window[0].start, window[1].start
                boxes.append((left, top, left + wide, top + tall))
    return boxes


def ink(grey: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, list[Box]]:
    """Letters, words and arrows outside ``known``: extreme, even, with sharp edges all around; faint ones in company only."""
    found, boxes = np.zeros(grey.shape, bool), list[Box]()
    for bytes_ in (grey, 255 - grey):
        saturated = bytes_ >= min(WHITE, 255 - BLACK)
        if np.count_nonzero(saturated & ~known) > COMMON * known.size:
            continue
        around = smallest_near(bytes_, 9, beyond="symmetric")
        standing = (bytes_ >= 255 - JUMP) & (bytes_ - around >= JUMP) & ~known
        if not (standing & saturated).any():
            continue
        labels, count = ndimage.label(standing, np.ones((3, 3)))
        number_of, bright_of = (np.bincount(labels[where], minlength=count + 1)[1:] for where in (standing, standing & saturated))
        extreme = bright_of / number_of
        windows = ndimage.find_objects(labels)
        pieces: dict[int, Box] = {}
        for number in (np.flatnonzero((extreme >= EXTREME) & (number_of >= FEWEST_PX)) + 1).tolist():
            window = windows[number - 1]
            if _has_ink_edges(bytes_, around, labels, number, window):
                pieces[number] = (window[1].start, window[0].start, window[1].stop, window[0].stop)
        for number, box in pieces.items():
            if extreme[number - 1] >= SURE or any(_side_by_side(box, other) for k, other in pieces.items() if k != number):
                left, top, right, bottom = box
                found[top:bottom, left:right] |= labels[top:bottom, left:right] == number
                boxes.append(box)
    return found, boxes


def _has_ink_edges(plane: np.ndarray, around: np.ndarray, labels: np.ndarray, number: int, window: tuple[slice, ...]) -> bool:
    """Whether one piece has the size of a letter or an arrow and stands out sharply all around."""
    height, width = plane.shape
    tall, wide = (side.stop - side.start for side in window)
    inside = labels[window] == number
    if max(tall, wide) < 6 or tall > 0.4 * height or wide > 0.6 * width:
        return False
    if inside.sum() > 0.02 * plane.size:
        return False
    rim = inside & ~eroded(inside, beyond=True)
    if not rim.any() or float(np.mean(plane[window][rim] - around[window][rim] >= 1.5 * JUMP)) < SHARP:
        return False
    return not _soft(plane, labels, number, window)


def _side_by_side(one: Box, other: Box) -> bool:
    """Whether two pieces stand like letters of one word."""
    heights = one[3] - one[1], other[3] - other[1]
    overlap = min(one[3], other[3]) - max(one[1], other[1])
    gap = max(one[0] - other[2], other[0] - one[2])
    return overlap >= 0.5 * min(heights) and gap <= max(heights) and max(heights) <= 2.5 * min(heights)


def _soft(plane: np.ndarray, labels: np.ndarray, number: int, window: tuple[slice, ...]) -> bool:
    """Whether the grey falls off slowly beyond the outline of one piece, as a bright specimen's does."""
    rows = slice(max(0, window[0].start - 4), window[0].stop + 4)
    columns = slice(max(0, window[1].start - 4), window[1].stop + 4)
    local, grey = labels[rows, columns] == number, plane[rows, columns]
    first = dilated(local)
    second = dilated(first) & ~first
    if not second.any():
        return True
    return float(np.mean(grey[second] < 255 - JUMP)) < SHARP
