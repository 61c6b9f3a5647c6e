"""
Bars and rulers looked for beside a label that has been read, with what the label tells: where, and in which ink.

A thin bar over a bright specimen, or ticks over texture, do not stand out by themselves. Beside a label they need
not: a bar is the one long run of the label's ink, a ruler eleven evenly spaced spots of it.

Checked against: bars and rulers drawn over texture, in tests/measure/test_scalebar_near.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .bars import Bar, measured
from .ocr import Text
from .rulers import SEARCHED, TICKS

UP, ASIDE = 2.5, 9.0
"""Reach above, below and aside of the label, in its heights."""
INKS = (0.5, 0.75)
"""Levels between ground and ink, as shares, above which a pixel is ink."""
SHORTEST = 1.3
"""Shortest bar, in heights of the label."""
THICKEST = 0.7
EVEN = 0.12
FAINTEST = 20.0
MOST_SPOTS = 60
"""A row with more raised spots than this is texture."""
TOOTH = 0.35
"""Share of the ink's contrast by which every tick of a ruler rises over the gaps beside it."""


def bars_of(grey: np.ndarray, text: Text) -> list[Bar]:
    """Bars in the ink of ``text`` beside it, those that look most printed first."""
    plane, light, ground, ink = _inked(grey, text)
    if ink - ground < FAINTEST:
        return []
    height, width = grey.shape
    tall = text.height
    top, bottom = max(0, int(text.top - UP * tall)), min(height, int(text.bottom + UP * tall) + 1)
    left, right = max(0, int(text.left - ASIDE * tall)), min(width, int(text.right + ASIDE * tall) + 1)
    found: list[Bar] = []
    for share in INKS:
        inked = plane[top:bottom, left:right] >= ground + share * (ink - ground)
        for box in _runs(inked, max(SHORTEST * tall, 0.02 * width), THICKEST * tall):
            bar = measured(plane, (box[0] + top, box[1] + top, box[2] + left, box[3] + left), light, FAINTEST)
            if bar is not None and bar.quality > 0.02 and not any(_alike(bar, other) for other in found):
                found.append(replace(bar, quality=min(1.0, 1.5 * bar.quality)))
    return sorted(found, key=lambda bar: -bar.quality)[:4]


def _inked(grey: np.ndarray, text: Text) -> tuple[np.ndarray, bool, float, float]:
    """The plane in which the ink of ``text`` is bright, whether that is the picture itself, its ground and its ink."""
    rows = slice(max(0, int(text.top)), max(1, int(text.bottom) + 1))
    columns = slice(max(0, int(text.left)), max(1, int(text.right) + 1))
    low, ground, high = (float(v) for v in np.percentile(grey[rows, columns], [4, 50, 96]))
    light = high - ground >= ground - low
    return (grey, True, ground, high) if light else (255 - grey, False, 255 - ground, 255 - low)


def _runs(inked: np.ndarray, shortest: float, thickest: float) -> list[tuple[int, int, int, int]]:
    """Boxes (top, bottom, left, right) of long runs of True that rows one below the other share."""
    boxes: list[tuple[int, int, int, int]] = []
    padded = np.pad(inked, ((0, 0), (1, 1))).astype(np.int8)
    for row in range(len(inked)):
        steps = np.diff(padded[row])
        for left, right in zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True):
            if right - left < shortest:
                continue
            for k, box in enumerate(boxes):
                if box[1] == row and abs(box[2] - left) <= 3 and abs(box[3] - right) <= 3:
                    boxes[k] = (box[0], row + 1, max(box[2], left), min(box[3], right))
                    break
            else:
                boxes.append((row, row + 1, left, right))
    return [box for box in boxes if box[1] - box[0] <= thickest]


def _alike(one: Bar, other: Bar) -> bool:
    return (
        abs(one.left - other.left) < 3 and abs(one.right - other.right) < 3 and one.top < other.bottom and other.top < one.bottom
    )


def rulers_of(grey: np.ndarray, text: Text) -> list[Bar]:
    """The row of eleven ticks that ends above ``text`` or beside it, if there is one."""
    plane, light, ground, ink = _inked(grey, text)
    contrast = ink - ground
    if contrast < FAINTEST:
        return []
    height, width = grey.shape
    if text.bottom < (1 - SEARCHED) * height:
        return []
    low, high = max(0, int(text.top - UP * text.height)), min(height - 1, int(text.bottom))
    best: tuple[float, int, float, float] | None = None
    for row in range(low, high - 1, 2):
        profile = plane[row : row + 3].astype(np.float64).mean(axis=0)
        raised = profile[: int(text.right + text.height)] > np.median(profile) + TOOTH * contrast
        spots = int(np.count_nonzero(np.diff(raised.astype(np.int8)) == 1))
        found = _teeth(profile, text, width) if TICKS <= spots + 1 <= MOST_SPOTS else None
        if found is not None and (best is None or found[0] > best[0]):
            best = (found[0], row, found[1], found[2])
    if best is None or best[0] < TOOTH * contrast:
        return []
    lift, row, start, spacing = best
    quality = min(1.0, lift / (0.7 * contrast))
    return [Bar(start + 0.5, start + 0.5 + (TICKS - 1) * spacing, row, row + 3, light, lift, 0.0, quality, kind="ruler")]


def _teeth(profile: np.ndarray, text: Text, width: int) -> tuple[float, float, float] | None:
    """Height of the lowest of eleven evenly spaced peaks over the gaps between them, place of the first, and spacing."""
    peak = np.maximum(profile, np.maximum(np.roll(profile, 1), np.roll(profile, -1)))
    lasts = np.arange(max(0, int(text.left)), min(width - 1, int(text.right + text.height)) + 1)
    lasts = lasts[peak[lasts] - np.median(profile) > 0.5 * TOOTH * (profile[lasts].max() - np.median(profile))]
    spacings = np.arange(0.018 * width, 0.055 * width, 0.4)
    if lasts.size == 0:
        return None
    steps = np.arange(-TICKS, 2)  # one more on either side, where there must be none
    places = lasts[:, None, None] + steps[None, None, :] * spacings[None, :, None]
    inside = (places[..., 1] >= 1) & (places[..., -2] <= width - 2)
    at = np.clip(np.rint(places).astype(int), 0, width - 1)
    teeth = peak[at]
    middles = np.clip(np.rint(places[..., 1:-2] + 0.5 * spacings[None, :, None]).astype(int), 0, width - 1)
    gaps = profile[middles]
    lift = teeth[..., 1:-1].min(axis=-1) - np.percentile(gaps, 80, axis=-1)
    beyond = np.where((places[..., 0] >= 0), teeth[..., 0], 0.0)
    after = np.where((places[..., -1] <= width - 1), teeth[..., -1], 0.0)
    level = teeth[..., 1:-1].min(axis=-1)
    more = (beyond > level - 0.2 * lift) | (after > level - 0.2 * lift)
    lift = np.where(inside & ~more, lift, -1.0)
    k = np.unravel_index(int(np.argmax(lift)), lift.shape)
    if lift[k] <= 0:
        return None
    rough = places[k][1:-1]
    fine = np.array([_centre(profile, place) for place in rough])
    spacing, start = np.polyfit(np.arange(TICKS), fine, 1)
    if np.abs(fine - start - spacing * np.arange(TICKS)).max() > max(0.9, EVEN * spacing / 2):
        return None
    return float(lift[k]), float(start), float(spacing)


def _centre(profile: np.ndarray, place: float) -> float:
    near = np.arange(max(0, round(place) - 2), min(profile.size, round(place) + 3))
    weight = np.clip(profile[near] - 0.5 * (profile[near].min() + profile[near].max()), 0, None)
    return float(np.sum(near * weight) / max(weight.sum(), 1e-9))
