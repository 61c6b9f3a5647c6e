"""
A judgement from descriptors: evidence, probability, grade, and whether to answer at all.

``Judge`` joins the logistic regression, the cuts between grades and the limit of novelty, and becomes a Model folder.
``cross_validated`` gives the evidence of each image from fits that never saw its group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import Model
from . import logistic, novelty

KIND = "descriptor judgement"
UNLIKE_PERCENTILE = 99.0
"""Of held-out training images this share (in per cent) is judged; the rest counts as too unlike the others."""


@dataclass(frozen=True, eq=False)
class Judge:
    """``cuts`` are logits between grades, low to high; ``limit`` is the novelty from which no judgement is given."""

    logistic: logistic.Logistic
    familiar: novelty.Familiar
    limit: float
    grades: tuple[str, ...] = ()
    cuts: tuple[float, ...] = ()

    def novelty(self, rows: np.ndarray) -> np.ndarray:
        """How unlike the training images each row is, 1 or so for a usual one."""
        return self.familiar.novelty(self.logistic.standardised(rows))

    def grade(self, logits: np.ndarray) -> list[str]:
        """The grade of each logit, or the likelier class where no grades were learnt."""
        if not self.grades:
            return [self.logistic.classes[int(logit > 0)] for logit in logits]
        return [self.grades[int(np.searchsorted(self.cuts, logit))] for logit in logits]

    def to_model(self, settings: dict[str, Any], card: str) -> Model:
        """As numbers and JSON."""
        fit, known = self.logistic, self.familiar
        described = {
            "names": list(fit.names),
            "classes": list(fit.classes),
            "limit": self.limit,
            "grades": list(self.grades),
            "cuts": list(self.cuts),
            "residual": known.residual,
        }
        arrays = {
            "mean": fit.mean,
            "scale": fit.scale,
            "weights": fit.weights,
            "bias": fit.bias,
            "axes": known.axes,
            "variances": known.variances,
        }
        return Model(KIND, {**settings, **described}, {name: np.asarray(a, np.float32) for name, a in arrays.items()}, card)

    @classmethod
    def from_model(cls, model: Model) -> Judge:
        """The inverse of ``to_model``."""
        told = model.settings
        arrays = {name: array.astype(float) for name, array in model.arrays.items()}
        fit = logistic.Logistic(
            tuple(told["names"]),
            tuple(told["classes"]),
            arrays["mean"],
            arrays["scale"],
            arrays["weights"],
            arrays["bias"],
        )
        known = novelty.Familiar(arrays["axes"], arrays["variances"], float(told["residual"]))
        return cls(fit, known, float(told["limit"]), tuple(told["grades"]), tuple(told["cuts"]))


@dataclass(frozen=True, eq=False)
class Held:
    """What fits that never saw an image's group said of it: logits (repeats, n[, classes]), novelty (n,), base rates."""

    logits: np.ndarray
    novelty: np.ndarray
    base_rate: float


def cross_validated(
    rows: np.ndarray,
    labels: Sequence[str],
    cuts: Iterable[tuple[int, np.ndarray, np.ndarray]],
    *,
    classes: Sequence[str],
    progress: Callable[[int], None] = lambda done: None,
) -> Held:
    """Fit on each training part of ``cuts`` (repeat, training rows, test rows) and answer for its test part."""
    y = np.asarray(labels)
    answers: dict[int, np.ndarray] = {}
    unlike, seen = np.zeros(len(y)), np.zeros(len(y))
    shape = (len(y),) if len(classes) == 2 else (len(y), len(classes))
    rates = []
    for done, (repeat, train, test) in enumerate(cuts):
        progress(done)
        fit = logistic.fit(rows[train], y[train].tolist(), names=(), classes=classes)
        answers.setdefault(repeat, np.full(shape, np.nan))[test] = fit.logits(rows[test])
        unlike[test] += novelty.learn(fit.standardised(rows[train])).novelty(fit.standardised(rows[test]))
        seen[test] += 1
        rates.append(float(np.mean(y[train] == classes[-1])))
    return Held(np.stack(list(answers.values())), unlike / np.maximum(seen, 1), float(np.mean(rates)))


def whole(
    rows: np.ndarray,
    labels: Sequence[str],
    held: Held,
    *,
    names: Sequence[str],
    classes: Sequence[str],
    grades: Sequence[str] = (),
    graded: Sequence[str | None] = (),
) -> Judge:
    """The judge fitted on all rows; limits and cuts come from the held-out answers."""
    fit = logistic.fit(rows, labels, names=names, classes=classes)
    familiar = novelty.learn(fit.standardised(rows))
    limit = float(np.percentile(held.novelty, UNLIKE_PERCENTILE))
    have = [grade for grade in grades if grade in graded]
    if len(classes) != 2 or len(have) < len(grades) or not grades:
        return Judge(fit, familiar, limit)
    return Judge(fit, familiar, limit, tuple(grades), grade_cuts(held.logits.mean(axis=0), graded, grades))


def grade_cuts(logits: np.ndarray, graded: Sequence[str | None], grades: Sequence[str]) -> tuple[float, ...]:
    """
    Logits between neighbouring ``grades`` (low to high): where balanced accuracy between the grades below and above is best.
    """
    rank = np.array([-1 if grade is None or grade not in grades else list(grades).index(grade) for grade in graded])
    found: list[float] = []
    for cut in range(1, len(grades)):
        low, high = logits[(rank >= 0) & (rank < cut)], logits[rank >= cut]
        tried = np.unique(np.concatenate([low, high]))
        scores = [(low < at).mean() + (high >= at).mean() for at in tried]
        found.append(max(float(tried[int(np.argmax(scores))]), found[-1] if found else -np.inf))
    return tuple(found)
