r"""
Potential of mean force from umbrella windows, by weighted histograms (WHAM).

Window i adds the energy k_i (x - c_i)^2 / 2 along the coordinate x and yields histograms n_i(x) worth N_i independent
samples. The unbiased density is [1]_

.. math:: p(x) = \frac{\sum_i n_i(x) / s_i}{\sum_i N_i\, e^{(f_i - U_i(x)) / kT}}, \qquad
          e^{-f_i / kT} = \sum_x p(x)\, e^{-U_i(x) / kT}

with s_i the statistical inefficiency of window i. The f_i minimise a convex function [2]_, found here by a quasi-Newton method.
Then W(x) = -kT ln p(x); no Jacobian enters, since x is a distance along a fixed axis. W is 0 on average beyond ``zero_from``.

**Errors** come from Bayesian bootstrap over blocks in time of each window [3]_, resampled and solved again; where there are
inward and outward legs, each of them is solved alone too, and half their difference counts if it is larger.

References
----------
.. [1] S. Kumar et al., J. Comput. Chem. 13, 1011 (1992), doi 10.1002/jcc.540130812.
.. [2] F. Zhu, G. Hummer, J. Comput. Chem. 33, 453 (2012), doi 10.1002/jcc.21989.
.. [3] J. S. Hub et al., J. Chem. Theory Comput. 6, 3713 (2010), doi 10.1021/ct100494z.

Checked against: samples drawn from known potentials, in tests/measure/test_umbrella.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from ..errors import InputError


@dataclass(frozen=True, eq=False)
class Window:
    """Samples ``x`` in time order under a spring of strength ``spring`` about ``centre``; ``leg`` names their pull."""

    x: np.ndarray
    spring: float
    centre: float
    leg: str = ""


@dataclass(frozen=True, eq=False)
class Force:
    """W in kT at ``x`` with one standard error; ``hysteresis`` is half the largest difference of the legs (0 with one leg)."""

    x: np.ndarray
    w: np.ndarray
    error: np.ndarray
    hysteresis: np.ndarray


def inefficiency(x: np.ndarray) -> float:
    """Number of samples that count as one, 1 + 2 times the sum of autocorrelations up to their first fall below 0.05."""
    d = x - x.mean()
    size = 1 << (2 * len(d) - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(d, size)) ** 2
    correlation = np.fft.irfft(spectrum, size)[: len(d) // 2] / np.arange(len(d), len(d) - len(d) // 2, -1)
    if correlation[0] <= 0:
        return 1.0
    correlation = correlation / correlation[0]
    below = np.flatnonzero(correlation < 0.05)
    end = int(below[0]) if len(below) else len(correlation)
    return float(max(1.0, 1 + 2 * correlation[1:end].sum()))


def potential(
    windows: Sequence[Window],
    *,
    rng: np.random.Generator,
    kt: float = 1.0,
    width: float = 0.05,
    zero_from: float,
    draws: int = 50,
    blocks: int = 10,
) -> Force:
    """The potential of mean force of all ``windows``, on bins of ``width``, 0 on average from ``zero_from`` on."""
    if not windows:
        raise InputError("a potential of mean force needs umbrella windows; none was given")
    solver = _Solver(windows, kt=kt, width=width, zero_from=zero_from, blocks=blocks)
    w = solver.solve(np.ones((len(windows), blocks)))
    resampled = np.array([solver.solve(rng.exponential(size=(len(windows), blocks))) for _ in range(draws)])
    error = resampled.std(axis=0, ddof=1)
    legs = sorted({window.leg for window in windows})
    hysteresis = np.zeros(len(w))
    if len(legs) > 1:
        each = np.array(
            [solver.solve(np.repeat([[w.leg == leg] for w in windows], blocks, axis=1).astype(float)) for leg in legs]
        )
        spread = (each.max(axis=0) - each.min(axis=0)) / 2
        hysteresis = np.where(np.isfinite(spread), spread, 0.0)
    return Force(x=solver.x, w=w, error=np.maximum(error, hysteresis), hysteresis=hysteresis)


class _Solver:
    """Histograms of the blocks of all windows, and the convex problem they pose for given weights of the blocks."""

    def __init__(self, windows: Sequence[Window], *, kt: float, width: float, zero_from: float, blocks: int) -> None:
        low = np.floor(min(w.x.min() for w in windows) / width)
        high = np.ceil(max(w.x.max() for w in windows) / width)
        edges = np.arange(low, high + 1) * width
        self.x, self.kt, self.zero_from = (edges[1:] + edges[:-1]) / 2, kt, zero_from
        self.histograms = np.array(
            [[np.histogram(b, edges)[0] for b in np.array_split(w.x, blocks)] for w in windows], dtype=float
        )
        self.histograms /= np.array([inefficiency(w.x) for w in windows])[:, None, None]
        self.bias = np.array([w.spring * (self.x - w.centre) ** 2 / 2 for w in windows]) / kt
        self._start = np.zeros(len(windows))

    def solve(self, weights: np.ndarray) -> np.ndarray:
        counts = (weights[:, :, None] * self.histograms).sum(axis=1)
        used = counts.sum(axis=1) > 0
        counts, bias = counts[used], self.bias[used]
        total, samples = counts.sum(axis=0), counts.sum(axis=1)
        met = total > 0
        bias_met = bias[:, met]

        def cost(f: np.ndarray) -> tuple[float, np.ndarray]:
            exponent = (f + np.log(samples))[:, None] - bias_met
            peak = exponent.max(axis=0)
            share = np.exp(exponent - peak)
            below = share.sum(axis=0)
            value = float((total[met] * (np.log(below) + peak)).sum() - (samples * f).sum())
            return value / samples.sum(), ((share / below) @ total[met] - samples) / samples.sum()

        start = self._start[used] - self._start[used][0]
        found = minimize(cost, start, jac=True, method="L-BFGS-B", options={"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-9})
        if used.all():
            self._start = found.x
        exponent = (found.x + np.log(samples))[:, None] - bias_met
        peak = exponent.max(axis=0)
        w = np.full(len(self.x), np.nan)
        w[met] = -self.kt * (np.log(total[met]) - np.log(np.exp(exponent - peak).sum(axis=0)) - peak)
        far = met & (self.x >= self.zero_from)
        return np.asarray(w - (w[far] if far.any() else w[met][-1:]).mean())
