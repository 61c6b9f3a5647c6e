r"""
Droplets and holes of a frame one by one: where, how large, and how sharp their rims are.

They are the round full domains of ``domains``. About each centre the grey is averaged over directions; with the contrast
c between inside and outside and the steepest slope of this profile near the radius, the rim's width is

.. math:: w = |c| / \max_{0.6 R \le r \le 1.5 R} |\mathrm d\bar I / \mathrm dr|

the length over which a straight edge of that slope would rise. The radius is where the slope is steepest: a threshold would
make soft droplets too large. Lengths are in pixels of the frame.

Checked against: drawn discs with sharp and blurred rims, in tests/measure/test_descriptors.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .domains import FULL, LEVELS, ROUND, opened, shapes
from .frame import Frame

SMALLEST_PX = 3.5
"""Radius from which a round spot counts as a droplet; smaller ones may be noise."""
RESOLVED_PX = 4.0
"""Radius from which a rim's width means something."""


@dataclass(frozen=True)
class Droplet:
    """Centre, radius, width of the rim (None where it is too small), and polarity."""

    y_px: float
    x_px: float
    radius_px: float
    rim_px: float | None
    bright: bool


def droplets(view: Frame) -> tuple[Droplet, ...]:
    """Round bright and dark domains, largest first; one that lies in another of the same polarity does not count again."""
    found: list[Droplet] = []
    for bright in (True, False):
        for name in ("bright", "very_bright") if bright else ("dark", "very_dark"):
            labels, count = ndimage.label(opened(view, LEVELS[name]))
            measured = shapes(labels, count)
            disc = (measured.round > ROUND) & (measured.fill > FULL) & (measured.area >= math.pi * SMALLEST_PX**2)
            for y, x, area in zip(measured.y[disc], measured.x[disc], measured.area[disc], strict=True):
                radius = math.sqrt(area / math.pi)
                if not any(one.bright == bright and math.hypot(one.y_px - y, one.x_px - x) < one.radius_px for one in found):
                    found.append(Droplet(float(y), float(x), *_outline(view, y, x, radius), bright))
    return tuple(sorted(found, key=lambda one: -one.radius_px))


def _outline(view: Frame, y: float, x: float, radius: float) -> tuple[float, float | None]:
    """Radius at the steepest place of the mean profile near ``radius``, and the rim's width; as it came where too small."""
    if radius < RESOLVED_PX:
        return radius, None
    reach = math.ceil(1.6 * radius)
    top, left = max(0, int(y) - reach), max(0, int(x) - reach)
    window = (slice(top, int(y) + reach + 1), slice(left, int(x) + reach + 1))
    grey, seen = view.grey[window], view.seen[window]
    rows, columns = np.indices(grey.shape)
    ring = np.rint(np.hypot(rows + top - y, columns + left - x)).astype(int)[seen]
    number = np.bincount(ring)[: int(1.6 * radius)]
    profile = np.bincount(ring, grey[seen])[: number.size] / np.maximum(number, 1)
    first = int(0.6 * radius)
    slope = np.abs(np.diff(profile))[first:]
    if not slope.size or slope.max() < 1e-6 or (number == 0).any():
        return radius, None
    contrast = abs(float(profile[: max(1, first)].mean() - profile[int(1.3 * radius) :].mean()))
    return first + float(slope.argmax()) + 0.5, contrast / float(slope.max())
