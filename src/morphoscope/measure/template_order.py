r"""
Which morphology a film on a vertical grating shows: dots, lines of dots between lines, ladders, or lines across it.

Of one phase (bright) and its complement, in units of the natural period L0:

=================== ==============================================================================
hexagonal           most of the bright area lies in dots, no longer than 1.8 L0 in any direction
alternating lines   a part lies in dots, most of the rest in lines of more than 3 L0
ladders             most of the dark area lies in holes that bright rungs and rails enclose
skew                lines whose direction departs from the grating's by 12 to 75 degrees
lines               lines along the grating
mixed               anything else
=================== ==============================================================================

Regions are joined through edges (four neighbours); those that touch the border are not judged. Directions are those of the
structure tensor [1]_, weighted by its energy. The names and what they look like follow [2]_.

References
----------
.. [1] J. Bigun, G. H. Granlund, Proc. ICCV, 433 (1987).
.. [2] G. S. Doerk et al., Sci. Adv. 9, eadd3687 (2023), doi 10.1126/sciadv.add3687.

Checked against: drawn dots, lines, rungs and slanted lines of known size and angle, in
tests/measure/test_template_order.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..errors import BadParameter

NAMES = ("hexagonal", "skew", "alternating lines", "ladders", "lines", "mixed")
DOT, HOLE, LINE = 1.8, 2.4, 3.0
"""Longest side of a dot and of a hole, shortest of a line, in periods."""
SLANTED_DEG = (12.0, 75.0)


@dataclass(frozen=True)
class Order:
    """Shares: of the bright area in ``dots`` and ``lines``, of the dark area in ``holes``, of directions ``slanted``."""

    dots: float
    lines: float
    holes: float
    slanted: float

    @property
    def name(self) -> str:
        """The morphology by the rule above."""
        if self.holes > 0.5 and self.lines > 0.8:
            return "ladders"
        if self.dots > 0.62:
            return "hexagonal"
        if self.dots > 0.12 and self.lines > 0.35:
            return "alternating lines"
        if self.dots < 0.12 and self.lines > 0.6:
            return "skew" if self.slanted > 0.6 else "lines"
        return "mixed"


def order(bright: np.ndarray, *, period_px: float) -> Order:
    """How the phase ``bright`` is ordered; stripes of the grating are vertical."""
    if bright.ndim != 2 or bright.dtype != bool:
        raise BadParameter(f"a phase is a plane of true and false, not {bright.dtype} of shape {bright.shape}")
    if not period_px >= 3:
        raise BadParameter(f"period_px={period_px:g} must be at least 3 pixels")
    dots, lines = _shares(bright, DOT * period_px, LINE * period_px)
    holes, _ = _shares(~bright, HOLE * period_px, LINE * period_px)
    return Order(dots, lines, holes, _slanted(bright, period_px))


def _shares(phase: np.ndarray, small_px: float, large_px: float) -> tuple[float, float]:
    """Shares of the area in regions no longer than ``small_px``, and longer than ``large_px``."""
    labels, count = ndimage.label(phase)
    if count == 0:
        return 0.0, 0.0
    area = np.bincount(labels.ravel(), minlength=count + 1)[1:].astype(float)
    edge = np.zeros(count + 1, bool)
    for line in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        edge[line] = True
    sides = np.array([max(box[0].stop - box[0].start, box[1].stop - box[1].start) for box in ndimage.find_objects(labels)])
    judged = ~edge[1:] | (sides > large_px)
    total = float(area[judged].sum())
    if total == 0:
        return 0.0, 0.0
    return float(area[judged & (sides <= small_px)].sum()) / total, float(area[judged & (sides > large_px)].sum()) / total


def _slanted(bright: np.ndarray, period_px: float) -> float:
    """Share of the gradient's energy where lines run aslant, smoothed over a period."""
    smooth = ndimage.gaussian_filter(bright.astype(np.float32), 0.15 * period_px)
    down, across = np.gradient(smooth)
    yy, xx, xy = (ndimage.gaussian_filter(a, period_px) for a in (down * down, across * across, down * across))
    angle = np.degrees(0.5 * np.arctan2(2 * xy, xx - yy))  # of the gradient from the row direction, -90 to 90
    energy = np.hypot(xx - yy, 2 * xy)
    aslant = (np.abs(angle) > SLANTED_DEG[0]) & (np.abs(angle) < SLANTED_DEG[1])
    return float(energy[aslant].sum() / max(float(energy.sum()), 1e-12))
