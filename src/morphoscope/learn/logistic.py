r"""
Regularised logistic regression on descriptors: few numbers, calibrated, and readable.

Each descriptor is standardised and cut at CUT standard deviations; then

.. math:: \mathrm{logit}_k = b_k + \sum_j w_{kj} z_j

Two classes have one logit, the log odds of the second class. ``training`` fits the weights; using them needs no more
than numpy.

Checked against: recovery of known weights, and calibration on held-out rows, in tests/learn/test_logistic.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

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
