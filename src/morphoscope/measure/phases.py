r"""
Phases of a label image or volume: how much of each, how sure that is, and how much of it goes through.

The variance of a fraction is that of the mean of a correlated field (``correlated``), with
:math:`C(\mathbf r) = S_2(\mathbf r) - \phi^2`. The interval is symmetric in the logit, with Student's t for
:math:`\phi(1-\phi)/\mathrm{var}` independent places. What the segmentation may be off by is a standard error of
its own (``segmentation``) and is added in quadrature. Fractions are dimensionless.

Pieces of a phase join over faces (4 neighbours in a plane, 6 in a volume), as in TauFactor.

Checked against: uncorrelated pixels and how often intervals hold the truth for random fields, in
tests/measure/test_phases.py; a published battery electrode, in tests/tasks/test_measure_phases.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage, stats

from ..errors import InputError
from .correlated import binned, block_side, variance_of_mean


@dataclass(frozen=True)
class Fraction:
    """
    Share of one label with its 95 % interval.

    ``sampling_error`` is the standard error of a random structure of this correlation, ``independent`` the
    number of independent places that stands for; ``segmentation_error`` is what was given.
    """

    label: int
    value: float
    low: float
    high: float
    sampling_error: float
    segmentation_error: float
    independent: float


def present(labels: np.ndarray, mask: np.ndarray | None = None) -> list[int]:
    """The labels that occur, at least two."""
    if labels.ndim not in (2, 3):
        raise InputError(f"phases are counted in an image or a volume, not on {labels.ndim} axes")
    if mask is not None and mask.shape != labels.shape:
        sizes = " on labels of ".join(" x ".join(map(str, shape)) for shape in (mask.shape, labels.shape))
        raise InputError(f"a mask of {sizes} pixels; give one of the same size")
    found = labels_in(labels if mask is None else labels[mask])
    if len(found) == 0:
        raise InputError("the mask excludes every pixel; nothing is left to measure")
    if len(found) == 1:
        raise InputError(f"there is one phase only (label {int(found[0])}); phases need at least two labels")
    return [int(label) for label in found]


def labels_in(labels: np.ndarray) -> np.ndarray:
    """The labels that occur, in order."""
    return np.asarray(np.flatnonzero(np.bincount(labels.ravel())) if labels.dtype == np.uint8 else np.unique(labels))


def indexed(labels: np.ndarray, mask: np.ndarray | None) -> tuple[np.ndarray, list[int]]:
    """Each voxel's place among the labels that occur, one more where it does not count, and these labels."""
    names = present(labels, mask)
    lookup = np.full(names[-1] - names[0] + 1, len(names), np.uint8 if len(names) < 255 else np.int32)
    lookup[np.array(names) - names[0]] = np.arange(len(names))
    index = lookup[labels.clip(names[0], names[-1]) - names[0]]
    return (index if mask is None else np.where(mask, index, len(names)).astype(index.dtype)), names


def fraction(labels: np.ndarray, label: int, *, mask: np.ndarray | None = None, segmentation: float = 0.0) -> Fraction:
    """How much of ``label`` there is; ``segmentation`` is the standard error that the labels themselves bring."""
    valid = np.ones(labels.shape, bool) if mask is None else mask
    inside = (labels == label) & valid
    total = int(valid.sum())
    value = float(inside.sum() / total)
    if not 0 < value < 1:
        return Fraction(label, value, value, value, 0.0, segmentation, math.inf)
    step = block_side(labels.shape)
    variance = max(variance_of_mean(binned(inside - value * valid, step), binned(valid, step)), value * (1 - value) / total)
    independent = max(2.0, value * (1 - value) / variance)
    wide = float(stats.t.ppf(0.975, max(independent - 1, 1))) * math.sqrt(variance)
    half = math.hypot(wide, float(stats.norm.ppf(0.975)) * segmentation) / (value * (1 - value))
    middle = math.log(value / (1 - value))
    low, high = (1 / (1 + math.exp(-min(max(middle + sign * half, -50), 50))) for sign in (-1, 1))
    return Fraction(label, value, low, high, math.sqrt(variance), segmentation, independent)


@dataclass(frozen=True, eq=False)
class Pieces:
    """Numbered pieces of a phase, joined over faces; 0 is elsewhere."""

    numbers: np.ndarray
    sizes: np.ndarray

    @property
    def largest(self) -> float:
        """Share of the phase in its largest piece."""
        return float(self.sizes.max() / self.sizes.sum()) if len(self.sizes) else 0.0

    def through(self, axis: int) -> tuple[float, np.ndarray]:
        """Share of the phase in pieces that reach from one end of ``axis`` to the other, and where these are."""
        first, last = (np.unique(np.take(self.numbers, end, axis=axis)) for end in (0, -1))
        both = np.intersect1d(first, last)
        both = both[both > 0]
        kept = np.zeros(len(self.sizes) + 1, bool)
        kept[both] = True
        share = float(self.sizes[both - 1].sum() / self.sizes.sum()) if len(both) else 0.0
        return share, np.asarray(kept[self.numbers])


def pieces_of(inside: np.ndarray) -> Pieces:
    """The pieces of a phase: 4 neighbours join in a plane, 6 in a volume."""
    numbers, count = ndimage.label(inside)
    return Pieces(numbers, np.bincount(numbers.ravel(), minlength=count + 1)[1:])


def through(inside: np.ndarray, *, axis: int) -> tuple[float, np.ndarray]:
    """Share of a phase in pieces that reach from one end of ``axis`` to the other, and where these are."""
    return pieces_of(inside).through(axis)
