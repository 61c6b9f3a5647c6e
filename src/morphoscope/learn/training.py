r"""
Fitting a judge, and the evidence of each image from fits that never saw its group.

The logistic regression has an L2 penalty of strength 1/C on the weights. Nothing is chosen: the weights are the mean of
fits with three C half a decade apart, which costs nothing against the best of them and needs no inner folds.

Checked against: recovery of known weights, and labels that only the group knows, in tests/learn/test_judge.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import InputError, MissingDependency
from . import conformal, growing, novelty, spread
from .judge import Held, Judge
from .logistic import CUT, Logistic

try:
    from sklearn.linear_model import LogisticRegression
except ImportError:
    raise MissingDependency("scikit-learn", "ml", "train a model") from None

STRENGTHS = (0.01, 0.03, 0.1)
REDRAWN, PERMUTED = 100, 20
"""Fits to redrawn groups, and to permuted labels, for the checks of maps."""
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
    trees: float = 0.0,
) -> Held:
    """
    Fit on each training part of ``cuts`` (repeat, training rows, test rows) and answer for its test part.

    Boosted trees give the share ``trees`` of the evidence of two classes.
    """
    y = np.asarray(labels)
    answers: dict[int, np.ndarray] = {}
    unlike, seen = np.zeros(len(y)), np.zeros(len(y))
    shape = (len(y),) if len(classes) == 2 else (len(y), len(classes))
    rates = []
    for done, (repeat, train, test) in enumerate(cuts):
        progress(done)
        fitted = fit(rows[train], y[train].tolist(), names=(), classes=classes)
        evidence = fitted.logits(rows[test])
        if trees:
            grown = growing.grow(rows[train], y[train] == classes[-1])
            evidence = (1 - trees) * evidence + trees * grown.logits(rows[test])
        answers.setdefault(repeat, np.full(shape, np.nan))[test] = evidence
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
    groups: Sequence[str] = (),
    rng: np.random.Generator | None = None,
    trees: float = 0.0,
    familiar_percent: float = UNLIKE_PERCENTILE,
) -> Judge:
    """
    The judge fitted on all rows; limits, cuts and sets come from the held-out answers.

    Of held-out training images ``familiar_percent`` are judged; the rest counts as too unlike the others.

    With ``groups`` and ``rng`` a judge of two classes also has intervals and sets, by group; one with ``trees`` has sets only.
    """
    fitted = fit(rows, labels, names=names, classes=classes)
    familiar = novelty.learn(fitted.standardised(rows))
    limit = float(np.percentile(held.novelty, familiar_percent))
    have = [grade for grade in grades if grade in graded]
    told: dict[str, Any] = {}
    middle = held.logits.mean(axis=0)
    if len(classes) == 2 and have and len(have) == len(grades):
        tested = np.isfinite(middle)
        told["grades"] = tuple(grades)
        told["cuts"] = grade_cuts(middle[tested], [grade for grade, used in zip(graded, tested, strict=True) if used], grades)
    if len(classes) == 2 and groups and rng is not None:
        z, positive = fitted.standardised(rows), np.array([label == classes[1] for label in labels])
        tested = np.isfinite(middle)
        members = [group for group, used in zip(groups, tested, strict=True) if used]
        told["conformal"] = conformal.calibrated(middle[tested], positive[tested], members)
        if not trees:
            told["redrawn"] = redrawn(z, positive, groups, rng=rng, draws=REDRAWN)
            told["permuted"] = np.stack([weights(z, rng.permutation(positive)) for _ in range(PERMUTED)])
            told["apart"] = spread.halved(z, positive, groups, fit=weights, rng=rng)
    if trees:
        told |= {"trees": trees, "forest": growing.grow(rows, np.array([label == classes[-1] for label in labels]))}
    return Judge(fitted, familiar, limit, **told)


def redrawn(z: np.ndarray, positive: np.ndarray, groups: Sequence[str], *, rng: np.random.Generator, draws: int) -> np.ndarray:
    """Weights and bias (last) of fits in which whole groups count as often as they were drawn, a row each."""
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    found = list[np.ndarray]()
    for _ in range(50 * draws):
        times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)))[member]
        if len(set(positive[times > 0].tolist())) == 2:
            found.append(weights(z, positive, times))
        if len(found) == draws:
            return np.stack(found)
    raise InputError("one class stands in too few groups to redraw them; give images of more articles or specimens")


def weights(z: np.ndarray, positive: np.ndarray, times: np.ndarray | None = None) -> np.ndarray:
    """Mean weights and bias (last) over the strengths, each row counting ``times``."""
    fits = [LogisticRegression(C=strength, max_iter=500).fit(z, positive, sample_weight=times) for strength in STRENGTHS]
    return np.asarray(np.mean([np.append(one.coef_[0], one.intercept_[0]) for one in fits], axis=0))


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
