r"""
Bare nanoparticles in a melt of bead-spring chains, in the theory: the model that the simulations run.

Potentials are those of ``nanocomposite`` at T* = 1, without bonds: chains are Koyama's, as stiff as their measured
size asks for [1]_, and particles take the room of their spheres from the melt's density at P* = 1. The melt is in
the Percus-Yevick closure, its contact with particles and these among themselves in the hypernetted chain [2]_, in
which the matrix adds to the pair's own energy the potential :math:`W(r) = -\gamma_{NN}(r)`.

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

import numpy as np

from ..nanocomposite import MELT_DENSITY, StatePoint
from .chains import koyama, single, stiffness_for
from .equations import Mixture, Pair, Solution
from .interactions import Interaction, lennard_jones

BEADS, PARTICLES = 0, 1
BOND = 0.965
CHAIN_SIZE = 1.75
"""<R^2> / ((N - 1) b^2) of chains in the melt."""
CUT = 2.5


def between_particles(point: StatePoint) -> Interaction:
    """The energy that two particles have without a matrix."""
    return lennard_jones(point.diameter, point.eps_nn, cut=CUT * point.diameter)


def mixture(point: StatePoint, *, melt_density: float = MELT_DENSITY, chain_size: float = CHAIN_SIZE) -> Mixture:
    """Beads and particles of ``point``; with a density of 0 its particles are infinitely far apart."""
    stiffness = stiffness_for(chain_size, point.beads, bond=BOND) if point.beads > 2 else 0.0
    both = point.mixed_sigma
    pairs = {
        (BEADS, BEADS): Pair(lennard_jones(1.0, 1.0, cut=CUT), "PY"),
        (BEADS, PARTICLES): Pair(lennard_jones(both, point.eps_pn, cut=CUT * both), "HNC"),
        (PARTICLES, PARTICLES): Pair(between_particles(point), "HNC"),
    }
    chain = koyama(point.beads, bond=BOND, stiffness=stiffness)
    return Mixture((melt_density * (1 - point.filled), point.density), (chain, single), pairs)


def matrix_potential(diluted: Solution) -> np.ndarray:
    """What the matrix adds to the energy of two particles, in kT on the grid of the solution at density 0."""
    return np.asarray(-diluted.gamma[-1])
