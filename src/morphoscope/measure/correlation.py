r"""
Two-point correlation of one phase: the chance that both ends of a thrown needle land in it.

.. math:: S_2(r) = \langle I(\mathbf x)\, I(\mathbf x + \mathbf r) \rangle_{|\mathbf r| = r}, \qquad
          S_2(0) = \phi, \qquad S_2(\infty) = \phi^2, \qquad S_2'(0) = -s / \pi

``I`` is 1 inside the phase, ``phi`` its area fraction and ``s`` the length of interface per area of a
plane section [1]_ [2]_ (in three dimensions the last relation reads -s/4). Pairs are counted exactly: a
displacement is divided by the number of pixel pairs that have both ends inside the image and its mask,
found by zero-padded Fourier transforms and rounded to whole numbers. Lengths are in the unit of the
``pixel`` given, (y, x) or (z, y, x); bins are one (smallest) pixel wide, and their radius is the mean over
their pairs. ``two_point`` averages over all directions, ``directional`` over a cone, ``correlation_map``
over none; ``cross_correlation`` puts the two ends in two phases.

The interface is counted as crossings along the shortest displacements, each weighted by the angle
it stands for (Crofton's formula), so that single noisy pixels count: smooth first.

References
----------
.. [1] P. Debye, H. R. Anderson, H. Brumberger, J. Appl. Phys. 28, 679 (1957), doi 10.1063/1.1722830.
.. [2] S. Torquato, Random Heterogeneous Materials (2002), doi 10.1007/978-1-4757-6355-3.

Checked against: pair counting by brute force and closed forms for checkerboards, lamellae, discs,
overlapping discs, uncorrelated pixels and Debye random media, in tests/validation/test_correlation.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import BadParameter, InputError
from . import bootstrap, surface
from .bootstrap import Block
from .pairs import available, check_phase, correlate, reach, shifts, unit_pixel, whole


@dataclass(frozen=True, eq=False)
class Radial:
    """A probability at each radius ``r``, as ``hits`` of ``pairs``."""

    r: np.ndarray
    hits: np.ndarray
    pairs: np.ndarray

    @property
    def value(self) -> np.ndarray:
        """The probability at each radius."""
        return np.asarray(self.hits / self.pairs)


@dataclass(frozen=True, eq=False)
class TwoPoint:
    """
    Counts from which the statistics follow; sums of two are those of both areas.

    Columns of ``hits`` and ``pairs`` are the radial bins ``r``. ``mixed`` and ``near`` count the pairs
    with one end in the phase, and all pairs, along the shortest displacements (4, in a volume 13).
    """

    r: np.ndarray
    hits: np.ndarray
    pairs: np.ndarray
    mixed: np.ndarray
    near: np.ndarray
    pixel: tuple[float, ...] = (1.0, 1.0)

    @property
    def s2(self) -> np.ndarray:
        """S2 at each radius."""
        return np.asarray(self.hits / self.pairs)

    @property
    def area_fraction(self) -> float:
        """Share of the counted pixels (in a volume: of the voxels) that belong to the phase."""
        return float(self.hits[0] / self.pairs[0])

    @property
    def correlation_length(self) -> float:
        """Where (S2 - phi^2) / (phi - phi^2) first falls to 1/e; NaN when it does not within r."""
        return float(_decay_lengths(self.r, self.s2[None])[0])

    @property
    def interface_per_area(self) -> float:
        """Length of interface per area, -pi S2'(0); in a volume the area per volume, -4 S2'(0)."""
        return float(self.mixed / np.maximum(self.near, 1) @ surface.crofton_weights(self.pixel))

    def without_empty_bins(self) -> TwoPoint:
        """The same without radii at which no pair was found."""
        kept = self.pairs > 0
        return replace(self, r=self.r[kept], hits=self.hits[kept], pairs=self.pairs[kept])


def two_point(
    phase: np.ndarray,
    *,
    r_max: float,
    mask: np.ndarray | None = None,
    pixel: tuple[float, ...] | None = None,
    periodic: bool = False,
) -> TwoPoint:
    """Two-point statistics of ``phase`` up to ``r_max``, of the pixels where ``mask`` is True."""
    counter = PairCounter(phase, mask, r_max, pixel, periodic)
    return counter.count(whole(phase.shape)).without_empty_bins()


def directional(
    phase: np.ndarray,
    *,
    r_max: float,
    direction: Sequence[float],
    half_angle_deg: float = 10.0,
    mask: np.ndarray | None = None,
    pixel: tuple[float, ...] | None = None,
    periodic: bool = False,
) -> Radial:
    """S2 averaged over displacements within ``half_angle_deg`` of ``direction`` (y, x), both ways along it."""
    counter = PairCounter(phase, mask, r_max, pixel, periodic)
    hits, pairs = counter.displacements(whole(phase.shape))
    return counter.radial(hits, pairs, counter.cone(direction, half_angle_deg))


def cross_correlation(
    first: np.ndarray,
    second: np.ndarray,
    *,
    r_max: float,
    mask: np.ndarray | None = None,
    pixel: tuple[float, ...] | None = None,
    periodic: bool = False,
) -> Radial:
    """Chance that one end of a needle of length r lies in ``first`` and the other in ``second``, over all directions."""
    if first.shape != second.shape:
        raise InputError(f"phases of {first.shape} and {second.shape} are not of one image")
    one, other = (PairCounter(phase, mask, r_max, pixel, periodic) for phase in (first, second))
    block = whole(first.shape)
    there, back = (
        correlate(a.phase, b.phase, lag_px=one.lag, block=block, periodic=periodic) for a, b in ((one, other), (other, one))
    )
    return one.radial((there + back) / 2, one.available(block), np.ones(one.length.shape, bool))


def correlation_map(
    phase: np.ndarray, *, lag_px: tuple[int, ...], mask: np.ndarray | None = None, periodic: bool = False
) -> np.ndarray:
    """
    S2 of every displacement, rows 0 to ``lag_px[0]``, columns -``lag_px[1]`` to ``lag_px[1]``; a volume likewise.

    NaN where no pair of pixels is that far apart.
    """
    counter = PairCounter(phase, mask, float(max(lag_px)), None, periodic, lag_px)
    hits, pairs = counter.displacements(whole(phase.shape))
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(pairs > 0, hits / np.maximum(pairs, 1), np.nan))


@dataclass(frozen=True, eq=False)
class Anisotropy:
    """
    Ellipse or ellipsoid of correlation lengths: ``lengths`` from longest to shortest, ``axes`` as rows.

    A length is infinite where the correlation does not fall to 1/e within the longest distance.
    """

    lengths: np.ndarray
    axes: np.ndarray

    @property
    def ratio(self) -> float:
        """Longest over shortest correlation length; 1 when isotropic."""
        return float(self.lengths[0] / self.lengths[-1])

    @property
    def angle_deg(self) -> float:
        """In a plane: direction of the longest correlation, counter-clockwise from the row direction, 0 to 180."""
        y, x = self.axes[0][-2:]
        return math.degrees(math.atan2(-y, x)) % 180


def anisotropy(
    phase: np.ndarray,
    *,
    r_max: float,
    mask: np.ndarray | None = None,
    pixel: tuple[float, ...] | None = None,
    periodic: bool = False,
) -> Anisotropy:
    r"""
    Anisotropy of the correlation length, from S2 in cones that together cover all directions.

    The decay lengths of 12 (in a volume 13) directions are fitted by :math:`l(\mathbf n)^{-2} = \mathbf n^T A\, \mathbf n`.
    """
    counter = PairCounter(phase, mask, r_max, pixel, periodic)
    if counter.phase.all() or not counter.phase.any():
        raise InputError("only one phase is there, so it has no correlation length")
    if phase.ndim == 2:
        angles = np.arange(12) * math.pi / 12
        ways, half = np.stack([np.sin(angles), np.cos(angles)], axis=1), 7.5
    else:
        ways, half = np.array(surface.steps(3), float), 25.0
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    hits, pairs = counter.displacements(whole(phase.shape))
    cones = [counter.radial(hits, pairs, counter.cone(way, half)) for way in ways]
    fraction = cones[0].value[0]
    lengths = np.array([_decay_lengths(cone.r, np.append(fraction, cone.value[1:])[None])[0] for cone in cones])
    if np.isnan(lengths).all():
        raise InputError("the correlation does not fall to 1/e within the longest distance in any direction; give a larger one")
    inverse = np.where(np.isnan(lengths), 0.0, 1 / np.where(np.isnan(lengths), 1, lengths) ** 2)
    rows, cols = np.triu_indices(phase.ndim)
    terms = ways[:, rows] * ways[:, cols] * np.where(rows == cols, 1, 2)
    tensor = np.zeros((phase.ndim, phase.ndim))
    tensor[rows, cols] = tensor[cols, rows] = np.linalg.lstsq(terms, inverse, rcond=None)[0]
    values, vectors = np.linalg.eigh(tensor)
    with np.errstate(divide="ignore"):
        return Anisotropy(1 / np.sqrt(np.maximum(values, 0)), vectors.T)


@dataclass(frozen=True, eq=False)
class Intervals:
    """95 % intervals (low, high) from a block bootstrap; ``blocks`` is how many blocks were redrawn."""

    s2: tuple[np.ndarray, np.ndarray]
    area_fraction: tuple[float, float]
    correlation_length: tuple[float, float]
    interface_per_area: tuple[float, float]
    blocks: int
    block_px: int


def block_bootstrap(
    phase: np.ndarray,
    *,
    r_max: float,
    rng: np.random.Generator,
    mask: np.ndarray | None = None,
    pixel: tuple[float, ...] | None = None,
    periodic: bool = False,
    draws: int = 400,
) -> Intervals:
    """
    95 % intervals by redrawing square blocks of the image with replacement (measure/bootstrap.py).

    A pair belongs to the block of its first pixel, so the blocks add up to the whole exactly. Blocks are
    at least three correlation lengths wide where the image allows it.
    """
    counter = PairCounter(phase, mask, r_max, pixel, periodic)
    full = counter.count(whole(phase.shape))
    kept = full.pairs > 0
    full = full.without_empty_bins()
    tiling, side = bootstrap.blocks(phase.shape, length_px=full.correlation_length / min(counter.pixel))
    tallies = [tally for tally in map(counter.count, tiling) if tally.pairs[0] > 0]
    count = len(tallies)
    weights = bootstrap.redraw(count, rng=rng, draws=draws)
    hits, pairs = (weights @ np.array([getattr(t, name)[kept] for t in tallies]) for name in ("hits", "pairs"))
    mixed, near = (weights @ np.array([getattr(t, name) for t in tallies]) for name in ("mixed", "near"))
    curves = hits / np.maximum(pairs, 1)
    per_area = (mixed / np.maximum(near, 1)) @ surface.crofton_weights(counter.pixel)
    low, high = bootstrap.interval(curves, full.s2, count=count)
    return Intervals(
        s2=(np.clip(low, 0, 1), np.clip(high, 0, 1)),
        area_fraction=(float(np.clip(low[0], 0, 1)), float(np.clip(high[0], 0, 1))),
        correlation_length=bootstrap.positive_interval(_decay_lengths(full.r, curves), full.correlation_length, count=count),
        interface_per_area=bootstrap.positive_interval(per_area, full.interface_per_area, count=count),
        blocks=count,
        block_px=side,
    )


def _decay_lengths(r: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """First r at which each row's normalised covariance is 1/e, by linear interpolation; NaN without one."""
    fraction = curves[:, :1]
    spread = np.where((fraction > 0) & (fraction < 1), fraction - fraction**2, np.nan)
    above = (curves - fraction**2) / spread - math.exp(-1)
    below = above <= 0
    at = np.argmax(below, axis=1)
    found = below.any(axis=1) & (at > 0)
    rows, right = np.arange(len(curves)), np.maximum(at, 1) if len(r) > 1 else at
    if len(r) < 2:
        return np.full(len(curves), np.nan)
    left = right - 1
    share = above[rows, left] / np.where(found, above[rows, left] - above[rows, right], 1)
    return np.where(found, r[left] + share * (r[right] - r[left]), np.nan)


class PairCounter:
    """Counts pairs of one image; transforms are done for the block and its surroundings only."""

    def __init__(
        self,
        phase: np.ndarray,
        mask: np.ndarray | None,
        r_max: float,
        pixel: tuple[float, ...] | None,
        periodic: bool,
        lag_px: tuple[int, ...] | None = None,
    ) -> None:
        pixel = unit_pixel(phase.ndim, pixel)
        check_phase(phase, mask, pixel)
        if not r_max >= min(pixel):
            raise BadParameter(f"r_max={r_max:g} is shorter than one pixel ({min(pixel):g}); make it longer")
        self.phase = phase if mask is None else phase & mask
        self.mask, self.pixel, self.periodic = mask, pixel, periodic
        furthest = [n // 2 if periodic else n - 1 for n in phase.shape]
        self.lag = reach(phase.shape, r_max=r_max, pixel=pixel, periodic=periodic)
        if lag_px is not None:
            self.lag = tuple(min(far, int(lag)) for far, lag in zip(furthest, lag_px, strict=True))
        self._bin(r_max)

    def _bin(self, r_max: float) -> None:
        """Radial bin of each displacement, its length, and how often half the space stands for it."""
        shift = shifts(self.lag)
        length = np.sqrt(sum((d * p) ** 2 for d, p in zip(shift, self.pixel, strict=True)))
        self.inside = length <= r_max * (1 + 1e-12)
        self.length = length[self.inside]
        self.bin = np.rint(self.length / min(self.pixel)).astype(int)
        self.weight = np.broadcast_to(np.where(shift[0] > 0, 2.0, 1.0), length.shape)[self.inside]
        self.shift = shift

    def count(self, block: Block) -> TwoPoint:
        """Radially binned counts of the pairs that begin in ``block``."""
        hits, pairs = (field[self.inside] * self.weight for field in self.displacements(block))
        bins = int(self.bin.max()) + 1
        total, found, radius = (np.bincount(self.bin, w, bins) for w in (pairs, hits, pairs * self.length))
        mixed, near = surface.mixed_pairs(self.phase, self.mask, block=block, periodic=self.periodic)
        return TwoPoint(radius / np.maximum(total, 1), found, total, mixed, near, self.pixel)

    def cone(self, direction: Sequence[float], half_angle_deg: float) -> np.ndarray:
        """Which displacements within r_max lie near ``direction``; no displacement at all lies near every one."""
        way = np.asarray(direction, float)
        if way.shape != (self.phase.ndim,) or not np.linalg.norm(way) > 0:
            raise BadParameter(f"direction={tuple(direction)} is no direction of an image of {self.phase.ndim} axes")
        parts = zip(self.shift, self.pixel, way / np.linalg.norm(way), strict=True)
        along = np.broadcast_to(sum(d * p * k for d, p, k in parts), self.inside.shape)[self.inside]
        return np.asarray(np.abs(along) >= self.length * math.cos(math.radians(half_angle_deg)) - 1e-12)

    def radial(self, hits: np.ndarray, pairs: np.ndarray, chosen: np.ndarray) -> Radial:
        """Counts of the ``chosen`` displacements by radius."""
        found, total = (field[self.inside][chosen] * self.weight[chosen] for field in (hits, pairs))
        bins, length = self.bin[chosen], self.length[chosen]
        found, total, radius = (np.bincount(bins, w) for w in (found, total, total * length))
        kept = total > 0
        return Radial(radius[kept] / total[kept], found[kept], total[kept])

    def displacements(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """Hits and pairs that begin in ``block``, for every displacement of half the space."""
        hits = correlate(self.phase, self.phase, lag_px=self.lag, block=block, periodic=self.periodic)
        return hits, self.available(block)

    def available(self, block: Block) -> np.ndarray:
        """Pairs of counted pixels that begin in ``block``."""
        if self.mask is None:
            return available(self.phase.shape, lag_px=self.lag, block=block, periodic=self.periodic)
        return correlate(self.mask, self.mask, lag_px=self.lag, block=block, periodic=self.periodic)
