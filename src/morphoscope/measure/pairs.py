"""
Pairs of pixels counted exactly, for every displacement of half the space, in any number of dimensions.

.. math:: H(\\mathbf d) = \\sum_{\\mathbf x \\in B} I(\\mathbf x)\\, J(\\mathbf x + \\mathbf d)

``I`` and ``J`` are fields of 0 and 1 and ``B`` a block of the image. The sums are convolutions, done with
real Fourier transforms [1]_ padded so that nothing wraps (unless the image is periodic), and rounded to the
whole numbers they are. The first component of d runs from 0; the other half follows from exchanging I and J.

References
----------
.. [1] S. Torquato, Random Heterogeneous Materials (2002), section 12.3, doi 10.1007/978-1-4757-6355-3.

Checked against: pair counting by brute force, in tests/validation/test_correlation.py.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from scipy import fft

from ..errors import BadParameter, InputError
from . import bootstrap
from .bootstrap import Block

WORKERS = 2
SINGLE = 2**21  # pixels up to which single precision tells whole numbers apart
CHUNK, COLUMNS = 2**17, 16  # numbers transformed at a time, and at least so many columns


def check_phase(phase: np.ndarray, mask: np.ndarray | None, pixel: tuple[float, ...]) -> None:
    """Refuse what is no phase, a mask of another size, and a pixel of another dimension."""
    if phase.ndim not in (2, 3) or phase.size == 0 or phase.dtype != bool:
        raise InputError(f"a phase is a non-empty plane or volume of true and false, not {phase.dtype} of shape {phase.shape}")
    if mask is not None and mask.shape != phase.shape:
        raise InputError(f"mask of {mask.shape} on a phase of {phase.shape}")
    if mask is not None and not mask.any():
        raise InputError("no pixel is left outside the mask; nothing can be counted")
    if len(pixel) != phase.ndim:
        raise BadParameter(f"{len(pixel)} pixel lengths for an image of {phase.ndim} axes; give one for each axis")


def unit_pixel(ndim: int, pixel: tuple[float, ...] | None) -> tuple[float, ...]:
    """``pixel``, or 1 along each axis."""
    return (1.0,) * ndim if pixel is None else pixel


def whole(shape: tuple[int, ...]) -> Block:
    """The block that is everything."""
    return tuple(slice(0, n) for n in shape)


def reach(shape: tuple[int, ...], *, r_max: float, pixel: tuple[float, ...], periodic: bool) -> tuple[int, ...]:
    """Longest displacement along each axis in pixels; half the image where it is periodic."""
    furthest = [n // 2 if periodic else n - 1 for n in shape]
    return tuple(min(far, math.floor(r_max / p * (1 + 1e-12))) for far, p in zip(furthest, pixel, strict=True))


def shifts(lag_px: tuple[int, ...]) -> list[np.ndarray]:
    """Displacements in pixels along each axis, shaped to broadcast; the first axis from 0."""
    return list(np.ix_(*(np.arange(-lag if axis else 0, lag + 1) for axis, lag in enumerate(lag_px))))


def correlate(
    first: np.ndarray, second: np.ndarray, *, lag_px: tuple[int, ...], block: Block, periodic: bool, folded: bool = False
) -> np.ndarray:
    """
    Number of x in ``block`` with first(x) and second(x + d), for d of half the space.

    ``folded`` adds up displacements that differ in the signs of their components, all but the first. Single
    precision serves as long as every sum is seen to lie near a whole number; else it is done again in double.
    """
    around, windows, lengths = [], [], []
    for axis, (n, lag, part) in enumerate(zip(first.shape, lag_px, block, strict=True)):
        back = lag if axis else 0
        low, high = (0, n) if periodic else (max(0, part.start - back), min(n, part.stop + lag))
        around.append(slice(low, high))
        needed = max(high - part.start + back, part.stop - low + lag)
        lengths.append(n if periodic else fft.next_fast_len(needed, real=True))
        windows.append((part.start - low - back, back + lag + 1))
    far = second[tuple(around)]
    near = None
    if first is not second or block != whole(first.shape):
        before = windows[-1][0] + lag_px[-1]
        near = np.pad(first[block], [(0, 0)] * (first.ndim - 1) + [(before, 0)])
    for number in (np.float32, np.float64) if far.size <= SINGLE else (np.float64,):
        found = _correlated(far, near, lengths, windows, number, folded)
        counts: np.ndarray = np.rint(found)
        if float(np.abs(np.subtract(found, counts, out=found)).max()) < 0.25:
            break
    return counts


def _correlated(
    far: np.ndarray, near: np.ndarray | None, lengths: list[int], windows: list[tuple[int, int]], number: type, folded: bool
) -> np.ndarray:
    """
    Circular correlation of ``near`` (``far`` itself where None) with ``far``, both at the origin, in ``windows``.

    Only what holds pixels, and only what is wanted, is transformed: along the last axis the rows that exist, along
    the others a few columns at a time, so that they stay near the processor.
    """
    rows = [fft.rfft(field.astype(number), lengths[-1], workers=WORKERS) for field in (far, near) if field is not None]
    shape = (*(count for _, count in windows[:-1]), rows[0].shape[-1])
    out = np.empty(shape, number if folded else rows[0].dtype)
    axes = range(far.ndim - 1)
    step = max(COLUMNS, CHUNK // math.prod(lengths[:-1]))

    def columns(at: int) -> None:
        some = slice(at, at + step)
        parts = [row[..., some] for row in rows]
        for axis in reversed(axes):
            parts = [fft.fft(part, lengths[axis], axis) for part in parts]
        both: np.ndarray = parts[0].real ** 2 + parts[0].imag ** 2 if near is None else np.conj(parts[0]) * parts[1]
        for axis in axes:  # forward again, which turns the result round; the last axis is turned back below
            turn = fft.rfft if axis == 0 and near is None else fft.fft
            both = _window(turn(both, lengths[axis], axis), axis, *windows[axis])
        out[..., some] = both.real if folded else both

    if step >= shape[-1]:
        columns(0)
    else:
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(columns, range(0, shape[-1], step)))
    sums = fft.irfft(out / number(math.prod(lengths[:-1])), lengths[-1], workers=WORKERS, overwrite_x=True)
    lag = windows[-1][1] // 2
    if not folded:
        return _window(sums, sums.ndim - 1, -lag, 2 * lag + 1)[..., ::-1]
    sums = sums[..., : lag + 1]  # the even part, as of a real transform
    sums[..., 1:] *= 2
    for axis in axes[1:]:
        sums = fold(sums, axis)
    return sums


def fold(field: np.ndarray, axis: int) -> np.ndarray:
    """Values at -n ... n along ``axis`` as sums at 0 ... n of both signs."""
    middle = field.shape[axis] // 2
    turned = np.moveaxis(field, axis, 0)
    both = turned[middle:].copy()
    both[1:] += turned[:middle][::-1]
    return np.moveaxis(both, 0, axis)


def _window(field: np.ndarray, axis: int, start: int, count: int) -> np.ndarray:
    """``count`` values from ``start`` along ``axis``, going round at the end."""
    n = field.shape[axis]
    start %= n
    before = (slice(None),) * axis
    if start + count <= n:
        return field[(*before, slice(start, start + count))]
    return np.concatenate([field[(*before, slice(start, n))], field[(*before, slice(0, start + count - n))]], axis)


def available(
    shape: tuple[int, ...], *, lag_px: tuple[int, ...], block: Block, periodic: bool, folded: bool = False
) -> np.ndarray:
    """Number of x in ``block`` with x + d inside an unmasked image, for d of half the space, or ``folded`` as above."""
    sides = []
    for axis, (n, lag, part) in enumerate(zip(shape, lag_px, block, strict=True)):
        shift = np.arange(-lag if axis else 0, lag + 1)
        inside = np.minimum(part.stop, n - shift) - np.maximum(part.start, -shift)
        inside = np.full(len(shift), part.stop - part.start) if periodic else np.maximum(inside, 0)
        sides.append(fold(inside, 0) if folded and axis else inside)
    return np.asarray(functools.reduce(np.multiply.outer, [side.astype(float) for side in sides]))


@dataclass(frozen=True, eq=False)
class Radial:
    """
    A probability at each radius ``r``, as ``hits`` of ``pairs``.

    ``low`` and ``high`` bound its 95 % interval where asked for, from ``blocks`` redrawn blocks.
    """

    r: np.ndarray
    hits: np.ndarray
    pairs: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    blocks: int = 0

    @property
    def value(self) -> np.ndarray:
        """The probability at each radius."""
        return np.asarray(self.hits / self.pairs)


def banded(
    tally: Callable[[Block], np.ndarray],
    shape: tuple[int, ...],
    *,
    rng: np.random.Generator | None = None,
    length_px: float = math.inf,
    draws: int = 400,
    tell: Callable[[int, int], None] | None = None,
) -> Radial:
    """
    The curve of ``tally``, which gives the rows of ``PairCounter.by_radius`` of a block; with ``rng`` also its interval.

    ``length_px`` is the correlation length, ``tell`` is called with the blocks done and their number.
    """
    hits, pairs, lengths = tally(whole(shape))
    kept = pairs > 0
    found = Radial(lengths[kept] / pairs[kept], hits[kept], pairs[kept])
    if rng is None:
        return found
    tiling, _ = bootstrap.blocks(shape, length_px=length_px)
    parts = []
    for done, block in enumerate(tiling):
        if tell is not None:
            tell(done, len(tiling))
        parts.append(tally(block)[:2, kept])
    curves, count = bootstrap.ratios(*np.stack(parts, axis=1), rng=rng, draws=draws)
    low, high = bootstrap.interval(curves, found.value, count=count)
    return replace(found, low=np.clip(low, 0, 1), high=np.clip(high, 0, 1), blocks=count)


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
        self.r_max = r_max * (1 + 1e-12)
        furthest = [n // 2 if periodic else n - 1 for n in phase.shape]
        self.lag = reach(phase.shape, r_max=r_max, pixel=pixel, periodic=periodic)
        if lag_px is not None:
            self.lag = tuple(min(far, int(lag)) for far, lag in zip(furthest, lag_px, strict=True))

    @functools.cached_property
    def geometry(self) -> tuple[np.ndarray, np.ndarray]:
        """Radial bin and length of each displacement without signs; what is longer than r_max is in bin -1."""
        sides = np.ix_(*((np.arange(lag + 1) * p) ** 2 for lag, p in zip(self.lag, self.pixel, strict=True)))
        length = np.sqrt(functools.reduce(np.add, sides))
        bins = np.rint(length / min(self.pixel)).astype(np.intp)
        bins[length > self.r_max] = -1
        return bins, length

    @functools.cached_property
    def half(self) -> tuple[np.ndarray, np.ndarray]:
        """The same for the displacements of half the space."""
        at = np.ix_(*(np.abs(np.arange(-lag if axis else 0, lag + 1)) for axis, lag in enumerate(self.lag)))
        return self.geometry[0][at], self.geometry[1][at]

    def by_radius(self, hits: np.ndarray, pairs: np.ndarray, chosen: np.ndarray | None = None) -> np.ndarray:
        """
        Hits, pairs and the sum of the pairs' lengths in each radial bin.

        The counts are folded ones, or of those displacements of half the space that are ``chosen``.
        """
        bins, length = self.geometry if chosen is None else self.half
        weight = np.full((len(bins), *[1] * (bins.ndim - 1)), 2.0)  # the opposite displacements count as much
        weight[0] = 1
        pairs = pairs * weight
        bins = (bins if chosen is None else np.where(chosen, bins, -1)).ravel() + 1
        count = int(self.geometry[0].max()) + 2
        return np.array([np.bincount(bins, field.ravel(), count)[1:] for field in (hits * weight, pairs, pairs * length)])

    def cone(self, direction: Sequence[float], half_angle_deg: float) -> np.ndarray:
        """Which displacements of half the space lie near ``direction``; no displacement at all lies near every one."""
        way = np.asarray(direction, float)
        if way.shape != (self.phase.ndim,) or not np.linalg.norm(way) > 0:
            raise BadParameter(f"direction={tuple(direction)} is no direction of an image of {self.phase.ndim} axes")
        if not 0 < half_angle_deg <= 90:
            raise BadParameter(f"half_angle_deg={half_angle_deg:g} is no half angle of a cone; give one from 0 to 90")
        parts = zip(shifts(self.lag), self.pixel, way / np.linalg.norm(way), strict=True)
        along = functools.reduce(np.add, (d * p * k for d, p, k in parts))
        return np.asarray(np.abs(along) >= self.half[1] * math.cos(math.radians(half_angle_deg)) - 1e-12)

    def hits(self, first: np.ndarray, second: np.ndarray, block: Block, *, folded: bool) -> np.ndarray:
        """Pairs that begin in ``block`` and in ``first`` and end in ``second``."""
        return correlate(first, second, lag_px=self.lag, block=block, periodic=self.periodic, folded=folded)

    def available(self, block: Block, *, folded: bool) -> np.ndarray:
        """Pairs of counted pixels that begin in ``block``."""
        if self.mask is None:
            return available(self.phase.shape, lag_px=self.lag, block=block, periodic=self.periodic, folded=folded)
        return self.hits(self.mask, self.mask, block, folded=folded)
