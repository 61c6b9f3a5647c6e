"""Polymer reference interaction site model (PRISM): the structure of melts and composites from liquid-state theory."""

from __future__ import annotations

from .chains import freely_jointed, gaussian, gaussian_ring, koyama, single, stiffness_for, tabulated
from .equations import Mixture, Pair, Solution
from .grid import Grid
from .interactions import Interaction, exponential, hard_sphere, lennard_jones
from .solve import solve

__all__ = [
    "Grid",
    "Interaction",
    "Mixture",
    "Pair",
    "Solution",
    "exponential",
    "freely_jointed",
    "gaussian",
    "gaussian_ring",
    "hard_sphere",
    "koyama",
    "lennard_jones",
    "single",
    "solve",
    "stiffness_for",
    "tabulated",
]
