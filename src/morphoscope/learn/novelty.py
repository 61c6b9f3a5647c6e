r"""
How unlike the training images a new one is, so that a judgement can be withheld.

Standardised descriptors z are projected on the leading principal axes of the training part. The novelty is

.. math:: d^2 = \frac{1}{m} \left( \sum_{k \le m} \frac{a_k^2}{\lambda_k} \right)
          + \frac{|z - \sum_k a_k v_k|^2}{\langle |z - \sum_k a_k v_k|^2 \rangle}

the mean squared score along the m axes plus the residual, each about 1 for an image like those of training. The limit
is a percentile of held-out training images, since those that were fitted look more familiar than they are.

Checked against: rows from the same and from another distribution, in tests/learn/test_novelty.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EXPLAINED = 0.9
"""Share of the variance that the axes carry."""
LEAST_RESIDUAL = 0.01
"""Share of the variance that the residual counts as at least, where the axes carry nearly all."""


@dataclass(frozen=True, eq=False)
class Familiar:
    """Principal axes (rows), their variances, and the mean squared residual of the training part."""

    axes: np.ndarray
    variances: np.ndarray
    residual: float

    def novelty(self, standardised: np.ndarray) -> np.ndarray:
        """d for each row."""
        scores = standardised @ self.axes.T
        rest = np.square(standardised).sum(axis=1) - np.square(scores).sum(axis=1)
        return np.asarray(np.sqrt((scores**2 / self.variances).mean(axis=1) + np.maximum(rest, 0) / self.residual))


def learn(standardised: np.ndarray) -> Familiar:
    """The axes of rows whose columns have mean 0."""
    _, spread, axes = np.linalg.svd(standardised, full_matrices=False)
    variances = spread**2 / len(standardised)
    count = min(int(np.searchsorted(np.cumsum(variances) / variances.sum(), EXPLAINED)) + 1, len(standardised) // 3)
    count = max(1, count)
    residual = max(float(variances[count:].sum()), LEAST_RESIDUAL * float(variances.sum()))
    return Familiar(axes[:count], variances[:count], residual)
