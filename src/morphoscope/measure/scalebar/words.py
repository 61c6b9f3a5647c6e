"""
Where words are looked for and how they are read.

First the lines of letters beside the strokes, which cost little to find; where these hold no length, the network that
finds text looks at the surroundings of the best strokes and at the bottom of the picture, in a zoom that makes
letters large enough for it.
"""

from __future__ import annotations

import math
import re
from typing import Protocol

import numpy as np
from scipy import ndimage

from . import label, letters, pairs
from .bars import Bar
from .ocr import LINE_PX, Text

Box = tuple[float, float, float, float]
Region = tuple[int, int, int, int]

TRIED, BATCH, MOST_LINES = 8, 3, 6
"""Strokes whose lines are read, lines read at a time, and in all."""
PROMISING = 0.1
STRONG = 0.25
"""Quality of a stroke from which words are looked for around it even where no line of letters is seen."""
LIKELY = 0.12
"""Score of a line and its stroke from which it is read."""
WIDE_PX = 1200
"""Width at which words are looked for."""
AREA_PX = 160_000
"""Pixels that words are looked for in around one stroke, at most twice as many."""
FOOT = 0.13
"""Share of the height, from the bottom, where words are looked for in any case."""


class Reader(Protocol):
    """What can find and read words; the engine of ``ocr`` or a stand-in."""

    def boxes(self, grey: np.ndarray) -> list[Box]: ...
    def read(self, crops: list[np.ndarray]) -> list[tuple[str, float]]: ...


LEFT = ((1.0, 0.3), (2.0, 0.15))
"""Heights more on the left, with shares of the height above and below."""
SHARPEN, APART = 1.5, 1.8


def likely_lines(grey: np.ndarray, strokes: list[Bar]) -> list[tuple[float, Box]]:
    """Lines of letters that may be the label of one of ``strokes``, best first."""
    scored: list[tuple[float, Box]] = []
    for bar in [b for b in strokes if b.quality >= PROMISING][:TRIED]:
        for line in letters.beside(grey, bar):
            score = pairs.together(bar, Text("", 1.0, *line.box))
            few = 0.5 if line.pieces < 2 else 1.0
            if score * few >= LIKELY:
                scored.append((score * few, line.box))
    scored.sort(key=lambda one: -one[0])
    kept: list[tuple[float, Box]] = []
    for score, box in scored:
        if not any(_mostly(box, other) for _, other in kept):
            kept.append((score, box))
    return kept[:MOST_LINES]


def _mostly(one: Box, other: Box) -> bool:
    """Whether two boxes are nearly the same."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    if across <= 0 or down <= 0:
        return False
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return across * down > 0.75 * max(areas)


def read_lines(grey: np.ndarray, boxes: list[Box], reader: Reader) -> list[Text]:
    """What is written in ``boxes``."""
    crops = [enlarged(grey, box, aside=0.35) for box in boxes]
    return [Text(words, score, *box) for (words, score), box in zip(reader.read(crops), boxes, strict=True)]


def enlarged(grey: np.ndarray, box: Box, *, aside: float, over: float = 0.2) -> np.ndarray:
    """``box`` with a margin in shares of its height, at the height the recogniser reads and with full contrast."""
    tall = box[3] - box[1]
    part = crop(grey, (box[0] - aside * tall, box[1] - over * tall, box[2] + aside * tall, box[3] + over * tall))
    big = zoomed(part, float(np.clip(LINE_PX / max(part.shape[0], 1), 0.3, 6.0)))
    low, high = np.percentile(big, [1, 99])
    return np.asarray(np.clip((big - low) * (255.0 / max(high - low, 1.0)), 0, 255).astype(np.uint8))


def regions(shape: tuple[int, int], strokes: list[Bar], zoom: float) -> list[Region]:
    """Boxes (left, top, right, bottom) around the best strokes, overlapping ones united, and at last the bottom."""
    height, width = shape
    asked: list[Region] = []
    for bar in [b for b in strokes if b.quality >= STRONG][:2]:
        across, down = max(0.3 * width, 0.4 * (bar.right - bar.left)), max(0.1 * height, 24.0)
        left, top = max(0, int(bar.left - across)), max(0, int(bar.top - down))
        asked.append((left, top, min(width, int(bar.right + across) + 1), min(height, int(bar.bottom + down) + 1)))
    boxes: list[Region] = []
    for one in asked:
        for k, other in enumerate(boxes):
            if other[0] < one[2] and one[0] < other[2] and other[1] < one[3] and one[1] < other[3]:
                boxes[k] = (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))
                break
        else:
            boxes.append(one)
    boxes = [box for box in boxes if (box[2] - box[0]) * (box[3] - box[1]) * zoom**2 <= 2 * AREA_PX]
    return [*boxes, (0, max(0, int(height - max(FOOT * height, 24))), width, height)]


def zoom_of(shape: tuple[int, int]) -> float:
    """The zoom at which words are looked for."""
    return float(np.clip(WIDE_PX / shape[1], 0.5, 3.0))


def words_in(grey: np.ndarray, region: Region, zoom: float, reader: Reader) -> list[Text]:
    """The lines of text in ``region`` (left, top, right, bottom)."""
    left, top, right, bottom = region
    big = zoomed(grey[top:bottom, left:right], zoom)
    boxes = _united(reader.boxes(big))
    read = reader.read([crop(big, box) for box in boxes])
    for k, (words, _) in enumerate(read):
        if re.fullmatch(r"[\dlIoO]{1,3}[.,]?\d?", words.strip()):  # a number whose unit was not found
            x0, y0, x1, y1 = boxes[k]
            wider = (x0, y0, x1 + 2.5 * (y1 - y0), y1)
            again = reader.read([crop(big, wider)])[0]
            if label.parse(again[0]):
                boxes[k], read[k] = wider, again
    return [
        Text(words, score, left + x0 / zoom, top + y0 / zoom, left + x1 / zoom, top + y1 / zoom)
        for (x0, y0, x1, y1), (words, score) in zip(boxes, read, strict=True)
    ]


def _united(boxes: list[Box]) -> list[Box]:
    """Boxes with those that stand close together on one line united."""
    lines: list[Box] = []
    for box in sorted(boxes):
        for k, line in enumerate(lines):
            tall = min(line[3] - line[1], box[3] - box[1])
            level = min(line[3], box[3]) - max(line[1], box[1]) > 0.7 * tall
            if level and box[0] - line[2] < 0.8 * tall and max(line[3] - line[1], box[3] - box[1]) < 1.6 * tall:
                lines[k] = (line[0], min(line[1], box[1]), max(line[2], box[2]), max(line[3], box[3]))
                break
        else:
            lines.append(box)
    return lines


def zoomed(plane: np.ndarray, zoom: float) -> np.ndarray:
    """``plane`` enlarged with cubic splines, or shrunk."""
    if zoom == 1.0 or plane.size == 0:
        return plane
    larger = ndimage.zoom(plane.astype(np.float32), zoom, order=1 if zoom < 1 else 3, mode="nearest")
    return np.asarray(np.clip(np.rint(larger), 0, 255).astype(np.uint8))


def crop(plane: np.ndarray, box: Box) -> np.ndarray:
    """The pixels of ``plane`` that ``box`` touches."""
    left, top, right, bottom = box
    rows = slice(max(0, math.floor(top)), min(plane.shape[0], math.ceil(bottom) + 1))
    columns = slice(max(0, math.floor(left)), min(plane.shape[1], math.ceil(right) + 1))
    return plane[rows, columns]


def again(grey: np.ndarray, box: Box, reader: Reader) -> list[str]:
    """The words in ``box`` read anew: with more of what stands beside, and inverted; a third time where these differ."""
    close = enlarged(grey, box, aside=0.3, over=0.12)
    if min(close.shape) < 3:
        return []
    wide = enlarged(grey, box, aside=1.2, over=0.25)
    inverted = 255 - np.pad(close, ((6, 6), (14, 14)), mode="edge")
    votes = [words for words, _ in reader.read([wide, inverted])]
    if len({length.nm for words in votes for length in label.parse(words, any_value=True)}) != 1:
        votes += [words for words, _ in reader.read([zoomed(255 - inverted, 0.7)])]
    return votes


def otherwise(grey: np.ndarray, box: Box, reader: Reader) -> list[str]:
    """
    The words in ``box`` read in ways that find what the others miss: a first digit left outside, a unit that is blurred.

    With one and with two heights more on the left, with more above and below, sharpened, and drawn apart, which shows a
    decimal point as a space.
    """
    left, top, right, bottom = box
    if min(crop(grey, box).shape) < 3:
        return []
    crops = [enlarged(grey, (left - more * (bottom - top), top, right, bottom), aside=0.2, over=over) for more, over in LEFT]
    crops.append(enlarged(grey, box, aside=0.6, over=0.6))
    plain = enlarged(grey, box, aside=0.3, over=0.15).astype(np.float64)
    crops.append(np.clip(plain + SHARPEN * (plain - ndimage.gaussian_filter(plain, 2)), 0, 255).astype(np.uint8))
    crops.append(np.clip(ndimage.zoom(plain, (1, APART), order=3), 0, 255).astype(np.uint8))
    return [words for words, _ in reader.read(crops)]
