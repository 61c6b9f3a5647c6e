r"""
Regularised logistic regression on descriptors: few numbers, calibrated, and readable.

Each descriptor is standardised and cut at CUT standard deviations; then

.. math:: \mathrm{logit}_k = b_k + \sum_j w_{kj} z_j

with an L2 penalty of strength 1/C on the weights. Two classes have one logit, the log odds of the second class. C is
chosen inside the training part by folds that divide no group, so no test image takes part in the choice.

Checked against: recovery of known weights, and calibration on held-out rows, in tests/learn/test_logistic.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from ..errors import InputError, MissingDependency

STRENGTHS = (0.003, 0.01, 0.03, 0.1)
CUT = 4.0


@dataclass(frozen=True, eq=False)
class Logistic:
    """The fitted numbers; ``names`` are the descriptors in order and ``classes`` the labels in order."""

    names: tuple[str, ...]
    classes: tuple[str, ...]
    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    strength: float

    def standardised(self, rows: np.ndarray) -> np.ndarray:
        """Descriptors in standard deviations of the training part, cut at CUT."""
        return np.asarray(np.clip((rows - self.mean) / self.scale, -CUT, CUT))

    def logits(self, rows: np.ndarray) -> np.ndarray:
        """Log odds of the second of two classes, shape (n,), or one column for each of more classes."""
        logits = self.standardised(rows) @ self.weights.T + self.bias
        return np.asarray(logits[:, 0] if len(self.classes) == 2 else logits)

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        """One column for each class."""
        logits = self.logits(rows)
        if logits.ndim == 1:
            p = special.expit(logits)
            return np.stack([1 - p, p], axis=1)
        return np.asarray(special.softmax(logits, axis=1))


def fit(
    rows: np.ndarray,
    labels: Sequence[str],
    groups: Sequence[str],
    *,
    names: Sequence[str],
    classes: Sequence[str] | None = None,
    seed: int = 0,
) -> Logistic:
    """Standardise, choose C inside by groups, and fit on all ``rows``; ``classes`` gives another order than the alphabet's."""
    ordered = tuple(classes or sorted(set(labels)))
    code = np.array([ordered.index(label) for label in labels])
    if len(set(code.tolist())) < max(2, len(ordered)):
        raise InputError(
            f"the training part holds {len(set(labels))} of the {max(2, len(ordered))} classes; it cannot tell them apart"
        )
    strength = _chosen(rows, code, np.asarray(groups), seed)
    return _fitted(rows, code, tuple(names), ordered, strength)


def _fitted(rows: np.ndarray, code: np.ndarray, names: tuple[str, ...], classes: tuple[str, ...], strength: float) -> Logistic:
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale = np.where(scale > 1e-9 * np.maximum(np.abs(mean), 1), scale, 1.0)
    z = np.clip((rows - mean) / scale, -CUT, CUT)
    model = _sklearn("linear_model").LogisticRegression(C=strength, max_iter=500).fit(z, code)
    return Logistic(names, classes, mean, scale, np.asarray(model.coef_), np.asarray(model.intercept_), strength)


def _chosen(rows: np.ndarray, code: np.ndarray, groups: np.ndarray, seed: int) -> float:
    """The strength with the least log loss on held-out groups; a middle one where groups are too few to ask."""
    every = set(code.tolist())
    least = min(len(set(groups[code == k].tolist())) for k in every)
    if least < 3:
        return STRENGTHS[1]
    cut = _sklearn("model_selection").StratifiedGroupKFold(min(5, least), shuffle=True, random_state=seed)
    losses = np.zeros(len(STRENGTHS))
    for train, test in cut.split(rows, code, groups):
        if set(code[train].tolist()) == every:
            for k, strength in enumerate(STRENGTHS):
                model = _fitted(rows[train], code[train], (), tuple(map(str, sorted(every))), strength)
                p = model.probabilities(rows[test])[np.arange(test.size), code[test]]
                losses[k] -= np.log(np.maximum(p, 1e-12)).sum()
    return STRENGTHS[int(losses.argmin())]


def _sklearn(part: str) -> Any:
    import importlib

    try:
        return importlib.import_module(f"sklearn.{part}")
    except ImportError:
        raise MissingDependency("scikit-learn", "ml", "fit a model") from None
