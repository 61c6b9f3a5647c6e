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

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..errors import BadParameter, InputError
from . import bootstrap
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
) -> np.ndarray:
    """Local thickness of ``phase`` at each of its pixels, in the unit of ``pixel``; 0 outside the phase."""
    pixel = unit_pixel(phase.ndim, pixel)
    check_phase(phase, mask, pixel)
    if sizes < 2:
        raise BadParameter(f"sizes={sizes} is too few radii; give at least 2")
    open_to = phase if mask is None else phase | ~mask
    if open_to.all():
        raise InputError("the phase has no wall inside the image, so it has no thickness")
    distance = ndimage.distance_transform_edt(open_to, sampling=pixel)
    counted = phase if mask is None else phase & mask
    thickness = np.zeros(phase.shape)
    if not counted.any():
        return thickness
    levels = np.unique(distance[open_to])
    if len(levels) > sizes:
        levels = levels[np.unique(np.searchsorted(levels, np.linspace(levels[0], levels[-1], sizes)))]
    quarter = min(pixel) / 4
    boxes = ndimage.find_objects(open_to.astype(np.uint8))[0]
    thickness = thickness[boxes]
    space = distance[boxes]
    for radius in levels:  # rising, so that larger discs overwrite
        centres = space >= radius
        if not centres.any():
            break
        near = _within(centres, radius, pixel) if radius > min(pixel) else centres
        thickness[near] = 2 * (radius - quarter)
    full = np.zeros(phase.shape)
    full[boxes] = thickness
    return np.where(counted, full, 0.0)


def _within(centres: np.ndarray, radius: float, pixel: tuple[float, ...]) -> np.ndarray:
    """Pixels closer than ``radius`` to a centre: in a plane from the distances along rows, shifted up and down."""
    rows = math.ceil(radius / pixel[0]) - 1
    if centres.ndim == 3 or rows > 40:
        return np.asarray(ndimage.distance_transform_edt(~centres, sampling=pixel) < radius)
    height, width = centres.shape
    far = np.int32(2 * width)
    at = np.arange(width, dtype=np.int32)
    left = at - np.maximum.accumulate(np.where(centres, at, -far), axis=1)
    right = np.minimum.accumulate(np.where(centres, at, 2 * far)[:, ::-1], axis=1)[:, ::-1] - at
    along = np.minimum(np.minimum(left, right), 32767).astype(np.int16)
    near = np.zeros(centres.shape, bool)
    for shift in range(-min(rows, height - 1), min(rows, height - 1) + 1):
        reach = math.ceil(math.sqrt(max(0.0, radius**2 - (shift * pixel[0]) ** 2)) / pixel[1] * (1 - 1e-12))
        here, there = slice(max(0, shift), height + min(0, shift)), slice(max(0, -shift), height + min(0, -shift))
        near[here] |= along[there] < min(reach, 32767)
    return near


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
