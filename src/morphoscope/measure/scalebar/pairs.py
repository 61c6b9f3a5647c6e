"""
Which stroke belongs to which printed length.

Every stroke is weighed with every length by how they stand to each other: above, below, beside, or around. A stroke
that is part of a letter, of a box's frame or of a longer line is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from . import label
from .bars import Bar
from .label import Length
from .ocr import Text

SHORTEST, LONGEST = 0.02, 0.6
"""Shares of the picture's width that a bar may have."""
CENTRED, CENTRED_GAIN = 0.05, 0.4
"""Distance of a label from the bar's middle, in its lengths, that counts as centred, and what that adds at most."""
BESIDE = 1.1
"""Shortest bar left or right of its label, in the label's heights."""
ONE_SCALE = 0.06
"""Two bars whose pixel sizes differ by less than this share say the same."""


@dataclass(frozen=True)
class Pair:
    """A stroke and the length printed with it."""

    bar: Bar
    text: Text
    length: Length
    score: float

    @property
    def pixel_nm(self) -> float:
        """What the pair says a pixel is."""
        return self.length.nm / self.bar.length_px


def pairs_of(strokes: list[Bar], texts: list[Text], shape: tuple[int, int]) -> list[Pair]:
    """Every stroke with every length printed beside it, best first."""
    pairs: list[Pair] = []
    for text in texts:
        for length in label.parse(text.words, any_value=any(bar.kind == "ruler" for bar in strokes)):
            place = placed(text, length)
            usual = label.mantissa_weight(length.value) > 0
            for bar in _joined(strokes, place, shape):
                if not usual and bar.kind != "ruler":
                    continue
                meant = label.sensible(length, bar.length_px)
                score = together(bar, place) * text.score
                if meant is not None and score * meant.plain > 0.01:
                    pairs.append(Pair(bar, place, meant, score * meant.plain**0.5))
    return sorted(pairs, key=lambda pair: -pair.score)


def placed(text: Text, length: Length) -> Text:
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


def supported(bar: Bar, text: Text) -> float:
    """The quality of ``bar``, raised where ``text`` is centred on it: by chance that is rare."""
    shift = abs(bar.middle - (text.left + text.right) / 2) / (bar.right - bar.left)
    level = bar.top < text.bottom and text.top < bar.bottom
    centred = 0.0 if level else math.exp(-((shift / CENTRED) ** 2))
    return bar.quality + CENTRED_GAIN * centred * (1 - bar.quality) * min(1.0, bar.quality / 0.15)


def together(bar: Bar, text: Text) -> float:
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
        return supported(bar, text) * near
    if bar.kind == "ruler" and apart < 4 * tall and overlap > -0.5 * (bar.right - bar.left):
        return bar.quality * 0.9
    gap = max(bar.left - text.right, text.left - bar.right)
    level = bar.top < text.bottom + 0.3 * tall and bar.bottom > text.top - 0.3 * tall
    if bar.right - bar.left < BESIDE * tall:
        return 0.0  # a dash, or half of an equals sign
    if level and -0.5 * tall < gap < 3 * tall:
        return bar.quality * 0.9 * math.exp(-0.2 * max(0.0, gap) / tall)
    return 0.0


def rivals(best: Pair, other: Pair) -> bool:
    """Whether ``other`` gives the same label another length."""
    same = other.text.left == best.text.left and other.text.top == best.text.top
    return same and differ(other.bar.length_px, best.bar.length_px, 0.03)


def spoken_for(pair: Pair, pairs: list[Pair]) -> bool:
    """Whether the stroke of ``pair`` has another label of its own that fits about as well."""
    return any(p.bar is pair.bar and p.text.top != pair.text.top and p.score > 0.9 * pair.score for p in pairs)


def same_label(one: Pair, other: Pair) -> bool:
    """Whether the labels of both are one, read twice."""
    a, b = one.text, other.text
    across, down = min(a.right, b.right) - max(a.left, b.left), min(a.bottom, b.bottom) - max(a.top, b.top)
    return across > 0.5 * min(a.right - a.left, b.right - b.left) and down > 0.5 * min(a.height, b.height)


def disagree(one: Pair, other: Pair) -> bool:
    """Whether two bars say different pixel sizes, more so than ends that are wrong by a pixel explain."""
    return differ(one.pixel_nm, other.pixel_nm, ONE_SCALE + 1.0 / min(one.bar.length_px, other.bar.length_px))


def differ(one: float, other: float, share: float = ONE_SCALE) -> bool:
    """Whether two sizes differ by more than ``share``."""
    return abs(math.log(one / other)) > share
