r"""
The far end of a curve: its power, Porod's constant, the background; and the invariant.

.. math:: I(q) = K q^{-p} + B, \qquad Q = \int_0^\infty q^2 (I - B) \, dq, \qquad
          \frac{S}{V \phi (1 - \phi)} = \frac{\pi K}{Q}, \quad l_p = \frac{4 Q}{\pi K}

Sharp, smooth interfaces give p = 4; then S is their area in the volume V and :math:`l_p = 4 \phi (1 - \phi) V / S` Porod's
length, the mean chord for :math:`\phi (1 - \phi)` weighted phases. p and B are fitted together; K is then fitted with p = 4.
Where the curve oscillates about the law, as that of equal spheres does, its scatter over 50 % of q takes the place of smaller
errors, so that the minima do not rule the fit.

The range is the widest one at the far end, a factor of two in q at least, which the law describes within those errors and
whose power is known to 0.5; a curve without such a range has no Porod law. It is then begun 1.4 times further in, since a widest
range is one whose misfit is just not seen; half of what that changes joins the errors.

The invariant is the trapezoidal sum over the data less B, Guinier's law (else a constant) below them and
:math:`K q^{-4}` beyond ``q_switch``, the end of the data that stand out of their noise; the shares of both are given, and
nothing where they make more than 30 %.

References
----------
.. [1] G. Porod, Kolloid-Z. 124, 83 (1951), doi 10.1007/BF01512792.
.. [2] O. Glatter and O. Kratky, Small Angle X-ray Scattering (1982), chapter 2.

Checked against: spheres of known interface and contrast, in tests/validation/test_scattering_curves.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, stats

from ...errors import InputError
from . import linear
from .curves import Scattered, window_mean
from .guinier import Guinier

LEAST = 8
WINDOW = 1.22
ROUGH = 0.15
MARGIN = 1.4
LEAST_POWER = 0.9
MOST_EXTRAPOLATED = 0.3


@dataclass(frozen=True)
class Porod:
    """``exponent`` p, the ``constant`` K of p = 4 and ``background`` B, with standard errors, of the range in q."""

    exponent: float
    exponent_error: float
    constant: float
    constant_error: float
    background: float
    background_error: float
    q_low: float
    q_high: float
    points: int
    passed: bool

    @property
    def sharp(self) -> bool:
        """Whether the exponent is 4, that of sharp interfaces, within its error and 0.3."""
        return abs(self.exponent - 4) < max(3 * self.exponent_error, 0.3)


@dataclass(frozen=True)
class Invariant:
    """``value`` of Q with its standard error, and the shares that were extrapolated below and beyond the data."""

    value: float
    error: float
    share_low: float
    share_high: float
    q_switch: float


def fit(data: Scattered, *, q_low: float | None = None, beyond: float = 0.0) -> Porod | None:
    """Porod's law from ``q_low`` on, else where it holds ``beyond`` the peaks; None where the curve falls off as no power."""
    if q_low is not None:
        part = data.only(data.q >= q_low)
        if len(part) < LEAST:
            raise InputError(f"{data.name}: {len(part)} points lie beyond {q_low:g} 1/nm; Porod's law needs {LEAST}")
        return _fitted(part)
    for low in np.geomspace(max(data.q[0] * 1.2, beyond), data.q[-1] / 2, 16) if beyond < data.q[-1] / 2 else ():
        part = data.only(data.q >= low)
        if len(part) < LEAST:
            break
        made = _fitted(part)
        if made is not None and made.passed:
            return _inner(data, made)
    return None


def _inner(data: Scattered, found: Porod) -> Porod:
    """The law a margin further in, where the crossover to other laws has died away; half of the change joins its errors."""
    part = data.only(data.q >= MARGIN * found.q_low)
    inner = _fitted(part) if len(part) >= LEAST and part.q[-1] > 1.5 * part.q[0] else None
    if inner is None:
        return found
    return replace(
        inner,
        exponent_error=math.hypot(inner.exponent_error, (inner.exponent - found.exponent) / 2),
        constant_error=math.hypot(inner.constant_error, (inner.constant - found.constant) / 2),
        background_error=math.hypot(inner.background_error, (inner.background - found.background) / 2),
        passed=True,
    )


def _scatter(part: Scattered, model: np.ndarray) -> np.ndarray:
    """The errors, or the scatter of the data about the trend of the ratio to ``model`` where that is twice as large."""
    level = np.maximum(np.abs(model), part.error)
    off = (part.intensity - model) / level
    scatter = np.sqrt(window_mean(part.q, (off - window_mean(part.q, off, factor=WINDOW)) ** 2, factor=WINDOW)) * level
    usual = np.sqrt(window_mean(part.q, (part.error / level) ** 2, factor=WINDOW)) * level
    return np.asarray(np.where(scatter > 2 * usual, scatter, np.maximum(part.error, 0.5 * usual)))


def _fitted(part: Scattered) -> Porod | None:
    """Power, constant and background of all points; first with wide errors, which show how far the curve oscillates."""
    wide = np.hypot(part.error, ROUGH * window_mean(part.q, np.abs(part.intensity), factor=WINDOW))
    rough = _power(part, wide, np.array([0.0, 4.0, 0.0]))
    error = _scatter(part, _law(part, rough.x))
    found = _power(part, error, rough.x)
    chi2, free = 2 * float(found.cost), max(len(part) - 3, 1)
    spread = linear.covariance(np.asarray(found.jac)) * max(1.0 if part.stated else 0.0, chi2 / free)
    p_error = math.sqrt(spread[1, 1])
    if not p_error < 0.5 or not LEAST_POWER < found.x[1] < 7.9:
        return None
    constant = _constant(part, error)
    return Porod(
        float(found.x[1]), p_error, *constant, float(part.q[0]), float(part.q[-1]), len(part), bool(chi2 / free < _limit(free)),
    )  # fmt: skip


def _law(part: Scattered, at: np.ndarray) -> np.ndarray:
    """The law at logarithm of K, power and B, in units of the first intensities."""
    scale = max(float(np.abs(part.intensity[: max(3, len(part) // 8)]).mean()), float(part.error.min()))
    return np.asarray(scale * (np.exp(at[0] - at[1] * np.log(part.q / part.q[0])) + at[2]))


def _power(part: Scattered, error: np.ndarray, start: np.ndarray) -> optimize.OptimizeResult:
    def misfit(at: np.ndarray) -> np.ndarray:
        return np.asarray((_law(part, at) - part.intensity) / error)

    low, high = np.array([-12, 0.2, -2.0]), np.array([12, 8, 2.0])
    inside = np.clip(start, low + 1e-6, high - 1e-6)
    return optimize.least_squares(misfit, inside, bounds=(low, high), x_scale=(1, 1, 0.01), max_nfev=100)


def _limit(free: int) -> float:
    """What the reduced chi-square of a law that holds exceeds once in a hundred times."""
    return float(stats.chi2.isf(0.01, free)) / free


def _constant(part: Scattered, error: np.ndarray) -> tuple[float, float, float, float]:
    """K and B of K q^-4 + B with their errors."""
    design = np.stack([(part.q / part.q[0]) ** -4, np.ones_like(part.q)], axis=1)
    answer, spread, chi2 = linear.solve(design, part.intensity, 1 / error)
    sd = np.sqrt(np.diag(spread) * max(1.0 if part.stated else 0.0, chi2 / max(len(part) - 2, 1)))
    unit = part.q[0] ** 4
    return float(answer[0] * unit), float(sd[0] * unit), float(answer[1]), float(sd[1])


def invariant(data: Scattered, tail: Porod, low: Guinier | None) -> Invariant | None:
    """Q of the curve with its extrapolations; None where the tail is not that of sharp interfaces."""
    if not tail.sharp or not tail.constant > 3 * tail.constant_error:
        return None
    switch = _switch(data, tail)
    part = data.only(data.q <= switch)
    if len(part) < 3:
        return None
    q, net = part.q, part.intensity - tail.background
    weight = np.zeros(len(q))
    weight[1:] += np.diff(q) / 2
    weight[:-1] += np.diff(q) / 2
    middle = float((weight * q**2 * net).sum())
    if low is None:
        below = float(net[0]) * q[0] ** 3 / 3
    else:
        grid = np.linspace(0, q[0], 400)
        below = float(np.trapezoid(grid**2 * (low.i0 * np.exp(-((grid * low.rg) ** 2) / 3) - tail.background), grid))
    beyond = tail.constant / q[-1]
    variance = float(((weight * q**2 * part.error) ** 2).sum()) + (tail.constant_error / q[-1]) ** 2
    variance += (tail.background_error * q[-1] ** 3 / 3) ** 2
    total = below + middle + beyond
    if not total > 0 or below + beyond > MOST_EXTRAPOLATED * total:
        return None
    return Invariant(total, math.sqrt(variance), below / total, beyond / total, float(q[-1]))


def _switch(data: Scattered, tail: Porod) -> float:
    """The largest q up to which the net intensity, averaged, stands three errors out of the noise."""
    net = window_mean(data.q, data.intensity - tail.background)
    noise = window_mean(data.q, data.error)
    weak = np.flatnonzero((net < 3 * noise) & (data.q >= tail.q_low))
    return float(data.q[weak[0]]) if len(weak) else float(data.q[-1])
