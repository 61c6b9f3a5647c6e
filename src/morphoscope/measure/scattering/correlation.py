r"""
Correlation functions in real space from I(q): gamma(r) in three dimensions, K(z) across layers.

.. math:: \gamma(r) = \frac{1}{Q} \int_0^\infty q^2 (I - B) \frac{\sin qr}{qr} dq, \qquad
          K(z) = \frac{1}{Q} \int_0^\infty q^2 (I - B) \cos qz \, dq

The curve is extrapolated as for the invariant Q: Guinier's law (else a constant) below the data, :math:`K q^{-4}` beyond,
the latter summed in closed form.

For stacks of two layers (Strobl and Schneider [1]_) K starts as a straight line, has a flat minimum and a
maximum at the long period L. The line through its steepest part meets the level of the minimum at the thickness of the
thinner layer, ``thin``; which of the two phases that is (often the crystals') scattering cannot tell.

References
----------
.. [1] G. R. Strobl and M. Schneider, J. Polym. Sci. Polym. Phys. 18, 1343 (1980), doi 10.1002/pol.1980.180180614.
.. [2] C. G. Vonk and G. Kortleve, Kolloid-Z. 220, 19 (1967), doi 10.1007/BF02086052.

Checked against: spheres, and paracrystalline stacks of known layers, in tests/validation/test_scattering_curves.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import interpolate, signal, special

from .curves import Scattered
from .guinier import Guinier
from .porod import Invariant, Porod

STEPS = 6000
DISTANCES = 400


@dataclass(frozen=True, eq=False)
class Correlation:
    """``value`` at distance ``r`` (nm), 1 at r = 0 up to what was extrapolated."""

    r: np.ndarray
    value: np.ndarray


@dataclass(frozen=True)
class Layers:
    """Long period L and thinner layer, in nm; ``minimum`` is the depth of K, -thin / (L - thin) for ideal stacks."""

    period: float
    thin: float
    minimum: float


def three_dimensional(data: Scattered, tail: Porod, total: Invariant, low: Guinier | None, *, r_max: float) -> Correlation:
    """gamma(r) up to ``r_max`` nm."""
    r = np.linspace(0, r_max, DISTANCES)
    q, density = _extrapolated(data, tail, total, low)
    values = [float(np.trapezoid(density * np.sinc(q * at / math.pi), q)) for at in r]
    end = q[-1]
    x = r[1:] * end
    si, _ = special.sici(x)
    beyond = np.empty_like(r)
    beyond[0] = 1 / end
    beyond[1:] = (np.sin(x) / (2 * end**2) + r[1:] * np.cos(x) / (2 * end) + r[1:] ** 2 / 2 * (si - math.pi / 2)) / r[1:]
    return Correlation(r, (np.array(values) + tail.constant * beyond) / total.value)


def across_layers(data: Scattered, tail: Porod, total: Invariant, low: Guinier | None, *, z_max: float) -> Correlation:
    """K(z) up to ``z_max`` nm."""
    z = np.linspace(0, z_max, DISTANCES)
    q, density = _extrapolated(data, tail, total, low)
    values = [float(np.trapezoid(density * np.cos(q * at), q)) for at in z]
    end = q[-1]
    si, _ = special.sici(z * end)
    beyond = np.cos(z * end) / end + z * (si - math.pi / 2)
    return Correlation(z, (np.array(values) + tail.constant * beyond) / total.value)


def _extrapolated(data: Scattered, tail: Porod, total: Invariant, low: Guinier | None) -> tuple[np.ndarray, np.ndarray]:
    """q² (I - B) from 0 to where Porod's law takes over, on an even grid."""
    part = data.only(data.q <= total.q_switch)
    grid = np.linspace(0, total.q_switch, STEPS)
    inside = interpolate.PchipInterpolator(part.q, part.intensity)(np.clip(grid, part.q[0], part.q[-1]))
    if low is not None:
        inside = np.where(grid < part.q[0], low.i0 * np.exp(-((grid * low.rg) ** 2) / 3), inside)
    return grid, grid**2 * (inside - tail.background)


def layers(found: Correlation) -> Layers | None:
    """Long period and thinner layer, or None where K has no minimum and maximum after it."""
    z, k = found.r, found.value
    valleys, _ = signal.find_peaks(-k)
    valleys = valleys[k[valleys] < 0]
    if not len(valleys):
        return None
    valley = int(valleys[0])
    tops, _ = signal.find_peaks(k[valley:], prominence=0.02)
    if not len(tops):
        return None
    period = _vertex(z, k, valley + int(tops[0]))
    valley = int(np.argmin(k[: valley + int(tops[0])]))
    slope = np.gradient(k, z)
    steepest = int(np.argmin(slope[: valley + 1]))
    near = np.flatnonzero((slope[: valley + 1] < 0.9 * slope[steepest]) & (np.abs(np.arange(valley + 1) - steepest) < valley / 2))
    b, a = np.polyfit(z[near], k[near], 1) if len(near) >= 2 else (slope[steepest], k[steepest] - slope[steepest] * z[steepest])
    thin = float((k[valley] - a) / b)
    return Layers(period, thin, float(k[valley])) if 0 < thin < period else None


def _vertex(x: np.ndarray, y: np.ndarray, at: int) -> float:
    if not 0 < at < len(x) - 1:
        return float(x[at])
    left, middle, right = y[at - 1 : at + 2]
    curvature = left - 2 * middle + right
    return float(x[at] + (0.5 * (left - right) / curvature if curvature < 0 else 0.0) * (x[1] - x[0]))
