r"""
Potential of mean force from umbrella windows, by weighted histograms (WHAM).

Window i adds the energy k_i (x - c_i)^2 / 2 along the coordinate x and yields histograms n_i(x) worth N_i independent
samples. The unbiased density is [1]_

.. math:: p(x) = \frac{\sum_i n_i(x) / s_i}{\sum_i N_i\, e^{(f_i - U_i(x)) / kT}}, \qquad
          e^{-f_i / kT} = \sum_x p(x)\, e^{-U_i(x) / kT}

with s_i the statistical inefficiency of window i. The f_i minimise a convex function [2]_, found here by a quasi-Newton method.
Then W(x) = -kT ln p(x); no Jacobian enters, since x is a distance along a fixed axis. W is 0 on average beyond ``zero_from``.

**Errors** come from a parametric bootstrap: every histogram is drawn again, with as many samples as it holds independent
ones, and the equations are solved again [3]_. Where there are legs, such as an inward and an outward pull, each of them is
solved alone too, and half their difference counts if it is larger.

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
    """
    Histogram ``counts`` from bin number ``first`` on, worth ``independent`` samples, under a ``spring`` about ``centre``.

    ``leg`` names the pull that the window belongs to.
    """

    counts: np.ndarray
    first: int
    independent: float
    spring: float
    centre: float
    leg: str = ""


def window(x: np.ndarray, *, spring: float, centre: float, width: float, leg: str = "") -> Window:
    """The window of samples ``x`` in time order, in bins of ``width`` whose edges are whole multiples of it."""
    bins = np.floor(x / width).astype(int)
    counts = np.bincount(bins - bins.min())
    return Window(counts, int(bins.min()), len(x) / inefficiency(x), spring, centre, leg)


@dataclass(frozen=True, eq=False)
class Force:
    """W in kT at ``x`` with one standard error; ``hysteresis`` is half the largest difference of the legs (0 with one leg)."""

    x: np.ndarray
    w: np.ndarray
    error: np.ndarray
    hysteresis: np.ndarray


def inefficiency(x: np.ndarray, *, blocks: int = 10) -> float:
    """
    Number of samples that count as one: the larger of two estimates.

    One is 1 + 2 times the sum of autocorrelations up to their first fall below 0.05, which sees fast motion; the other
    the variance of the means of ``blocks`` blocks over that of single samples, which sees slow drifts.
    """
    d = x - x.mean()
    if not np.any(d):
        return 1.0
    size = 1 << (2 * len(d) - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(d, size)) ** 2
    correlation = np.fft.irfft(spectrum, size)[: len(d) // 2] / np.arange(len(d), len(d) - len(d) // 2, -1)
    correlation = correlation / correlation[0]
    below = np.flatnonzero(correlation < 0.05)
    fast = 1 + 2 * correlation[1 : int(below[0]) if len(below) else len(correlation)].sum()
    means = [block.mean() for block in np.array_split(d, blocks)]
    slow = np.var(means, ddof=1) * len(d) / blocks / np.var(d)
    return float(max(1.0, fast, slow))


def potential(
    windows: Sequence[Window], *, rng: np.random.Generator, width: float, zero_from: float, kt: float = 1.0, draws: int = 50
) -> Force:
    """The potential of mean force of all ``windows``, on their bins of ``width``, 0 on average from ``zero_from`` on."""
    if not windows:
        raise InputError("a potential of mean force needs umbrella windows; none was given")
    solver = _Solver(windows, kt=kt, width=width, zero_from=zero_from)
    w = solver.solve(solver.histograms)
    again = np.ma.masked_invalid([solver.solve(solver.drawn(rng)) for _ in range(draws)])
    error = again.std(axis=0, ddof=1).filled(np.nan)
    legs = np.array([window.leg for window in windows])
    hysteresis = np.zeros(len(w))
    if len(set(legs)) > 1:
        each = np.array([solver.solve(solver.histograms * (legs == leg)[:, None]) for leg in sorted(set(legs))])
        spread = (each.max(axis=0) - each.min(axis=0)) / 2
        hysteresis = np.where(np.isfinite(spread), spread, 0.0)
    return Force(x=solver.x, w=w, error=np.maximum(error, hysteresis), hysteresis=hysteresis)


class _Solver:
    """Histograms of independent samples, and the convex problem they pose."""

    def __init__(self, windows: Sequence[Window], *, kt: float, width: float, zero_from: float) -> None:
        low = min(w.first for w in windows)
        high = max(w.first + len(w.counts) for w in windows)
        self.x, self.kt, self.zero_from = (np.arange(low, high) + 0.5) * width, kt, zero_from
        self.histograms = np.zeros((len(windows), high - low))
        for row, w in zip(self.histograms, windows, strict=True):
            row[w.first - low : w.first - low + len(w.counts)] = w.counts * (w.independent / w.counts.sum())
        self.bias = np.array([w.spring * (self.x - w.centre) ** 2 / 2 for w in windows]) / kt
        self._start = np.zeros(len(windows))

    def drawn(self, rng: np.random.Generator) -> np.ndarray:
        """Histograms of as many samples, drawn from the measured ones."""
        sums = self.histograms.sum(axis=1, keepdims=True)
        return rng.multinomial(np.maximum(np.rint(sums[:, 0]), 1).astype(int), self.histograms / sums).astype(float)

    def solve(self, histograms: np.ndarray) -> np.ndarray:
        """W on all bins; NaN where no sample fell."""
        used = histograms.sum(axis=1) > 0
        counts, bias = histograms[used], self.bias[used]
        total, samples = counts.sum(axis=0), counts.sum(axis=1)
        met = total > 0
        bias_met = bias[:, met]

        def mixed(f: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            exponent = (f + np.log(samples))[:, None] - bias_met
            peak = exponent.max(axis=0)
            share = np.exp(exponent - peak)
            below = share.sum(axis=0)
            return np.log(below) + peak, share / below

        def cost(f: np.ndarray) -> tuple[float, np.ndarray]:
            log_sum, share = mixed(f)
            value = float(total[met] @ log_sum - samples @ f)
            return value / samples.sum(), (share @ total[met] - samples) / samples.sum()

        start = self._start[used] - self._start[used][0]
        found = minimize(cost, start, jac=True, method="L-BFGS-B", options={"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-9})
        if used.all():
            self._start = found.x
        w = np.full(len(self.x), np.nan)
        w[met] = -self.kt * (np.log(total[met]) - mixed(found.x)[0])
        far = met & (self.x >= self.zero_from)
        return np.asarray(w - (w[far] if far.any() else w[met][-1:]).mean())
