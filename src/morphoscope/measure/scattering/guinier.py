r"""
Radius of gyration and forward intensity from the smallest angles.

.. math:: \ln I(q) = \ln I_0 - \frac{q^2 R_g^2}{3} + \kappa\, q^4 R_g^4 + \lambda\, q^6 R_g^6, \qquad q R_g < 1.3

Guinier's line is the first two terms [1]_. The others are small and differ from shape to shape: kappa is -0.008 for spheres,
+0.024 for thin rods, +0.028 for Gaussian coils, lambda -0.0004 to -0.0012. They take part with the priors 0.005 +- 0.02 and
-0.0005 +- 0.001, so that the interval holds what the straight line leaves out; ``rg_line`` is the plain line's answer.

The range starts at the lowest q from which a range of at least ``LEAST`` points up to :math:`q R_g` = 1.3 passes two tests
of its residuals: their sum of squares (where errors are known) and their signs, whose runs must not be too few. Points
before the start are left out (beam stop, aggregates). A curve that does not fall has no Guinier range.

References
----------
.. [1] A. Guinier, Ann. Phys. 11, 161 (1939), doi 10.1051/anphys/193911120161.
.. [2] D. Franke et al., J. Appl. Cryst. 50, 1212 (2017), doi 10.1107/S1600576717007786, for automatic ranges.

Checked against: spheres, rods and coils of known Rg with noise (coverage), in
tests/validation/test_scattering_curves.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ...errors import InputError
from . import linear
from .curves import Scattered, window_mean

LEAST = 6
REACH = 1.3
HOPELESS = 1e-3
UNSEEN = 5e-4
DEEPEST = 0.3
CURVED = ((0.005, 0.02), (-0.0005, 0.001))


@dataclass(frozen=True)
class Guinier:
    """``rg`` (nm) and ``i0`` with standard errors, the line's own ``rg_line``, the range, and the p-value of its residuals."""

    rg: float
    rg_error: float
    i0: float
    i0_error: float
    rg_line: float
    q_low: float
    q_high: float
    points: int
    p_value: float
    passed: bool


def fit(data: Scattered, *, q_low: float | None = None, q_high: float | None = None) -> Guinier | None:
    """
    The Guinier range between ``q_low`` and ``q_high`` where given, else found; None where the curve has none.
    """
    whole = data.only(data.intensity > 0)
    if q_low is not None or q_high is not None:
        part = whole.between(q_low or 0.0, q_high or math.inf)
        if len(part) < 3:
            raise InputError(f"{data.name}: {len(part)} points lie in the range given for Guinier's law; it needs at least 3")
        if q_high is not None:
            return _fitted(part)
        return _from(part, 0)
    best: Guinier | None = None
    for start in _starts(len(whole)):
        made = _from(whole, start)
        if made is not None and made.passed:
            return made
        if made is not None and (best is None or made.p_value > best.p_value):
            best = made
    return best if best is not None and best.p_value > HOPELESS else None


def _starts(count: int) -> list[int]:
    """Where a range may begin: each of the first ten points, then ever fewer up to a third of them."""
    stop = max(1, min(count // 3, 60))
    return sorted({*range(min(10, stop)), *(round(10 * 1.25**k) for k in range(9) if 10 * 1.25**k < stop)})


def _from(data: Scattered, start: int) -> Guinier | None:
    """The longest range from the point ``start`` that ends below q Rg = 1.3."""
    level = window_mean(data.q, data.intensity)[start:]
    low = np.flatnonzero(level < DEEPEST * level[0])  # well beyond the 0.57 that q Rg = 1.3 leaves
    stop = start + max(int(low[0]), LEAST) if len(low) else len(data)
    for _ in range(60):
        part = _part(data, start, stop)
        if len(part) < LEAST:
            return None
        made = _fitted(part)
        if made is None:
            stop = start + (stop - start) * 3 // 4
            continue
        reach = start + int(np.searchsorted(data.q[start:], REACH / made.rg, side="right"))
        if reach >= stop or made.q_high * made.rg < 1.02 * REACH:
            return made if made.q_low * made.rg < 1.0 else None
        stop = min(max(reach, start + (stop - start) // 2), stop - 1)
    return None


def _part(data: Scattered, start: int, stop: int) -> Scattered:
    kept = np.zeros(len(data), bool)
    kept[start:stop] = True
    return data.only(kept)


def _fitted(part: Scattered) -> Guinier | None:
    """Guinier's law on all points of ``part``; None where its slope is not surely negative."""
    square, level = part.q**2, np.log(part.intensity)
    weight = part.intensity / part.error
    ones = np.ones_like(square)
    line, _, _ = linear.solve(np.stack([ones, square], axis=1), level, weight)
    if line[1] >= 0:
        return None
    rg = rg_line = math.sqrt(-3 * line[1])
    free, scale = max(len(part) - 2, 1), 1.0
    prior = np.hstack([np.zeros((2, 2)), np.diag([1 / sd for _, sd in CURVED])]), np.array([mean / sd for mean, sd in CURVED])
    for _ in range(3):
        x = square * rg**2
        design = np.stack([ones, square, x**2, x**3], axis=1)
        answer, covariance, chi2 = linear.solve(design, level, weight / math.sqrt(scale), prior=prior)
        if answer[1] >= 0:
            return None
        rg = math.sqrt(-3 * answer[1])
        scale *= chi2 / free if not part.stated else max(1.0, chi2 * scale / free) / scale
        scale = max(scale, 1e-12)
    rg_error = 1.5 * math.sqrt(covariance[1, 1]) / rg
    if rg_error > rg / 3:
        return None
    residual = (level - design @ answer) * weight
    p_sum = float(stats.chi2.sf(float((residual**2).sum()), free)) if part.stated else 1.0
    seen = part.stated or float(np.sqrt(np.mean((level - design @ answer) ** 2))) > UNSEEN
    p_value = min(1.0, 2 * min(p_sum, _runs(residual))) if seen else 1.0
    i0 = math.exp(answer[0])
    return Guinier(
        rg, rg_error, i0, i0 * math.sqrt(covariance[0, 0]), rg_line,
        float(part.q[0]), float(part.q[-1]), len(part), p_value, p_value > 0.01,
    )  # fmt: skip


def _runs(residual: np.ndarray) -> float:
    """Chance of as few runs of equal sign among as many residuals, if their signs were random (Wald and Wolfowitz)."""
    signs = residual > 0
    up, down = int(signs.sum()), int((~signs).sum())
    count = up + down
    if min(up, down) == 0:
        return 2.0 ** (1 - count)
    mean = 2 * up * down / count + 1
    variance = (mean - 1) * (mean - 2) / max(count - 1, 1)
    runs = 1 + int((signs[1:] != signs[:-1]).sum())
    return 1.0 if variance <= 0 else float(stats.norm.cdf((runs + 0.5 - mean) / math.sqrt(variance)))
