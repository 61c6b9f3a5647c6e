r"""
The potential that a polymer matrix adds to a pair of particles, between the compositions where it was measured.

W(r) in kT depends on the particles' diameter D, their attraction to the beads eps_pn and the chains' length N. As
a function of the distance between surfaces, s = r - D, and divided by (D + 1) / 4, it changes little with D, as
Derjaguin's approximation has it for any two large spheres [1]_. What is left is a smooth function of four numbers, for
which a Gaussian process [2]_ is taken:

.. math:: \mathrm{cov}(z, z') = a(s) a(s') M(|s - s'| / \ell_s)
          \left[ v_0 + \sum_i v_i x_i x_i' + v_5 e^{-\sum_i (x_i - x_i')^2 / 2 \ell_i^2} \right], \quad
          a(s) = e^{-s / \xi} + 0.02

with M the Matern function of index 5/2 and x the three numbers on scales from -1 to 1 over the measured range.
Errors of one measured potential go together over distances of ``ERROR_REACH``, since such potentials are sums of
forces. The ten unknowns maximise the likelihood, with a weak preference for their starting values. The answer is a
mean and draws, each of them a whole curve.

References
----------
.. [1] B. Derjaguin, Kolloid-Z. 69, 155 (1934), doi 10.1007/BF01433225.
.. [2] C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning, MIT Press 2006.

Checked against: members left out of smooth families, in tests/physics/test_matrix_potential.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, optimize

from ..errors import InputError, NotFound

KNOT = 0.1
"""Measured curves are averaged over this distance."""
REACH = 5.0
"""W is zero where surfaces are further apart."""
ERROR_REACH = 0.5
LEAST_ERROR = 0.05
MARGIN = 0.1
"""How far beyond the measured range an answer is given, as a share of it."""
FITTED = 240
"""Points of which the unknowns are found; the answer uses all."""
DRAWN = 1e-8
Point = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Measured:
    """W in kT with one standard error at distances ``r`` of two particles, for one (``diameter``, ``eps_pn``, ``beads``)."""

    diameter: float
    eps_pn: float
    beads: float
    r: np.ndarray
    w: np.ndarray
    error: np.ndarray

    @property
    def point(self) -> Point:
        """What it was measured for."""
        return self.diameter, self.eps_pn, self.beads


@dataclass(frozen=True, eq=False)
class Between:
    """W and one standard ``error`` at ``r``, possible whole curves ``draws``, and whether the point lies ``inside`` the range."""

    r: np.ndarray
    w: np.ndarray
    error: np.ndarray
    draws: np.ndarray
    inside: bool


class Family:
    """W(r; D, eps_pn, N) from measured members."""

    def __init__(self, members: Sequence[Measured]) -> None:
        if not members:
            raise InputError("no potential of mean force was given; at least one is needed")
        points = np.array([m.point for m in members])
        self.low, self.high = points.min(0), points.max(0)
        self.nearest_surfaces = max(float(m.r.min() - m.diameter) for m in members)
        self.members = tuple(members)
        parts = [_knots(m) for m in members]
        self.which = np.concatenate([np.full(len(s), i) for i, (s, _, _) in enumerate(parts)])
        self.s, z, error = (np.concatenate(column) for column in zip(*parts, strict=True))
        scale = _scale(points[self.which, 0])
        self.z, self.error = z / scale, error / scale
        self.x = self._scaled(points)[self.which]

    def _scaled(self, points: np.ndarray) -> np.ndarray:
        """From -1 to 1 over the measured range; 0 where that is a single value."""
        span = np.where(self.high > self.low, self.high - self.low, np.inf)
        return np.asarray((2 * points - self.low - self.high) / span)

    def outside(self, point: Point) -> np.ndarray:
        """How far D, eps_pn and N lie beyond the measured range, as shares of it; infinite where one value was measured."""
        given = np.array(point)
        beyond = np.maximum(np.maximum(self.low - given, given - self.high), 0)
        span = self.high - self.low
        shares = np.where(span > 0, beyond / np.where(span > 0, span, 1), np.inf)
        return np.where(beyond <= 1e-9 * np.maximum(np.abs(given), 1), 0, shares)

    @cached_property
    def unknowns(self) -> np.ndarray:
        """Logarithms of the covariance's parameters, by the largest likelihood."""
        every = max(1, -(-len(self.z) // FITTED))
        chosen = np.arange(0, len(self.z), every)
        size = float(np.mean(self.z**2)) + 1e-6
        start = np.log([size, size / 3, size / 3, size / 3, size / 3, 1.0, 1.0, 1.0, 1.0, 1.0])
        low, high = start - np.log(50.0), start + np.log(50.0)
        low[5:], high[5:] = np.log(0.3), np.log(10.0)

        def cost(unknowns: np.ndarray) -> float:
            factor = self._factor(unknowns, chosen)
            white = linalg.solve_triangular(factor, self.z[chosen], lower=True)
            return float(white @ white / 2 + np.log(np.diag(factor)).sum()) + 0.05 * float(np.sum((unknowns - start) ** 2))

        bounds = list(zip(low, high, strict=True))
        found = optimize.minimize(cost, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 25})
        return np.asarray(found.x)

    def _factor(self, unknowns: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        s, x, error = self.s[chosen], self.x[chosen], self.error[chosen]
        together = np.exp(-np.abs(s[:, None] - s[None]) / ERROR_REACH) * (self.which[chosen][:, None] == self.which[chosen][None])
        noise = error[:, None] * error[None] * together
        full = _covariance(unknowns, s, x, s, x) + noise + 1e-6 * np.eye(len(s))
        return np.asarray(linalg.cholesky(full, lower=True))

    @cached_property
    def _solved(self) -> tuple[np.ndarray, np.ndarray]:
        factor = self._factor(self.unknowns, np.arange(len(self.z)))
        return factor, linalg.cho_solve((factor, True), self.z)

    def at(self, point: Point, *, rng: np.random.Generator, draws: int = 16) -> Between:
        """W at (D, eps_pn, N), from the nearest distance that all members were measured at to ``REACH`` between surfaces."""
        beyond = self.outside(point)
        if (beyond > MARGIN).any():
            names = ("D", "eps_pn", "N")
            k = int(np.argmax(beyond))
            raise NotFound(
                f"no potential of mean force is known for {names[k]}={point[k]:g}: it was measured from {self.low[k]:g} to "
                f"{self.high[k]:g}; choose a value there, or give a table that covers it"
            )
        s = np.arange(self.nearest_surfaces, REACH + 1e-9, KNOT / 2)
        x = np.tile(self._scaled(np.array(point)), (len(s), 1))
        factor, weights = self._solved
        across = _covariance(self.unknowns, s, x, self.s, self.x)
        white = linalg.solve_triangular(factor, across.T, lower=True)
        covariance = _covariance(self.unknowns, s, x, s, x) - white.T @ white
        fade = np.clip((REACH - s) / 0.5, 0, 1) * _scale(point[0])
        mean = across @ weights * fade
        spread = linalg.cholesky(covariance + DRAWN * np.trace(covariance) * np.eye(len(s)), lower=True) * fade[:, None]
        curves = mean + rng.standard_normal((draws, len(s))) @ spread.T
        return Between(point[0] + s, mean, np.sqrt((spread**2).sum(1)), curves, not beyond.any())


def _scale(diameter: np.ndarray | float) -> np.ndarray | float:
    return (diameter + 1) / 4


def _knots(m: Measured) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means over ``KNOT`` of W and of its error, against the distance between surfaces."""
    if not len(m.r) == len(m.w) == len(m.error) or not np.isfinite(np.concatenate([m.r, m.w, m.error])).all():
        raise InputError(f"the potential for D={m.diameter:g}, eps_pn={m.eps_pn:g}, N={m.beads:g} has gaps; leave them out")
    bins = np.floor((m.r - m.diameter) / KNOT).astype(int)
    kept = bins * KNOT < REACH
    _, place = np.unique(bins[kept], return_inverse=True)
    count = np.bincount(place)
    s, w, error = (np.bincount(place, v[kept]) / count for v in (m.r - m.diameter, m.w, np.maximum(m.error, LEAST_ERROR)))
    return s, w, error


def _covariance(unknowns: np.ndarray, s: np.ndarray, x: np.ndarray, t: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Covariance of the reduced W at distances ``s``, points ``x`` and at ``t``, ``y``."""
    v0, *slopes, v5, reach, fall = np.exp(unknowns[:7])
    lengths = np.exp(unknowns[7:])
    apart = np.sqrt(5) * np.abs(s[:, None] - t[None]) / reach
    matern = (1 + apart + apart**2 / 3) * np.exp(-apart)
    smooth = np.exp(-(((x[:, None] - y[None]) / lengths) ** 2).sum(-1) / 2)
    among = v0 + (x * np.array(slopes)) @ y.T + v5 * smooth
    size_s, size_t = (np.exp(-d / fall) + 0.02 for d in (s, t))
    return np.asarray(size_s[:, None] * size_t[None] * matern * among)
