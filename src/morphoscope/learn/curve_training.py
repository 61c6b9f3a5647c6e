"""
Fitting ``curve_model``: principal axes of the curves, and one Gaussian process of scikit-learn for each.

The unknowns of a component maximise the likelihood. A number with a single value among the rows cannot have its length
found; it gets 1, so that beyond that value the answer returns to the mean as its variance grows.

Checked against: recovery of known curves, in tests/learn/test_curve_model.py.
"""

from __future__ import annotations

import warnings

import numpy as np

from ..errors import InputError, MissingDependency
from .curve_model import Curves

try:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
except ImportError:
    raise MissingDependency("scikit-learn", "ml", "train a model") from None

EXPLAINED = 0.998
"""Share of the curves' variance that the axes carry."""
MOST = 12
LEAST_ROWS = 6
UNKNOWN_LENGTH = 1.0


def fit(x: np.ndarray, y: np.ndarray, *, logs: np.ndarray) -> Curves:
    """Curves ``y`` (rows, bins) as functions of ``x`` (rows, numbers; some by their logarithm)."""
    if len(x) < LEAST_ROWS:
        raise InputError(f"{len(x)} row(s) are too few to learn from; give {LEAST_ROWS} or more")
    if (x[:, logs] <= 0).any():
        raise InputError("a number that is taken by its logarithm is not above 0")
    z = np.where(logs, np.log(np.where(logs, x, 1)), x)
    low, high = z.min(0), z.max(0)
    varies = high > low
    scaled = (z - low) / np.where(varies, high - low, 1)
    center = y.mean(0)
    _, spread, axes = np.linalg.svd(y - center, full_matrices=False)
    share = np.cumsum(spread**2) / max(float((spread**2).sum()), 1e-30)
    axes = axes[: min(int(np.searchsorted(share, EXPLAINED)) + 1, MOST, len(x) - 2)]
    scores = (y - center) @ axes.T
    rest = (y - center - scores @ axes).var(0)
    unknowns = np.array([_process(scaled, varies, s) for s in scores.T])
    return Curves(logs, low, high, scaled, center, axes, rest, scores, unknowns)


def _process(z: np.ndarray, varies: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The unknowns of one component: its variance, lengths, white noise."""
    size = max(float(scores.var()), 1e-12)
    count = int(varies.sum())
    if count == 0:
        return np.array([size, *np.full(len(varies), UNKNOWN_LENGTH), 1e-3 * size])
    kernel = ConstantKernel(1.0, (1e-2, 1e2)) * Matern(np.ones(count), (0.1, 20.0), nu=2.5) + WhiteKernel(0.05, (1e-5, 2.0))
    process = GaussianProcessRegressor(kernel, alpha=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = np.exp(process.fit(z[:, varies], scores / np.sqrt(size)).kernel_.theta)
    lengths = np.full(len(varies), UNKNOWN_LENGTH)
    lengths[varies] = found[1:-1]
    return np.array([found[0] * size, *lengths, found[-1] * size])
