r"""
The beam centre of a pattern that does not say where it is, from the symmetry :math:`I(-\mathbf q) = I(\mathbf q)`.

The point :math:`\mathbf c` maximises the correlation of the logarithm of the intensity with its image turned by half
a turn about it, :math:`\rho(\mathbf c) = \mathrm{corr}(\ln I(\mathbf x), \ln I(2 \mathbf c - \mathbf x))`, over the pixels that
count on both sides: first on a coarse grid for all centres at once (the masked correlation of [1]_), then refined below the
pixel with interpolation. Friedel's symmetry holds at small angles whatever the sample; a flat or one-sided
pattern shows no centre, and then none is given.

References
----------
.. [1] D. Padfield, IEEE Trans. Image Process. 21, 2706 (2012), doi 10.1109/TIP.2011.2181402.

Checked against: made patterns of known centre with beam stop and noise, in tests/validation/test_azimuthal.py.
"""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage, optimize

from ...core import Pattern

COARSE_PX = 128
FINE_PX = 512
SAMPLES = 30_000
SIMPLEX = np.array([[0, 0], [0.7, 0], [0, 0.7]])
LEAST_CORRELATION = 0.75
LEAST_OVERLAP = 0.3


def find(pattern: Pattern) -> tuple[tuple[float, float], float] | None:
    """(row, column) of the centre and the correlation there, or None where no centre is convincing."""
    level, valid = _level(pattern)
    if not valid.any() or float(np.ptp(level[valid])) == 0:
        return None
    shrink = max(1, max(level.shape) // COARSE_PX)
    coarse = _coarse(*_shrunk(level, valid, shrink))
    if coarse is None:
        return None
    fine = max(1, max(level.shape) // FINE_PX)
    small, counted = _shrunk(level, valid, fine)
    scale = shrink / fine
    start = np.array([(at + 0.5) * scale - 0.5 for at in coarse])

    def misfit(at: np.ndarray) -> float:
        return -_turned(small, counted, at)

    at, lowest, *_ = optimize.fmin(
        misfit, start.tolist(), initial_simplex=(start + scale * SIMPLEX).tolist(),
        xtol=0.005, ftol=1e-9, disp=False, full_output=True,
    )  # fmt: skip
    alike = -float(lowest)
    if alike < LEAST_CORRELATION:
        return None
    row, column = ((float(x) + 0.5) * fine - 0.5 for x in at)
    return (row, column), alike


def _level(pattern: Pattern) -> tuple[np.ndarray, np.ndarray]:
    """Logarithm of the intensity, smoothed where it counts; the plain values where they are logarithms already."""
    valid = pattern.valid
    shown = np.where(valid, pattern.intensity, 0.0)
    if (shown[valid] > 0).mean() > 0.5:
        floor = float(np.quantile(shown[valid & (shown > 0)], 0.05)) if (shown > 0).any() else 1.0
        shown = np.log(np.maximum(shown, floor))
    sigma = max(1.0, max(shown.shape) / 200)
    weight = ndimage.gaussian_filter(valid.astype(np.float64), sigma)
    smooth = ndimage.gaussian_filter(np.where(valid, shown, 0.0), sigma) / np.maximum(weight, 1e-9)
    return np.where(valid, smooth, 0.0), valid


def _shrunk(level: np.ndarray, valid: np.ndarray, by: int) -> tuple[np.ndarray, np.ndarray]:
    """Means over blocks of ``by`` x ``by`` pixels, of those that count."""
    if by == 1:
        return level, valid
    rows, columns = (n // by for n in level.shape)
    blocks = [np.asarray(a, float)[: rows * by, : columns * by].reshape(rows, by, columns, by) for a in (level * valid, valid)]
    total, number = (block.sum(axis=(1, 3)) for block in blocks)
    return total / np.maximum(number, 1), number > by * by / 2


def _coarse(level: np.ndarray, valid: np.ndarray) -> tuple[float, float] | None:
    """The best centre on a grid of half pixels, of those under which enough pixels meet a partner."""
    shape = [fft.next_fast_len(2 * n - 1, real=True) for n in level.shape]
    weight = valid.astype(np.float64)
    centred = np.where(valid, level - level[valid].mean(), 0.0)
    one, first, second = (fft.rfft2(a, shape) for a in (weight, centred, centred**2))

    def pairs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(fft.irfft2(a * b, shape))[: 2 * level.shape[0] - 1, : 2 * level.shape[1] - 1]

    number = np.maximum(pairs(one, one), 1.0)
    mean, square = pairs(one, first) / number, pairs(one, second) / number
    variance = square - mean**2
    score = (pairs(first, first) / number - mean**2) / np.maximum(variance, 1e-12 + 1e-3 * float(centred.var()))
    score[number < LEAST_OVERLAP * valid.sum()] = -1
    best = np.unravel_index(int(np.argmax(score * np.sqrt(number / number.max()))), score.shape)
    if score[best] < LEAST_CORRELATION / 2:
        return None
    return best[0] / 2, best[1] / 2


def _turned(level: np.ndarray, valid: np.ndarray, centre: np.ndarray) -> float:
    """Correlation of ``level`` with itself turned by half a turn about ``centre``."""
    rows, columns = (axis[:: max(1, int(valid.sum()) // SAMPLES)] for axis in np.nonzero(valid))
    other = np.array([2 * centre[0] - rows, 2 * centre[1] - columns])
    counted = ndimage.map_coordinates(valid.astype(np.float32), other, order=1, mode="constant") > 0.999
    if counted.sum() < max(LEAST_OVERLAP * len(rows), 3):
        return -1.0
    here = level[rows[counted], columns[counted]]
    there = ndimage.map_coordinates(level, other[:, counted], order=1, mode="nearest")
    here, there = here - here.mean(), there - there.mean()
    norm = float(np.sqrt((here**2).sum() * (there**2).sum()))
    return float((here * there).sum()) / norm if norm > 0 else -1.0
