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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError
from . import bootstrap, surface
from .bootstrap import Block
from .pairs import PairCounter, Radial, banded, whole

Tell = Callable[[int, int], None]


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
    return _counts(counter, whole(phase.shape)).without_empty_bins()


def _counts(counter: PairCounter, block: Block) -> TwoPoint:
    """Radially binned counts of the pairs that begin in ``block``."""
    hits, pairs, lengths = _auto(counter, block)
    mixed, near = surface.mixed_pairs(counter.phase, counter.mask, block=block, periodic=counter.periodic)
    return TwoPoint(lengths / np.maximum(pairs, 1), hits, pairs, mixed, near, counter.pixel)


def _auto(counter: PairCounter, block: Block) -> np.ndarray:
    hits = counter.hits(counter.phase, counter.phase, block, folded=True)
    return counter.by_radius(hits, counter.available(block, folded=True))


def length_px(counter: PairCounter) -> float:
    """Correlation length of the counter's phase in pixels, by which blocks for a bootstrap are measured; NaN when unknown."""
    hits, pairs, lengths = _auto(counter, whole(counter.phase.shape))
    kept = pairs > 0
    length = _decay_lengths(lengths[kept] / pairs[kept], (hits[kept] / pairs[kept])[None])[0]
    return float(length) / min(counter.pixel)


def directional(
    phase: np.ndarray,
    *,
    r_max: float,
    direction: Sequence[float],
    half_angle_deg: float = 10.0,
    mask: np.ndarray | None = None,
    pixel: tuple[float, ...] | None = None,
    periodic: bool = False,
    rng: np.random.Generator | None = None,
    draws: int = 400,
    tell: Tell | None = None,
) -> Radial:
    """
    S2 averaged over displacements within ``half_angle_deg`` of ``direction`` (y, x), both ways along it.

    With ``rng`` also its 95 % interval (measure/bootstrap.py).
    """
    counter = PairCounter(phase, mask, r_max, pixel, periodic)
    chosen = counter.cone(direction, half_angle_deg)

    def tally(block: Block) -> np.ndarray:
        hits = counter.hits(counter.phase, counter.phase, block, folded=False)
        return counter.by_radius(hits, counter.available(block, folded=False), chosen)

    scale = math.inf if rng is None else length_px(counter)
    return banded(tally, phase.shape, rng=rng, length_px=scale, draws=draws, tell=tell)


def cross_correlation(
    first: np.ndarray,
    second: np.ndarray,
    *,
    r_max: float,
    mask: np.ndarray | None = None,
    pixel: tuple[float, ...] | None = None,
    periodic: bool = False,
    rng: np.random.Generator | None = None,
    draws: int = 400,
    tell: Tell | None = None,
) -> Radial:
    """
    Chance that one end of a needle of length r lies in ``first`` and the other in ``second``, over all directions.

    With ``rng`` also its 95 % interval (measure/bootstrap.py).
    """
    if first.shape != second.shape:
        raise InputError(f"phases of {first.shape} and {second.shape} are not of one image")
    one, other = (PairCounter(phase, mask, r_max, pixel, periodic) for phase in (first, second))

    def tally(block: Block) -> np.ndarray:
        there, back = (one.hits(*ends, block, folded=True) for ends in ((one.phase, other.phase), (other.phase, one.phase)))
        return one.by_radius((there + back) / 2, one.available(block, folded=True))

    scale = math.inf if rng is None else np.fmax(length_px(one), length_px(other))
    return banded(tally, first.shape, rng=rng, length_px=float(scale), draws=draws, tell=tell)


def correlation_map(
    phase: np.ndarray, *, lag_px: tuple[int, ...], mask: np.ndarray | None = None, periodic: bool = False
) -> np.ndarray:
    """
    S2 of every displacement, rows 0 to ``lag_px[0]``, columns -``lag_px[1]`` to ``lag_px[1]``; a volume likewise.

    NaN where no pair of pixels is that far apart.
    """
    counter = PairCounter(phase, mask, float(max(lag_px)), None, periodic, lag_px)
    hits, pairs = _half(counter)
    return np.asarray(np.where(pairs > 0, hits / np.maximum(pairs, 1), np.nan))


def _half(counter: PairCounter) -> tuple[np.ndarray, np.ndarray]:
    """Hits and pairs for every displacement of half the space."""
    block = whole(counter.phase.shape)
    return counter.hits(counter.phase, counter.phase, block, folded=False), counter.available(block, folded=False)


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
    hits, pairs = _half(counter)
    cones = [counter.by_radius(hits, pairs, counter.cone(way, half)) for way in ways]
    filled = (cone[:, cone[1] > 0] for cone in cones)
    lengths = np.array([_decay_lengths(far / found, (inside / found)[None])[0] for inside, found, far in filled])
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
    tell: Tell | None = None,
) -> Intervals:
    """
    95 % intervals by redrawing square blocks of the image with replacement (measure/bootstrap.py).

    A pair belongs to the block of its first pixel, so the blocks add up to the whole exactly. Blocks are
    at least three correlation lengths wide where the image allows it.
    """
    counter = PairCounter(phase, mask, r_max, pixel, periodic)
    full = _counts(counter, whole(phase.shape))
    kept = full.pairs > 0
    full = full.without_empty_bins()
    tiling, side = bootstrap.blocks(phase.shape, length_px=full.correlation_length / min(counter.pixel))
    tallies = []
    for done, block in enumerate(tiling):
        if tell is not None:
            tell(done, len(tiling))
        tallies.append(_counts(counter, block))
    hits = np.array([np.concatenate([t.hits[kept], t.mixed]) for t in tallies])
    pairs = np.array([np.concatenate([t.pairs[kept], t.near]) for t in tallies])
    drawn, count = bootstrap.ratios(hits, pairs, rng=rng, draws=draws)
    curves, per_area = drawn[:, : len(full.r)], drawn[:, len(full.r) :] @ surface.crofton_weights(counter.pixel)
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
