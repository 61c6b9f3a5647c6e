r"""
Averages of a pattern over rings, sectors and, around a ring, over angle, with standard errors.

.. math:: I(q_k) = \frac{\sum_i w_{ik} I_i}{\sum_i w_{ik}}, \qquad
          \sigma^2(q_k) = \frac{\sum_i w_{ik}^2 \sigma_i^2}{(\sum_i w_{ik})^2}, \qquad
          q_k = \frac{\sum_i w_{ik} q_i}{\sum_i w_{ik}}

Each pixel counts whole in the ring of its middle (:math:`w` is 0 or 1), so rings are independent; q of a ring is the mean
of its pixels, not the ring's middle. With ``split`` = n each pixel is cut into n x n parts that fall into rings of their
own and :math:`w` is their share; neighbouring rings then share pixels. The mean is not weighted by errors: errors that
follow the counts would pull it down. ``spread`` is the standard deviation of q in a ring, width of the pixels included.

Errors, in this order unless chosen: ``sigma``, the error the file states for each pixel; ``poisson``,
:math:`\sigma_i^2 = N_i` for counts, at least one count a ring; ``scatter``, the standard deviation of the ring's pixels
over the root of their number, which takes anisotropy for noise.

References
----------
.. [1] B. R. Pauw et al., J. Appl. Cryst. 50, 1800 (2017), doi 10.1107/S1600576717015096: averaging and its uncertainties.

Checked against: loops over sub-pixels to 1e-10, Poisson counts of known rate, and a published pair of pattern and average,
in tests/validation/test_azimuthal.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ...errors import BadParameter, InputError
from .plane import Plane

ERRORS = ("auto", "sigma", "poisson", "scatter")
MOST_BINS = 100_000
SMALL_RING = 40_000
PARTS = 6


@dataclass(frozen=True, eq=False)
class Average:
    """Mean intensity ``value`` at ``q`` with its standard ``error`` (NaN: not known), of ``pixels`` pixels a ring."""

    q: np.ndarray
    value: np.ndarray
    error: np.ndarray
    spread: np.ndarray
    pixels: np.ndarray
    how: str


@dataclass(frozen=True, eq=False)
class Profile:
    """Mean intensity around a ring at ``angle_deg``, counter-clockwise in the picture; NaN where no pixel counts."""

    angle_deg: np.ndarray
    value: np.ndarray
    error: np.ndarray
    pixels: np.ndarray
    how: str


def how_errors_are_known(plane: Plane, error: str) -> str:
    """The estimator of errors that ``error`` means for this plane."""
    if error not in ERRORS:
        raise BadParameter(f"error={error!r} is not known; allowed: {', '.join(ERRORS)}")
    if error == "auto":
        return "sigma" if plane.error is not None else "poisson" if plane.counts else "scatter"
    if error == "sigma" and plane.error is None:
        raise InputError("the file states no errors of its pixels; use poisson or scatter")
    if error == "poisson" and not plane.counts:
        raise InputError("these intensities are no counts, so their errors are not Poisson's; use sigma or scatter")
    return error


def average(
    plane: Plane,
    *,
    width: float | None = None,
    low: float = 0.0,
    high: float = math.inf,
    sector: tuple[float, float] | None = None,
    error: str = "auto",
    split: int = 1,
) -> Average:
    """
    Mean over rings ``width`` wide (one pixel by default) between ``low`` and ``high``.

    ``sector`` (middle, width in degrees) keeps that direction and the one opposite to it.
    """
    how = how_errors_are_known(plane, error)
    width = plane.step if width is None else width
    reach = min(high, float(plane.radius[plane.valid].max()) + plane.step)
    if reach / width > MOST_BINS:
        raise BadParameter(f"rings {width:g} {plane.unit} wide are more than {MOST_BINS:,}; give a larger width")
    start, stop = math.floor(low / width), math.floor(reach / width) + 1
    count = max(stop - start, 0)
    valid = plane.valid if sector is None else plane.valid & _within(plane.angle_deg, *sector)
    if split > 1:

        def place_of(x: np.ndarray, y: np.ndarray) -> np.ndarray:
            return np.asarray(np.floor(np.hypot(x, y) / width).astype(np.int64) - start)

        return _filled(_by_parts(plane, valid, split, place_of, count, how))
    place = np.where(valid, (plane.radius * (1 / width)).astype(np.int32) - start, -1)
    return _filled(_means(plane, place, count, how))


def _filled(found: Average) -> Average:
    """The rings that hold a pixel."""
    kept = found.pixels > 0
    return Average(found.q[kept], found.value[kept], found.error[kept], found.spread[kept], found.pixels[kept], found.how)


def _within(angle_deg: np.ndarray, middle_deg: float, width_deg: float) -> np.ndarray:
    """Directions within half of ``width_deg`` of the middle or of its opposite."""
    return np.asarray(np.abs((angle_deg - middle_deg + 90) % 180 - 90) <= width_deg / 2)


def _means(plane: Plane, place: np.ndarray, count: int, how: str) -> Average:
    """Means over the pixels of each ``place``, NaN where there are none; places outside of 0 to ``count`` are left out."""
    inside = (place >= 0) & (place < count)
    at, value, q = place[inside], plane.intensity[inside], plane.radius[inside]
    pixels = np.bincount(at, minlength=count)
    number = np.where(pixels > 0, pixels, np.nan)

    def total(weights: np.ndarray) -> np.ndarray:
        return np.bincount(at, weights=weights, minlength=count)

    mean, mean_q = total(value) / number, total(q) / number
    variance_q = np.maximum(total(q * q) / number - mean_q**2, 0) + plane.step**2 / 12
    if how == "scatter":
        shifted = value - float(value.mean()) if len(value) else value
        squares = np.maximum(total(shifted * shifted) - total(shifted) ** 2 / number, 0)
        variance = squares / np.where(pixels > 1, number - 1, np.nan) / number
    elif plane.error is not None:
        variance = total(plane.error[inside] ** 2) / number**2
    else:
        variance = np.maximum(total(value), 1) / number**2
    return Average(mean_q, mean, np.sqrt(variance), np.sqrt(variance_q), pixels, how)


def _by_parts(
    plane: Plane,
    valid: np.ndarray,
    split: int,
    place_of: Callable[[np.ndarray, np.ndarray], np.ndarray],
    count: int,
    how: str,
    *,
    summed: bool = False,
) -> Average:
    """
    The same with every pixel cut into ``split`` x ``split`` parts of equal weight; ``place_of`` (x, y) is a part's place.

    Neighbouring places share pixels, so they are not independent: each error is right by itself. If ``summed``, errors are
    larger, such that those of sums over many places are right when places are taken as independent.
    """
    offsets = (np.arange(split) + 0.5) / split - 0.5
    gradients = [np.gradient(axis) for axis in (plane.x, plane.y)]
    x, y = (
        np.concatenate([(axis + i * step[0] + j * step[1])[valid] for i in offsets for j in offsets])
        for axis, step in zip((plane.x, plane.y), gradients, strict=True)
    )
    q, place = np.hypot(x, y), place_of(x, y)
    pixel = np.tile(np.arange(int(valid.sum())), split * split)
    inside = (place >= 0) & (place < count)
    part = np.full(int(inside.sum()), 1 / split**2)
    share = sparse.coo_matrix((part, (place[inside], pixel[inside])), shape=(count, int(valid.sum()))).tocsr()
    number = np.asarray(share.sum(axis=1)).ravel()
    number, value = np.where(number > 0, number, np.nan), plane.intensity[valid]
    squares = share if summed else share.power(2)
    mean = (share @ value) / number
    mean_q, mean_q2 = (np.bincount(place[inside], part * q[inside] ** k, count) / number for k in (1, 2))
    if how == "scatter":
        weight = np.asarray(squares.sum(axis=1)).ravel()
        spread = np.maximum((share @ value**2) / number - mean**2, 0)
        variance = spread * weight / np.where(number**2 > weight * (1 + 1e-9), number**2 - weight, np.nan)
    elif plane.error is not None:
        variance = squares @ plane.error[valid] ** 2 / number**2
    else:
        variance = np.maximum(squares @ value, number) / number**2
    variance_q = np.maximum(mean_q2 - mean_q**2, 0) + (plane.step / split) ** 2 / 12
    return Average(mean_q, mean, np.sqrt(variance), np.sqrt(variance_q), np.diff(share.indptr), how)


def profile(plane: Plane, *, low: float, high: float, step_deg: float = 5.0, error: str = "auto") -> Profile:
    """
    Mean intensity between ``low`` and ``high`` as a function of direction, in steps of about ``step_deg``.

    The pixels of a small ring are cut into parts, for they are as wide as the steps.
    """
    how = how_errors_are_known(plane, error)
    count = max(4, 2 * round(180 / step_deg))
    ring = plane.valid & (plane.radius >= low - plane.step) & (plane.radius <= high + plane.step)

    def place_of(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        radius, angle = np.hypot(x, y), np.degrees(np.arctan2(y if plane.upward else -y, x)) % 360
        place = np.floor(angle * (count / 360)).astype(np.int64) % count
        return np.asarray(np.where((radius >= low) & (radius <= high), place, -1))

    if ring.sum() < SMALL_RING:
        found = _by_parts(plane, ring, PARTS, place_of, count, how, summed=True)
    else:
        place = np.full(plane.intensity.shape, -1, np.int64)
        place[ring] = place_of(plane.x[ring], plane.y[ring])
        found = _means(plane, place, count, how)
    if not found.pixels.any():
        raise InputError(f"no pixel counts between {low:.4g} and {high:.4g} {plane.unit}")
    return Profile((np.arange(count) + 0.5) * (360 / count), found.value, found.error, found.pixels, how)
