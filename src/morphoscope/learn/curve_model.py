r"""
Whole curves from a few numbers: principal components, each a Gaussian process of the numbers.

.. math:: y(x) = \bar y + \sum_k s_k(x) v_k, \qquad s_k \sim GP(0, a_k M(x, x')), \qquad
          M = \left(1 + \sqrt 5 d + \tfrac 5 3 d^2\right) e^{-\sqrt 5 d}, \quad d^2 = \sum_i (x_i - x_i')^2 / \ell_{ki}^2

x are the numbers on scales from 0 to 1 over the rows of training, v_k the leading axes of the curves [1]_, M the Matern
function of index 5/2 [2]_. The variance of y is that of the processes, with the noise of the rows, plus what the axes
leave out. ``curve_training`` finds the unknowns; using them needs no scikit-learn.

References
----------
.. [1] J. O. Ramsay, B. W. Silverman, Functional Data Analysis, 2nd ed., Springer 2005.
.. [2] C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning, MIT Press 2006.

Checked against: scikit-learn's Gaussian processes, and curves of known components, in tests/learn/test_curve_model.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from scipy import linalg


@dataclass(frozen=True, eq=False)
class Known:
    """The rows learnt from: ``low`` and ``high`` of the numbers (of their logarithm where ``logs``), and scaled ``inputs``."""

    logs: np.ndarray
    low: np.ndarray
    high: np.ndarray
    inputs: np.ndarray

    def scaled(self, x: np.ndarray) -> np.ndarray:
        """From 0 to 1 over the rows of training; 0 where these had a single value, beyond it in units of that value."""
        z = np.where(self.logs, np.log(np.maximum(x, 1e-300)), x)
        span = np.where(self.high > self.low, self.high - self.low, np.maximum(np.abs(self.low), 1e-9))
        return np.asarray((z - self.low) / span)

    def inside(self, x: np.ndarray, *, margin: float = 0.02) -> np.ndarray:
        """Which rows of ``x`` lie in the range of training, to a ``margin`` of it."""
        z = self.scaled(x)
        width = np.where(self.high > self.low, 1.0, 0.0)
        slack = np.where(width > 0, margin, 1e-6)
        return np.asarray(((z >= -slack) & (z <= width + slack)).all(axis=1))

    def distance(self, x: np.ndarray) -> np.ndarray:
        """Distances (rows, training rows) in the scaled numbers."""
        return np.asarray(np.sqrt(((self.scaled(x)[:, None] - self.inputs[None]) ** 2).sum(-1)))


@dataclass(frozen=True, eq=False)
class Curves(Known):
    """
    What was fitted: the mean curve ``center``, ``axes`` (components, bins) and the variance ``rest`` beyond them; the rows'
    ``scores``; and for each component ``unknowns``: variance a, lengths, variance of white noise.
    """

    center: np.ndarray
    axes: np.ndarray
    rest: np.ndarray
    scores: np.ndarray
    unknowns: np.ndarray

    @cached_property
    def _factors(self) -> list[np.ndarray]:
        """For each component the Cholesky factor of the rows' covariance."""
        return [
            linalg.cholesky(matern(self.inputs, self.inputs, unknown) + unknown[-1] * np.eye(len(self.inputs)), lower=True)
            for unknown in self.unknowns
        ]

    @cached_property
    def weights(self) -> np.ndarray:
        """What each row's score counts for the mean, (rows, components)."""
        return np.stack([linalg.cho_solve((f, True), s) for f, s in zip(self._factors, self.scores.T, strict=True)], axis=1)

    def mean(self, x: np.ndarray) -> np.ndarray:
        """The mean curve of each row of ``x``."""
        z = self.scaled(x)
        scores = np.stack([matern(z, self.inputs, u) @ w for u, w in zip(self.unknowns, self.weights.T, strict=True)], axis=1)
        return np.asarray(self.center + scores @ self.axes)

    def spread(self, x: np.ndarray) -> np.ndarray:
        """The standard deviation of the curve of each row of ``x``."""
        z, variance = self.scaled(x), np.tile(self.rest, (len(x), 1))
        for axis, unknown, factor in zip(self.axes, self.unknowns, self._factors, strict=True):
            across = linalg.solve_triangular(factor, matern(self.inputs, z, unknown), lower=True)
            left = unknown[0] + unknown[-1] - (across**2).sum(0)
            variance += np.maximum(left, 0)[:, None] * axis**2
        return np.asarray(np.sqrt(variance))

    def draws(self, x: np.ndarray, *, rng: np.random.Generator, count: int) -> np.ndarray:
        """Possible curves (draw, row, bin) of what lies beneath the noise; each row is drawn for itself."""
        z = self.scaled(x)
        found = np.tile(self.center, (count, len(x), 1))
        for axis, unknown, factor, weights in zip(self.axes, self.unknowns, self._factors, self.weights.T, strict=True):
            across = matern(z, self.inputs, unknown)
            left = unknown[0] - (linalg.solve_triangular(factor, across.T, lower=True) ** 2).sum(0)
            scores = across @ weights + np.sqrt(np.maximum(left, 0)) * rng.standard_normal((count, len(x)))
            found += scores[..., None] * axis
        return np.asarray(found)

    def benefit(self, x: np.ndarray, others: np.ndarray) -> np.ndarray:
        """
        By how much the variance at ``others`` falls, in the mean, once each row of ``x`` is known: what it is worth to learn.

        For each process it is the mean of C(x, x')^2 / (C(x, x) + noise), with C the covariance that is left.
        """
        z, t = self.scaled(x), self.scaled(others)
        worth = np.zeros(len(x))
        for unknown, factor in zip(self.unknowns, self._factors, strict=True):
            here, there = (linalg.solve_triangular(factor, matern(self.inputs, at, unknown), lower=True) for at in (z, t))
            left = matern(z, t, unknown) - here.T @ there
            own = np.maximum(unknown[0] - (here**2).sum(0), 0) + unknown[-1]
            worth += (left**2).mean(1) / own
        return worth

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the curve of each row of ``x``."""
        return self.mean(x), self.spread(x)

    def only(self, kept: np.ndarray) -> Curves:
        """The same processes knowing the rows ``kept`` alone."""
        return replace(self, inputs=self.inputs[kept], scores=self.scores[kept])

    def left_out(self) -> np.ndarray:
        """For each row of training its curve less what the others say of it, the unknowns kept."""
        missed = np.tile(0.0, (len(self.inputs), len(self.center)))
        for axis, factor, weights in zip(self.axes, self._factors, self.weights.T, strict=True):
            inverse = linalg.solve_triangular(factor, np.eye(len(factor)), lower=True)
            missed += (weights / (inverse**2).sum(0))[:, None] * axis
        return missed

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        """The numbers, for a folder; the weights are kept too, which saves most of the work of a mean."""
        names = [*(f.name for f in fields(self)), "weights"]
        return {prefix + name: np.asarray(getattr(self, name), np.float64) for name in names}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray], prefix: str) -> Curves:
        """The inverse of ``arrays``."""
        known = {f.name: arrays[prefix + f.name] for f in fields(cls)}
        found = cls(**{**known, "logs": known["logs"] > 0})
        vars(found)["weights"] = arrays[prefix + "weights"]
        return found


def matern(z: np.ndarray, t: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """Covariance between rows ``z`` and ``t``."""
    lengths = unknown[1:-1]
    d = np.sqrt(5 * np.maximum((((z[:, None] - t[None]) / lengths) ** 2).sum(-1), 0))
    return np.asarray(unknown[0] * (1 + d + d**2 / 3) * np.exp(-d))
