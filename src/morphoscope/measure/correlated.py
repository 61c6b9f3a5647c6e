r"""
How far the mean of a correlated field may be off: the field of a phase, of its faces, of its triple lines.

.. math:: \mathrm{var}(\bar f) = \frac{1}{N^2} \sum_{\mathbf r} n(\mathbf r)\, C(\mathbf r),
          \qquad C(\mathbf r) = \langle f(\mathbf x)\, f(\mathbf x + \mathbf r) \rangle - \bar f^2

with n(r) the number of voxel pairs [1]_. The sum runs to the first zero of the radial C, and the mean's own
variance, which lowers C everywhere, is put back. Large images are summed over blocks first, which keeps the
mean's variance. Dimensionless, or squared units of the field.

References
----------
.. [1] B. Lu, S. Torquato, J. Chem. Phys. 93, 3452 (1990), doi 10.1063/1.458827.

Checked against: uncorrelated pixels, and how often intervals hold the truth for random fields, in
tests/measure/test_phases.py.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from scipy import fft

COARSEST = {2: 512, 3: 96}
"""Longest side on which correlations are computed."""


def block_side(shape: tuple[int, ...]) -> int:
    """Side of the blocks that bring an image down to the longest side."""
    return max(1, math.ceil(max(shape) / COARSEST[len(shape)]))


def voxels_counted(shape: tuple[int, ...], mask: np.ndarray | None, step: int) -> np.ndarray:
    """Voxels that count in each block."""
    if mask is not None:
        return binned(mask, step)
    sides = (np.diff(np.append(np.arange(0, n, step), n)).astype(float) for n in shape)
    return np.asarray(functools.reduce(np.multiply.outer, sides))


def block_of(flat: np.ndarray, shape: tuple[int, ...], whole_shape: tuple[int, ...], step: int) -> np.ndarray:
    """The block of each flat index into ``shape``, as a flat index into the blocks of ``whole_shape``."""
    counts = [-(-n // step) for n in whole_shape]
    places = (place // step for place in np.unravel_index(flat, shape))
    cell = np.zeros(len(flat), np.int64)
    for place, count in zip(places, counts, strict=True):
        cell = cell * count + place
    return cell


def binned(field: np.ndarray, step: int) -> np.ndarray:
    """Sums over blocks of ``step`` pixels a side; the last ones may be narrower."""
    out = field.astype(float)
    for axis in range(field.ndim):
        out = np.add.reduceat(out, np.arange(0, field.shape[axis], step), axis=axis)
    return out


def variance_of_mean(deviation: np.ndarray, weight: np.ndarray) -> float:
    """Variance of sum(deviation) / sum(weight) from the correlations up to the first zero of their radial mean."""
    shape = [fft.next_fast_len(2 * n - 1, real=True) for n in deviation.shape]
    power = [np.abs(fft.rfftn(a, shape)) ** 2 for a in (deviation, weight)]
    covariance, pairs = (np.asarray(fft.irfftn(p, shape)) for p in power)
    lags = [np.abs(fft.fftfreq(n, 1 / n)) for n in shape]
    radius = np.sqrt(sum(np.square(lag).reshape([-1 if i == k else 1 for i in range(len(shape))]) for k, lag in enumerate(lags)))
    ring = np.rint(radius).astype(int)
    known = pairs > 0.5
    sums = np.bincount(ring[known], weights=covariance[known])
    negative = np.flatnonzero(sums <= 0)
    reach = int(negative[0]) if len(negative) else len(sums)
    near = known & (ring < min(reach, min(deviation.shape) // 2 + 1))
    total = float(weight.sum()) ** 2
    lost = min(float(pairs[near].sum()) / total, 0.9)
    return max(0.0, float(covariance[near].sum()) / total) / (1 - lost)
