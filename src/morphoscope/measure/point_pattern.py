r"""
How particles lie to each other: pair correlation, Ripley's function, nearest neighbours, fluctuations of the count.

Points :math:`\mathbf x_i` in a window W of area A, which may have excluded parts. Pairs are weighted for the
partners that the window hides (translation correction [1]_):

.. math::

    g(r) = \frac{A^2}{n (n-1)} \sum_{i \ne j} \frac{\mathbf 1\{r_{ij} \in [r, r + \Delta)\}}
           {2 \pi r \Delta\; \gamma_W(\mathbf x_i - \mathbf x_j)}, \qquad
    K(r) = \frac{A^2}{n (n-1)} \sum_{i \ne j} \frac{\mathbf 1\{r_{ij} \le r\}}{\gamma_W(\mathbf x_i - \mathbf x_j)},
    \qquad L = \sqrt{K / \pi}

with :math:`\gamma_W(\mathbf d) = |W \cap (W + \mathbf d)|`. Points without order have g = 1 and L = r.

The ratio of Clark and Evans is the mean distance to the nearest neighbour over
:math:`\frac12 \sqrt{A/n} + (0.0514 + 0.041/\sqrt n)\, P/n`, what points without order have in a window of
perimeter P [2]_: below 1 they cluster, above 1 they avoid each other.

The variance of a count in a large window, over that of points without order, is the structure factor at
vanishing wave vector. It is estimated as the mean over the longest waves that fit the window [3]_,

.. math:: S = \langle | \sum_i w_i e^{\mathrm i \mathbf q \mathbf x_i}
              - \frac{\sum w_i}{A} \hat W(\mathbf q) |^2 \rangle_{\mathbf q} \,/\, \sum_i w_i^2

Lengths have one unit throughout, that of the points.

References
----------
.. [1] J. Ohser, D. Stoyan, Biom. J. 23, 523 (1981), doi 10.1002/bimj.4710230602.
.. [2] K. P. Donnelly, in I. Hodder (ed.), Simulation Studies in Archaeology (1978), p. 91.
.. [3] D. Hawat et al., Stat. Comput. 33, 61 (2023), doi 10.1007/s11222-023-10219-1.

Checked against: points without order, on lattices and in pairs, with and without excluded parts, in
tests/measure/test_point_pattern.py.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import fft, interpolate, spatial

from ..errors import InputError

FEWEST = 10
COARSE = 256
"""Longest side, in pixels, of the window as its overlap with itself is computed."""
WAVES = 5
"""At most so many waves across the window; fewer where there are few points."""


def pair_functions(
    points: np.ndarray, valid: np.ndarray, *, pixel: tuple[float, float], r: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pair correlation in the bins between the ``r``, and L at their upper ends. ``points`` are (y, x); ``valid`` is W."""
    n = len(points)
    if n < FEWEST:
        raise InputError(f"{n} points are too few for a pair correlation; {FEWEST} are the least")
    pairs = spatial.KDTree(points).query_pairs(float(r[-1]), output_type="ndarray")
    apart = points[pairs[:, 0]] - points[pairs[:, 1]]
    area = float(valid.sum()) * pixel[0] * pixel[1]
    shared = np.maximum(overlap(valid, pixel=pixel)(np.abs(apart)), 0.02 * area)
    weight = 2 * area**2 / (n * (n - 1)) / shared
    total, _ = np.histogram(np.hypot(*apart.T), bins=r, weights=weight)
    ring = math.pi * (r[1:] ** 2 - r[:-1] ** 2)
    near = weight[np.hypot(*apart.T) < r[0]].sum()
    return total / ring, np.sqrt((near + np.cumsum(total)) / math.pi)


def overlap(valid: np.ndarray, *, pixel: tuple[float, float]) -> interpolate.RegularGridInterpolator:
    """Area that a window shares with itself, moved by (dy, dx); both signs of dx are averaged."""
    step = max(1, math.ceil(max(valid.shape) / COARSE))
    pad = [(0, -n % step) for n in valid.shape]
    blocks = np.pad(valid.astype(float), pad)
    coarse = blocks.reshape(blocks.shape[0] // step, step, blocks.shape[1] // step, step).mean(axis=(1, 3))
    size = [2 * n for n in coarse.shape]
    shared = fft.irfft2(np.abs(fft.rfft2(coarse, s=size)) ** 2, s=size)
    down, across = coarse.shape
    right = shared[:down, :across]
    left = np.roll(shared[:, ::-1], 1, axis=1)[:down, :across]
    grid = tuple(np.arange(n) * step * p for n, p in zip(coarse.shape, pixel, strict=True))
    return interpolate.RegularGridInterpolator(
        grid, (right + left) / 2 * step**2 * pixel[0] * pixel[1], bounds_error=False, fill_value=0.0
    )


def clark_evans(points: np.ndarray, *, area: float, perimeter: float) -> float | None:
    """Mean distance to the nearest neighbour over that of points without order; None for fewer than two."""
    n = len(points)
    if n < 2:
        return None
    nearest = np.asarray(spatial.KDTree(points).query(points, k=2)[0])[:, 1].mean()
    return float(nearest / (0.5 * math.sqrt(area / n) + (0.0514 + 0.041 / math.sqrt(n)) * perimeter / n))


def dispersion(points: np.ndarray, valid: np.ndarray, *, weights: np.ndarray | None = None) -> tuple[float, int]:
    """
    Variance of the count over that of points without order, and the number of waves it rests on.

    ``points`` (row, column) are in pixels of ``valid``. With too few points for any wave it is 1.
    """
    n = len(points)
    most = min(WAVES, int(math.sqrt(n) / 2.5))
    if most < 1:
        return 1.0, 0
    w = np.ones(n) if weights is None else weights
    height, width = valid.shape
    power = []
    for j in range(most + 1):
        for k in range(-most if j else 1, most + 1):
            if j * j + k * k <= most * most:
                q = 2 * math.pi * np.array([j / height, k / width])
                down, across = np.exp(1j * q[0] * np.arange(height)), np.exp(1j * q[1] * np.arange(width))
                of_window = 0.0 if valid.all() else complex(down @ valid @ across)
                wave = np.sum(w * np.exp(1j * points @ q)) - w.sum() / valid.sum() * of_window
                power.append(abs(wave) ** 2)
    return float(np.mean(power) / (w**2).sum()), len(power)
