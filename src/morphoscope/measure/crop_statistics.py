r"""
How a generated picture of a phase differs from a real one: curves, counts, and the distance of whole sets of pictures.

Of each picture (pixels, no scale): S2(r) in bins one pixel wide up to half its side, L(z) along columns and rows
[1]_, the Euler number, the numbers of regions, and six descriptors

.. math:: d = \left( \phi,\; \frac{n_{bright}}{50},\; \frac{n_{dark}}{50},\; 2 t_y,\; 2 t_x,\; \frac{\kappa}{16} \right), \qquad
          \kappa = \frac{\sum_k k^2 P(k)}{\sum_k k P(k)}

with the area fraction, regions joined through edges or corners, the share of neighbours along columns and rows that
differ, and the mean wave number of the power P on rings, in waves per picture from 2 to 0.3 of its side. Two sets differ
by the Frechet distance of Gaussians through them [2]_

.. math:: D = |\mu_1 - \mu_2|^2 + \mathrm{tr}\left( C_1 + C_2 - 2 (C_1 C_2)^{1/2} \right)

References
----------
.. [1] S. Torquato, Random Heterogeneous Materials (2002), doi 10.1007/978-1-4757-6355-3.
.. [2] D. C. Dowson, B. V. Landau, J. Multivar. Anal. 12, 450 (1982), doi 10.1016/0047-259X(82)90077-X.

Checked against: drawn stripes and dots of known numbers, and Gaussians of known distance, in
tests/measure/test_crop_statistics.py.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, fields

import numpy as np
from scipy import fft, ndimage

from ..errors import BadParameter
from . import correlation, lineal_path, minkowski

CORNERS = np.ones((3, 3), bool)


@dataclass(frozen=True, eq=False)
class CropStatistics:
    """Statistics of pictures, one row each; ``lineal`` runs along columns, then along rows."""

    s2: np.ndarray
    lineal: np.ndarray
    euler: np.ndarray
    regions: np.ndarray
    descriptors: np.ndarray

    def shaped(self, *shape: int) -> CropStatistics:
        """The same with the rows laid out in ``shape``."""
        return CropStatistics(*(a.reshape(*shape, *a.shape[1:]) for a in self._arrays()))

    def where(self, rows: np.ndarray) -> CropStatistics:
        """The statistics of ``rows``."""
        return CropStatistics(*(a[rows] for a in self._arrays()))

    def _arrays(self) -> list[np.ndarray]:
        return [getattr(self, f.name) for f in fields(self)]


def crop_statistics(phases: np.ndarray) -> CropStatistics:
    """Statistics of each picture of ``phases`` (count, side, side), true or above one half where bright."""
    if phases.ndim != 3 or phases.shape[1] != phases.shape[2] or phases.shape[1] < 16:
        raise BadParameter(f"pictures are squares of at least 16 pixels one behind the other, not {phases.shape}")
    found = [_of(np.asarray(phase > 0.5)) for phase in phases]
    return CropStatistics(*(np.array(column) for column in zip(*found, strict=True)))


def _of(phase: np.ndarray) -> tuple[np.ndarray, np.ndarray, int, int, np.ndarray]:
    side = len(phase)
    reach = side // 2
    s2 = correlation.two_point(phase, r_max=reach).s2
    paths = [lineal_path.lineal_path(phase, direction=step, z_max=reach - 1).value for step in ((1, 0), (0, 1))]
    bright, dark = (int(ndimage.label(part, CORNERS)[1]) for part in (phase, ~phase))
    changes = [float(np.mean(phase.take(range(1, side), axis) != phase.take(range(side - 1), axis))) for axis in (0, 1)]
    descriptors = np.array([phase.mean(), bright / 50, dark / 50, 2 * changes[0], 2 * changes[1], _wave_number(phase) / 16])
    return s2[:reach], np.concatenate(paths), minkowski.euler_of_the_set(phase), bright, descriptors


def _wave_number(phase: np.ndarray) -> float:
    """Mean number of waves across the picture, by power."""
    k, weight = _weights(phase)
    total = float(weight.sum())
    return float((weight * k).sum()) / total if total > 1e-9 else 0.0


def dominant_period(phases: np.ndarray) -> float:
    """The period in pixels that is strongest in ``phases`` (count, side, side) on the whole: the most frequent one."""
    peaks = [k[int(np.argmax(weight))] for k, weight in map(_weights, phases)]
    return float(phases.shape[-1] / np.median(peaks))


def _weights(phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Waves per picture from 2 to 0.3 of its side, and their number times the mean power of their ring."""
    rings, counts = _rings(len(phase))
    power = np.abs(fft.fft2(phase.astype(np.float32) - phase.mean())) ** 2
    ring = np.bincount(rings, power.ravel(), len(counts)) / counts
    k = np.arange(2, round(0.3 * len(phase)))
    return k, k * ring[k]


@functools.lru_cache(4)
def _rings(side: int) -> tuple[np.ndarray, np.ndarray]:
    waves = np.fft.fftfreq(side) * side
    rings = np.floor(np.hypot(waves[:, None], waves[None])).astype(int).ravel()
    return rings, np.bincount(rings)


def frechet(first: np.ndarray, second: np.ndarray) -> float:
    """Frechet distance of Gaussians through two sets of points (rows)."""
    if min(len(first), len(second)) < 2:
        raise BadParameter("the distance of two sets needs at least two pictures in each")
    gap = first.mean(axis=0) - second.mean(axis=0)
    one, two = (np.atleast_2d(np.cov(points.T)) for points in (first, second))
    root = _root(one)
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ two @ root), 0, None)).sum()
    return float(max(gap @ gap + np.trace(one) + np.trace(two) - 2 * cross, 0.0))


def _root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T)
