r"""
What two sites do to each other, in kT, split into a repulsive core and a tail that can be turned on slowly.

A hard core has the Boltzmann factor 0 inside and 1 outside. On a grid it is averaged over each cell, so
that the volume it excludes does not jump where a grid point passes the contact.

Lennard-Jones potentials are cut and shifted, and split at their minimum [1]_: the core is the repulsive
part lifted to zero there, the tail the rest.

References
----------
.. [1] J. D. Weeks, D. Chandler, H. C. Andersen, J. Chem. Phys. 54, 5237 (1971), doi 10.1063/1.1674820.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .grid import Grid

Energy = Callable[[np.ndarray], np.ndarray]


def _nothing(r: np.ndarray) -> np.ndarray:
    return np.zeros_like(r)


@dataclass(frozen=True)
class Interaction:
    """``hard`` is the diameter of the hard core, 0 for none; ``core`` and ``tail`` are energies in kT at distance r."""

    hard: float = 0.0
    core: Energy = _nothing
    tail: Energy = _nothing

    def energy(self, r: np.ndarray) -> np.ndarray:
        """The whole energy at distances ``r``, infinite inside the hard core."""
        return np.where(r < self.hard, np.inf, self.core(r) + self.tail(r))

    def boltzmann(self, grid: Grid) -> np.ndarray:
        """exp(-u) of the core alone on ``grid``, between 0 and 1."""
        outside = np.clip((grid.r - self.hard) / grid.dr + 0.5, 0, 1)
        return np.asarray(outside * np.exp(-self.core(grid.r)))


def hard_sphere(diameter: float) -> Interaction:
    """Nothing but a hard core."""
    return Interaction(hard=diameter)


def exponential(diameter: float, *, depth: float, reach: float) -> Interaction:
    """A hard core and an attraction -``depth`` exp(-(r - ``diameter``) / ``reach``) outside it."""

    def tail(r: np.ndarray) -> np.ndarray:
        return np.asarray(-depth * np.exp(-np.maximum(r - diameter, 0) / reach))

    return Interaction(hard=diameter, tail=tail)


def lennard_jones(sigma: float, epsilon: float, *, cut: float) -> Interaction:
    """4 epsilon ((sigma/r)^12 - (sigma/r)^6), cut at ``cut`` and shifted to zero there."""
    lowest = 2 ** (1 / 6) * sigma
    reach = min(lowest, cut)

    def energy(r: np.ndarray) -> np.ndarray:
        ratio = (sigma / np.maximum(r, sigma / 20)) ** 6
        return np.asarray(4 * epsilon * (ratio**2 - ratio))

    at_reach, at_cut = energy(np.array(reach)), energy(np.array(cut))

    def core(r: np.ndarray) -> np.ndarray:
        return np.where(r < reach, energy(r) - at_reach, 0.0)

    def tail(r: np.ndarray) -> np.ndarray:
        return np.where(r < cut, np.where(r < reach, at_reach, energy(r)) - at_cut, 0.0)

    return Interaction(core=core, tail=tail)
