"""
Common ways from a few numbers to a curve, as rivals of ``curve_training``: nearest row, ridge, forests, boosting, a network.

Each takes scaled rows, their curves and new rows, and gives the new rows' curves. Settings are those usual in the field;
none was tuned. The forest has the paper's 20 trees.

Checked against: recovery of linear and constant curves, in tests/learn/test_curve_model.py.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from ..errors import MissingDependency
from .latent_forest import LatentForest

try:
    from sklearn.decomposition import PCA
    from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import RidgeCV
    from sklearn.multioutput import MultiOutputRegressor
    from sklearn.neural_network import MLPRegressor
except ImportError:
    raise MissingDependency("scikit-learn", "ml", "train a model") from None

Rival = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
TREES = 20
COMPONENTS = 8


def nearest(x: np.ndarray, y: np.ndarray, new: np.ndarray, seed: int) -> np.ndarray:
    """The curve of the nearest row."""
    return np.asarray(y[((new[:, None] - x[None]) ** 2).sum(-1).argmin(1)])


def ridge(x: np.ndarray, y: np.ndarray, new: np.ndarray, seed: int) -> np.ndarray:
    """Linear regression with a penalty that is chosen by leaving one out."""
    return np.asarray(RidgeCV(np.geomspace(1e-4, 1e2, 13)).fit(x, y).predict(new))


def forest(x: np.ndarray, y: np.ndarray, new: np.ndarray, seed: int, trees: int = TREES) -> np.ndarray:
    """A random forest of all bins together."""
    return np.asarray(RandomForestRegressor(trees, random_state=seed).fit(x, y).predict(new))


def scaled_forest(x: np.ndarray, y: np.ndarray, *, trees: int, seed: int) -> LatentForest:
    """A forest whose numbers and targets are scaled to [0, 1], as the paper's is."""
    low, span, floor, height = x.min(0), np.ptp(x, axis=0), y.min(0), np.ptp(y, axis=0)
    span, height = np.where(span > 0, span, 1), np.where(height > 0, height, 1)
    fitted = RandomForestRegressor(trees, random_state=seed).fit((x - low) / span, (y - floor) / height)
    return LatentForest.grown(fitted, low, span, floor, height)


def pca_forest(x: np.ndarray, y: np.ndarray, new: np.ndarray, seed: int) -> np.ndarray:
    """A random forest of eight principal components, as many as the paper's latent space has."""
    reducer = PCA(min(COMPONENTS, len(x) - 1, y.shape[1])).fit(y)
    scores = reducer.transform(y)
    return np.asarray(reducer.inverse_transform(forest(x, scores, new, seed)))


def boosting(x: np.ndarray, y: np.ndarray, new: np.ndarray, seed: int) -> np.ndarray:
    """Boosted trees for eight principal components, one model each."""
    reducer = PCA(min(COMPONENTS, len(x) - 1, y.shape[1])).fit(y)
    trees = MultiOutputRegressor(GradientBoostingRegressor(random_state=seed)).fit(x, reducer.transform(y))
    return np.asarray(reducer.inverse_transform(trees.predict(new)))


def network(x: np.ndarray, y: np.ndarray, new: np.ndarray, seed: int) -> np.ndarray:
    """Two hidden layers of 64."""
    mean, scale = y.mean(0), max(float(y.std()), 1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = MLPRegressor(hidden_layer_sizes=(64, 64), max_iter=1500, alpha=1e-3, random_state=seed, solver="adam").fit(
            x, (y - mean) / scale
        )
    return np.asarray(fitted.predict(new) * scale + mean)


RIVALS: dict[str, Rival] = {
    "nearest composition": nearest,
    "ridge": ridge,
    "forest": forest,
    "PCA and forest": pca_forest,
    "PCA and gradient boosting": boosting,
    "dense network": network,
}
