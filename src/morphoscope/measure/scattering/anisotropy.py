r"""
How strongly, and in which direction, the intensity around a ring is oriented.

Both averages are over the angle :math:`\varphi` from the reference axis, by default the preferred direction:

.. math:: S = \langle \cos 2 (\varphi - \varphi_0) \rangle = \frac{|\sum I e^{2 i \varphi}|}{\sum I}, \qquad
          f = \frac{3 \langle \cos^2 \varphi \rangle - 1}{2}, \quad
          \langle \cos^2 \varphi \rangle = \frac{\int_0^{\pi/2} I \cos^2\varphi \sin\varphi \, d\varphi}
                                                {\int_0^{\pi/2} I \sin\varphi \, d\varphi}

S is the order parameter in the plane, 1 for one direction and 0 for none. f is Herman's factor in its usual
three-dimensional form: :math:`\sin\varphi` holds where the structure is alike all around the axis (fibres, shear along the
axis); 1 along, 0 without preference, -1/2 across. The factor of the plane itself, :math:`2 \langle \cos^2 \rangle - 1`
without :math:`\sin\varphi`, equals S. Both are those of the intensity as it is, an even background included, which
dilutes them; the structure itself often lies across the direction in which it scatters.

A pattern is alike at q and -q, so opposite directions are joined first; directions without a pixel are then interpolated.
The interval of S inverts the non-central chi-square of its two components, so it reaches 0 where nothing is certain.

References
----------
.. [1] P. H. Hermans and P. Platzek, Kolloid-Z. 88, 68 (1939), doi 10.1007/BF01512948.
.. [2] J. J. Hermans et al., Rec. Trav. Chim. Pays-Bas 65, 427 (1946), doi 10.1002/recl.19460650605.

Checked against: distributions of known order, and the coverage of the intervals, in tests/validation/test_anisotropy.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from ...errors import InputError
from .azimuthal import Profile

MOST_MISSING = 0.25


@dataclass(frozen=True)
class Anisotropy:
    """Order parameter, Herman's factor and preferred direction (0 to 180 degrees), each with its 95 % interval."""

    order: float
    order_interval: tuple[float, float]
    herman: float
    herman_interval: tuple[float, float]
    angle_deg: float
    angle_error_deg: float
    axis_deg: float
    missing: float


def anisotropy(found: Profile, *, axis_deg: float | None = None) -> Anisotropy:
    """Orientation of a ring's intensity about ``axis_deg``, the preferred direction by default."""
    angle, value, error, missing = _joined(found)
    if missing > MOST_MISSING:
        raise InputError(f"{100 * missing:.0f} % of the ring's directions hold no pixel, opposite ones joined; choose another")
    total = float(value.sum())
    if not total > 0:
        raise InputError("the ring's mean intensity is not positive, so it has no orientation; subtract less background")
    double = 2 * np.radians(angle)
    cosine, sine = float((value * np.cos(double)).sum()) / total, float((value * np.sin(double)).sum()) / total
    order, direction = math.hypot(cosine, sine), math.atan2(sine, cosine) / 2
    along = np.cos(double - 2 * direction) - order
    across = np.sin(double - 2 * direction)
    sd = [float(np.sqrt(np.sum((part * error) ** 2))) / total for part in (along, across)]
    half = 1.96 * sd[1] / (2 * order) if order > 0 else math.inf
    preferred = math.degrees(direction) % 180
    axis = preferred if axis_deg is None else axis_deg
    herman, herman_sd = _herman(np.radians(angle - axis), value, error)
    return Anisotropy(
        order=order,
        order_interval=_magnitude(order, sd[0], sd[1]),
        herman=herman,
        herman_interval=(herman - 1.96 * herman_sd, herman + 1.96 * herman_sd),
        angle_deg=preferred,
        angle_error_deg=math.degrees(half) if math.degrees(half) < 45 else math.nan,
        axis_deg=axis % 180,
        missing=missing,
    )


def _joined(found: Profile) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Half a turn of the profile: opposite directions joined by their pixels, gaps interpolated; the share of gaps."""
    count = len(found.value)
    if count % 2:
        raise InputError("directions join with their opposites only where their number is even")
    pixels = np.where(np.isfinite(found.value), found.pixels, 0).reshape(2, -1)
    value = np.nan_to_num(found.value).reshape(2, -1)
    variance = np.nan_to_num(found.error**2).reshape(2, -1)
    number = pixels.sum(axis=0)
    safe = np.maximum(number, 1)
    mean, sd = (pixels * value).sum(axis=0) / safe, np.sqrt((pixels**2 * variance).sum(axis=0)) / safe
    angle = found.angle_deg[: count // 2]
    known = number > 0
    if not known.any():
        raise InputError("no direction of the ring holds a pixel that counts")
    if not known.all():
        mean = np.interp(angle, angle[known], mean[known], period=180)
        sd = np.interp(angle, angle[known], sd[known], period=180)
    return angle, mean, sd, float(1 - known.mean())


def _herman(angle: np.ndarray, value: np.ndarray, error: np.ndarray) -> tuple[float, float]:
    weight, square = np.abs(np.sin(angle)), np.cos(angle) ** 2
    total = float((weight * value).sum())
    mean = float((weight * value * square).sum()) / total
    sd = float(np.sqrt(np.sum((weight * (square - mean) * error) ** 2))) / total
    return (3 * mean - 1) / 2, 1.5 * sd


def _magnitude(order: float, along: float, across: float) -> tuple[float, float]:
    """95 % interval of the length of a vector whose components are known to ``along`` and ``across``."""
    if not max(along, across) > 0:
        return order, order
    if order > 6 * max(along, across):
        return order - 1.96 * along, min(order + 1.96 * along, 1.0)
    sd = math.sqrt((along**2 + across**2) / 2)
    reduced = max((order / sd) ** 2, 2 * math.log(2))  # below its median without order, the least there is would be excluded

    def excess(length: float, share: float) -> float:
        return float(special.chndtr(reduced, 2, length**2)) - share

    bounds = [
        0.0 if excess(0.0, share) < 0 else optimize.brentq(excess, 0, math.sqrt(reduced) + 8, (share,))
        for share in (0.975, 0.025)
    ]
    return min(float(bounds[0]) * sd, 1.0), min(float(bounds[1]) * sd, 1.0)
