r"""
Two-point correlation of one phase: the chance that both ends of a thrown needle land in it.

.. math:: S_2(r) = \langle I(\mathbf x)\, I(\mathbf x + \mathbf r) \rangle_{|\mathbf r| = r}, \qquad
          S_2(0) = \phi, \qquad S_2(\infty) = \phi^2, \qquad S_2'(0) = -s / \pi

``I`` is 1 inside the phase, ``phi`` its area fraction and ``s`` the length of interface per area of a
plane section [1]_ [2]_ (in three dimensions the last relation reads -s/4). Pairs are counted exactly: a
displacement is divided by the number of pixel pairs that have both ends inside the image and its mask,
found by zero-padded Fourier transforms and rounded to whole numbers. Lengths are in the unit of the
``pixel`` given, (y, x); bins are one (smaller) pixel wide, and their radius is the mean over their pairs.

The interface is counted as crossings along the four shortest displacements, each weighted by the angle
it stands for (Crofton's formula), so that single noisy pixels count: smooth first.

References
----------
.. [1] P. Debye, H. R. Anderson, H. Brumberger, J. Appl. Phys. 28, 679 (1957), doi 10.1063/1.1722830.
.. [2] S. Torquato, Random Heterogeneous Materials (2002), doi 10.1007/978-1-4757-6355-3.

Checked against: pair counting by brute force and closed forms for checkerboards, lamellae, discs,
overlapping discs, uncorrelated pixels and Debye random media, in tests/validation/test_correlation.py.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import fft, stats

from ..errors import BadParameter, InputError

Block = tuple[slice, slice]

WORKERS = 2


@dataclass(frozen=True, eq=False)
class TwoPoint:
    """
    Counts from which the statistics follow; sums of two are those of both areas.

    Columns of ``hits`` and ``pairs`` are the radial bins ``r``. ``mixed`` and ``near`` count the pairs
    with one end in the phase, and all pairs, along the four shortest displacements.
    """

    r: np.ndarray
    hits: np.ndarray
    pairs: np.ndarray
    mixed: np.ndarray
    near: np.ndarray
    pixel: tuple[float, float] = (1.0, 1.0)

    @property
    def s2(self) -> np.ndarray:
        """S2 at each radius."""
        return np.asarray(self.hits / self.pairs)

    @property
    def area_fraction(self) -> float:
        """Share of the counted pixels that belong to the phase."""
        return float(self.hits[0] / self.pairs[0])

    @property
    def correlation_length(self) -> float:
        """Where (S2 - phi^2) / (phi - phi^2) first falls to 1/e; NaN when it does not within r."""
        return float(_decay_lengths(self.r, self.s2[None])[0])

    @property
    def interface_per_area(self) -> float:
        """Length of interface per area, -pi S2'(0)."""
        return float(self.mixed / np.maximum(self.near, 1) @ _crofton_weights(self.pixel))

    def without_empty_bins(self) -> TwoPoint:
        """The same without radii at which no pair was found."""
        kept = self.pairs > 0
        return replace(self, r=self.r[kept], hits=self.hits[kept], pairs=self.pairs[kept])


def two_point(
    phase: np.ndarray,
    *,
    r_max: float,
    mask: np.ndarray | None = None,
    pixel: tuple[float, float] = (1.0, 1.0),
    periodic: bool = False,
) -> TwoPoint:
    """Two-point statistics of ``phase`` up to ``r_max``, of the pixels where ``mask`` is True."""
    counter = _Counter(phase, mask, r_max, pixel, periodic)
    tally = counter.count(_whole(phase))
    if tally.pairs[0] == 0:
        raise InputError("no pixel is left outside the mask; nothing can be counted")
    return tally.without_empty_bins()


def correlation_map(
    phase: np.ndarray, *, lag_px: tuple[int, int], mask: np.ndarray | None = None, periodic: bool = False
) -> np.ndarray:
    """
    S2 of every displacement, rows 0 to ``lag_px[0]``, columns -``lag_px[1]`` to ``lag_px[1]``.

    NaN where no pair of pixels is that far apart.
    """
    counter = _Counter(phase, mask, float(max(lag_px)), (1.0, 1.0), periodic, lag_px)
    hits, pairs = counter.displacements(_whole(phase))
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(pairs > 0, hits / pairs, np.nan))


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
    pixel: tuple[float, float] = (1.0, 1.0),
    periodic: bool = False,
    draws: int = 400,
) -> Intervals:
    r"""
    95 % intervals by redrawing square blocks of the image with replacement [1]_.

    A pair belongs to the block of its first pixel, so the blocks add up to the whole exactly. Blocks are
    at least three correlation lengths wide where the image allows it. Deviations are widened by Student's
    t for their number.

    References
    ----------
    .. [1] P. Hall, Stochastic Process. Appl. 20, 231 (1985), doi 10.1016/0304-4149(85)90212-1.
    """
    counter = _Counter(phase, mask, r_max, pixel, periodic)
    whole = counter.count(_whole(phase))
    kept = whole.pairs > 0
    whole = whole.without_empty_bins()
    blocks, side = _blocks(phase, whole)
    tallies = [tally for tally in map(counter.count, blocks) if tally.pairs[0] > 0]
    if len(tallies) < 2:
        raise InputError("the image is too small, or too much of it is masked, to be cut into blocks for an interval")
    weights = rng.multinomial(len(tallies), np.full(len(tallies), 1 / len(tallies)), size=draws).astype(float)
    hits, pairs = (weights @ np.array([getattr(t, name)[kept] for t in tallies]) for name in ("hits", "pairs"))
    mixed, near = (weights @ np.array([getattr(t, name) for t in tallies]) for name in ("mixed", "near"))
    curves = hits / np.maximum(pairs, 1)
    surface = (mixed / np.maximum(near, 1)) @ _crofton_weights(pixel)
    lengths = _decay_lengths(whole.r, curves)
    low, high = _widened(curves, whole.s2, len(tallies))
    return Intervals(
        s2=(np.clip(low, 0, 1), np.clip(high, 0, 1)),
        area_fraction=(float(np.clip(low[0], 0, 1)), float(np.clip(high[0], 0, 1))),
        correlation_length=_scalar(_widened(lengths, np.array(whole.correlation_length), len(tallies))),
        interface_per_area=_scalar(_widened(surface, np.array(whole.interface_per_area), len(tallies))),
        blocks=len(tallies),
        block_px=side,
    )


def _widened(sample: np.ndarray, value: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval of ``sample`` about ``value``, stretched for a small ``count`` of blocks."""
    if not np.isfinite(value).all() or np.isfinite(sample).mean() < 0.9:
        return np.full_like(value, np.nan), np.full_like(value, np.nan)
    factor = stats.t.ppf(0.975, count - 1) / stats.norm.ppf(0.975) * math.sqrt(count / (count - 1))
    low, high = np.nanpercentile(sample, [2.5, 97.5], axis=0)
    return np.minimum(value, value + (low - value) * factor), np.maximum(value, value + (high - value) * factor)


def _scalar(interval: tuple[np.ndarray, np.ndarray]) -> tuple[float, float]:
    low, high = float(interval[0]), float(interval[1])
    return (max(0.0, low) if math.isfinite(low) else low), high


def _whole(phase: np.ndarray) -> Block:
    return slice(0, phase.shape[0]), slice(0, phase.shape[1])


def _blocks(phase: np.ndarray, whole: TwoPoint) -> tuple[list[Block], int]:
    """Blocks that tile the image, 3 to 6 to the shorter side, and the side of one in pixels."""
    short = min(phase.shape)
    length = whole.correlation_length
    wanted = 3 * length / min(whole.pixel) if math.isfinite(length) else short
    across = int(np.clip(short // max(wanted, 1), 3, 6))
    side = max(1, short // across)
    edges = [np.linspace(0, n, max(1, round(n / side)) + 1).astype(int) for n in phase.shape]
    rows, cols = ([slice(int(a), int(b)) for a, b in itertools.pairwise(e)] for e in edges)
    return [(row, col) for row in rows for col in cols], side


def _crofton_weights(pixel: tuple[float, float]) -> np.ndarray:
    """What one mixed pair along (0, 1), (1, 0), (1, 1), (1, -1) adds to the interface per area."""
    y, x = pixel
    lean = math.atan2(y, x)
    angles = np.array([lean, math.pi / 2 - lean, math.pi / 4, math.pi / 4])
    return np.asarray(angles / 2 / np.array([x, y, math.hypot(y, x), math.hypot(y, x)]))


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


class _Counter:
    """Counts pairs of one image; transforms are done for the block and its surroundings only."""

    def __init__(
        self,
        phase: np.ndarray,
        mask: np.ndarray | None,
        r_max: float,
        pixel: tuple[float, float],
        periodic: bool,
        lag_px: tuple[int, int] | None = None,
    ) -> None:
        if phase.ndim != 2 or phase.size == 0 or phase.dtype != bool:
            raise InputError(f"a phase is a non-empty plane of true and false, not {phase.dtype} of shape {phase.shape}")
        if mask is not None and mask.shape != phase.shape:
            raise InputError(f"mask of {mask.shape} on a phase of {phase.shape}")
        if not r_max >= min(pixel):
            raise BadParameter(f"r_max={r_max:g} is shorter than one pixel ({min(pixel):g}); make it longer")
        self.phase = phase if mask is None else phase & mask
        self.mask, self.pixel, self.periodic = mask, pixel, periodic
        furthest = [n // 2 if periodic else n - 1 for n in phase.shape]
        reach = lag_px or tuple(math.floor(r_max / p * (1 + 1e-12)) for p in pixel)
        self.lag = tuple(min(far, int(lag)) for far, lag in zip(furthest, reach, strict=True))
        self._bin(r_max)

    def _bin(self, r_max: float) -> None:
        """Number of the radial bin of each displacement, its length, and how often the half plane stands for it."""
        dy, dx = np.arange(self.lag[0] + 1)[:, None], np.arange(-self.lag[1], self.lag[1] + 1)[None, :]
        length = np.hypot(dy * self.pixel[0], dx * self.pixel[1])
        self.inside = length <= r_max * (1 + 1e-12)
        self.length = length[self.inside]
        self.bin = np.rint(self.length / min(self.pixel)).astype(int)
        self.weight = np.broadcast_to(np.where(dy > 0, 2.0, 1.0), length.shape)[self.inside]

    def count(self, block: Block) -> TwoPoint:
        """Radially binned counts of the pairs that begin in ``block``."""
        hits, pairs = (plane[self.inside] * self.weight for plane in self.displacements(block))
        bins = int(self.bin.max()) + 1
        total, found, radius = (np.bincount(self.bin, w, bins) for w in (pairs, hits, pairs * self.length))
        mixed, near = self._mixed(block)
        return TwoPoint(radius / np.maximum(total, 1), found, total, mixed, near, self.pixel)

    def displacements(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """Hits and pairs that begin in ``block``, for every displacement of the half plane."""
        hits = self._correlate(self.phase, block)
        if self.mask is not None:
            return hits, self._correlate(self.mask, block)
        sides = []
        for n, lag, part, both in zip(self.phase.shape, self.lag, block, (False, True), strict=True):
            shift = np.arange(-lag if both else 0, lag + 1)
            inside = np.minimum(part.stop, n - shift) - np.maximum(part.start, -shift)
            sides.append(np.full(len(shift), part.stop - part.start) if self.periodic else np.maximum(inside, 0))
        return hits, np.outer(*sides).astype(float)

    def _correlate(self, field: np.ndarray, block: Block) -> np.ndarray:
        """Number of x in ``block`` with field(x) and field(x + d), exactly."""
        around, lengths = [], []
        for n, lag, part in zip(field.shape, self.lag, block, strict=True):
            first, last = (0, n) if self.periodic else (max(0, part.start - lag), min(n, part.stop + lag))
            around.append(slice(first, last))
            needed = max(last - part.start, part.stop - first) + lag
            lengths.append(n if self.periodic else fft.next_fast_len(needed, real=True))
        start = np.zeros(lengths)
        outer = field[around[0], around[1]]
        start[: outer.shape[0], : outer.shape[1]] = outer
        far = fft.rfft2(start, workers=WORKERS)
        if block != _whole(field):
            start[:] = 0
            rows, cols = (slice(p.start - a.start, p.stop - a.start) for p, a in zip(block, around, strict=True))
            start[rows, cols] = field[block]
            both = far * np.conj(fft.rfft2(start, workers=WORKERS))
        else:
            both = far * np.conj(far)
        found = fft.irfft2(both, s=tuple(lengths), workers=WORKERS)
        rows_at = np.arange(self.lag[0] + 1) % lengths[0]
        cols_at = np.arange(-self.lag[1], self.lag[1] + 1) % lengths[1]
        return np.asarray(np.rint(found[np.ix_(rows_at, cols_at)]))

    def _mixed(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """Mixed pairs and all pairs along (0, 1), (1, 0), (1, 1), (1, -1) that begin in ``block``."""
        mixed, near = np.zeros(4), np.zeros(4)
        height, width = self.phase.shape
        for k, (dy, dx) in enumerate(((0, 1), (1, 0), (1, 1), (1, -1))):
            rows, cols = np.arange(block[0].start, block[0].stop), np.arange(block[1].start, block[1].stop)
            if not self.periodic:
                rows, cols = rows[rows + dy < height], cols[(cols + dx >= 0) & (cols + dx < width)]
            here, there = np.ix_(rows, cols), np.ix_((rows + dy) % height, (cols + dx) % width)
            differ = self.phase[here] != self.phase[there]
            if self.mask is not None:
                counted = self.mask[here] & self.mask[there]
                mixed[k], near[k] = np.count_nonzero(differ & counted), np.count_nonzero(counted)
            else:
                mixed[k], near[k] = np.count_nonzero(differ), differ.size
        return mixed, near
