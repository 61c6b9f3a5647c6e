r"""
Lineal path: the chance that a needle of length z, thrown along one direction, lies wholly in the phase.

.. math:: L(z) = \langle \prod_{j=0}^{k} I(\mathbf x + j \mathbf e) \rangle, \quad z = k |\mathbf e|, \qquad
          L(0) = \phi, \qquad \ell_C = -\phi / L'(0)

as Torquato and Lu define it [1]_; ``e`` is the step to the next pixel, so L(0) is the phase's fraction and
one step asks for two pixels. Needles are counted exactly: those in the phase over those that fit into the
image and its mask. ``l_C`` is the mean chord. This is not the "lineal path distribution" of PoreSpy, which
is a histogram of distances to the next wall; for that one see compatibility.py.

References
----------
.. [1] B. Lu, S. Torquato, Phys. Rev. A 45, 922 (1992), doi 10.1103/PhysRevA.45.922.

Checked against: walking along every line by brute force, and closed forms for lamellae, uncorrelated pixels
and overlapping discs, in tests/validation/test_lineal_path.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import BadParameter
from . import bootstrap
from .pairs import check_phase, unit_pixel
from .runs import check_direction, remaining, room


@dataclass(frozen=True, eq=False)
class LinealPath:
    """L at each length ``z``, as ``hits`` of ``places``; ``low`` and ``high`` bound the 95 % interval where asked for."""

    z: np.ndarray
    hits: np.ndarray
    places: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    mean_chord_interval: tuple[float, float] | None = None
    blocks: int = 0

    @property
    def value(self) -> np.ndarray:
        """L at each length."""
        return np.asarray(self.hits / self.places)

    @property
    def mean_chord(self) -> float:
        """Mean chord of the phase, -phi / L'(0) by the first step; NaN where no chord ends."""
        return float(_mean_chord(self.value, self.z))


def lineal_path(
    phase: np.ndarray,
    *,
    direction: Sequence[int],
    z_max: float,
    mask: np.ndarray | None = None,
    pixel: tuple[float, ...] | None = None,
    periodic: bool = False,
    rng: np.random.Generator | None = None,
    draws: int = 400,
) -> LinealPath:
    """
    L(z) of ``phase`` along the step ``direction`` (y, x) up to ``z_max``; with ``rng`` also its 95 % interval.

    A needle belongs to the block of its first pixel (block bootstrap, measure/bootstrap.py).
    """
    pixel = unit_pixel(phase.ndim, pixel)
    check_phase(phase, mask, pixel)
    step = check_direction(direction, phase.ndim)
    length = float(np.linalg.norm(np.array(step) * np.array(pixel)))
    if not z_max >= length:
        raise BadParameter(f"z_max={z_max:g} is shorter than one step ({length:g}); make it longer")
    longest = min(int(z_max / length * (1 + 1e-12)), max(n for n, k in zip(phase.shape, step, strict=True) if k) - 1)
    inside = remaining(phase if mask is None else phase & mask, direction=step, periodic=periodic)
    space = room(phase.shape, mask, direction=step, periodic=periodic)
    hits, places = (at_least(counts, longest)[None] for counts in (inside, space))
    kept = places[0] > 0
    z = np.arange(longest + 1)[kept] * length
    found = LinealPath(z, hits[0][kept], places[0][kept])
    if rng is None:
        return found
    tiling, _ = bootstrap.blocks(phase.shape, length_px=2 * found.mean_chord / length)
    hits, places = (np.array([at_least(counts[block], longest)[kept] for block in tiling]) for counts in (inside, space))
    curves, count = bootstrap.ratios(hits, places, rng=rng, draws=draws)
    low, high = bootstrap.interval(curves, found.value, count=count)
    chord = bootstrap.positive_interval(_mean_chord(curves, z), found.mean_chord, count=count)
    return LinealPath(z, found.hits, found.places, np.clip(low, 0, 1), np.clip(high, 0, 1), chord, count)


def at_least(counts: np.ndarray, longest: int) -> np.ndarray:
    """How many of ``counts`` exceed 0, 1, ..., ``longest``."""
    tally = np.bincount(np.minimum(counts, longest + 1).ravel(), minlength=longest + 2)
    return np.asarray(np.cumsum(tally[::-1])[::-1][1:], float)


def _mean_chord(curves: np.ndarray, z: np.ndarray) -> np.ndarray:
    """-phi / L'(0) of each row."""
    if len(z) < 2:
        return np.full(curves.shape[:-1], np.nan)
    fall = curves[..., 0] - curves[..., 1]
    return np.where(fall > 0, curves[..., 0] * (z[1] - z[0]) / np.where(fall > 0, fall, 1), np.nan)
