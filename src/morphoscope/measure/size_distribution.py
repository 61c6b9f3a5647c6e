r"""
Sizes of many particles as a distribution: mean, spread, quantiles and fits, each with its interval.

Particles carry weights :math:`w_i` (see ``particle_shapes.py``), so that large ones, which the rim cuts more
often, count fully:

.. math:: \bar d = \frac{\sum w_i d_i}{\sum w_i}, \qquad
          F_k(x) = \frac{\sum_{d_i \le x} w_i d_i^k}{\sum w_i d_i^k}

with k = 0, 2, 3 for distributions by number, area and volume; :math:`d_{10}, d_{50}, d_{90}` solve
:math:`F_k(d) = 0.1, 0.5, 0.9`, with half of a particle's own weight below it. Sizes have the unit given.

Intervals (95 %) are percentile bootstraps over particles, widened to the quantiles of Student's t with the
small-sample factor :math:`\sqrt{n/(n-1)}` [1]_, and joined in quadrature with the error of the calibration.
They cover counting and calibration, not particles found wrongly. Shares have Wilson's interval [2]_ with
the effective number :math:`(\sum w)^2 / \sum w^2`. Fewer than 3 particles have no distribution.

References
----------
.. [1] T. C. Hesterberg, Am. Stat. 69, 371 (2015), doi 10.1080/00031305.2015.1089789.
.. [2] E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927), doi 10.1080/01621459.1927.10502953.

Checked against: quantiles and moments of log-normal and Weibull samples, and how often the intervals hold
the truth, in tests/measure/test_size_distribution.py.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from ..errors import InputError

FEWEST = 3
DRAWS = 2000
POWERS = {"number": 0, "area": 2, "volume": 3}


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval; None where there is too little to say."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Sizes:
    """A distribution of sizes, all in one unit; ``quantiles`` by "number", "area" and "volume" hold d10, d50, d90."""

    count: int
    mean: Estimate
    sd: Estimate
    quantiles: dict[str, tuple[Estimate, Estimate, Estimate]]


def sizes(
    diameters: np.ndarray,
    *,
    rng: np.random.Generator,
    weights: np.ndarray | None = None,
    calibration: float = 0.0,
    draws: int = DRAWS,
) -> Sizes:
    """Mean, standard deviation and quantiles; ``calibration`` is the standard error of the scale as a fraction."""
    d = np.asarray(diameters, float)
    w = np.ones(len(d)) if weights is None else np.asarray(weights, float)
    if len(d) == 0 or len(w) != len(d) or not (d > 0).all() or not (w > 0).all():
        raise InputError("a distribution needs at least one size, and sizes and weights that are all positive")
    statistics: list[Callable[[np.ndarray, np.ndarray], np.ndarray]] = [_mean, _sd]
    statistics += [functools.partial(_by_power, k) for k in POWERS.values()]
    values = [np.atleast_1d(f(d[None], w[None]).squeeze(0)) for f in statistics]
    if len(d) < FEWEST:
        nothing = Estimate(None)
        return Sizes(len(d), Estimate(float(values[0][0])), nothing, dict.fromkeys(POWERS, (nothing,) * 3))
    picks = rng.integers(0, len(d), (draws, len(d)))
    tails = _tails(len(d))
    bounds = [np.quantile(f(d[picks], w[picks]).reshape(draws, -1), tails, axis=0) for f in statistics]
    made = [
        [_estimate(v, low, high, calibration) for v, low, high in zip(value, *bound, strict=True)]
        for value, bound in zip(values, bounds, strict=True)
    ]
    by = {name: (q[0], q[1], q[2]) for name, q in zip(POWERS, made[2:], strict=True)}
    return Sizes(len(d), made[0][0], made[1][0], by)


def _by_power(power: int, d: np.ndarray, w: np.ndarray) -> np.ndarray:
    return quantiles(d, w * d**power)


def _mean(d: np.ndarray, w: np.ndarray) -> np.ndarray:
    return np.asarray((w * d).sum(-1) / w.sum(-1))


def _sd(d: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Weighted standard deviation, made unbiased with the effective number of particles."""
    spread = (w * (d - _mean(d, w)[..., None]) ** 2).sum(-1) / w.sum(-1)
    lost = (w**2).sum(-1) / w.sum(-1) ** 2
    return np.asarray(np.sqrt(spread / np.maximum(1 - lost, 1e-9)))


def quantiles(d: np.ndarray, w: np.ndarray, at: tuple[float, ...] = (0.1, 0.5, 0.9)) -> np.ndarray:
    """Weighted quantiles of each row, interpolated between particles; beyond the last one it stays there."""
    order = np.argsort(d, axis=-1)
    d, w = np.take_along_axis(d, order, -1), np.take_along_axis(w, order, -1)
    share = (np.cumsum(w, axis=-1) - w / 2) / w.sum(axis=-1, keepdims=True)
    return np.array([np.interp(at, s, x) for s, x in zip(share, d, strict=True)])


def _tails(count: int) -> tuple[float, float]:
    low = float(stats.norm.cdf(math.sqrt(count / (count - 1)) * stats.t.ppf(0.025, count - 1)))
    return low, 1 - low


def _estimate(value: float, low: float, high: float, calibration: float) -> Estimate:
    scale = 1.96 * calibration * value
    below, above = max(0.0, value - low), max(0.0, high - value)
    return Estimate(float(value), float(value - math.hypot(below, scale)), float(value + math.hypot(above, scale)))


def share_below(diameters: np.ndarray, limit: float, *, weights: np.ndarray | None = None) -> Estimate:
    """Share by number of particles smaller than ``limit``, with Wilson's interval."""
    d = np.asarray(diameters, float)
    w = np.ones(len(d)) if weights is None else np.asarray(weights, float)
    if len(d) == 0:
        return Estimate(None)
    share, n, z = float(w[d < limit].sum() / w.sum()), float(w.sum() ** 2 / (w**2).sum()), 1.959964
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half))


@dataclass(frozen=True)
class Fits:
    """Maximum-likelihood log-normal (median, sigma of the logarithm) and Weibull (scale, shape), and their distance."""

    lognormal_median: float
    lognormal_sigma: float
    weibull_scale: float
    weibull_shape: float
    lognormal_distance: float
    weibull_distance: float


def fits(diameters: np.ndarray, *, weights: np.ndarray | None = None) -> Fits | None:
    """Both fits with their Kolmogorov distances; None with too few particles or no spread."""
    d = np.asarray(diameters, float)
    w = np.ones(len(d)) if weights is None else np.asarray(weights, float)
    if len(d) < FEWEST or d.min() == d.max():
        return None
    w, log = w / w.sum(), np.log(d)
    mean = float(w @ log)
    sigma = math.sqrt(float(w @ (log - mean) ** 2))
    scaled = d / d.max()

    def slope(shape: float) -> float:
        power = w * scaled**shape
        return float(power @ np.log(scaled) / power.sum() - 1 / shape - w @ np.log(scaled))

    shape = float(optimize.brentq(slope, 1e-2, 1e4))
    scale = float(d.max() * (w @ scaled**shape) ** (1 / shape))
    order = np.argsort(d)
    below = np.cumsum(w[order]) - w[order] / 2
    x = d[order]
    normal = special.ndtr((np.log(x) - mean) / sigma)
    weibull = 1 - np.exp(-((x / scale) ** shape))
    return Fits(math.exp(mean), sigma, scale, shape, float(np.abs(normal - below).max()), float(np.abs(weibull - below).max()))


def fits_with_intervals(
    diameters: np.ndarray, *, rng: np.random.Generator, weights: np.ndarray | None = None, draws: int = 200
) -> dict[str, Estimate] | None:
    """The parameters of both fits with bootstrap intervals, and the distances without; None as for ``fits``."""
    d = np.asarray(diameters, float)
    w = np.ones(len(d)) if weights is None else np.asarray(weights, float)
    best = fits(d, weights=w)
    if best is None:
        return None
    picks = rng.integers(0, len(d), (draws, len(d)))
    drawn = [fit for fit in (fits(d[pick], weights=w[pick]) for pick in picks) if fit is not None]
    made = {}
    for name in ("lognormal_median", "lognormal_sigma", "weibull_scale", "weibull_shape"):
        low, high = np.quantile([getattr(fit, name) for fit in drawn], _tails(len(d)))
        made[name] = _estimate(getattr(best, name), float(low), float(high), 0.0)
    distances = {name: Estimate(getattr(best, name)) for name in ("lognormal_distance", "weibull_distance")}
    return made | distances
