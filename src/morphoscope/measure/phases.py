r"""
Phases of a label image or volume: how much of each, how much interface between them, where three meet.

============== ===================================================================================
fraction       pixels of a label over all that count; its interval includes spatial correlation
faces          pixel faces (edges in two dimensions) between two labels, per voxel: the face-counted
               interface, 4/pi (plane) and 3/2 (volume) times too long for a smooth isotropic one [1]_
smooth         Crofton's estimator of the same: crossings per length of lines in 4 (13 in a volume)
               directions, :math:`L_A = \frac{\pi}{2} P_L`, :math:`S_V = 2 P_L` [1]_
triple         in a plane, points where a 2 x 2 block holds three or more labels, per pixel; in a
               volume, voxel edges whose four voxels do, in voxel sides per voxel: edge-counted, so
               longer than a smooth line by its staircase (up to sqrt(3), on average 3/2)
contiguity     :math:`C = 2 N_{aa} / (2 N_{aa} + N_{ab})`, the share of a phase's grain surface
               that is shared with grains of the same phase [2]_
layers         thickness of the longest run of a label in each column: mean and roughness
============== ===================================================================================

The variance of a fraction is that of the mean of a correlated field,

.. math:: \mathrm{var}(\hat\phi) = \frac{1}{N^2} \sum_{\mathbf r} n(\mathbf r)\, C(\mathbf r),
          \qquad C(\mathbf r) = S_2(\mathbf r) - \phi^2

with n(r) the number of pixel pairs; the sum runs to the first zero of the radial C, and the mean's own
variance, which lowers C everywhere, is put back. The interval is symmetric in the logit, with Student's t for
:math:`\phi(1-\phi)/\mathrm{var}` independent places. Interfaces are per voxel: 1/px for a cubic voxel.

References
----------
.. [1] E. E. Underwood, Quantitative Stereology (1970); G. Lehmann, D. Legland, Insight J. (2012),
   doi 10.54294/oqdgvk, for the weights of the 13 directions.
.. [2] J. Gurland, Trans. AIME 212, 452 (1958).

Checked against: stripes, checkerboards, discs, balls and straight triple lines, and how often intervals hold
the truth for random fields, in tests/measure/test_phases.py; a published battery electrode, in
tests/tasks/test_measure_phases.py.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage, stats

from ..errors import InputError

COARSEST = {2: 512, 3: 96}
"""Longest side on which the correlation of a fraction is computed; blocks are averaged, which keeps the mean's variance."""

WEIGHTS = {2: {1: 0.25, 2: 0.25}, 3: {1: 0.091556, 2: 0.073961, 3: 0.070391}}
"""Share of all directions that each pair of opposite neighbours stands for, by the number of axes it moves along."""


@dataclass(frozen=True)
class Fraction:
    """Share of one label with its 95 % interval, and the number of independent places it rests on."""

    label: int
    value: float
    low: float
    high: float
    independent: float


def present(labels: np.ndarray, mask: np.ndarray | None = None) -> list[int]:
    """The labels that occur, at least two."""
    if labels.ndim not in (2, 3):
        raise InputError(f"phases are counted in an image or a volume, not on {labels.ndim} axes")
    if mask is not None and mask.shape != labels.shape:
        sizes = " on labels of ".join(" x ".join(map(str, shape)) for shape in (mask.shape, labels.shape))
        raise InputError(f"a mask of {sizes} pixels; give one of the same size")
    found = np.unique(labels if mask is None else labels[mask])
    if len(found) == 0:
        raise InputError("the mask excludes every pixel; nothing is left to measure")
    if len(found) == 1:
        raise InputError(f"there is one phase only (label {int(found[0])}); phases need at least two labels")
    return [int(label) for label in found]


def fraction(labels: np.ndarray, label: int, *, mask: np.ndarray | None = None) -> Fraction:
    """How much of ``label`` there is, and how sure that is for a random structure of this correlation."""
    valid = np.ones(labels.shape, bool) if mask is None else mask
    inside = (labels == label) & valid
    total = int(valid.sum())
    value = float(inside.sum() / total)
    if not 0 < value < 1:
        return Fraction(label, value, value, value, math.inf)
    step = max(1, math.ceil(max(labels.shape) / COARSEST[labels.ndim]))
    variance = max(_variance_of_mean(_binned(inside - value * valid, step), _binned(valid, step)), value * (1 - value) / total)
    independent = max(2.0, value * (1 - value) / variance)
    half = float(stats.t.ppf(0.975, max(independent - 1, 1))) * math.sqrt(variance) / (value * (1 - value))
    middle = math.log(value / (1 - value))
    low, high = (1 / (1 + math.exp(-min(max(middle + sign * half, -50), 50))) for sign in (-1, 1))
    return Fraction(label, value, low, high, independent)


def _binned(field: np.ndarray, step: int) -> np.ndarray:
    """Sums over blocks of ``step`` pixels a side; the last ones may be narrower."""
    out = field.astype(float)
    for axis in range(field.ndim):
        out = np.add.reduceat(out, np.arange(0, field.shape[axis], step), axis=axis)
    return out


def _variance_of_mean(deviation: np.ndarray, weight: np.ndarray) -> float:
    """Variance of sum(deviation) / sum(weight) from the correlations up to the first zero of their radial mean."""
    shape = [fft.next_fast_len(2 * n - 1, real=True) for n in deviation.shape]
    power = [np.abs(fft.rfftn(a, shape)) ** 2 for a in (deviation, weight)]
    covariance, pairs = (np.asarray(fft.irfftn(p, shape)) for p in power)
    lags = [np.abs(fft.fftfreq(n, 1 / n)) for n in shape]
    radius = np.sqrt(sum(np.square(lag).reshape([-1 if i == k else 1 for i in range(len(shape))]) for k, lag in enumerate(lags)))
    ring = np.rint(radius).astype(int)
    known = pairs > 0.5
    sums = np.bincount(ring[known], weights=covariance[known])
    negative = np.flatnonzero(sums <= 0)
    reach = int(negative[0]) if len(negative) else len(sums)
    near = known & (ring < min(reach, min(deviation.shape) // 2 + 1))
    total = float(weight.sum()) ** 2
    lost = min(float(pairs[near].sum()) / total, 0.9)
    return max(0.0, float(covariance[near].sum()) / total) / (1 - lost)


def _pairs(labels: np.ndarray, step: tuple[int, ...], mask: np.ndarray | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Labels at both ends of every displacement ``step`` whose ends both count, as flat arrays."""
    here = tuple(slice(max(0, -s), n - max(0, s)) for s, n in zip(step, labels.shape, strict=True))
    there = tuple(slice(max(0, s), n - max(0, -s)) for s, n in zip(step, labels.shape, strict=True))
    a, b = labels[here], labels[there]
    if mask is None:
        yield a.ravel(), b.ravel()
    else:
        both = mask[here] & mask[there]
        yield a[both], b[both]


def directions(ndim: int) -> list[tuple[int, ...]]:
    """One of each pair of opposite neighbours: 4 in a plane, 13 in a volume."""
    return [step for step in itertools.product((-1, 0, 1), repeat=ndim) if step > (0,) * ndim]


def faces(labels: np.ndarray, *, mask: np.ndarray | None = None) -> dict[tuple[int, int], float]:
    """Faces between each pair of different labels, per voxel that counts; the outside is no phase."""
    names = present(labels, mask)
    lookup = np.searchsorted(names, np.arange(min(names), max(names) + 1)).astype(np.int64)
    counts = np.zeros(len(names) ** 2)
    for axis in range(labels.ndim):
        for a, b in _pairs(labels, tuple(int(axis == k) for k in range(labels.ndim)), mask):
            differ = a != b
            low, high = np.minimum(a[differ], b[differ]), np.maximum(a[differ], b[differ])
            code = lookup[low - names[0]] * len(names) + lookup[high - names[0]]
            counts += np.bincount(code, minlength=len(counts))
    total = labels.size if mask is None else int(mask.sum())
    grid = counts.reshape(len(names), -1) / total
    return {(names[i], names[j]): float(grid[i, j]) for i, j in itertools.combinations(range(len(names)), 2)}


def faces_of(pairs: Mapping[tuple[int, int], float], label: int) -> float:
    """All faces of one label, from those of the pairs."""
    return sum(count for pair, count in pairs.items() if label in pair)


def smooth_interface(labels: np.ndarray, label: int, *, mask: np.ndarray | None = None) -> float:
    """Crofton's length per area (plane) or area per volume of the surface of ``label``, in 1/px of cubic voxels."""
    inside = labels == label
    total = 0.0
    for step in directions(labels.ndim):
        moved = sum(map(abs, step))
        for a, b in _pairs(inside, step, mask):
            if a.size:
                total += WEIGHTS[labels.ndim][moved] * float(np.mean(a != b)) / math.sqrt(moved)
    return total * (math.pi / 2 if labels.ndim == 2 else 2.0)


def triple_density(labels: np.ndarray, *, mask: np.ndarray | None = None) -> float:
    """Triple points per pixel of a plane, or triple lines in voxel sides per voxel of a volume."""
    names = present(labels, mask)
    if len(names) < 3:
        return 0.0
    total = sum(_blocks_of_three(labels, plane, mask) for plane in itertools.combinations(range(labels.ndim), 2))
    return total / (labels.size if mask is None else int(mask.sum()))


def _blocks_of_three(labels: np.ndarray, plane: tuple[int, ...], mask: np.ndarray | None) -> int:
    """2 x 2 blocks in one plane of axes that hold three labels or more, all four counting."""

    def corner(array: np.ndarray, ends: tuple[int, ...]) -> np.ndarray:
        index = [slice(None)] * labels.ndim
        for axis, end in zip(plane, ends, strict=True):
            index[axis] = slice(1, None) if end else slice(None, -1)
        return array[tuple(index)]

    a, b, c, d = (corner(labels, ends) for ends in itertools.product((0, 1), repeat=2))
    different = (a != b).astype(np.int8)
    different += (c != a) & (c != b)
    different += (d != a) & (d != b) & (d != c)
    three = different >= 2
    if mask is not None:
        for ends in itertools.product((0, 1), repeat=2):
            three = three & corner(mask, ends)
    return int(np.count_nonzero(three))


def contiguity(grains: np.ndarray, phase_of: Mapping[int, int]) -> dict[int, float]:
    """Contiguity of each phase, from a map of grains and the phase of each grain (pixel faces are counted)."""
    missing = set(np.unique(grains).tolist()) - set(phase_of)
    if missing:
        raise InputError(f"grain {min(missing)} has no phase; name the phase of every grain")
    same: dict[int, float] = dict.fromkeys(phase_of.values(), 0.0)
    other = dict(same)
    for (a, b), count in faces(grains).items():
        if phase_of[a] == phase_of[b]:
            same[phase_of[a]] += count
        else:
            other[phase_of[a]] += count
            other[phase_of[b]] += count
    return {phase: 2 * same[phase] / total for phase in same if (total := 2 * same[phase] + other[phase]) > 0}


@dataclass(frozen=True)
class Layer:
    """Thickness along one axis, in pixels, over the columns that meet the layer (``share`` of all)."""

    mean_px: float
    sd_px: float
    least_px: float
    share: float


def layer(labels: np.ndarray, label: int, *, axis: int = 0) -> Layer | None:
    """The longest run of ``label`` in each column along ``axis``; None where there is none."""
    inside = np.moveaxis(labels == label, axis, 0)
    run, longest = (np.zeros(inside.shape[1:], np.int64) for _ in range(2))
    for plane in inside:
        run = (run + 1) * plane
        longest = np.maximum(longest, run)
    met = longest[longest > 0].astype(float)
    if met.size == 0:
        return None
    return Layer(float(met.mean()), float(met.std()), float(met.min()), float(met.size / longest.size))


def through(inside: np.ndarray, *, axis: int) -> tuple[float, np.ndarray]:
    """
    Share of a phase in pieces that reach from one end of ``axis`` to the other, and where these are.

    Pieces join over faces (4 neighbours in a plane, 6 in a volume).
    """
    pieces, count = ndimage.label(inside)
    ends = [set(np.unique(np.take(pieces, end, axis=axis)).tolist()) for end in (0, -1)]
    both = (ends[0] & ends[1]) - {0}
    kept = np.zeros(count + 1, bool)
    kept[list(both)] = True
    spanning = kept[pieces]
    total = int(np.count_nonzero(inside))
    return (float(np.count_nonzero(spanning) / total) if total else 0.0), np.asarray(spanning)
