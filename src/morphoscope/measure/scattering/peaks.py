r"""
Maxima of I(q): position, width and height with errors.

Candidates are the maxima of ln I, lightly smoothed, that rise ``CLEAR`` errors and ``LEAST_RISE`` above the higher of
the two valleys beside them; and shoulders, the maxima above the background of ln I against ln q, on which a power law is
a straight line, that SNIP clipping leaves [1]_. Each is then fitted on a background that is a power law around it:

.. math:: I(q) = e^{a} (q / q^*)^{-b} + h\, e^{-4 \ln 2\, (q - q^*)^2 / w^2}

or with a Lorentzian, :math:`h / (1 + 4 (q - q^*)^2 / w^2)`, whichever fits better; w is the full width at half height. A shoulder
counts where it is narrow and its height is significant. A maximum that neither describes keeps the vertex of a parabola
through its top, and its width has no error. Errors are scaled by the misfit where it exceeds the noise.
The domain period is :math:`d = 2 \pi / q^*`.

References
----------
.. [1] C. G. Ryan et al., Nucl. Instrum. Meth. B 34, 396 (1988), doi 10.1016/0168-583X(88)90063-8.

Checked against: made peaks on power laws with noise (coverage, false alarms), in tests/validation/test_scattering_peaks.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage, optimize, signal

from . import linear
from .curves import Scattered, window_mean

SIGNIFICANT = 4.0
CLEAR = 5.0
SURE = 10.0
SHOULDER_SIGNIFICANT = 6.0
NARROW_SIGNIFICANT = 20.0
LEAST_RISE = 0.02
SHOULDER_WIDTH = 0.3
CLIP = 0.25
GRID = 600
MOST = 16


@dataclass(frozen=True)
class Peak:
    """A maximum at ``q`` (1/nm), ``width`` wide at half its ``height`` above the background, with standard errors."""

    q: float
    q_error: float
    width: float
    width_error: float
    height: float
    height_error: float
    background: float
    shape: str
    shoulder: bool

    @property
    def period(self) -> float:
        """2 pi / q, in nm."""
        return 2 * math.pi / self.q


def find(data: Scattered) -> list[Peak]:
    """The peaks of the curve, by rising q."""
    part = _above_noise(data)
    if len(part) < 8:
        return []
    level, sd = _smoothed(part)
    tops = _maxima(level, sd)
    shoulders = [at for at in _shoulders(part.q, level, sd) if all(abs(at - top) > 2 for top in tops)]
    found: list[Peak] = []
    for at in (*tops, *shoulders):
        others = [other for other in (tops if at in tops else (*tops, *shoulders)) if other != at]
        peak = _fitted(part, level, at, others, rise=tops.get(at))
        if peak is not None and all(abs(peak.q - one.q) > 0.5 * min(peak.width, one.width) for one in found):
            found.append(peak)
    strongest = sorted(found, key=lambda one: -one.height / one.height_error)[:MOST]
    return sorted(strongest, key=lambda one: one.q)


def _above_noise(data: Scattered) -> Scattered:
    """The points up to where the intensity, averaged, sinks to twice its errors."""
    ratio = window_mean(data.q, data.intensity, factor=1.05) / window_mean(data.q, data.error, factor=1.05)
    clear = int(np.argmax(ratio))
    weak = clear + np.flatnonzero(ratio[clear:] < 2)
    return data if not len(weak) else data.only(np.arange(len(data)) < weak[0])


def _smoothed(part: Scattered) -> tuple[np.ndarray, np.ndarray]:
    """ln I averaged over a few points, more where it is noisy, and its standard error."""
    noise = float(np.median(part.error / np.maximum(np.abs(part.intensity), part.error)))
    width = 0.7 if noise < 0.01 else 1.2 if noise < 0.05 else 2.0
    smooth = ndimage.gaussian_filter1d(part.intensity, width, mode="nearest")
    smooth = np.maximum(smooth, 0.1 * part.error)
    relative = np.sqrt(ndimage.gaussian_filter1d(part.error**2, width, mode="nearest")) / smooth
    return np.log(smooth), relative / math.sqrt(max(1.0, 2 * width * math.sqrt(math.pi)))


def _maxima(level: np.ndarray, sd: np.ndarray) -> dict[int, float]:
    """Maxima of the smoothed curve, and how many errors each rises above the higher valley beside it."""
    tops, facts = signal.find_peaks(level, prominence=LEAST_RISE)
    kept = dict[int, float]()
    for top, rise, left, right in zip(tops, facts["prominences"], facts["left_bases"], facts["right_bases"], strict=True):
        valley = left if level[left] > level[right] else right
        errors = float(rise) / math.hypot(sd[top], sd[valley])
        if errors > CLEAR and min(top, len(level) - 1 - top) >= 2:
            kept[int(top)] = errors
    return kept


def _shoulders(q: np.ndarray, level: np.ndarray, sd: np.ndarray) -> list[int]:
    """Points at which ln I stands highest above its clipped background."""
    u = np.log(q)
    grid = np.linspace(u[0], u[-1], GRID)
    clipped = np.interp(grid, u, level)
    for reach in range(1, max(2, round(CLIP / (grid[1] - grid[0])))):
        around = (clipped[: -2 * reach] + clipped[2 * reach :]) / 2
        clipped[reach:-reach] = np.minimum(clipped[reach:-reach], around)
    above = level - np.interp(u, grid, clipped)
    tops, facts = signal.find_peaks(above, prominence=2 * LEAST_RISE)
    return [
        int(top)
        for top, rise in zip(tops, facts["prominences"], strict=True)
        if rise > 1.5 * SHOULDER_SIGNIFICANT * sd[top] and above[top] > 2 * LEAST_RISE and 2 < top < len(q) - 3
    ]


def _fitted(part: Scattered, level: np.ndarray, at: int, others: list[int], *, rise: float | None) -> Peak | None:
    """The peak around the point ``at``, or None where it does not stand a fit; a shoulder has no ``rise``."""
    shoulder = rise is None
    q0 = float(part.q[at])
    left = max((o for o in others if o < at), default=-1)
    right = min((o for o in others if o > at), default=len(level))
    first = left + 1 + int(np.argmin(level[left + 1 : at]))
    last = at + 1 + int(np.argmin(level[at + 1 : right]))
    width = _half_width(part.q, np.exp(level), at, first, last, shoulder=shoulder)
    inside = (part.q >= max(part.q[first], q0 - 2 * width)) & (part.q <= min(part.q[last], q0 + 2 * width))
    inside[max(0, at - 3) : at + 4] = True
    piece = part.only(inside)
    fits = [one for name in ("gauss", "lorentz") if (one := _shape_fit(piece, q0, width, name)) is not None]
    peak = min(fits, key=lambda one: one[0])[1] if fits else None
    if peak is not None and (peak.height < SIGNIFICANT * peak.height_error or not piece.q[0] < peak.q < piece.q[-1]):
        peak = None
    if rise is not None:
        return (
            peak
            if peak is not None or rise < SURE
            else _top(part, level, at, width, base=float(np.exp(max(level[first], level[last]))))
        )
    if peak is None or peak.width > SHOULDER_WIDTH * peak.q or peak.height < SHOULDER_SIGNIFICANT * peak.height_error:
        return None
    return replace(peak, shoulder=True) if peak.height > 2 * LEAST_RISE * peak.background else None


def _top(part: Scattered, level: np.ndarray, at: int, width: float, *, base: float) -> Peak | None:
    """A maximum that no shape fits: the vertex of a parabola through its top, or the middle of its few points."""
    q0 = float(part.q[at])
    inside = np.abs(part.q - q0) < 0.4 * width
    inside[max(0, at - 1) : at + 2] = True
    piece = part.only(inside)
    bare = len(piece) < 5  # too few points to be smoothed
    height, step = float(part.intensity[at] if bare else np.exp(level[at])) - base, float(np.gradient(part.q)[at])
    q, error, shape = q0, step / math.sqrt(12), "points"
    if not bare:
        x = (piece.q - q0) / width
        (_, b, c), spread, chi2 = linear.solve(np.stack([np.ones_like(x), x, x**2], axis=1), piece.intensity, 1 / piece.error)
        if c < 0 and abs(b / (2 * c)) < 0.5:
            slope = np.array([0, -1 / (2 * c), b / (2 * c**2)])
            scale = max(1.0 if piece.stated else 0.0, chi2 / max(len(piece) - 3, 1))
            q, error, shape = q0 - width * b / (2 * c), width * math.sqrt(scale * float(slope @ spread @ slope)), "parabola"
    if height <= 0 or (bare and height < NARROW_SIGNIFICANT * float(part.error[at])):
        return None
    return Peak(float(q), float(error), max(width, step), math.nan, height, float(part.error[at]), base, shape, False)


def _half_width(q: np.ndarray, value: np.ndarray, at: int, first: int, last: int, *, shoulder: bool) -> float:
    """A first guess of the full width at half height, from the valleys on both sides."""
    base = min(max(value[first], value[last]), 0.9 * value[at]) if not shoulder else 0.7 * value[at]
    half = (value[at] + base) / 2
    below = np.flatnonzero(value[: at + 1] < half)
    beyond = np.flatnonzero(value[at:] < half)
    sides = [q[at] - q[below[-1]] if len(below) else None, q[at + beyond[0]] - q[at] if len(beyond) else None]
    known = [float(side) for side in sides if side is not None]
    width = 2 * min(known) if known else 0.2 * float(q[at])
    return max(width, 2 * float(q[min(at + 1, len(q) - 1)] - q[max(at - 1, 0)]) / 2)


def _shape_fit(piece: Scattered, q0: float, width: float, name: str) -> tuple[float, Peak] | None:
    q, top = piece.q, float(piece.intensity.max())
    base = max(float(min(piece.intensity[0], piece.intensity[-1])), 1e-3 * top)

    def parts(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        a, b, h, place, w = at
        x = (q - place) / w
        bell = np.exp(-4 * math.log(2) * x**2) if name == "gauss" else 1 / (1 + 4 * x**2)
        return top * np.exp(a - b * np.log(q / q0)), top * h * bell

    if len(q) < 6:
        return None

    def misfit(at: np.ndarray) -> np.ndarray:
        base_line, bell = parts(at)
        return np.asarray((base_line + bell - piece.intensity) / piece.error)

    found = optimize.least_squares(
        misfit,
        np.array([math.log(base / top), 0.0, max(1 - base / top, 0.05), q0, width]),
        bounds=([-14, -12, 0, q[0], width / 10], [3, 12, 10, q[-1], 6 * width]),
        x_scale=[0.3, 1, 0.3, width / 3, width / 3],
        max_nfev=40,
    )
    chi2, free = 2 * float(found.cost), max(len(q) - 5, 1)
    spread = linear.covariance(np.asarray(found.jac)) * max(1.0 if piece.stated else 0.0, chi2 / free)
    sd = np.sqrt(np.maximum(np.diag(spread), 0))
    a, _, h, place, w = found.x
    if not (sd[2] > 0 and sd[3] > 0) or sd[3] > w or w < 2.5 * float(np.interp(place, q, np.gradient(q))):
        return None
    peak = Peak(
        float(place), float(sd[3]), float(w), float(sd[4]), float(top * h), float(top * sd[2]),
        float(top * math.exp(a - found.x[1] * math.log(place / q0))), name, False,
    )  # fmt: skip
    return chi2, peak
