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
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ...errors import BadParameter, InputError
from .plane import Plane

ERRORS = ("auto", "sigma", "poisson", "scatter")
MOST_BINS = 100_000


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
        return _by_parts(plane, valid, width, start, count, how, split)
    place = np.where(valid, (plane.radius * (1 / width)).astype(np.int32) - start, -1)
    return _means(plane, place, count, how)


def _within(angle_deg: np.ndarray, middle_deg: float, width_deg: float) -> np.ndarray:
    """Directions within half of ``width_deg`` of the middle or of its opposite."""
    return np.asarray(np.abs((angle_deg - middle_deg + 90) % 180 - 90) <= width_deg / 2)


def _means(plane: Plane, place: np.ndarray, count: int, how: str) -> Average:
    """Means over the pixels of each ``place``; places outside of 0 to ``count`` are left out."""
    inside = (place >= 0) & (place < count)
    at, value, q = place[inside], plane.intensity[inside], plane.radius[inside]
    pixels = np.bincount(at, minlength=count)
    kept = pixels > 0
    number = pixels[kept]

    def total(weights: np.ndarray) -> np.ndarray:
        return np.bincount(at, weights=weights, minlength=count)[kept]

    mean, mean_q = total(value) / number, total(q) / number
    variance_q = np.maximum(total(q * q) / number - mean_q**2, 0) + plane.step**2 / 12
    if how == "scatter":
        shifted = value - value.mean()
        with np.errstate(invalid="ignore", divide="ignore"):
            variance = np.maximum(total(shifted * shifted) - total(shifted) ** 2 / number, 0) / (number - 1) / number
        variance = np.where(number > 1, variance, np.nan)
    elif plane.error is not None:
        variance = total(plane.error[inside] ** 2) / number**2
    else:
        variance = np.maximum(total(value), 1) / number**2
    return Average(mean_q, mean, np.sqrt(variance), np.sqrt(variance_q), number, how)


def _by_parts(plane: Plane, valid: np.ndarray, width: float, start: int, count: int, how: str, split: int) -> Average:
    """The same with every pixel cut into ``split`` x ``split`` parts of equal weight."""
    rows, columns = (axis.astype(np.int64) for axis in np.nonzero(valid))
    offsets = (np.arange(split) + 0.5) / split - 0.5
    parts = []
    gradients = [np.gradient(axis) for axis in (plane.x, plane.y)]
    for down in offsets:
        for across in offsets:
            x, y = (axis + down * step[0] + across * step[1] for axis, step in zip((plane.x, plane.y), gradients, strict=True))
            parts.append(np.hypot(x, y)[rows, columns])
    q = np.concatenate(parts)
    place = np.floor(q / width).astype(np.int64) - start
    pixel = np.tile(np.arange(len(rows)), split * split)
    inside = (place >= 0) & (place < count)
    shape = (count, len(rows))
    ones = np.full(int(inside.sum()), 1 / split**2)
    share = sparse.coo_matrix((ones, (place[inside], pixel[inside])), shape=shape).tocsr()
    number = np.asarray(share.sum(axis=1)).ravel()
    kept = number > 0
    value = plane.intensity[valid]
    mean = (share @ value)[kept] / number[kept]
    sums = [np.bincount(place[inside], weights=ones * q[inside] ** k, minlength=count)[kept] / number[kept] for k in (1, 2)]
    squares = share.power(2)
    if how == "scatter":
        weight = np.asarray(squares.sum(axis=1)).ravel()[kept]
        spread = np.maximum((share @ value**2)[kept] / number[kept] - mean**2, 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            variance = spread * weight / (number[kept] ** 2 - weight)
        variance = np.where(number[kept] ** 2 > weight * (1 + 1e-9), variance, np.nan)
    elif plane.error is not None:
        variance = (squares @ plane.error[valid] ** 2)[kept] / number[kept] ** 2
    else:
        variance = np.maximum((squares @ value)[kept], number[kept]) / number[kept] ** 2
    variance_q = np.maximum(sums[1] - sums[0] ** 2, 0) + (plane.step / split) ** 2 / 12
    pixels = np.diff(share.indptr)[kept]
    return Average(sums[0], mean, np.sqrt(variance), np.sqrt(variance_q), pixels, how)


def profile(plane: Plane, *, low: float, high: float, step_deg: float = 5.0, error: str = "auto") -> Profile:
    """Mean intensity between ``low`` and ``high`` as a function of direction, in steps of about ``step_deg``."""
    how = how_errors_are_known(plane, error)
    count = max(4, round(360 / step_deg))
    ring = plane.valid & (plane.radius >= low) & (plane.radius <= high)
    if not ring.any():
        raise InputError(f"no pixel counts between {low:.4g} and {high:.4g} {plane.unit}")
    place = np.full(plane.intensity.shape, -1, np.int32)
    place[ring] = np.floor((plane.angle_deg[ring] % 360) * (count / 360)).astype(np.int32) % count
    found = _means(plane, place, count, how)
    full = {name: np.full(count, np.nan) for name in ("value", "error")}
    pixels = np.bincount(place[place >= 0], minlength=count)
    for name, array in full.items():
        array[pixels > 0] = getattr(found, name)
    middle = (np.arange(count) + 0.5) * (360 / count)
    return Profile(middle, full["value"], full["error"], pixels, how)
