r"""
Local thickness: at each point the diameter of the largest disc (ball) that fits in the phase and covers it.

.. math:: \tau(\mathbf x) = 2 \max \{ R(\mathbf y) : |\mathbf x - \mathbf y| < R(\mathbf y) \}

[1]_ ``R`` is the distance to the nearest pixel of the other phase, less a quarter of a pixel: lamellae then
come out within half a pixel of their width. The distance is Euclidean in physical lengths; the image's border
is no wall, and masked pixels are none either. The maximum runs over ``sizes`` radii spaced evenly, so that
thickness is rounded down by at most the largest over ``sizes``. ``pore_sizes`` is its distribution, weighted
by area or volume, as mercury would see it without bottlenecks.

References
----------
.. [1] T. Hildebrand, P. Rueegsegger, J. Microsc. 185, 67 (1997), doi 10.1046/j.1365-2818.1997.1340694.x.

Checked against: lamellae, discs and the definition by brute force, in tests/validation/test_shape_measures.py,
and PoreSpy 3.2, in tests/validation/test_porespy.py.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import BadParameter, InputError
from . import bootstrap
from .bits import pack, unpack, within
from .pairs import check_phase, unit_pixel


@dataclass(frozen=True, eq=False)
class PoreSizes:
    """Share of the phase (``at_least``) whose local thickness is ``diameter`` or more; mean and median by area or volume."""

    diameter: np.ndarray
    at_least: np.ndarray
    mean: float
    median: float
    mean_interval: tuple[float, float] | None = None


def local_thickness(
    phase: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    pixel: tuple[float, ...] | None = None,
    sizes: int = 40,
    tell: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """
    Local thickness of ``phase`` at each of its pixels, in the unit of ``pixel``; 0 outside the phase.

    ``tell`` is called with the radii done and their number.
    """
    pixel = unit_pixel(phase.ndim, pixel)
    check_phase(phase, mask, pixel)
    if sizes < 2:
        raise BadParameter(f"sizes={sizes} is too few radii; give at least 2")
    open_to = phase if mask is None else phase | ~mask
    if open_to.all():
        raise InputError("the phase has no wall inside the image, so it has no thickness")
    counted = phase if mask is None else phase & mask
    if not counted.any():
        return np.zeros(phase.shape)
    walls, space = pack(~open_to), pack(open_to)
    distances = _distances(walls, space, pixel)
    if len(distances) > sizes:
        distances = distances[np.unique(np.searchsorted(distances, np.linspace(distances[0], distances[-1], sizes)))]
    number = np.zeros(phase.shape, np.uint8 if len(distances) < 256 else np.uint16)
    for index, radius in enumerate(distances, start=1):  # rising, so that larger discs overwrite
        if tell is not None:
            tell(index - 1, len(distances))
        centres = space & ~within(walls, radius, pixel)
        covered = unpack(within(centres, radius, pixel), phase.shape[-1])
        np.maximum(number, covered * number.dtype.type(index), out=number)
    values = np.append(0.0, 2 * (distances - min(pixel) / 4))
    return np.asarray(np.where(counted, values[number], 0.0))


def _distances(walls: np.ndarray, space: np.ndarray, pixel: tuple[float, ...]) -> np.ndarray:
    """Every distance that can lie between two pixels, up to the largest from a pixel of ``space`` to the next wall."""
    extent = [n * (64 if axis == walls.ndim - 1 else 1) for axis, n in enumerate(walls.shape)]
    near, far = 0.0, 2 * min(pixel)
    while (space & ~within(walls, far, pixel)).any():
        near, far = far, 2 * far
    sides = (np.arange(min(n, math.ceil(far / p)) + 1) * p for n, p in zip(extent, pixel, strict=True))
    squares = functools.reduce(np.add, np.ix_(*(side**2 for side in sides)))
    possible = np.sqrt(np.unique(squares[squares > 0]))
    possible = possible[np.append(True, np.diff(possible) > 1e-9 * min(pixel))]
    low, high = int(np.searchsorted(possible, near)), int(np.searchsorted(possible, far))
    while high - low > 1:  # possible[low] is reached, possible[high] is not
        middle = (low + high) // 2
        reached = (space & ~within(walls, possible[middle], pixel)).any()
        low, high = (middle, high) if reached else (low, middle)
    return np.asarray(possible[: low + 1])


def pore_sizes(
    thickness: np.ndarray, *, rng: np.random.Generator | None = None, length_px: float = float("inf"), draws: int = 400
) -> PoreSizes:
    """Distribution of a map of local thickness over the pixels where it is not 0; with ``rng`` the interval of its mean."""
    found = thickness[thickness > 0]
    if found.size == 0:
        raise InputError("the phase is empty, so it has no thickness")
    diameter, count = np.unique(found, return_counts=True)
    at_least = np.cumsum(count[::-1])[::-1] / found.size
    mean = float(found.mean())
    interval = None
    if rng is not None:
        tiling, _ = bootstrap.blocks(thickness.shape, length_px=length_px)
        sums = np.array([(thickness[b].sum(), np.count_nonzero(thickness[b])) for b in tiling], float)
        drawn = bootstrap.redraw(len(sums), rng=rng, draws=draws) @ sums
        interval = bootstrap.positive_interval(drawn[:, 0] / np.maximum(drawn[:, 1], 1), mean, count=len(sums))
    return PoreSizes(diameter, at_least, mean, float(np.median(found)), interval)
