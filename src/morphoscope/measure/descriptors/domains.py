"""
Connected bright and dark domains at two thresholds: how many, how large, how round, how elongated.

Perimeters are counted crossings of rows and columns, scaled for round shapes by pi/4. ``fill`` is the area over that
of the ellipse with the same second moments: 1 for an ellipse, less for branched domains.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..extremes import dilated, eroded, percentiles, weighed
from .frame import Frame

LEVELS = {"bright": 0.7, "dark": -0.7, "very_bright": 1.5, "very_dark": -1.5}
SMALLEST_PX, ROUND_FROM_PX = 12, 20
ROUND, FULL = 0.75, 0.93
SMOOTH_PX = 1.2
_BELL = np.exp(-0.5 * (np.arange(math.ceil(4 * SMOOTH_PX) + 1) / SMOOTH_PX) ** 2)
_SMOOTH = _BELL / (2 * _BELL.sum() - 1)


def domains(view: Frame) -> dict[str, float]:
    """For each of the four thresholds: cover, number, round ones, shape, and spread of areas."""
    smooth = _smoothed(view)
    seen = float(view.seen.sum())
    found: dict[str, float] = {}
    for name, level in LEVELS.items():
        found |= {f"{key}_{name}": value for key, value in _summary(_over(smooth, level), seen).items()}
    return found


def opened(view: Frame, level: float) -> np.ndarray:
    """Where the smoothed flat frame is beyond ``level`` (below it where that is negative), without its thinnest parts."""
    return _over(_smoothed(view), level)


def _smoothed(view: Frame) -> np.ndarray:
    return weighed(view.flat, _SMOOTH)


def _over(smooth: np.ndarray, level: float) -> np.ndarray:
    return dilated(eroded(smooth > level if level > 0 else smooth < level, beyond=False))


@dataclass(frozen=True, eq=False)
class Shapes:
    """Area, circularity, fill, eccentricity and centre of each domain of at least SMALLEST_PX pixels."""

    area: np.ndarray
    round: np.ndarray
    fill: np.ndarray
    long: np.ndarray
    y: np.ndarray
    x: np.ndarray


def _summary(over: np.ndarray, seen: float) -> dict[str, float]:
    labels, count = ndimage.label(over)
    of = shapes(labels, count)
    area, round_, fill, long = of.area, of.round, of.fill, of.long
    whole = area.sum() + 1
    disc = (round_ > ROUND) & (fill > FULL) & (area >= ROUND_FROM_PX)
    middle, large, largest = percentiles(area, (50, 90, 99)) if area.size else (0.0, 0.0, 0.0)
    return {
        "cover": float(over.sum() / seen),
        "count": float(np.log1p(area.size)),
        "discs": float(np.log1p(disc.sum())),
        "disc_cover": float(area[disc].sum() / seen),
        "round": float((area * round_).sum() / whole),
        "fill": float((area * fill).sum() / whole),
        "long": float((area * long).sum() / whole),
        "area_p50": float(np.log1p(middle)),
        "area_p90": float(np.log1p(large)),
        "area_p99": float(np.log1p(largest)),
        "area_spread": float(area.std() / area.mean()) if area.size else 0.0,
        "round_p50": percentiles(round_, (50,))[0] if area.size else 0.0,
        "fill_p75": percentiles(fill, (75,))[0] if area.size else 0.0,
    }


def shapes(labels: np.ndarray, count: int) -> Shapes:
    """The shapes of ``labels`` 1 to ``count``, which do not touch along a side, without the smallest."""
    inside = labels > 0
    place = np.flatnonzero(inside)
    which = labels.ravel()[place]
    y, x = (at.astype(float) for at in np.divmod(place, labels.shape[1]))
    total, around, sum_x, sum_y, sum_xx, sum_yy, sum_xy = (
        np.bincount(which, weights=some, minlength=count + 1)
        for some in (None, _open_sides(inside).ravel()[place], x, y, x * x, y * y, x * y)
    )
    kept = np.flatnonzero(total[1:] >= SMALLEST_PX) + 1
    area = total[kept].astype(float)
    mx, my, xx, yy, xy = (some[kept] / area for some in (sum_x, sum_y, sum_xx, sum_yy, sum_xy))
    vx, vy, cov = xx - mx**2 + 1 / 12, yy - my**2 + 1 / 12, xy - mx * my
    half, root = (vx + vy) / 2, np.sqrt(((vx - vy) / 2) ** 2 + cov**2)
    major, minor = half + root, np.maximum(half - root, 1e-6)
    perimeter = np.pi / 4 * around[kept]
    circularity = np.minimum(4 * np.pi * area / perimeter**2, 1.5)
    fill = area / (4 * np.pi * np.sqrt(major * minor))
    return Shapes(area, circularity, fill, np.sqrt(1 - minor / major), my, mx)


def _open_sides(inside: np.ndarray) -> np.ndarray:
    """How many of a pixel's four sides lead out of ``inside``."""
    within = np.zeros(inside.shape, np.uint8)
    for near, far in (((slice(1, None),), (slice(None, -1),)), ((slice(None), slice(1, None)), (slice(None), slice(None, -1)))):
        within[near] += inside[far]
        within[far] += inside[near]
    return 4 - within
