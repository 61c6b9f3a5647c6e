r"""
Where phases meet: interface between each two, triple points or lines, contiguity of grains.

============== ===================================================================================
faces          pixel edges (voxel faces in a volume) between two labels inside the image, per voxel: the
               face-counted interface, as solvers on the grid see it and as TauFactor counts it; 4/pi (plane)
               and 3/2 (volume) of that of a smooth isotropic one [1]_
smooth         Crofton's estimator of the same: crossings of lines in 4 (13 in a volume) directions,
               :math:`L_A = \frac{\pi}{2} P_L`, :math:`S_V = 2 P_L` [1]_, any voxel shape
triple         in a plane, points where a 2 x 2 block holds three or more labels, per pixel; in a
               volume, voxel edges whose four voxels do, in voxel sides per voxel: edge-counted, so
               longer than a smooth line by its staircase (up to sqrt(3), on average 3/2)
contiguity     :math:`C = 2 N_{aa} / (2 N_{aa} + N_{ab})`, the share of a phase's grain surface
               that is shared with grains of the same phase [2]_
============== ===================================================================================

Faces and triple lines are per voxel: 1/px and 1/px^2 for a cubic voxel. Their intervals take each count as a
field over the image and its correlation as the one seen.

References
----------
.. [1] E. E. Underwood, Quantitative Stereology (1970); J. Ohser, F. Muecklich, Statistical Analysis of
   Microstructures (2000), chapter 3.
.. [2] J. Gurland, Trans. AIME 212, 452 (1958).

Checked against: stripes, checkerboards, discs, balls, straight triple lines and grains, in
tests/measure/test_boundaries.py.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..errors import InputError
from .correlated import block_of, block_side, variance_of_mean, voxels_counted
from .pairs import unit_pixel, whole
from .phases import indexed, present
from .surface import crofton_weights, neighbours, steps


@dataclass(frozen=True)
class Boundary:
    """Faces per voxel between two labels, and Crofton's length per area or area per volume of the same."""

    label_a: int
    label_b: int
    faces: float
    smooth: float


def boundaries(labels: np.ndarray, *, mask: np.ndarray | None = None, pixel: tuple[float, ...] | None = None) -> list[Boundary]:
    """Interface between each two labels; the outside is no phase. ``smooth`` is in 1 over the unit of ``pixel``."""
    index, names = indexed(labels, mask)
    n, sides = len(names), unit_pixel(labels.ndim, pixel)
    weights = crofton_weights(sides)
    faces, smooth = np.zeros((n, n)), np.zeros((n, n))
    total = labels.size if mask is None else int(np.count_nonzero(mask))
    for number, step in enumerate(steps(labels.ndim)):
        here, there = neighbours(index, step, block=whole(labels.shape), periodic=False)
        valid = here.size if mask is None else int(np.count_nonzero((here < n) & (there < n)))
        mixed = np.flatnonzero(here != there)
        ends = here.ravel()[mixed], there.ravel()[mixed]
        low, high = np.minimum(*ends).astype(np.int64), np.maximum(*ends)
        inner = high < n
        counts = np.bincount(low[inner] * n + high[inner], minlength=n * n).reshape(n, n)
        if number < labels.ndim:
            faces += counts / total
        smooth += counts / max(valid, 1) * weights[number]
    pairs = itertools.combinations(range(n), 2)
    return [Boundary(names[a], names[b], float(faces[a, b]), float(smooth[a, b])) for a, b in pairs]


@dataclass(frozen=True)
class Density:
    """A number per voxel with its 95 % interval."""

    value: float
    low: float
    high: float


def interface_intervals(labels: np.ndarray, *, mask: np.ndarray | None = None) -> dict[int, Density]:
    """Faces of each label per voxel, with the interval that follows from how they are scattered."""
    index, names = indexed(labels, mask)
    n, step = len(names), block_side(labels.shape)
    where: list[list[np.ndarray]] = [[] for _ in names]
    for axis in range(labels.ndim):
        here, there = (_shifted(index, (axis,), (end,)) for end in (0, 1))
        at = np.flatnonzero(here != there)
        ends = here.ravel()[at], there.ravel()[at]
        inner = (ends[0] < n) & (ends[1] < n)
        cell = block_of(at[inner], here.shape, labels.shape, step)
        for end in ends:
            for k in range(n):
                where[k].append(cell[end[inner] == k])
    weight = voxels_counted(labels.shape, mask, step)
    return {name: _density(np.concatenate(cells), weight) for name, cells in zip(names, where, strict=True)}


def triple_density(labels: np.ndarray, *, mask: np.ndarray | None = None, pixel: tuple[float, ...] | None = None) -> Density:
    """Triple points per area of a plane, or length of triple lines per volume, in 1 over the square of the unit."""
    sides = unit_pixel(labels.ndim, pixel)
    if len(present(labels, mask)) < 3:
        return Density(0.0, 0.0, 0.0)
    step, cells, lengths = block_side(labels.shape), [], []
    for plane in itertools.combinations(range(labels.ndim), 2):
        three = _threes(labels, plane, mask)
        cells.append(block_of(np.flatnonzero(three), three.shape, labels.shape, step))
        lengths.append(np.full(len(cells[-1]), 1 / math.prod(sides[axis] for axis in plane)))
    return _density(np.concatenate(cells), voxels_counted(labels.shape, mask, step), np.concatenate(lengths))


def edges_counted(shape: tuple[int, ...]) -> float:
    """Inner voxel edges (corners of a plane) per voxel of a box, which is what TauFactor divides triple lines by."""
    planes = itertools.combinations(range(len(shape)), 2)
    return sum(math.prod((n - 1) / n for k, n in enumerate(shape) if k in plane) for plane in planes)


def _threes(labels: np.ndarray, plane: tuple[int, ...], mask: np.ndarray | None) -> np.ndarray:
    """Where 2 x 2 blocks in one plane of axes hold three labels or more, all four counting."""
    a, b, c, d = (_shifted(labels, plane, ends) for ends in itertools.product((0, 1), repeat=2))
    different = (a != b).astype(np.int8)
    different += (c != a) & (c != b)
    different += (d != a) & (d != b) & (d != c)
    three = different >= 2
    if mask is not None:
        for ends in itertools.product((0, 1), repeat=2):
            three &= _shifted(mask, plane, ends)
    return np.asarray(three)


def _shifted(array: np.ndarray, plane: tuple[int, ...], ends: tuple[int, ...]) -> np.ndarray:
    """``array`` without its last (0) or first (1) layer along each axis of ``plane``."""
    index = [slice(None)] * array.ndim
    for axis, end in zip(plane, ends, strict=True):
        index[axis] = slice(1, None) if end else slice(None, -1)
    return array[tuple(index)]


def _density(cells: np.ndarray, weight: np.ndarray, amounts: np.ndarray | None = None) -> Density:
    """Events in ``cells``, or the sum of their ``amounts``, per weight; the interval is symmetric in the logarithm."""
    total = float(weight.sum())
    events = np.bincount(cells, weights=amounts, minlength=weight.size).reshape(weight.shape)
    value = float(events.sum()) / total
    if value == 0:
        return Density(0.0, 0.0, 0.0)
    error = math.sqrt(max(variance_of_mean(events - value * weight, weight), value**2 / len(cells))) / value
    half = float(stats.t.ppf(0.975, max(1 / error**2 - 1, 1))) * error
    return Density(value, value * math.exp(-min(half, 50)), value * math.exp(min(half, 50)))


def contiguity(grains: np.ndarray, phase_of: Mapping[int, int]) -> dict[int, float]:
    """Contiguity of each phase, from a map of grains and the phase of each grain (pixel faces are counted)."""
    names, index = np.unique(grains, return_inverse=True)
    missing = set(names.tolist()) - set(phase_of)
    if missing:
        raise InputError(f"grain {min(missing)} has no phase; name the phase of every grain")
    phase = np.array([phase_of[int(name)] for name in names])
    same: dict[int, int] = dict.fromkeys(phase.tolist(), 0)
    other = dict(same)
    index = index.reshape(grains.shape)
    for axis in range(grains.ndim):
        here, there = (_shifted(index, (axis,), (end,)) for end in (0, 1))
        at = here != there
        a, b = phase[here[at]], phase[there[at]]
        for name in same:
            same[name] += int(np.count_nonzero((a == name) & (b == name)))
            other[name] += int(np.count_nonzero((a == name) != (b == name)))
    return {name: 2 * same[name] / total for name in same if (total := 2 * same[name] + other[name]) > 0}
