r"""
Mean lineal intercept of grains, and the ASTM grain size number.

.. math:: \bar\ell = \frac{L}{N}, \qquad G = -6.643856 \log_{10}(\bar\ell / \mathrm{mm}) - 3.288

Test lines of total length ``L`` are laid over a map of grains and the ``N`` boundaries they cross are counted
[1]_: parallel ``lines`` at several angles (Heyn), and ``circles`` (Hilliard, Abrams), which have no preferred
direction. A boundary is where the label changes from one grain to another; boundary pixels that carry the
label 0 belong to no grain and are one crossing, half way, however wide. ``segments`` gives the length of each
whole grain along the lines, cut ones at the ends left out; its plain mean is smaller than L/N by what is cut.

References
----------
.. [1] ASTM E112-13, Standard Test Methods for Determining Average Grain Size, doi 10.1520/E0112-13.

Checked against: bands and grids of known width, and the published intercepts of an etched steel, in
tests/validation/test_intercept.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..errors import BadParameter, InputError


@dataclass(frozen=True, eq=False)
class Intercepts:
    """
    Total ``length`` of test lines, ``crossings``, and ``segments``: the whole grains along them.

    ``mean`` is length over crossings; its interval comes from the spread between test lines.
    """

    length: float
    crossings: int
    segments: np.ndarray
    interval: tuple[float, float]

    @property
    def mean(self) -> float:
        """Mean lineal intercept, total length over boundaries crossed."""
        return self.length / self.crossings

    @property
    def mean_segment(self) -> float:
        """Plain mean length of the whole grains along the lines; NaN without any."""
        return float(self.segments.mean()) if len(self.segments) else math.nan


def astm_grain_size(mean_intercept_nm: float) -> float:
    """ASTM E112 grain size number G of a mean lineal intercept."""
    if not mean_intercept_nm > 0:
        raise BadParameter(f"a mean intercept is a positive length, not {mean_intercept_nm} nm")
    return -6.643856 * math.log10(mean_intercept_nm * 1e-6) - 3.288


def along_lines(
    grains: np.ndarray,
    *,
    spacing_px: float = 20.0,
    angles_deg: Sequence[float] = (0.0, 45.0, 90.0, 135.0),
    pixel: tuple[float, float] = (1.0, 1.0),
    mask: np.ndarray | None = None,
) -> Intercepts:
    """Intercepts of ``grains`` (labels, 0 is boundary) along parallel lines at each angle from the row direction."""
    if not spacing_px > 0:
        raise BadParameter(f"spacing_px={spacing_px:g} must be above 0")
    height, width = (n - 1 for n in grains.shape)
    paths = []
    for angle in angles_deg:
        way = np.array([-math.sin(math.radians(angle)), math.cos(math.radians(angle))])
        normal, centre = np.array([way[1], -way[0]]), np.array([height / 2, width / 2])
        half = math.hypot(height, width) / 2
        along = np.arange(-half, half + 0.25, 0.5)
        for offset in np.arange(-half + spacing_px / 2, half, spacing_px):
            points = centre + offset * normal + along[:, None] * way
            inside = ((points >= 0) & (points <= [height, width])).all(axis=1)
            if inside.sum() > 1:
                paths.append(points[inside])
    return _counted(grains, paths, pixel, mask)


def along_circles(
    grains: np.ndarray,
    *,
    radii_px: Sequence[float] | None = None,
    pixel: tuple[float, float] = (1.0, 1.0),
    mask: np.ndarray | None = None,
) -> Intercepts:
    """Intercepts of ``grains`` along concentric circles (ASTM E112 three-circle procedure; radii 3 : 2 : 1 by default)."""
    centre = [(n - 1) / 2 for n in grains.shape]
    largest = 0.95 * min(centre)
    paths = []
    for radius in radii_px if radii_px is not None else (largest, largest * 2 / 3, largest / 3):
        if not 0 < radius <= min(centre):
            raise BadParameter(f"a circle of radius {radius:g} px does not fit into an image of {grains.shape}")
        angle = np.linspace(0, 2 * math.pi, max(16, math.ceil(4 * math.pi * radius)) + 1)
        paths.append(np.stack([centre[0] + radius * np.sin(angle), centre[1] + radius * np.cos(angle)], axis=1))
    return _counted(grains, paths, pixel, mask)


def _counted(grains: np.ndarray, paths: list[np.ndarray], pixel: tuple[float, float], mask: np.ndarray | None) -> Intercepts:
    if grains.ndim != 2 or grains.dtype.kind not in "iub":
        raise InputError(f"grains are a plane of whole numbers, not {grains.dtype} of shape {grains.shape}")
    if mask is not None and mask.shape != grains.shape:
        raise InputError(f"mask of {mask.shape} on grains of {grains.shape}")
    lengths, crossings, segments = [], [], []
    for points in paths:
        at = np.rint(points).astype(int)
        labels = grains[at[:, 0], at[:, 1]].astype(np.int64)
        used = np.ones(len(labels), bool) if mask is None else mask[at[:, 0], at[:, 1]]
        step = np.linalg.norm(np.diff(points * np.array(pixel), axis=0), axis=1)
        lengths.append(float(step[used[1:] & used[:-1]].sum()))
        place = np.concatenate([[0.0], np.cumsum(step)])
        cuts = _cuts(labels, used, place)
        crossings.append(sum(len(cut) for cut in cuts))
        segments += [np.diff(cut) for cut in cuts]
    total = sum(crossings)
    if total == 0:
        raise InputError("the test lines cross no grain boundary; take longer lines or check the labels")
    spread = _between_lines(np.array(lengths), np.array(crossings, float))
    return Intercepts(sum(lengths), total, np.concatenate(segments), spread)


def _cuts(labels: np.ndarray, used: np.ndarray, place: np.ndarray) -> list[np.ndarray]:
    """Where one line crosses from grain to grain, for each stretch of it that the mask leaves."""
    found = []
    ends = np.flatnonzero(np.diff(np.concatenate([[0], used.astype(np.int8), [0]])))
    for start, stop in zip(ends[::2], ends[1::2], strict=True):
        grain = np.flatnonzero(labels[start:stop] > 0) + start
        change = labels[grain[1:]] != labels[grain[:-1]]
        gap = grain[1:] - grain[:-1] > 1  # a grain met again behind a boundary is crossed too
        turn = change | gap
        found.append((place[grain[1:][turn]] + place[grain[:-1][turn]]) / 2)
    return found


def _between_lines(lengths: np.ndarray, crossings: np.ndarray) -> tuple[float, float]:
    """95 % interval of the ratio of sums by linearising it; NaN for fewer than two lines."""
    count = len(lengths)
    if count < 2:
        return math.nan, math.nan
    rate = crossings.sum() / lengths.sum()
    error = math.sqrt(count / (count - 1) * np.sum((crossings - rate * lengths) ** 2)) / lengths.sum()
    reach = float(stats.t.ppf(0.975, count - 1)) * error
    return float(1 / (rate + reach)), float(1 / (rate - reach)) if rate > reach else math.inf
