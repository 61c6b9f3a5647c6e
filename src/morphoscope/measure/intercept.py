r"""
Mean lineal intercept of grains, and the ASTM grain size number.

.. math:: \bar\ell = \frac{L}{N}, \qquad G = -6.643856 \log_{10}(\bar\ell / \mathrm{mm}) - 3.288

Test lines of total length ``L`` are laid over a map of grains and the ``N`` boundaries they cross are counted
[1]_: parallel ``lines`` at several angles (Heyn), in a volume along its axes, and ``circles`` (Hilliard, Abrams),
which have no preferred direction. A boundary is where the label changes from one grain to another; boundary pixels that carry the
label 0 belong to no grain and are one crossing, half way, however wide. ``segments`` gives the length of each
whole grain along the lines, cut ones at the ends left out; its plain mean is smaller than L/N by what is cut.
The interval comes from redrawing blocks of the image with the pieces of line in them (bootstrap.py), so that a
grain met by several lines counts as one.

References
----------
.. [1] ASTM E112-13, Standard Test Methods for Determining Average Grain Size, doi 10.1520/E0112-13.

Checked against: bands and grids of known width, Poisson-Voronoi grains, whose mean intercept is known, and the
published intercepts of an etched steel, in tests/validation/test_intercept.py.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import BadParameter, InputError
from . import bootstrap
from .pairs import unit_pixel


@dataclass(frozen=True, eq=False)
class Intercepts:
    """
    Total ``length`` of test lines, ``crossings``, and ``segments``: the whole grains along them.

    ``mean`` is length over crossings, ``interval`` its 95 % interval where asked for, from ``blocks`` blocks.
    """

    length: float
    crossings: int
    segments: np.ndarray
    interval: tuple[float, float] | None = None
    blocks: int = 0

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
    angles_deg: Sequence[float] | None = None,
    pixel: tuple[float, ...] | None = None,
    mask: np.ndarray | None = None,
    rng: np.random.Generator | None = None,
    draws: int = 400,
) -> Intercepts:
    """
    Intercepts of ``grains`` (labels, 0 is boundary) along parallel lines, with ``rng`` also the interval of their mean.

    In a plane the lines run at each angle from the row direction (0, 45, 90 and 135 by default), in a volume along its axes.
    """
    if not spacing_px > 0:
        raise BadParameter(f"spacing_px={spacing_px:g} must be above 0")
    if grains.ndim == 3:
        if angles_deg is not None:
            raise BadParameter("angles are those of a plane; in a volume test lines run along its axes")
        paths = list(_along_axes(grains.shape, spacing_px))
    else:
        angles = (0.0, 45.0, 90.0, 135.0) if angles_deg is None else angles_deg
        paths = [path for angle in angles for path in _at_an_angle(grains.shape, spacing_px, angle)]
    return _counted(grains, paths, pixel, mask, rng, draws)


def _at_an_angle(shape: tuple[int, ...], spacing_px: float, angle_deg: float) -> Iterator[np.ndarray]:
    """Points half a pixel apart on parallel lines across a plane."""
    height, width = (n - 1 for n in shape)
    way = np.array([-math.sin(math.radians(angle_deg)), math.cos(math.radians(angle_deg))])
    normal, centre = np.array([way[1], -way[0]]), np.array([height / 2, width / 2])
    half = math.hypot(height, width) / 2
    along = np.arange(-half, half + 0.25, 0.5)
    for offset in np.arange(-half + spacing_px / 2, half, spacing_px):
        points = centre + offset * normal + along[:, None] * way
        inside = ((points >= 0) & (points <= [height, width])).all(axis=1)
        if inside.sum() > 1:
            yield points[inside]


def _along_axes(shape: tuple[int, ...], spacing_px: float) -> Iterator[np.ndarray]:
    """Voxels of lines along each axis of a volume."""
    starts = [np.arange(int(min(spacing_px, n) / 2), n, max(1, round(spacing_px))) for n in shape]
    for axis, n in enumerate(shape):
        for site in itertools.product(*([0] if other == axis else starts[other] for other in range(3))):
            points = np.tile(np.array(site, float), (n, 1))
            points[:, axis] = np.arange(n)
            yield points


def along_circles(
    grains: np.ndarray,
    *,
    radii_px: Sequence[float] | None = None,
    pixel: tuple[float, ...] | None = None,
    mask: np.ndarray | None = None,
    rng: np.random.Generator | None = None,
    draws: int = 400,
) -> Intercepts:
    """Intercepts of ``grains`` along concentric circles (ASTM E112 three-circle procedure; radii 3 : 2 : 1 by default)."""
    if grains.ndim != 2:
        raise InputError("test circles are laid over a plane; take a section of the volume")
    centre = [(n - 1) / 2 for n in grains.shape]
    largest = 0.95 * min(centre)
    paths = []
    for radius in radii_px if radii_px is not None else (largest, largest * 2 / 3, largest / 3):
        if not 0 < radius <= min(centre):
            raise BadParameter(f"a circle of radius {radius:g} px does not fit into an image of {grains.shape}")
        angle = np.linspace(0, 2 * math.pi, max(16, math.ceil(4 * math.pi * radius)) + 1)
        paths.append(np.stack([centre[0] + radius * np.sin(angle), centre[1] + radius * np.cos(angle)], axis=1))
    return _counted(grains, paths, pixel, mask, rng, draws)


def _counted(
    grains: np.ndarray,
    paths: Sequence[np.ndarray],
    pixel: tuple[float, ...] | None,
    mask: np.ndarray | None,
    rng: np.random.Generator | None,
    draws: int,
) -> Intercepts:
    pixel = unit_pixel(grains.ndim, pixel)
    if grains.ndim not in (2, 3) or grains.dtype.kind not in "iub":
        raise InputError(f"grains are a plane or volume of whole numbers, not {grains.dtype} of shape {grains.shape}")
    if mask is not None and mask.shape != grains.shape:
        raise InputError(f"mask of {mask.shape} on grains of {grains.shape}")
    segments, lengths, sites, crossed = [], [], [], []
    for points in paths:
        points, at = _path(points)
        labels = _settled(grains[at].astype(np.int64))
        used = np.ones(len(labels), bool) if mask is None else mask[at]
        step = np.linalg.norm(np.diff(points * np.array(pixel), axis=0), axis=1) * (used[1:] & used[:-1])
        place = np.concatenate([[0.0], np.cumsum(step)])
        site = np.ravel_multi_index(at, grains.shape)
        lengths.append(step)
        sites.append(site[:-1])
        for left, right in _cuts(labels, used):
            segments.append(np.diff((place[left] + place[right]) / 2))
            crossed.append(site[left])
    length, site, crossing = (np.concatenate(parts) if parts else np.empty(0, int) for parts in (lengths, sites, crossed))
    total = len(crossing)
    if total == 0:
        raise InputError("the test lines cross no grain boundary; take longer lines or check the labels")
    found = Intercepts(float(length.sum()), total, np.concatenate(segments))
    if rng is None:
        return found
    tiling, _ = bootstrap.blocks(grains.shape, length_px=found.mean / min(pixel))
    owner = np.empty(grains.shape, int)
    for number, part in enumerate(tiling):
        owner[part] = number
    block = owner.ravel()
    hits = np.bincount(block[crossing], minlength=len(tiling)).astype(float)
    along = np.bincount(block[site], length, len(tiling))
    rates, count = bootstrap.ratios(hits[:, None], along[:, None], rng=rng, draws=draws)
    low, high = bootstrap.positive_interval(rates[:, 0], 1 / found.mean, count=count)
    return replace(found, interval=(1 / high, 1 / low if low > 0 else math.inf), blocks=count)


def _path(points: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """
    The points of a line that stand for its pixels, and these pixels, none of them reached round a corner.

    Round corners, a slanting boundary would be crossed again and again.
    """
    at = np.rint(points).astype(int)
    new = np.append(True, np.diff(at, axis=0).any(axis=1))
    points, at = points[new], at[new]
    around = np.abs(at[2:] - at[:-2])
    corner = np.zeros(len(at), bool)
    corner[1:-1] = (around.max(axis=1) == 1) & (around.sum(axis=1) > 1)
    number = np.arange(len(at))
    since = number - np.maximum.accumulate(np.where(corner, 0, number))
    kept = ~(corner & (since % 2 == 1))  # of corners in a row every other one
    return points[kept], tuple(at[kept].T)


def _settled(labels: np.ndarray) -> np.ndarray:
    """A single pixel of another grain between two of one grain is the unevenness of the path, and taken for that grain."""
    found = labels.copy()
    alone = (labels[:-2] == labels[2:]) & (labels[:-2] > 0) & (labels[1:-1] > 0)
    found[1:-1][alone] = labels[:-2][alone]
    return found


def _cuts(labels: np.ndarray, used: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The points before and after each boundary that one line crosses, for each stretch of it that the mask leaves."""
    ends = np.flatnonzero(np.diff(np.concatenate([[0], used.astype(np.int8), [0]])))
    for start, stop in zip(ends[::2], ends[1::2], strict=True):
        grain = np.flatnonzero(labels[start:stop] > 0) + start
        change = labels[grain[1:]] != labels[grain[:-1]]
        gap = grain[1:] - grain[:-1] > 1  # a grain met again behind a boundary is crossed too
        turn = change | gap
        yield grain[:-1][turn], grain[1:][turn]
