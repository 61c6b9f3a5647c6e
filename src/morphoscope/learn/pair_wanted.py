r"""
From a pattern to the statistics of the crops that belong to it, with what is not known about them.

A pattern is brought to ``SEEN_PX`` squared (means over the pixels that were counted; others take the opposite pixel, then
the mean pattern) and to its leading principal scores. A Gaussian process each (``curve_model``) says the mean fingerprint
of its crops. What a crop may differ by is kept as examples: for pairs of training, what processes fitted to other pairs got
wrong about them, plus what a crop of theirs differs from their mean. Drawing from those of the most similar pairs gives
the statistics that a generator is asked for, and a band in which 90 % of crops should lie. How many scores are used is
chosen by the same errors.

Checked against: fingerprints that follow from known patterns, and the share of new ones in the band, in
tests/learn/test_pair_wanted.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from . import curve_training
from .curve_model import Curves

SEEN_PX = 48
SCORES = (3, 5, 8, 12)
AXES = 12
"""Principal scores of a crop's fingerprint that the generator is told."""
SIMILAR = 4
"""One in so many pairs of training lends its examples to a new pattern, the most similar ones."""
KEPT_CROPS = 16
BAND = (5.0, 95.0)
FOLDS = 4
LIKE = 1.25


@dataclass(frozen=True, eq=False)
class View:
    """How patterns become a few scores: the mean pattern, the axes, and the deviation of each score."""

    center: np.ndarray
    axes: np.ndarray
    scale: np.ndarray

    def scores(self, saxs: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """One row a pattern, of deviation 1 over the patterns of training."""
        return np.asarray((seen(saxs, mask, self.center) - self.center) @ self.axes.T / self.scale)


@dataclass(frozen=True, eq=False)
class Wanted:
    """
    ``weight`` makes blocks of the fingerprint comparable; ``center``, ``axes`` and ``scale`` lead to the whitened scores that
    the generator is told. ``others`` (pairs, crops, numbers) are the examples of what may differ, weighted.
    """

    view: View
    curves: Curves
    weight: np.ndarray
    center: np.ndarray
    axes: np.ndarray
    scale: np.ndarray
    others: np.ndarray

    def told(self, fingerprints: np.ndarray) -> np.ndarray:
        """What the generator is told of crops with these fingerprints."""
        return np.asarray((fingerprints * self.weight - self.center) @ self.axes.T / self.scale)

    def mean(self, saxs: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """The mean fingerprint of each pattern's crops."""
        return np.asarray(self.curves.mean(self._scores(saxs, mask)) / self.weight)

    def draw(self, saxs: np.ndarray, mask: np.ndarray, *, count: int, spread: float, rng: np.random.Generator) -> np.ndarray:
        """``count`` rows for the generator for each pattern, (patterns, count, scores); ``spread`` 0 asks for the mean only."""
        mean, near = self.curves.mean(self._scores(saxs, mask)), self._similar(saxs, mask)
        found = []
        for middle, pairs in zip(mean, near, strict=True):
            examples = self.others[rng.choice(pairs, count), rng.integers(self.others.shape[1], size=count)]
            found.append((middle + spread * examples - self.center) @ self.axes.T / self.scale)
        return np.stack(found)

    def band(self, saxs: np.ndarray, mask: np.ndarray, block: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Low end, mean and high end of the numbers in ``block`` for each pattern."""
        mean, near = self.curves.mean(self._scores(saxs, mask)), self._similar(saxs, mask)
        ends = np.stack([np.percentile(self.others[pairs].reshape(-1, mean.shape[1])[:, block], BAND, axis=0) for pairs in near])
        middle = mean[:, block]
        low, high = ((middle + end) / self.weight[block] for end in (ends[:, 0], ends[:, 1]))
        return low, middle / self.weight[block], high

    def _scores(self, saxs: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return self.view.scores(saxs, mask)[:, : len(self.curves.low)]

    def _similar(self, saxs: np.ndarray, mask: np.ndarray) -> np.ndarray:
        count = max(min(8, len(self.others)), len(self.others) // SIMILAR)
        return np.argsort(self.curves.distance(self._scores(saxs, mask)), axis=1)[:, :count]

    def arrays(self) -> dict[str, np.ndarray]:
        """The numbers by name."""
        kept = {f"view.{f.name}": getattr(self.view, f.name) for f in fields(View)} | self.curves.arrays("curves.")
        own = {name: getattr(self, name) for name in ("weight", "center", "axes", "scale")}
        return kept | own | {"others": self.others.astype(np.float32)}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Wanted:
        """The inverse of ``arrays``."""
        view = View(*(arrays[f"view.{f.name}"] for f in fields(View)))
        own = {name: arrays[name] for name in ("weight", "center", "axes", "scale", "others")}
        return cls(view, Curves.of(arrays, "curves."), **own)


def fit(view: View, saxs: np.ndarray, mask: np.ndarray, fingerprints: np.ndarray, weight: np.ndarray) -> Wanted:
    """From patterns and the ``fingerprints`` (pairs, crops, numbers) of crops of each pair."""
    weighted = fingerprints * weight
    mean = weighted.mean(1)
    scores = view.scores(saxs, mask)
    counts = [count for count in SCORES if count <= min(scores.shape[1], len(scores) // 4)] or [1]
    missed = {count: held_out(scores[:, :count], mean) for count in counts}
    best = min(counts, key=lambda count: float((missed[count] ** 2).sum()))
    curves = curve_training.fit(scores[:, :best], mean, logs=np.zeros(best, bool))
    own = (weighted - mean[:, None])[:, :KEPT_CROPS]
    return Wanted(view, curves, weight, *principal(weighted.reshape(-1, weighted.shape[2])), missed[best][:, None] + own)


def symmetric(saxs: np.ndarray, mask: np.ndarray) -> bool:
    """Whether patterns are as like their mirror images as they are like themselves turned by half a turn, so tell no sense."""
    mirrored, turned = (
        float((np.abs(saxs - saxs[where]) * (mask & mask[where])).sum() / max((mask & mask[where]).sum(), 1))
        for where in (
            (slice(None), slice(None), slice(None, None, -1)),
            (slice(None), slice(None, None, -1), slice(None, None, -1)),
        )
    )
    return mirrored < LIKE * turned


def held_out(scores: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """For each pair its mean fingerprint less what processes say that were fitted to the pairs of other folds."""
    missed = np.zeros_like(mean)
    for fold in range(FOLDS):
        out = np.arange(len(scores)) % FOLDS == fold
        curves = curve_training.fit(scores[~out], mean[~out], logs=np.zeros(scores.shape[1], bool))
        missed[out] = mean[out] - curves.mean(scores[out])
    return missed


def principal(weighted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, leading axes, and deviation along each, of weighted fingerprints."""
    center = weighted.mean(0)
    _, spread, axes = np.linalg.svd(weighted - center, full_matrices=False)
    count = min(AXES, len(axes))
    return center, axes[:count], np.maximum(spread[:count] / np.sqrt(len(weighted)), 1e-6)


def look(saxs: np.ndarray, mask: np.ndarray) -> View:
    """The view of these patterns."""
    first = seen(saxs, mask, np.zeros(SEEN_PX**2))
    known = _shares(mask).reshape(len(mask), -1) > 0
    center = (first * known).sum(0) / np.maximum(known.sum(0), 1)
    rows = seen(saxs, mask, center) - center
    _, spread, axes = np.linalg.svd(rows, full_matrices=False)
    count = min(max(SCORES), len(axes), int((spread > 1e-6 * max(float(spread[0]), 1e-12)).sum()) or 1)
    return View(center, axes[:count], np.maximum(spread[:count] / np.sqrt(len(rows)), 1e-9))


def seen(saxs: np.ndarray, mask: np.ndarray, center: np.ndarray) -> np.ndarray:
    """One row a pattern: means over counted pixels; where there are none, of the opposite pixels, else of ``center``."""
    share = _shares(mask)
    mean = _pooled(np.where(mask, saxs, 0.0).astype(float)) / np.maximum(share, 1e-9)
    other, opposite = mean[:, ::-1, ::-1], share[:, ::-1, ::-1]
    total = share + opposite
    both = (mean * share + other * opposite) / np.maximum(total, 1e-9)
    return np.where(total > 0, both, center.reshape(SEEN_PX, SEEN_PX)).reshape(len(saxs), -1)


def _shares(mask: np.ndarray) -> np.ndarray:
    return _pooled(mask.astype(float))


def _pooled(planes: np.ndarray) -> np.ndarray:
    """Means over blocks, ``SEEN_PX`` squared of them; small planes are repeated first."""
    side = planes.shape[-1]
    if side % SEEN_PX:
        places = (np.arange(4 * SEEN_PX) * side) // (4 * SEEN_PX)
        planes, side = planes[:, places][:, :, places], 4 * SEEN_PX
    step = side // SEEN_PX
    return np.asarray(planes.reshape(len(planes), SEEN_PX, step, SEEN_PX, step).mean((2, 4)))
