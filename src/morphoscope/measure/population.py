r"""
What particles seen in a window say of all particles: sizes, number density, share of small ones, with an error budget.

Each 95 % interval joins, in quadrature, half widths of four kinds:

============ =====================================================================================
counting     the bootstrap over particles (``size_distribution.py``); for the number per area,
             :math:`1.96\,\sqrt{S \sum w^2}/A`, with S the dispersion of the count
             (``point_pattern.py``); for the share, Wilson's
dividing     what the number changes by where touching particles are divided more or less readily
outline      :math:`1.96\,\delta / d` of a length d, with :math:`\delta` the standard error of a diameter,
             ``OUTLINE_PX`` pixels
calibration  1.96 times the relative standard error of the pixel size
============ =====================================================================================

For the share of small particles the last two move the limit instead of the sizes. Particles below the
resolution floor are not seen, and no interval can hold them; the floor is given beside.

The dispersion is the mean over the longest waves and a guess worth a few waves more: that of hard discs.

Lengths have the unit of the pixel given.

References
----------
.. [1] H. Reiss, H. L. Frisch, J. L. Lebowitz, J. Chem. Phys. 31, 369 (1959), doi 10.1063/1.1730361.

Checked against: populations of known sizes and density, seen on simulated micrographs of several noises,
crowdings and polarities, in tests/validation/test_particle_coverage.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import point_pattern, size_distribution
from .size_distribution import FEWEST, POWERS, Estimate

OUTLINE_PX = 0.25
"""Standard error of a diameter by the blur that the instrument left and by where outlines lie between pixels."""
PRIOR_WAVES = 4
"""Waves that hard discs are worth as a guess of the dispersion."""
KINDS = ("counting", "dividing", "outline", "calibration")
Seen = tuple[np.ndarray, np.ndarray]
"""Diameters and weights of whole particles."""


@dataclass(frozen=True)
class Population:
    """Estimates by name, and for each the half widths of the budget by kind."""

    estimates: dict[str, Estimate]
    budget: dict[str, dict[str, float]]
    dispersion: float


@dataclass(frozen=True, eq=False)
class Window:
    """What was looked at: pixels that count, the pixel's (height, width), and the scale's relative standard error."""

    valid: np.ndarray
    pixel: tuple[float, float] = (1.0, 1.0)
    calibration: float = 0.0

    @property
    def area(self) -> float:
        """Area of the pixels that count."""
        return float(self.valid.sum()) * self.pixel[0] * self.pixel[1]

    @property
    def outline(self) -> float:
        """Standard error of a diameter."""
        return OUTLINE_PX * math.sqrt(self.pixel[0] * self.pixel[1])


def estimated(
    whole: Seen,
    centres_px: np.ndarray,
    window: Window,
    *,
    rng: np.random.Generator,
    limit: float | None = None,
    same: Seen | None = None,
    others: Sequence[Seen] = (),
    draws: int = size_distribution.DRAWS,
) -> Population:
    """
    Sizes, number per area and, with a ``limit``, the share of smaller particles.

    ``whole`` are the whole particles with their ``centres_px`` (row, column); ``others`` the same particles
    divided otherwise, or those of a part of the window whose particles are ``same`` as they are.
    """
    d, w = whole
    found = size_distribution.sizes(d, rng=rng, weights=w, draws=draws)
    plain = {"mean": found.mean, "sd": found.sd}
    plain |= {
        f"{name}_{kind}": q for kind in POWERS for name, q in zip(("d10", "d50", "d90"), found.quantiles[kind], strict=True)
    }
    spread, waves = _dispersion(d, centres_px, window)
    covered = min(0.9, float(w @ d**2) * math.pi / 4 / window.area)
    plain["per_area"] = _density(w, window.area, spread, waves, covered)
    if limit is not None:
        plain["below"] = size_distribution.share_below(d, limit, weights=w)
    changed = [_plainly(*other, window.area, limit) for other in others if len(other[0]) >= FEWEST]
    if same is not None and len(same[0]) < FEWEST:
        changed = []
    reference = _plainly(*(whole if same is None else same), window.area, limit) if changed else {}
    estimates, budget = {}, {}
    for name, estimate in plain.items():
        halves = _halves(name, estimate, whole, window, limit)
        halves["dividing"] = 1.96 * _spread([_change(name, one[name], reference[name], estimate) for one in changed])
        estimates[name], budget[name] = _joined(name, estimate, halves), halves
    return Population(estimates, budget, spread)


def _dispersion(d: np.ndarray, centres_px: np.ndarray, window: Window) -> tuple[float, int]:
    """Dispersion of the count in the part of the window where the rim hides no centre of a typical whole particle."""
    margin = [min(round(float(np.median(d)) / 2 / p), n // 4) for n, p in zip(window.valid.shape, window.pixel, strict=True)]
    inner = tuple(slice(m, n - m) for m, n in zip(margin, window.valid.shape, strict=True))
    moved = centres_px - np.array(margin)
    size = np.array([part.stop - part.start for part in inner])
    return point_pattern.dispersion(moved[((moved >= 0) & (moved < size)).all(axis=1)], window.valid[inner])


def _change(name: str, changed: float, base: float, estimate: Estimate) -> float:
    """How far a number moves: a share by the difference, others in proportion to the estimate."""
    return changed - base if name == "below" or not base or estimate.value is None else (changed / base - 1) * estimate.value


def _spread(changes: Sequence[float]) -> float:
    """Standard error from changes in pairs of opposite direction: their root mean square a pair, the pairs in quadrature."""
    return math.sqrt(sum(change**2 for change in changes) / 2)


def _plainly(d: np.ndarray, w: np.ndarray, area: float, limit: float | None) -> dict[str, float]:
    """The numbers without their intervals."""
    mean = float(w @ d / w.sum())
    values = {"mean": mean, "sd": math.sqrt(float(w @ (d - mean) ** 2 / w.sum())), "per_area": float(w.sum()) / area}
    for kind, power in POWERS.items():
        by = size_distribution.quantiles(d[None], (w * d**power)[None])[0]
        values |= {f"{name}_{kind}": float(q) for name, q in zip(("d10", "d50", "d90"), by, strict=True)}
    return values if limit is None else values | {"below": float(w[d < limit].sum() / w.sum())}


def _density(w: np.ndarray, area: float, spread: float, waves: int, covered: float) -> Estimate:
    """Number per area; where few waves tell the dispersion, that of hard discs which cover as much counts too."""
    known = (waves * spread + PRIOR_WAVES * hard_discs(covered)) / (waves + PRIOR_WAVES)
    half = 1.96 * math.sqrt(known * float((w**2).sum()))
    total = float(w.sum())
    return Estimate(total / area, max(0.0, total - half) / area, (total + half) / area)


def hard_discs(covered: float) -> float:
    """Dispersion of the count of hard discs that cover a share of the area, by scaled particle theory [1]_."""
    return (1 - covered) ** 3 / (1 + covered)


def _halves(name: str, estimate: Estimate, whole: Seen, window: Window, limit: float | None) -> dict[str, float]:
    """Half widths by counting, outline and calibration."""
    low, high, value = estimate.low, estimate.high, estimate.value
    if value is None or low is None or high is None:
        return dict.fromkeys(KINDS, 0.0)
    counting = {"counting": (high - low) / 2}
    if name == "per_area":
        return counting | {"outline": 0.0, "calibration": 1.96 * 2 * window.calibration * value}
    if name == "below" and limit is not None:
        moved = {"outline": 1.96 * window.outline / limit, "calibration": 1.96 * window.calibration}
        return counting | {kind: _share_moves(*whole, limit, by) for kind, by in moved.items()}
    length = 0.0 if name == "sd" else 1.96 * window.outline
    return counting | {"outline": length, "calibration": 1.96 * window.calibration * value}


def _share_moves(d: np.ndarray, w: np.ndarray, limit: float, by: float) -> float:
    """Half the change of the share of small ones between a limit lower and higher by a share."""
    low, high = (float(w[d < limit * (1 + side * by)].sum() / w.sum()) for side in (-1, 1))
    return (high - low) / 2


def _joined(name: str, estimate: Estimate, halves: dict[str, float]) -> Estimate:
    """The interval with the other half widths in quadrature; a share stays within 0 and 1, a density above 0."""
    value, low, high = estimate.value, estimate.low, estimate.high
    if value is None or low is None or high is None:
        return estimate
    more = [halves[kind] for kind in KINDS if kind != "counting"]
    low, high = value - math.hypot(value - low, *more), value + math.hypot(high - value, *more)
    if name in ("below", "per_area", "sd"):
        low = max(0.0, low)
    return Estimate(value, low, min(1.0, high) if name == "below" else high)
