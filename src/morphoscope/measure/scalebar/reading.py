"""
From an image to the length of its scale bar: strokes, the words beside them, and which belong together.

An answer is given only where one stroke and one label stand clearly together, the label has one meaning however it
is read, and nothing else in the image or its file says otherwise.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy import ndimage

from ...core import Micrograph
from . import bars, insets, label, rulers
from .bars import Bar
from .label import Length
from .ocr import LINE_PX, Text, engine

Box = tuple[float, float, float, float]

SURE = 0.65
"""Confidence below which no value is given."""
ONE_SCALE = 0.06
"""Two bars whose pixel sizes differ by less than this share say the same."""
METADATA = 0.1
ENOUGH = 0.35
"""Score of a pair after which weaker strokes are not looked at."""
SHORTEST, LONGEST = 0.02, 0.6
TRIED = 4
PROMISING, STRONG = 0.12, 0.5
"""Quality from which a stroke is looked at, and from which it is looked at even if another bar has been read."""
WIDE_PX = 1200
"""Width at which words are looked for."""
AREA_PX = 260_000
"""Most pixels that words are looked for in."""


@dataclass(frozen=True)
class ScaleBar:
    """
    What the scale bar says, or why nothing is said.

    ``ends`` are (row, column) of its two ends in pixels, edges at whole numbers plus a half; ``label_px`` is the box
    (left, top, right, bottom) of the words ``text``. ``value_nm`` and ``length_px`` are None where the
    reader abstains; ``reason`` says why it does, or how the value was found.
    """

    value_nm: float | None
    length_px: float | None
    confidence: float
    reason: str
    ends: tuple[tuple[float, float], tuple[float, float]] | None = None
    label_px: Box | None = None
    text: str = ""
    kind: str = ""

    @property
    def pixel_size_nm(self) -> float | None:
        """Length of one pixel along the bar."""
        return None if self.value_nm is None or self.length_px is None else self.value_nm / self.length_px


class Reader(Protocol):
    """What can find and read words; the engine of ``ocr`` or a stand-in."""

    def boxes(self, grey: np.ndarray) -> list[Box]: ...
    def read(self, crops: list[np.ndarray]) -> list[tuple[str, float]]: ...


@dataclass(frozen=True)
class Pair:
    """A stroke and the length printed with it."""

    bar: Bar
    text: Text
    length: Length
    score: float

    @property
    def pixel_nm(self) -> float:
        return self.length.nm / self.bar.length_px


def read(micrograph: Micrograph, *, reader: Reader | None = None) -> ScaleBar:
    """The scale bar of ``micrograph``; where none is found beyond doubt, an answer without a value."""
    reader = reader or engine()
    grey = np.rint(np.clip(micrograph.pixels, 0, 1) * 255).astype(np.uint8)
    strokes = rulers.find(grey) + bars.alone(bars.find(grey))
    if not strokes:
        return abstain("no stroke that could be a scale bar")
    pairs: list[Pair] = []
    zoom = float(np.clip(WIDE_PX / grey.shape[1], 0.5, 3.0))
    texts: list[Text] = []
    for region, quality in regions(grey.shape, strokes, zoom):
        if pairs and pairs[0].score > ENOUGH and quality < STRONG:
            break
        texts += words_in(grey, region, zoom, reader)
        pairs = pairs_of(strokes, texts, grey.shape)
    if not pairs:
        return abstain("no length is printed beside a stroke that could be a scale bar")
    within = [pair for pair in pairs[:1] if any(_inside(pair, inset) for inset in insets.find(grey))]
    if within:
        return abstain(f"{within[0].text.words!r} belongs to an inset", within[0], within[0].score)
    known = micrograph.pixel_size.x_nm if micrograph.pixel_size is not None else None
    return decide(grey, pairs, reader, known)


def abstain(reason: str, pair: Pair | None = None, confidence: float = 0.0) -> ScaleBar:
    """No value, and why."""
    if pair is None:
        return ScaleBar(None, None, confidence, reason)
    text = pair.text
    return ScaleBar(
        None, None, confidence, reason, _ends(pair.bar), (text.left, text.top, text.right, text.bottom), text.words, pair.bar.kind
    )


def _ends(bar: Bar) -> tuple[tuple[float, float], tuple[float, float]]:
    row, inset = (bar.top + bar.bottom - 1) / 2, bar.tick_px / 2
    return (row, bar.left + inset - 0.5), (row, bar.right - inset - 0.5)


def _inside(pair: Pair, inset: insets.Rectangle) -> bool:
    left, top, right, bottom = inset
    row = (pair.bar.top + pair.bar.bottom) / 2
    return left <= pair.bar.middle <= right and top <= row <= bottom


# words -----------------------------------------------------------------------------------------------


def words_in(grey: np.ndarray, region: tuple[int, int, int, int], zoom: float, reader: Reader) -> list[Text]:
    """The lines of text in ``region`` (left, top, right, bottom)."""
    left, top, right, bottom = region
    big = _zoomed(grey[top:bottom, left:right], zoom)
    boxes = _lines(reader.boxes(big))
    read = reader.read([_crop(big, box) for box in boxes])
    for k, (words, _) in enumerate(read):
        if re.fullmatch(r"[\dlIoO]{1,3}[.,]?\d?", words.strip()):  # a number whose unit was not found
            x0, y0, x1, y1 = boxes[k]
            wider = (x0, y0, x1 + 2.5 * (y1 - y0), y1)
            again = reader.read([_crop(big, wider)])[0]
            if label.parse(again[0]):
                boxes[k], read[k] = wider, again
    return [
        Text(words, score, left + x0 / zoom, top + y0 / zoom, left + x1 / zoom, top + y1 / zoom)
        for (x0, y0, x1, y1), (words, score) in zip(boxes, read, strict=True)
    ]


def _lines(boxes: list[Box]) -> list[Box]:
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


def regions(shape: tuple[int, int], strokes: list[Bar], zoom: float) -> list[tuple[tuple[int, int, int, int], float]]:
    """Boxes (left, top, right, bottom) around the best strokes with their quality, overlapping ones united."""
    height, width = shape
    boxes: list[tuple[tuple[int, int, int, int], float]] = []
    for bar in [b for b in strokes if b.quality >= PROMISING][:TRIED]:
        across, down = max(0.3 * width, 0.4 * (bar.right - bar.left)), max(0.1 * height, 24.0)
        left, top = max(0, int(bar.left - across)), max(0, int(bar.top - down))
        right, bottom = min(width, int(bar.right + across) + 1), min(height, int(bar.bottom + down) + 1)
        for k, (other, quality) in enumerate(boxes):
            if _overlap(other, (left, top, right, bottom)):
                united = (min(left, other[0]), min(top, other[1]), max(right, other[2]), max(bottom, other[3]))
                boxes[k] = (united, quality)
                break
        else:
            boxes.append(((left, top, right, bottom), bar.quality))
        if sum((b[2] - b[0]) * (b[3] - b[1]) for b, _ in boxes) * zoom**2 > AREA_PX:
            break
    return boxes


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _zoomed(plane: np.ndarray, zoom: float) -> np.ndarray:
    if zoom == 1.0:
        return plane
    larger = ndimage.zoom(plane.astype(np.float32), zoom, order=1 if zoom < 1 else 3, mode="nearest")
    return np.clip(np.rint(larger), 0, 255).astype(np.uint8)


def _crop(plane: np.ndarray, box: Box, grow: float = 0.0) -> np.ndarray:
    left, top, right, bottom = box
    margin = grow * (bottom - top)
    rows = slice(max(0, math.floor(top - margin)), min(plane.shape[0], math.ceil(bottom + margin) + 1))
    columns = slice(max(0, math.floor(left - margin)), min(plane.shape[1], math.ceil(right + margin) + 1))
    return plane[rows, columns]


# pairs -----------------------------------------------------------------------------------------------


def pairs_of(strokes: list[Bar], texts: list[Text], shape: tuple[int, int]) -> list[Pair]:
    """Every stroke with every length printed beside it, best first."""
    pairs: list[Pair] = []
    for text in texts:
        for length in label.parse(text.words, any_value=any(bar.kind == "ruler" for bar in strokes)):
            place = _placed(text, length)
            usual = label.mantissa_weight(length.value) > 0
            for bar in _joined(strokes, place, shape):
                if not usual and bar.kind != "ruler":
                    continue
                meant = label.sensible(length, bar.length_px)
                score = _together(bar, place, shape) * text.score
                if meant is not None and score * meant.plain > 0.01:
                    pairs.append(Pair(bar, place, meant, score * meant.plain**0.5))
    return sorted(pairs, key=lambda pair: -pair.score)


def _placed(text: Text, length: Length) -> Text:
    """The part of the line where the length stands."""
    count = max(1, len(label.tidy(text.words)))
    wide = text.right - text.left
    return replace(text, left=text.left + wide * length.start / count, right=text.left + wide * min(1.0, length.stop / count))


def _joined(strokes: list[Bar], text: Text, shape: tuple[int, int]) -> list[Bar]:
    """The strokes for this label: without its box's frame, with two halves around it made one."""
    plain = [bar for bar in strokes if not _is_frame(bar, strokes, text)]
    middle = (text.top + text.bottom) / 2
    level = [b for b in plain if b.kind == "stroke" and b.top - 2 <= text.bottom and b.bottom + 2 >= text.top]
    reach, inner = 2.5 * text.height, 0.3 * text.height  # the box around the words may hold the halves too
    lefts = [b for b in level if b.left <= text.left + inner and b.right < text.middle - inner and text.left - b.right <= reach]
    rights = [b for b in level if b.right >= text.right - inner and b.left > text.middle + inner and b.left - text.right <= reach]
    halves = []
    for one in lefts:
        for two in rights:
            alike = abs(one.top - two.top) <= 2 and abs(one.bottom - two.bottom) <= 2 and one.light == two.light
            sizes = sorted((one.length_px, two.length_px))
            near = abs((one.top + one.bottom) / 2 - middle) <= 0.6 * text.height
            if alike and near and sizes[0] > 0.6 * sizes[1]:
                quality = min(1.0, 1.2 * min(one.quality, two.quality) + 0.1)
                halves.append(replace(one, right=two.right, quality=quality, kind="split"))
    if halves:
        parts = {id(b) for b in (*lefts, *rights)}
        plain = [b for b in plain if id(b) not in parts]
    limit = shape[1]
    return [b for b in (*plain, *halves) if SHORTEST * limit <= b.length_px <= LONGEST * limit]


def _is_frame(bar: Bar, strokes: list[Bar], text: Text) -> bool:
    """Whether ``bar`` and a like one on the other side of the label are the edges of a box around it."""
    for other in strokes:
        if other is bar or abs(other.left - bar.left) > 4 or abs(other.right - bar.right) > 4:
            continue
        upper, lower = (bar, other) if bar.top < other.top else (other, bar)
        if upper.bottom - 2 <= text.top + 0.3 * text.height and lower.top + 2 >= text.bottom - 0.3 * text.height:
            return True
    return False


def _together(bar: Bar, text: Text, shape: tuple[int, int]) -> float:
    """How well label and stroke stand together, from 0 to 1."""
    tall = max(text.height, 6.0)
    apart = max(bar.top - text.bottom, text.top - bar.bottom, 0.0)
    overlap = min(bar.right, text.right) - max(bar.left, text.left)
    shorter = min(bar.right - bar.left, text.right - text.left)
    row = (bar.top + bar.bottom) / 2
    if (
        text.top < row < text.bottom
        and overlap > 0.5 * (bar.right - bar.left)
        and bar.right - bar.left < 0.6 * (text.right - text.left)
    ):
        return 0.0  # a stroke of a letter
    inside = bar.top > text.top + 0.12 * tall and bar.bottom < text.bottom - 0.12 * tall
    if bar.kind == "split":
        centred = abs(bar.middle - (text.left + text.right) / 2) / (bar.right - bar.left)
        off = abs(row - (text.top + text.bottom) / 2) / tall
        return bar.quality * max(0.0, 1 - 3 * centred) * max(0.0, 1 - off)
    if apart > 2.2 * tall and bar.kind != "ruler":
        return 0.0
    if overlap > 0.5 * shorter and not (inside and bar.bottom - bar.top < 0.6 * tall):
        shift = abs(bar.middle - (text.left + text.right) / 2) / max(bar.right - bar.left, text.right - text.left)
        near = math.exp(-0.5 * apart / tall) * (1 - 0.6 * min(1.0, 2 * shift))
        return bar.quality * near
    if bar.kind == "ruler" and apart < 4 * tall and overlap > -0.5 * (bar.right - bar.left):
        return bar.quality * 0.9
    gap = max(bar.left - text.right, text.left - bar.right)
    level = bar.top < text.bottom + 0.3 * tall and bar.bottom > text.top - 0.3 * tall
    if level and -0.5 * tall < gap < 3 * tall:
        return bar.quality * 0.9 * math.exp(-0.2 * max(0.0, gap) / tall)
    return 0.0


# decision --------------------------------------------------------------------------------------------


def decide(grey: np.ndarray, pairs: list[Pair], reader: Reader, known_nm: float | None) -> ScaleBar:
    """One answer out of the pairs, or the reason for none."""
    best = pairs[0]
    rival = next((p for p in pairs[1:] if _rivals(best, p) and not _spoken_for(p, pairs)), None)
    if rival is not None and rival.score > 0.7 * best.score:
        return abstain("two strokes stand equally well beside the label", best, best.score)
    second = next((p for p in pairs[1:] if p.text.top != best.text.top and not _touch(p, best)), None)
    if second is not None and second.score > 0.4 * best.score and _differ(second.pixel_nm, best.pixel_nm):
        both = f"{best.pixel_nm:.4g} and {second.pixel_nm:.4g} nm a pixel"
        return abstain(f"two bars disagree: {both} ({best.text.words!r}, {second.text.words!r})", best, best.score)
    if second is not None and best.bar.kind == "ruler" and second.score > 0.4 * best.score:
        best = second  # they agree; the bar that was drawn for the reader is the plainer one
    if _is_half(grey, best):
        return abstain("only one half of a bar around its label was found", best, best.score)
    votes = _votes(grey, best, reader)
    length, agreement = _agreed(best.length, votes)
    if length is None:
        return abstain(f"the label reads differently each time: {', '.join(map(repr, votes))}", best, 0.2)
    return _answer(replace(best, length=length), agreement, known_nm)


def _is_half(grey: np.ndarray, pair: Pair) -> bool:
    """Whether the stroke beside the label goes on at the label's other side."""
    bar, text = pair.bar, pair.text
    row, middle = (bar.top + bar.bottom) / 2, (text.top + text.bottom) / 2
    beside = bar.kind == "stroke" and (bar.right < text.middle or bar.left > text.middle)
    if not beside or abs(row - middle) > 0.4 * text.height:
        return False
    left, right = round(2 * text.middle - bar.right), round(2 * text.middle - bar.left)
    quarter = (right - left) // 4
    columns = slice(max(0, left + quarter), max(0, right - quarter))
    own = float(np.median(grey[bar.top : bar.bottom, round(bar.left) : round(bar.right)]))
    mirrored = grey[bar.top : bar.bottom, columns]
    return mirrored.size > 0 and float(np.mean(np.abs(mirrored - own) < 0.35 * bar.contrast)) > 0.8


def _answer(pair: Pair, agreement: float, known_nm: float | None) -> ScaleBar:
    bar, length, text = pair.bar, pair.length, pair.text
    confidence = min(1.0, (bar.quality / 0.5)) ** 0.5 * min(1.0, pair.score / 0.35) ** 0.5 * length.plain**0.5 * agreement
    reason = f"{text.words!r} beside a {'light' if bar.light else 'dark'} {bar.kind}"
    nm = length.nm
    if known_nm is not None:
        fits = [v for v in (nm, *length.others_nm) if not _differ(v / bar.length_px, known_nm, METADATA)]
        if not fits:
            says = f"the bar says {nm / bar.length_px:.4g} nm a pixel, the file {known_nm:.4g}"
            return abstain(f"{says}; they disagree", pair, confidence)
        nm, confidence = fits[0], min(1.0, max(confidence, 0.6) + 0.3)
        reason += ", as the file's own pixel size has it"
    elif length.others_nm and length.plain < 0.5:
        return abstain(f"{text.words!r} has more than one meaning", pair, confidence)
    if confidence < SURE:
        return abstain(f"not sure enough ({confidence:.2f}) of {text.words!r}", pair, confidence)
    return ScaleBar(
        nm, bar.length_px, confidence, reason, _ends(bar), (text.left, text.top, text.right, text.bottom), text.words, bar.kind
    )


def _rivals(best: Pair, other: Pair) -> bool:
    """Whether ``other`` gives the same label another length."""
    same = other.text.left == best.text.left and other.text.top == best.text.top
    return same and _differ(other.bar.length_px, best.bar.length_px, 0.03)


def _spoken_for(pair: Pair, pairs: list[Pair]) -> bool:
    """Whether the stroke of ``pair`` has another label of its own that fits about as well."""
    return any(p.bar is pair.bar and p.text.top != pair.text.top and p.score > 0.9 * pair.score for p in pairs)


def _touch(one: Pair, other: Pair) -> bool:
    return one.text.left < other.text.right and other.text.left < one.text.right and one.bar is other.bar


def _differ(one: float, other: float, share: float = ONE_SCALE) -> bool:
    return abs(math.log(one / other)) > share


def _votes(grey: np.ndarray, pair: Pair, reader: Reader) -> list[str]:
    """The label read again: closer, further, inverted."""
    text = pair.text
    box = (text.left - 0.2 * text.height, text.top, text.right + 0.4 * text.height, text.bottom)
    part = _crop(grey, box, 0.12)
    if min(part.shape) < 3:
        return []
    zoom = float(np.clip(LINE_PX / part.shape[0], 0.3, 6.0))
    big = _zoomed(part, zoom)
    low, high = np.percentile(big, [1, 99])
    stretched = np.clip((big - low) * (255.0 / max(high - low, 1.0)), 0, 255).astype(np.uint8)
    wide = np.pad(stretched, ((6, 6), (14, 14)), mode="edge")
    return [words for words, _ in reader.read([stretched, 255 - wide, _zoomed(wide, 0.7)])]


def _agreed(first: Length, votes: list[str]) -> tuple[Length | None, float]:
    """The length that the readings share, with the share of readings behind it; None where they contradict."""
    readings: list[Length | None] = [first]
    for words in votes:
        lengths = label.parse(words, any_value=True)
        readings.append(lengths[-1] if lengths else None)
    valid = [r for r in readings if r is not None]
    if first.plain < 0.5 and len(valid) >= 3 and min(r.plain for r in valid[1:]) >= 0.5:
        valid = valid[1:]  # the first reading had no good sense, the closer ones have
    shared = [r for r in valid if all(any(math.isclose(r.nm, nm, rel_tol=1e-4) for nm in (o.nm, *o.others_nm)) for o in valid)]
    if not shared:
        return None, 0.0
    sure = len({round(math.log10(r.nm), 4) for r in valid}) == 1
    share = len(valid) / len(readings)
    return max(shared, key=lambda r: r.plain), (0.55 + 0.45 * share) * (1.0 if sure else 0.85)
