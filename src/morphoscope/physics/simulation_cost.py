r"""
What a simulation of a nanocomposite costs on one core, from short probes of two boxes.

.. math:: t = t_0 + (a + b\, n)\, s

for n beads and particles and s steps. a and b follow from the CPU time of a step in a small and a large box, in
several pieces each; the pieces' spread, and 5 % for what the line leaves out, give the interval. t_0 is what starting and
analysing a run takes. Time goes with the number of beads as long as the box fits the same memory, which is why the larger
box should be near what is planned.

Checked against: simulations of known cost, in tests/physics/test_simulation_cost.py, and recorded runs in
experiments/nanonet/README.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .nanocomposite import Grafts, StatePoint, free_chains
from .nanocomposite_lammps import Settings

START_UP_S = 2.3
"""CPU-seconds to start, watch and analyse one run."""
NORMAL_95 = 1.96
OF_THE_LINE = 0.05
"""Relative standard error of the line itself: of compositions, of box shapes, of what else the machine does."""


@dataclass(frozen=True)
class Probe:
    """CPU-seconds a step of a box of ``atoms``, one number for each piece."""

    atoms: int
    seconds: Sequence[float]

    @property
    def mean(self) -> float:
        """CPU-seconds a step."""
        return float(np.mean(self.seconds))

    @property
    def error(self) -> float:
        """One standard error of the mean; a tenth of it where there is one piece only."""
        if len(self.seconds) < 2:
            return 0.1 * self.mean
        return float(np.std(self.seconds, ddof=1) / np.sqrt(len(self.seconds)))


@dataclass(frozen=True)
class Speed:
    """CPU-seconds a step take ``step`` and, for each bead, ``bead``; ``error`` is the relative standard error."""

    step: float
    bead: float
    error: float = 0.0

    def seconds(self, atoms: int, steps: int) -> float:
        """CPU-seconds of ``steps`` steps of ``atoms``, with the start."""
        return START_UP_S + (self.step + self.bead * atoms) * steps

    def interval(self, seconds: float) -> tuple[float, float]:
        """The 95 % interval of a cost."""
        wide = NORMAL_95 * self.error
        return seconds * max(0.0, 1 - wide), seconds * (1 + wide)

    @property
    def million_bead_steps(self) -> float:
        """Millions of bead-steps a CPU-second in a box of 5000."""
        return 5000 / (self.step + self.bead * 5000) / 1e6


def speed(small: Probe, large: Probe) -> Speed:
    """Through both probes; a step never costs less than nothing, and then all goes with the beads."""
    if small.atoms >= large.atoms or min(small.mean, large.mean) <= 0:
        raise InputError("two probes of different size, each with a time above 0, are needed")
    bead = (large.mean - small.mean) / (large.atoms - small.atoms)
    error = float(np.sqrt((small.error / small.mean) ** 2 + (large.error / large.mean) ** 2 + OF_THE_LINE**2))
    bead = float(np.clip(bead, 0.5 * large.mean / large.atoms, large.mean / large.atoms))
    return Speed(large.mean - bead * large.atoms, bead, error)


def atoms(point: StatePoint, particles: int, grafts: Grafts | None = None) -> int:
    """Beads and particles in the box of ``particles`` at ``point``."""
    tethered = particles * grafts.chains * grafts.beads if grafts else 0
    return free_chains(point, particles, grafts) * point.beads + tethered + particles


def steps(settings: Settings, equilibration: int, production: int) -> int:
    """Steps of one start: both push-offs, the warm-up, and what was asked for."""
    return 2 * settings.push_off + settings.warm_up + equilibration + production
