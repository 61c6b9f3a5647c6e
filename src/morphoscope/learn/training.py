r"""
Fitting a judge, and the evidence of each image from fits that never saw its group.

The logistic regression has an L2 penalty of strength 1/C on the weights. Nothing is chosen: the weights are the mean of
fits with three C half a decade apart, which costs nothing against the best of them and needs no inner folds.

Checked against: recovery of known weights, and labels that only the group knows, in tests/learn/test_judge.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ..errors import InputError, MissingDependency
from . import novelty
from .judge import Held, Judge
from .logistic import CUT, Logistic

try:
    from sklearn.linear_model import LogisticRegression
except ImportError:
    raise MissingDependency("scikit-learn", "ml", "train a model") from None

STRENGTHS = (0.01, 0.03, 0.1)
UNLIKE_PERCENTILE = 99.0
"""Of held-out training images this share (in per cent) is judged; the rest counts as too unlike the others."""


def fit(rows: np.ndarray, labels: Sequence[str], *, names: Sequence[str], classes: Sequence[str] | None = None) -> Logistic:
    """Standardise and fit ``rows``; ``classes`` gives another order than the alphabet's."""
    ordered = tuple(classes or sorted(set(labels)))
    code = np.array([ordered.index(label) for label in labels])
    if len(set(code.tolist())) < max(2, len(ordered)):
        raise InputError(
            f"the training part holds {len(set(labels))} of the {max(2, len(ordered))} classes; it cannot tell them apart"
        )
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale = np.where(scale > 1e-9 * np.maximum(np.abs(mean), 1), scale, 1.0)
    z = np.clip((rows - mean) / scale, -CUT, CUT)
    fits = [LogisticRegression(C=strength, max_iter=500).fit(z, code) for strength in STRENGTHS]
    weights, bias = (np.mean([np.asarray(getattr(one, name)) for one in fits], axis=0) for name in ("coef_", "intercept_"))
    return Logistic(tuple(names), ordered, mean, scale, weights, bias)


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
        fitted = fit(rows[train], y[train].tolist(), names=(), classes=classes)
        answers.setdefault(repeat, np.full(shape, np.nan))[test] = fitted.logits(rows[test])
        unlike[test] += novelty.learn(fitted.standardised(rows[train])).novelty(fitted.standardised(rows[test]))
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
    fitted = fit(rows, labels, names=names, classes=classes)
    familiar = novelty.learn(fitted.standardised(rows))
    limit = float(np.percentile(held.novelty, UNLIKE_PERCENTILE))
    have = [grade for grade in grades if grade in graded]
    if len(classes) != 2 or len(have) < len(grades) or not grades:
        return Judge(fitted, familiar, limit)
    return Judge(fitted, familiar, limit, tuple(grades), grade_cuts(held.logits.mean(axis=0), graded, grades))


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
