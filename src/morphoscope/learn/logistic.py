r"""
Regularised logistic regression on descriptors: few numbers, calibrated, and readable.

Each descriptor is standardised and cut at CUT standard deviations; then

.. math:: \mathrm{logit}_k = b_k + \sum_j w_{kj} z_j

with an L2 penalty of strength 1/C on the weights. Two classes have one logit, the log odds of the second class.
Nothing is chosen: the weights are the mean of fits with three C a decade apart, which costs nothing against the best
of them and needs no inner folds.

Checked against: recovery of known weights, and calibration on held-out rows, in tests/learn/test_logistic.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from ..errors import InputError, MissingDependency

STRENGTHS = (0.01, 0.03, 0.1)
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
    fits = [_regression(strength).fit(z, code) for strength in STRENGTHS]
    weights, bias = (np.mean([np.asarray(getattr(one, name)) for one in fits], axis=0) for name in ("coef_", "intercept_"))
    return Logistic(tuple(names), ordered, mean, scale, weights, bias)


def _regression(strength: float) -> Any:
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise MissingDependency("scikit-learn", "ml", "fit a model") from None
    return LogisticRegression(C=strength, max_iter=500)
