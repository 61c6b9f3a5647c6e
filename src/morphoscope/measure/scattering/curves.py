"""
I(q) made ready: q in 1/nm, ascending, positive; a standard error at every point; the resolution where it is known.

Where a file states no errors, one relative error for all points is taken from how far each lies from the cubic through
its four neighbours (median absolute deviation; 0.1 % at least). Fits on such data scale their errors by their own misfit.

Checked against: noise of known size in tests/validation/test_scattering_curves.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...core import Curve
from ...errors import InputError

LEAST_POINTS = 8
LEAST_RELATIVE = 1e-3


@dataclass(frozen=True, eq=False)
class Scattered:
    """
    ``intensity`` at ``q`` (1/nm) with its standard ``error``, which the file ``stated`` or which was estimated.

    ``q_sd`` is the resolution, one standard deviation at each point; ``slit`` the length in 1/nm of a slit.
    """

    q: np.ndarray
    intensity: np.ndarray
    error: np.ndarray
    stated: bool
    q_sd: np.ndarray | None = None
    slit: float | None = None
    name: str = "this curve"

    def __len__(self) -> int:
        return len(self.q)

    def between(self, low: float, high: float) -> Scattered:
        """The points of low <= q <= high."""
        return self.only((self.q >= low) & (self.q <= high))

    def only(self, kept: np.ndarray) -> Scattered:
        """The points that ``kept`` picks."""
        return replace(
            self,
            q=self.q[kept],
            intensity=self.intensity[kept],
            error=self.error[kept],
            q_sd=None if self.q_sd is None else self.q_sd[kept],
        )


def ready(curve: Curve, *, name: str, per_nm: float, slit: float | None = None) -> Scattered:
    """``curve``, whose unit of q is ``per_nm`` in 1/nm, with errors, sorted and without what is no number."""
    good = np.isfinite(curve.x) & np.isfinite(curve.y) & (curve.x > 0)
    if good.sum() < LEAST_POINTS:
        raise InputError(f"{name}: {int(good.sum())} points of positive q; an analysis needs at least {LEAST_POINTS}")
    order = np.flatnonzero(good)[np.argsort(curve.x[good], kind="stable")]
    q, intensity = curve.x[order] * per_nm, curve.y[order].astype(np.float64)
    if not (intensity > 0).any():
        raise InputError(f"{name}: no intensity is positive, so there is nothing to analyse; subtract less background")
    error, stated = _errors(curve, order, q, intensity)
    q_sd = None if curve.x_error is None else curve.x_error[order] * per_nm
    if q_sd is not None and not (np.isfinite(q_sd).all() and (q_sd > 0).all()):
        q_sd = None
    made = Scattered(q, intensity, error, stated, q_sd, None if slit is None else slit * per_nm, name)
    fresh = np.concatenate([[True], np.diff(q) > 1e-9 * q[:-1]])
    if fresh.sum() < LEAST_POINTS:
        raise InputError(f"{name}: {int(fresh.sum())} different values of q; an analysis needs at least {LEAST_POINTS}")
    return made if fresh.all() else made.only(fresh)


def _errors(curve: Curve, order: np.ndarray, q: np.ndarray, intensity: np.ndarray) -> tuple[np.ndarray, bool]:
    stated = None if curve.y_error is None else curve.y_error[order]
    if stated is not None:
        known = np.isfinite(stated) & (stated > 0)
        if known.mean() >= 0.5:
            relative = float(np.median(stated[known] / np.maximum(np.abs(intensity[known]), 1e-300)))
            return np.where(known, stated, np.maximum(relative * np.abs(intensity), stated[known].min())), True
    level = np.maximum(np.abs(intensity), 1e-6 * float(np.abs(intensity).max()))
    return relative_noise(q, intensity) * level, False


def relative_noise(q: np.ndarray, intensity: np.ndarray) -> float:
    """Standard deviation of the intensity over its size, from cubics through four neighbours in ln q."""
    u = np.log(q)
    left = [u[k : len(u) - 4 + k] for k in (0, 1, 3, 4)]
    middle = u[2:-2]
    weights = [
        np.prod([(middle - left[j]) / (left[i] - left[j]) for j in range(4) if j != i], axis=0) for i in range(4)
    ]  # Lagrange's
    values = [intensity[k : len(u) - 4 + k] for k in (0, 1, 3, 4)]
    guess = sum(w * v for w, v in zip(weights, values, strict=True))
    factor = np.sqrt(1 + sum(w**2 for w in weights))
    size = np.maximum(np.mean(np.abs([*values, intensity[2:-2]]), axis=0), 1e-300)
    return max(LEAST_RELATIVE, 1.4826 * float(np.median(np.abs(intensity[2:-2] - guess) / factor / size)))


def window_mean(q: np.ndarray, value: np.ndarray, *, factor: float = 1.15) -> np.ndarray:
    """Mean of ``value`` over the points within a ``factor`` of each q, which oscillations average out in."""
    total = np.concatenate([[0.0], np.cumsum(value)])
    first, last = np.searchsorted(q, q / factor), np.searchsorted(q, q * factor, side="right")
    return np.asarray((total[last] - total[first]) / (last - first))
