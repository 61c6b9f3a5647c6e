r"""
How well evidence separates two classes, with counts and 95 % intervals.

``evidence`` is a logit: the log odds of the positive class. Accuracy, precision, recall, specificity and F1 come from
the four counts [1]_; AUROC is the share of pairs in which the positive one has more evidence; the Brier score and the
expected calibration error judge the probability. Intervals of ratios are Wilson's [2]_; those of all scores come from
a bootstrap that draws whole groups (articles, specimens), since images of one group are not independent.

References
----------
.. [1] D. Powers, J. Mach. Learn. Technol. 2, 37 (2011).
.. [2] E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927), doi 10.1080/01621459.1927.10502953.

Checked against: scikit-learn's figures and the coverage of the intervals, in tests/measure/test_scores.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from ..errors import InputError

BINS = 10


@dataclass(frozen=True)
class Counts:
    """True and false positives and negatives."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def accuracy(self) -> float:
        return (self.tp + self.tn) / (self.tp + self.fp + self.fn + self.tn)

    @property
    def precision(self) -> float:
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> float:
        return _ratio(self.tn, self.tn + self.fp)

    @property
    def f1(self) -> float:
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)


def counts(truth: np.ndarray, answer: np.ndarray) -> Counts:
    """The four counts of two boolean arrays."""
    return Counts(
        int((truth & answer).sum()), int((~truth & answer).sum()), int((truth & ~answer).sum()), int((~truth & ~answer).sum())
    )


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share."""
    if trials == 0:
        return 0.0, 1.0
    z = float(stats.norm.ppf(0.975))
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def auroc(truth: np.ndarray, evidence: np.ndarray) -> float:
    """Share of pairs ranked rightly, ties counting half; NaN where there is one class only."""
    positive = int(truth.sum())
    negative = truth.size - positive
    if positive == 0 or negative == 0:
        return math.nan
    ranks = stats.rankdata(evidence)
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def calibration_error(truth: np.ndarray, evidence: np.ndarray) -> float:
    """Mean distance between the probability of the given answer and the share of right answers, in ten bins (ECE)."""
    p = special.expit(evidence)
    sure, right = np.maximum(p, 1 - p), (p >= 0.5) == truth
    which = np.minimum(((sure - 0.5) / 0.5 * BINS).astype(int), BINS - 1)
    number, total, hits = (np.bincount(which, weights=w, minlength=BINS) for w in (np.ones(p.size), sure, right.astype(float)))
    return float(np.abs(hits - total).sum() / number.sum())


def summary(truth: np.ndarray, evidence: np.ndarray, *, base_rate: float) -> dict[str, float]:
    """
    Scores of one set of answers.

    Accuracy and F1 answer "positive" where the probability is at least one half. Balanced accuracy answers so where it is
    at least ``base_rate``, the share of positives in training, which a rare class needs.
    """
    p = special.expit(evidence)
    half, fair = counts(truth, p >= 0.5), counts(truth, p >= base_rate)
    return {
        "auroc": auroc(truth, evidence),
        "balanced_accuracy": (fair.recall + fair.specificity) / 2,
        "accuracy": half.accuracy,
        "f1": fair.f1,
        "ece": calibration_error(truth, evidence),
        "brier": float(np.mean((p - truth) ** 2)),
    }


def by_group(
    score: Callable[[np.ndarray], dict[str, float]], groups: Sequence[str], *, rng: np.random.Generator, draws: int = 500
) -> dict[str, tuple[float, float]]:
    """
    95 % intervals of ``score(rows)`` under redrawing of whole groups.

    Draws in which a score has no value (one class only) do not count for it.
    """
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 3:
        raise InputError(f"{len(names)} group(s) are too few for an interval; at least 3 are needed")
    rows = [np.flatnonzero(member == k) for k in range(len(names))]
    drawn: dict[str, list[float]] = {}
    for _ in range(draws):
        chosen = np.concatenate([rows[k] for k in rng.integers(len(names), size=len(names))])
        for name, value in score(chosen).items():
            drawn.setdefault(name, []).append(value)
    ends = {name: np.nanpercentile(values, [2.5, 97.5]) for name, values in drawn.items()}
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
