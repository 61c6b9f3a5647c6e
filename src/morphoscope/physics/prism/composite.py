r"""
Bare nanoparticles in a melt of bead-spring chains, in the theory: the model that the simulations run.

Chains of ``N`` beads of diameter sigma = 1 with bonds of 0.965; particles are spheres of diameter ``D``. All pairs
are Lennard-Jones, cut at 2.5 times the mean diameter of the two and shifted: beads with energy 1, beads and
particles with ``eps_pn``, particles with ``eps_nn``, in units of kT at T* = 1. The melt's density at P* = 1 is
0.933; particles take the room of their spheres from it. Chains are Koyama's, as stiff as their measured size
asks for [1]_. The melt and its contact with particles are in the Percus-Yevick and the hypernetted chain
closure, particles among themselves in the latter [2]_: in that closure the matrix adds to the pair's own
energy the potential :math:`W(r) = -\gamma_{NN}(r)`.

The theory's melt is too easily compressed (S(0) about ten times the simulated one), and its particles attract
each other too much at finite concentration; so take it for trends, not for numbers.

References
----------
.. [1] K. Kremer, G. S. Grest, J. Chem. Phys. 92, 5057 (1990), doi 10.1063/1.458541.
.. [2] J. B. Hooper, K. S. Schweizer, Macromolecules 38, 8858 (2005), doi 10.1021/ma051318k.

Checked against: published composites of hard particles and the potential that umbrella sampling gives, in
tests/validation/test_prism_published.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ...errors import BadParameter
from .chains import koyama, single, stiffness_for
from .equations import Mixture, Pair, Solution
from .interactions import lennard_jones

BEADS, PARTICLES = 0, 1
BOND = 0.965
CHAIN_SIZE = 1.75
MELT_DENSITY = 0.933
CUT = 2.5
DENSEST = 0.5


@dataclass(frozen=True)
class Composite:
    """
    A composition: particle diameter ``D`` in bead diameters, beads a chain ``N``, particles per volume ``rho``,
    energies ``eps_nn`` between particles and ``eps_pn`` between beads and particles in kT.
    """

    D: float
    N: int
    rho: float
    eps_nn: float
    eps_pn: float

    def __post_init__(self) -> None:
        if self.filled > DENSEST:
            most = DENSEST / (math.pi / 6 * self.D**3)
            raise BadParameter(
                f"particles of diameter {self.D:g} at rho={self.rho:g} would fill {self.filled:.0%} of the volume; "
                f"give rho of at most {most:.3g}"
            )

    @property
    def filled(self) -> float:
        """Share of the volume inside particles."""
        return math.pi / 6 * self.rho * self.D**3

    def mixture(self, *, melt_density: float = MELT_DENSITY, chain_size: float = CHAIN_SIZE) -> Mixture:
        """Beads and particles; ``chain_size`` is <R^2> / ((N - 1) b^2) of the chains."""
        stiffness = stiffness_for(chain_size, self.N, bond=BOND) if self.N > 2 else 0.0
        both = (1 + self.D) / 2
        pairs = {
            (BEADS, BEADS): Pair(lennard_jones(1.0, 1.0, cut=CUT), "PY"),
            (BEADS, PARTICLES): Pair(lennard_jones(both, self.eps_pn, cut=CUT * both), "HNC"),
            (PARTICLES, PARTICLES): Pair(lennard_jones(self.D, self.eps_nn, cut=CUT * self.D), "HNC"),
        }
        chain = koyama(self.N, bond=BOND, stiffness=stiffness)
        return Mixture((melt_density * (1 - self.filled), self.rho), (chain, single), pairs)

    def diluted(self) -> Composite:
        """The same particles, infinitely far apart."""
        return replace(self, rho=0.0)


def matrix_potential(solution: Solution) -> np.ndarray:
    """What the matrix adds to the energy of two particles of a diluted composite, in kT on ``solution.grid.r``."""
    return np.asarray(-solution.gamma[-1])
