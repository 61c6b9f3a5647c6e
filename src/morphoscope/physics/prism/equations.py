r"""
The PRISM equations of a mixture of molecules made of spherical sites [1]_, and one solution of them.

Between the total correlations h = g - 1, the direct correlations c and the structure of the molecules,

.. math:: \hat h = S \hat c A^T, \qquad S = (1 - A \hat c \rho)^{-1} A

where :math:`A_{ij}(k)` is the structure that a site of kind i sees of the sites of kind j in its own
molecule (:math:`\omega` on the diagonal) and :math:`\rho` holds the number densities. Written so, a density
may be zero: those sites are then infinitely diluted in the rest. :math:`S_{ij}` is the structure factor per
site of kind i, :math:`S = A + \hat h \rho`. A second relation, the closure, holds at each distance. With the
energy u in kT and :math:`\gamma = h - c`:

.. math:: \text{Percus-Yevick: } c = (e^{-u} - 1)(1 + \gamma), \qquad
          \text{hypernetted chain: } c = e^{\gamma - u} - 1 - \gamma

References
----------
.. [1] K. S. Schweizer, J. G. Curro, Adv. Chem. Phys. 98, 1 (1997), doi 10.1002/9780470141571.ch1.

Checked against: the analytic Percus-Yevick fluid of hard spheres, its derivatives by differences, and the
published curves of composites and melts, in tests/validation/test_prism_published.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from ...errors import BadParameter
from .chains import Omega
from .grid import Grid
from .interactions import Interaction

Closure = Literal["PY", "HNC"]
LARGEST_EXPONENT = 50.0


@dataclass(frozen=True)
class Pair:
    """How two kinds of site interact, and which closure describes it."""

    interaction: Interaction
    closure: Closure


@dataclass(frozen=True)
class Mixture:
    """
    Kinds of site by number: ``density[i]`` (0 where infinitely diluted), ``omega[i]``, and a ``Pair`` for each i <= j.

    ``bonded[i, j]`` is what a site of kind i sees of kind j in its own molecule; leave it out where the two
    share none. Of i, j and j, i one is enough, as long as its row's kind has a density.
    """

    density: tuple[float, ...]
    omega: tuple[Omega, ...]
    pairs: Mapping[tuple[int, int], Pair]
    bonded: Mapping[tuple[int, int], Omega] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if min(self.density) < 0:
            raise BadParameter(f"a number density of {min(self.density):g} cannot be; give zero or more")

    @property
    def kinds(self) -> int:
        """How many kinds of site there are."""
        return len(self.density)

    @property
    def few(self) -> np.ndarray:
        """Which kinds are few: less than a tenth as dense as the densest."""
        return np.array(self.density) < 0.1 * max(self.density)

    def structure(self, k: np.ndarray) -> np.ndarray:
        """A(k), one matrix a wave number."""
        a = np.zeros((len(k), self.kinds, self.kinds))
        for i, omega in enumerate(self.omega):
            a[:, i, i] = omega(k)
        for (i, j), seen in self.bonded.items():
            a[:, i, j] = seen(k)
            a[:, j, i] = a[:, i, j] * self.density[i] / self.density[j]
        return a


@dataclass(frozen=True)
class Load:
    """
    How much of a mixture is turned on, each from 0 to 1: the density of the many kinds, the tails between them,
    the tails of the few, and the density of the few; ``alone`` leaves the few out.
    """

    many: float = 1.0
    tails: float = 1.0
    few_tails: float = 1.0
    few: float = 1.0
    alone: bool = False


FULL = Load()


class Equations:
    """
    The equations of ``mixture`` on ``grid`` for gamma of each pair, an array of pairs by distances.

    ``active`` says which pairs are unknown. Where the few are infinitely diluted, gamma between two of them ``follows``
    from the rest, and nothing depends on it.
    """

    def __init__(self, mixture: Mixture, grid: Grid, *, load: Load = FULL) -> None:
        self.mixture, self.grid = mixture, grid
        self.index = tuple(itertools.combinations_with_replacement(range(mixture.kinds), 2))
        self.rho = np.array(mixture.density) * np.where(mixture.few, load.few, load.many)
        members = np.array([mixture.few[list(ij)].sum() for ij in self.index])  # of the few, in each pair
        diluted = not self.rho[mixture.few].any() and not mixture.bonded
        self.follows = (members == 2) & (diluted and not load.alone)
        self.active = members == 0 if load.alone else ~self.follows
        pairs = [mixture.pairs[ij] for ij in self.index]
        tails = np.where(members == 0, load.tails, load.few_tails)
        energies = np.array([t * p.interaction.tail(grid.r) for t, p in zip(tails, pairs, strict=True)])
        self.boltzmann = np.array([p.interaction.boltzmann(grid) for p in pairs]) * np.exp(-energies)
        self.linear = np.array([p.closure == "PY" for p in pairs])[:, None]
        self.a = mixture.structure(grid.k)

    def direct(self, gamma: np.ndarray) -> np.ndarray:
        """c(r) by the closures."""
        growth = np.where(self.linear, 1 + gamma, np.exp(np.minimum(gamma, LARGEST_EXPONENT)))
        return np.asarray(self.boltzmann * growth - 1 - gamma)

    def pair_distribution(self, gamma: np.ndarray) -> np.ndarray:
        """g(r) of each pair."""
        return np.asarray(1 + gamma + self.direct(gamma))

    def slope(self, gamma: np.ndarray) -> np.ndarray:
        """dc / dgamma at each distance."""
        growth = np.where(self.linear, 1.0, np.exp(np.minimum(gamma, LARGEST_EXPONENT)))
        return np.asarray(self.boltzmann * growth - 1)

    def matrix(self, pairs: np.ndarray) -> np.ndarray:
        """Pairs by wave numbers as one symmetric matrix a wave number."""
        n = self.mixture.kinds
        full = np.empty((pairs.shape[1], n, n))
        for row, (i, j) in zip(pairs, self.index, strict=True):
            full[:, i, j] = full[:, j, i] = row
        return full

    def listed(self, matrices: np.ndarray) -> np.ndarray:
        """The inverse of ``matrix``."""
        return np.array([matrices[:, i, j] for i, j in self.index])

    def outcome(self, gamma: np.ndarray) -> Outcome:
        """What the equations make of ``gamma``."""
        c = self.matrix(self.grid.to_k(self.direct(gamma)))
        stability = np.eye(self.mixture.kinds) - self.a @ c * self.rho
        s = np.linalg.solve(stability, self.a)
        h = s @ c @ self.a.transpose(0, 2, 1)
        residual = self.grid.to_r(self.listed(h - c)) - gamma
        return Outcome(s, residual, float(np.linalg.det(stability).min()), self.active)

    def derivative(self, s: np.ndarray, slope: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Change of the active residuals with a ``change`` of the active gamma, at structure factors ``s`` and ``slope``."""
        every = np.zeros_like(slope)
        every[self.active] = change
        dc = self.matrix(self.grid.to_k(slope * every))
        return np.asarray(self.grid.to_r(self.listed(s @ dc @ s.transpose(0, 2, 1) - dc))[self.active] - change)


@dataclass(frozen=True)
class Outcome:
    """Structure factors, residual of gamma, and the smallest stability over wave numbers: positive in a stable mixture."""

    s: np.ndarray
    residual: np.ndarray
    stability: float
    active: np.ndarray

    @property
    def unknown(self) -> np.ndarray:
        """The residual of the active pairs."""
        return np.asarray(self.residual[self.active])

    @property
    def error(self) -> float:
        """Largest active residual, infinite where the structure factors make no sense."""
        worst = float(np.abs(self.unknown).max())
        return worst if np.isfinite(worst) and self.stability > 0 else np.inf


@dataclass(frozen=True)
class Solution:
    """
    Correlations that satisfy the equations to ``residual`` (largest difference in gamma).

    ``grid_error`` estimates how far any g(r) lies from its value on an infinitely fine grid: as a difference, or as a
    share where g exceeds 1.
    """

    equations: Equations
    gamma: np.ndarray
    residual: float
    iterations: int
    stability: float
    grid_error: float | None = None

    @property
    def grid(self) -> Grid:
        """The distances and wave numbers."""
        return self.equations.grid

    def _row(self, i: int, j: int) -> int:
        return self.equations.index.index((min(i, j), max(i, j)))

    def g(self, i: int, j: int) -> np.ndarray:
        """Pair distribution of kinds i and j on ``grid.r``."""
        return np.asarray(self.equations.pair_distribution(self.gamma)[self._row(i, j)])

    @cached_property
    def structure_factors(self) -> np.ndarray:
        """S(k) on ``grid.k``, one matrix a wave number; S[:, i, i] tends to omega where sites ignore each other."""
        return self.equations.outcome(self.gamma).s

    def second_virial(self, i: int, j: int) -> float:
        """-1/2 of the integral of h over space, in volume per pair; positive where the two keep apart."""
        r = self.grid.r
        return float(-2 * np.pi * self.grid.dr * np.sum((self.g(i, j) - 1) * r**2))
