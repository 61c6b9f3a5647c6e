r"""
Chord lengths: what straight lines along one direction cut out of a phase.

.. math:: p(\ell) = \frac{n(\ell) / N(\ell)}{\sum_\ell n(\ell) / N(\ell)}, \qquad
          p(z) = \frac{\ell_C}{\phi} \frac{d^2 L}{dz^2}

``n`` counts the chords of ``l`` pixels that begin and end inside the image and its mask, ``N`` the places
where a chord of that length with both its ends would fit: chords cut by the border are left out, and long
ones, which are cut more often, are weighted up for it (minus sampling [1]_ [2]_). A chord of k pixels is
k steps long.

References
----------
.. [1] R. E. Miles, J. Microsc. 95, 231 (1974), for the edge correction.
.. [2] S. Torquato, B. Lu, Phys. Rev. E 47, 2950 (1993), doi 10.1103/PhysRevE.47.2950, for p and L.

Checked against: walking along every line by brute force, the geometric law of uncorrelated pixels and
lamellae of known width, in tests/validation/test_lineal_path.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import bootstrap
from .lineal_path import at_least
from .pairs import check_phase, unit_pixel
from .runs import check_direction, previous, remaining, room


@dataclass(frozen=True, eq=False)
class Chords:
    """
    How many chords (``count``) of each ``length`` were found whole, and their ``probability``.

    ``mean_interval`` is the 95 % interval of the mean where asked for.
    """

    length: np.ndarray
    count: np.ndarray
    probability: np.ndarray
    mean_interval: tuple[float, float] | None = None

    @property
    def mean(self) -> float:
        """Mean chord length, by number; NaN without a whole chord."""
        return float(self.length @ self.probability) if len(self.length) else float("nan")

    @property
    def sd(self) -> float:
        """Standard deviation of the chord length; NaN without a whole chord."""
        return float(np.sqrt((self.length - self.mean) ** 2 @ self.probability)) if len(self.length) else float("nan")


def chord_lengths(
    phase: np.ndarray,
    *,
    direction: Sequence[int],
    mask: np.ndarray | None = None,
    pixel: tuple[float, ...] | None = None,
    periodic: bool = False,
    rng: np.random.Generator | None = None,
    draws: int = 400,
) -> Chords:
    """Chord lengths of ``phase`` along the step ``direction`` (y, x); with ``rng`` also the interval of their mean."""
    pixel = unit_pixel(phase.ndim, pixel)
    check_phase(phase, mask, pixel)
    step = check_direction(direction, phase.ndim)
    one = float(np.linalg.norm(np.array(step) * np.array(pixel)))
    counted = phase if mask is None else phase & mask
    run = remaining(counted, direction=step, periodic=periodic)
    space = room(phase.shape, mask, direction=step, periodic=periodic)
    valid = np.ones(phase.shape, bool) if mask is None else mask
    begins = counted & previous(valid & ~counted, direction=step, periodic=periodic) & (space > run)
    longest = int(run[begins].max()) if begins.any() else 0
    count = np.bincount(run[begins], minlength=longest + 1)[1:]
    places = at_least(space, longest + 2)[2:]
    if periodic:
        places = np.full(len(places), float(np.count_nonzero(valid))) if mask is None else places
    rate = count / np.maximum(places[: len(count)], 1)
    length = np.arange(1, longest + 1) * one
    found = Chords(length[count > 0], count[count > 0], (rate / max(rate.sum(), 1e-300))[count > 0])
    if rng is None or not len(found.length):
        return found
    tiling, _ = bootstrap.blocks(phase.shape, length_px=2 * found.mean / one)
    tallies = np.array([np.bincount(run[block][begins[block]], minlength=longest + 1)[1:] for block in tiling])
    used = np.array([bool(valid[block].any()) for block in tiling])
    blocks = int(used.sum())
    rates = bootstrap.redraw(blocks, rng=rng, draws=draws) @ tallies[used] / np.maximum(places[: len(count)], 1)
    with np.errstate(invalid="ignore"):
        means = rates @ length / rates.sum(axis=1)
    interval = bootstrap.positive_interval(means, found.mean, count=blocks)
    return Chords(found.length, found.count, found.probability, interval)
