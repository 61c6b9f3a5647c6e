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

import numpy as np
from scipy import fft

from ..errors import BadParameter, InputError
from .bootstrap import Block

WORKERS = 2


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


def correlate(first: np.ndarray, second: np.ndarray, *, lag_px: tuple[int, ...], block: Block, periodic: bool) -> np.ndarray:
    """Number of x in ``block`` with first(x) and second(x + d), for d of half the space."""
    around, lengths = [], []
    for n, lag, part in zip(first.shape, lag_px, block, strict=True):
        low, high = (0, n) if periodic else (max(0, part.start - lag), min(n, part.stop + lag))
        around.append(slice(low, high))
        needed = max(high - part.start, part.stop - low) + lag
        lengths.append(n if periodic else fft.next_fast_len(needed, real=True))
    far = _transform(second[tuple(around)], (0,) * first.ndim, lengths)
    if block == whole(first.shape) and first is second:
        both = far.real**2 + far.imag**2
    else:
        at = tuple(part.start - outer.start for part, outer in zip(block, around, strict=True))
        both = far * np.conj(_transform(first[block], at, lengths))
    found = fft.irfftn(both, s=lengths, workers=WORKERS, overwrite_x=True)
    wanted = (np.arange(-lag if axis else 0, lag + 1) % n for axis, (lag, n) in enumerate(zip(lag_px, lengths, strict=True)))
    return np.asarray(np.rint(found[np.ix_(*wanted)]))


def _transform(field: np.ndarray, at: tuple[int, ...], lengths: list[int]) -> np.ndarray:
    """Real transform of ``field`` put at ``at`` into zeros."""
    padded = np.zeros(lengths)
    padded[tuple(slice(a, a + n) for a, n in zip(at, field.shape, strict=True))] = field
    return np.asarray(fft.rfftn(padded, workers=WORKERS))


def available(shape: tuple[int, ...], *, lag_px: tuple[int, ...], block: Block, periodic: bool) -> np.ndarray:
    """Number of x in ``block`` with x + d inside an unmasked image, for d of half the space."""
    sides = []
    for axis, (n, lag, part) in enumerate(zip(shape, lag_px, block, strict=True)):
        shift = np.arange(-lag if axis else 0, lag + 1)
        inside = np.minimum(part.stop, n - shift) - np.maximum(part.start, -shift)
        sides.append(np.full(len(shift), part.stop - part.start) if periodic else np.maximum(inside, 0))
    return np.asarray(functools.reduce(np.multiply.outer, sides), float)
