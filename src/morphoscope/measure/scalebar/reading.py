"""
From an image to the length of its scale bar: strokes, the words beside them, and which belong together.

An answer is given only where one stroke and one label stand clearly together, the label has one meaning however it
is read, and nothing else in the image or its file says otherwise.

Checked against: two thousand rendered bars, in tests/validation/test_scalebar_rendered.py, and micrographs from
journals, in tests/validation/test_scalebar_journals.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ...core import Micrograph
from . import bars, insets, label, near, rulers, words
from .bars import Bar
from .label import Length
from .ocr import Text, engine
from .pairs import Pair, differ, disagree, pairs_of, placed, rivals, same_label, spoken_for, supported
from .words import Box, Reader

SURE = 0.65
"""Confidence below which no value is given."""
METADATA = 0.1
ENOUGH, OTHER = 0.35, 0.3
"""Score of a pair after which less likely lines are not read, and of a line that is read all the same."""
STRONG = 0.5
"""Quality of a stroke whose surroundings are looked at even if another bar has been read."""
READABLE = 0.6
"""Score of the recogniser from which what it read is trusted to be letters."""


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


def read(micrograph: Micrograph, *, reader: Reader | None = None) -> ScaleBar:
    """The scale bar of ``micrograph``; where none is found beyond doubt, an answer without a value."""
    reader = reader or engine()
    grey = np.rint(np.clip(micrograph.pixels, 0, 1) * 255).astype(np.uint8)
    strokes = rulers.find(grey) + bars.alone(bars.find(grey))
    pairs = _from_lines(grey, strokes, reader)
    if not pairs or pairs[0].score <= ENOUGH:
        pairs = _from_regions(grey, strokes, pairs, reader)
    pairs = [pair for pair in pairs if not _is_box(grey, pair)]
    if not pairs and not strokes:
        return abstain("no stroke that could be a scale bar")
    if not pairs:
        return abstain("no length is printed beside a stroke that could be a scale bar")
    within = [pair for pair in pairs[:1] if any(_inside(pair, inset) for inset in insets.find(grey))]
    if within:
        return abstain(f"{within[0].text.words!r} belongs to an inset", within[0], within[0].score)
    known = micrograph.pixel_size.x_nm if micrograph.pixel_size is not None else None
    return decide(grey, pairs, reader, known)


def _from_lines(grey: np.ndarray, strokes: list[Bar], reader: Reader) -> list[Pair]:
    """Pairs of strokes with the lines of letters beside them, read in order of likelihood until one fits."""
    lines, texts, pairs = words.likely_lines(grey, strokes), list[Text](), list[Pair]()
    for start in range(0, len(lines), words.BATCH):
        batch = lines[start : start + words.BATCH]
        if pairs and pairs[0].score > ENOUGH:
            batch = [(score, box) for score, box in batch if score > OTHER]
        if batch:
            texts += words.read_lines(grey, [box for _, box in batch], reader)
            pairs = pairs_of(_without_letters(strokes, texts), texts, grey.shape)
    return pairs


def _from_regions(grey: np.ndarray, strokes: list[Bar], pairs: list[Pair], reader: Reader) -> list[Pair]:
    """Pairs with the words that are found around the best strokes and at the bottom; for lengths, strokes near them."""
    zoom, texts = words.zoom_of(grey.shape), list[Text]()
    for region in words.regions(grey.shape, strokes, zoom):
        left, top, right, bottom = region
        strong = any(b.quality > STRONG and left <= b.middle <= right and top <= b.top <= bottom for b in strokes)
        if (pairs and pairs[0].score > ENOUGH and not strong) or np.ptp(grey[top:bottom, left:right]) < near.FAINTEST:
            continue
        found = words.words_in(grey, region, zoom, reader)
        texts += found
        pairs = pairs + pairs_of(_without_letters(strokes, texts), found, grey.shape)
        for text in found:
            told = label.parse(text.words, any_value=True)
            if told and text.score > READABLE and not any(p.score > ENOUGH and p.text.words == text.words for p in pairs):
                place = placed(text, told[-1])
                more = [bar for bar in near.bars_of(grey, place) if not any(bars.same(bar, other) for other in strokes)]
                more += near.rulers_of(grey, place)
                pairs = pairs + pairs_of(_without_letters(more, [text]), [text], grey.shape)
        pairs.sort(key=lambda pair: -pair.score)
    return pairs


def _without_letters(strokes: list[Bar], texts: list[Text]) -> list[Bar]:
    """The strokes without those that are part of a letter."""
    read = [text for text in texts if text.score > READABLE and len(text.words) > 1]
    return [bar for bar in strokes if bar.kind != "stroke" or not any(_in_letter(bar, text) for text in read)]


def _in_letter(bar: Bar, text: Text) -> bool:
    """Whether ``bar`` lies within the box of ``text``, and not as a bar does that the box holds too: level, at one end."""
    slack = max(2.0, 0.15 * text.height)
    across = text.left - slack <= bar.left and bar.right <= text.right + slack
    if not across or bar.top < text.top - slack or bar.bottom > text.bottom + slack:
        return False
    level = abs((bar.top + bar.bottom) / 2 - (text.top + text.bottom) / 2) < 0.3 * text.height
    at_end = min(bar.left - text.left, text.right - bar.right) < 0.3 * text.height
    if level and at_end:
        return False
    inside = bar.top >= text.top + slack and bar.bottom <= text.bottom - slack
    return bar.length_px <= (3.0 if inside else 1.1) * text.height


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


def decide(grey: np.ndarray, pairs: list[Pair], reader: Reader, known_nm: float | None) -> ScaleBar:
    """One answer out of the pairs, or the reason for none."""
    best = pairs[0]
    for other in pairs[1:]:
        if other.bar is best.bar and same_label(other, best) and not _may_agree(other.length, best.length):
            part, whole = sorted((_bare(best), _bare(other)), key=len)
            if part not in whole and other.text.score > READABLE:
                return abstain(f"the label reads differently each time: {best.text.words!r}, {other.text.words!r}", best, 0.2)
            best = best if whole == _bare(best) else other
    rival = next((p for p in pairs[1:] if rivals(best, p) and not spoken_for(p, pairs)), None)
    if rival is not None and rival.score > 0.7 * best.score:
        return abstain("two strokes stand equally well beside the label", best, best.score)
    second = next((p for p in pairs[1:] if p.bar is not best.bar and not same_label(p, best)), None)
    if second is not None and second.score > 0.4 * best.score and disagree(second, best):
        both = f"{best.pixel_nm:.4g} and {second.pixel_nm:.4g} nm a pixel"
        return abstain(f"two bars disagree: {both} ({best.text.words!r}, {second.text.words!r})", best, best.score)
    if second is not None and best.bar.kind == "ruler" and second.score > 0.4 * best.score:
        best = second  # they agree; the bar that was drawn for the reader is the plainer one
    if best.bar.kind == "stroke" and bars.runs_on(grey, best.bar):
        return abstain("the stroke beside the label goes on beyond its end", best, best.score)
    if _leaves(best, grey.shape[1]):
        return abstain("the bar touches the border and may go on beyond it", best, best.score)
    if _is_half(grey, best):
        return abstain("only one half of a bar around its label was found", best, best.score)
    text = best.text
    votes = words.again(grey, (text.left, text.top, text.right, text.bottom), reader)
    if any(label.is_other(told) for told in votes):
        return abstain(f"{' and '.join(map(repr, votes))} is no length of a bar", best, 0.2)
    length, agreement = _agreed(best.length, votes)
    if length is None:
        return abstain(f"the label reads differently each time: {', '.join(map(repr, votes))}", best, 0.2)
    answer = _answer(replace(best, length=length), agreement, known_nm)
    if answer.value_nm is not None:
        against = _against(length, words.otherwise(grey, (text.left, text.top, text.right, text.bottom), reader))
        if against is not None:
            return abstain(f"the label reads differently in other ways: {text.words!r}, {against!r}", best, 0.2)
    return answer


def _may_agree(one: Length, other: Length) -> bool:
    """Whether both readings have a meaning in common."""
    return any(math.isclose(a, b, rel_tol=1e-4) for a in (one.nm, *one.others_nm) for b in (other.nm, *other.others_nm))


def _bare(pair: Pair) -> str:
    """The words of the label alone, without spaces."""
    return label.tidy(pair.text.words).replace(" ", "")


def _is_box(grey: np.ndarray, pair: Pair) -> bool:
    """Whether lines go from the stroke's ends past the label: the stroke is an edge of the box around it."""
    bar, text = pair.bar, pair.text
    if bar.kind != "stroke" or not bar.left < text.middle < bar.right:
        return False
    plane = (grey if bar.light else 255 - grey).astype(np.int16)
    own = np.median(plane[bar.top : bar.bottom, max(0, int(bar.left)) : int(bar.right)])
    below = (bar.top + bar.bottom) / 2 < (text.top + text.bottom) / 2
    rows = slice(bar.bottom, int(text.bottom)) if below else slice(max(0, int(text.top)), bar.top)
    legs = []
    for end in (bar.left, bar.right):
        first = int(end) - 3
        beside = plane[rows, max(0, first) : first + 6]
        legs.append(end < 2 or end > grey.shape[1] - 2 or (beside.size > 0 and _upright(beside > own - 0.6 * bar.contrast)))
    return all(legs) and not (bar.left < 2 and bar.right > grey.shape[1] - 2)


def _upright(inked: np.ndarray) -> bool:
    """Whether one column is ink all along, and not all columns are."""
    along = inked.mean(axis=0)
    return bool(along.max() > 0.9 and along.min() < 0.5)


def _leaves(pair: Pair, width: int) -> bool:
    """Whether the bar runs out of the picture, and is faint, or its label does so too or is not centred on what is seen of it."""
    bar, text = pair.bar, pair.text
    off = abs(bar.middle - (text.left + text.right) / 2)
    cut = text.left < 2 or text.right > width - 2
    doubtful = cut or bar.quality < STRONG or off > 2 + 0.04 * (bar.right - bar.left)
    return (bar.left < 0.6 or bar.right > width - 0.6) and doubtful


def _is_half(grey: np.ndarray, pair: Pair) -> bool:
    """Whether a stroke like the one beside the label lies, as far as can be seen, at the label's other side."""
    bar, text = pair.bar, pair.text
    row, middle = (bar.top + bar.bottom) / 2, (text.top + text.bottom) / 2
    beside = bar.kind == "stroke" and (bar.right < text.middle or bar.left > text.middle)
    if not beside or abs(row - middle) > 0.4 * text.height:
        return False
    inner, outer = 0.25 * (text.right - text.left), 1.7 * max(text.middle - bar.left, bar.right - text.middle)
    sides = (text.middle + inner, text.middle + outer) if bar.right < text.middle else (text.middle - outer, text.middle - inner)
    columns = slice(max(0, int(sides[0])), max(0, int(sides[1])))
    plane = (grey if bar.light else 255 - grey).astype(np.float64)[:, columns]
    over, under = plane[max(0, bar.top - 3) : max(1, bar.top - 1)], plane[bar.bottom + 1 : bar.bottom + 3]
    around = np.maximum(over.mean(axis=0), under.mean(axis=0) if len(under) else 0.0)
    raised = plane[bar.top : bar.bottom].mean(axis=0) - around > 0.3 * bar.contrast
    long = max(3, int(0.7 * bar.length_px))
    return raised.size >= long and float(np.convolve(raised, np.full(long, 1 / long), "valid").max()) > 0.8


def _against(length: Length, told: list[str]) -> str | None:
    """The first reading that contradicts ``length``."""
    others = [(words, lengths[-1]) for words in told if (lengths := label.parse(words, any_value=True))]
    return next((words for words, other in others if not _may_agree(other, length)), None)


def _answer(pair: Pair, agreement: float, known_nm: float | None) -> ScaleBar:
    bar, length, text = pair.bar, pair.length, pair.text
    confidence = min(1.0, supported(bar, text) / 0.5) ** 0.5 * min(1.0, pair.score / 0.35) ** 0.5 * length.plain**0.5 * agreement
    reason = f"{text.words!r} beside a {'light' if bar.light else 'dark'} {bar.kind}"
    nm = length.nm
    if known_nm is not None:
        fits = [v for v in (nm, *length.others_nm) if not differ(v / bar.length_px, known_nm, METADATA)]
        if not fits:
            says = f"the bar says {nm / bar.length_px:.4g} nm a pixel, the file {known_nm:.4g}"
            return abstain(f"{says}; they disagree", pair, confidence)
        nm, confidence = fits[0], min(1.0, max(confidence, 0.6) + 0.3)
        reason += ", as the file's own pixel size has it"
    elif length.others_nm and length.plain < 0.5:
        return abstain(f"{text.words!r} has more than one meaning", pair, confidence)
    elif length.unit == "mm":
        return abstain(f"{text.words!r} may be nm or µm, and the file has no pixel size that says which", pair, confidence)
    if confidence < SURE:
        return abstain(f"not sure enough ({confidence:.2f}) of {text.words!r}", pair, confidence)
    return ScaleBar(
        nm, bar.length_px, confidence, reason, _ends(bar), (text.left, text.top, text.right, text.bottom), text.words, bar.kind
    )


def _agreed(first: Length, votes: list[str]) -> tuple[Length | None, float]:
    """The length that the readings share, with the share of readings behind it; None where they contradict."""
    readings: list[Length | None] = [first]
    for told in votes:
        lengths = label.parse(told, any_value=True)
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
