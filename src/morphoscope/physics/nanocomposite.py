r"""
Nanoparticles in a melt of bead-spring chains: state points, potentials and starting configurations.

Chains are those of Kremer and Grest [1]_: neighbours along a chain attract each other by

.. math:: U_{FENE}(r) = -\frac{1}{2} K R_0^2 \ln\left[1 - (r / R_0)^2\right]

and repel each other by the Lennard-Jones potential cut at its minimum. All other pairs of beads and
particles interact by the cut and shifted Lennard-Jones potential of nanoNET [2]_

.. math:: U_{ij}(r) = 4 \epsilon_{ij} \left[(\sigma_{ij} / r)^{12} - (\sigma_{ij} / r)^6\right] - U_c,
          \qquad r < 2.5\, \sigma_{ij}

with sigma = 1 between beads, D between particles and (D + 1) / 2 between the two.

**Units.** Lengths in bead diameters sigma, energies in the beads' epsilon, masses in bead masses, times in tau.
A particle weighs D^3, as a sphere of the melt's material would; equilibrium does not depend on it.

References
----------
.. [1] K. Kremer, G. S. Grest, J. Chem. Phys. 92, 5057 (1990), doi 10.1063/1.458541.
.. [2] K. Ayush, A. Seth, T. K. Patra, Soft Matter 19, 5502 (2023), doi 10.1039/D3SM00567D.

Checked against: density, bond length and chain dimensions of the pure melt, in tests/validation/test_nanocomposite_melt.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import BadParameter

BOND = 0.97
"""Mean bond length at which chains are laid out."""
SECOND_NEIGHBOUR = 1.02
"""Beads two bonds apart are laid out no closer than this."""
MELT_DENSITY = 0.933
"""Beads per volume of the pure melt at T = 1 and P = 1 (N from 25 to 40)."""
LOOSE_DENSITY = 0.85
"""Beads per free volume at which a box is laid out; the barostat closes it."""
SHELL = 0.6
"""A particle keeps the melt out of a sphere of diameter D + SHELL."""
LATTICES: tuple[tuple[list[list[float]], float], ...] = (
    ([[0, 0, 0]], 1.0),
    ([[0, 0, 0], [0.5, 0.5, 0.5]], 0.75**0.5),
    ([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]], 0.5**0.5),
)
"""Simple, body-centred and face-centred cubic: sites in the cell, and the distance of neighbours in edges."""
FULLEST = 0.4
"""Largest fraction of the box that particles may fill."""


@dataclass(frozen=True)
class StatePoint:
    """
    One composition: particles of diameter ``diameter`` at ``density`` (number per volume) in chains of ``beads``.

    ``eps_nn`` and ``eps_pn`` are the well depths between particles, and between particle and bead.
    """

    diameter: float = 3.0
    beads: int = 40
    density: float = 7e-4
    eps_nn: float = 0.1
    eps_pn: float = 0.1

    def __post_init__(self) -> None:
        if not 1 <= self.diameter <= 20:
            raise BadParameter(f"D={self.diameter:g} must lie between 1 (a bead) and 20 bead diameters")
        if self.beads < 1:
            raise BadParameter(f"N={self.beads} must be at least 1 bead a chain")
        if min(self.eps_nn, self.eps_pn) < 0:
            raise BadParameter(f"eps_nn={self.eps_nn:g} and eps_pn={self.eps_pn:g} must not be negative")
        if self.density < 0:
            raise BadParameter(f"rho={self.density:g} must not be negative")
        if self.filled > FULLEST:
            highest = FULLEST / (math.pi / 6 * self.diameter**3)
            raise BadParameter(
                f"rho={self.density:g} with D={self.diameter:g} would fill {self.filled:.0%} of the box with spheres, "
                f"which overlap; give rho of at most {highest:.3g}"
            )

    @property
    def filled(self) -> float:
        """Fraction of the box inside the particles."""
        return self.density * math.pi / 6 * self.diameter**3

    @property
    def mixed_sigma(self) -> float:
        """Diameter of the interaction between a particle and a bead, (D + 1) / 2."""
        return (self.diameter + 1) / 2


def lennard_jones(r: np.ndarray, *, epsilon: float, sigma: float, cutoff: float | None = None) -> np.ndarray:
    """Cut and shifted Lennard-Jones energy at distances ``r``; the cutoff is 2.5 sigma by default."""
    cutoff = 2.5 * sigma if cutoff is None else cutoff
    r = np.maximum(np.asarray(r, dtype=float), 1e-6)

    def bare(x: np.ndarray) -> np.ndarray:
        six = (sigma / x) ** 6
        return 4 * epsilon * (six * six - six)

    return np.where(r < cutoff, bare(r) - bare(np.array(cutoff)), 0.0)


@dataclass(frozen=True, eq=False)
class Configuration:
    """
    Beads and particles in a periodic box of ``lengths`` from 0: ``positions`` unwrapped, ``types`` 1 (bead) or 2 (particle).

    ``bonds`` holds rows (type, i, j) with atoms counted from 0; type 1 joins beads, type 2 a particle and its graft.
    """

    lengths: np.ndarray
    positions: np.ndarray
    types: np.ndarray
    molecules: np.ndarray
    bonds: np.ndarray
    masses: tuple[float, float]

    def __len__(self) -> int:
        return len(self.positions)


def box_of(point: StatePoint, particles: int) -> float:
    """Edge of the cube that holds ``particles`` at the state point's density."""
    if particles < 1 or point.density <= 0:
        raise BadParameter("a box for particles needs at least one of them and a density above 0")
    return float((particles / point.density) ** (1 / 3))


def chains_for(point: StatePoint, particles: int, volume: float) -> int:
    """Number of chains that fill what the particles leave of ``volume`` at the density of the melt."""
    free = volume - particles * math.pi / 6 * (point.diameter + SHELL) ** 3
    return max(1, round(free * MELT_DENSITY / point.beads))


def walks(rng: np.random.Generator, chains: int, beads: int, lengths: np.ndarray) -> np.ndarray:
    """Random walks without reversals (chain, bead, axis), whose dimensions are near those of the melt."""
    positions = np.empty((chains, beads, 3))
    positions[:, 0] = rng.uniform(0, 1, (chains, 3)) * lengths
    direction = _directions(rng, chains)
    lowest = SECOND_NEIGHBOUR**2 / (2 * BOND**2) - 1
    for bead in range(1, beads):
        if bead > 1:
            direction = _turned(rng, direction, rng.uniform(lowest, 1, chains))
        positions[:, bead] = positions[:, bead - 1] + BOND * direction
    return positions


def _directions(rng: np.random.Generator, count: int) -> np.ndarray:
    v = rng.normal(size=(count, 3))
    return np.asarray(v / np.linalg.norm(v, axis=1)[:, None])


def _turned(rng: np.random.Generator, direction: np.ndarray, cosine: np.ndarray) -> np.ndarray:
    """Unit vectors at the given cosine to ``direction``, at random azimuth."""
    side = np.cross(direction, _directions(rng, len(direction)))
    side /= np.linalg.norm(side, axis=1)[:, None]
    return np.asarray(cosine[:, None] * direction + np.sqrt(1 - cosine**2)[:, None] * side)


def dispersed(rng: np.random.Generator, count: int, length: float) -> np.ndarray:
    """``count`` places far from each other: a random choice among the sites of the widest lattice that has enough."""
    best, widest = np.zeros((0, 3)), 0.0
    for basis, nearest in LATTICES:
        cells = math.ceil(round((count / len(basis)) ** (1 / 3), 9))
        if length / cells * nearest > widest:
            widest = length / cells * nearest
            grid = np.stack(np.meshgrid(*[np.arange(cells)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
            best = ((grid + np.array(basis)) / cells * length).reshape(-1, 3)
    chosen = best[rng.permutation(len(best))[:count]]
    return np.asarray((chosen + rng.uniform(0, length, 3)) % length)


def aggregated(count: int, diameter: float, length: float) -> np.ndarray:
    """``count`` places of a compact cluster (face-centred cubic, neighbours at the minimum 1.13 D) amid the box."""
    edge = 1.13 * diameter * math.sqrt(2)
    reach = math.ceil(count ** (1 / 3)) + 1
    grid = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    basis = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    sites = (grid + basis - 0.25).reshape(-1, 3) * edge
    return np.asarray(length / 2 + sites[np.argsort((sites**2).sum(1), kind="stable")[:count]])


def melt(rng: np.random.Generator, point: StatePoint, *, chains: int) -> Configuration:
    """A pure melt, laid out loosely."""
    length = (chains * point.beads / LOOSE_DENSITY) ** (1 / 3)
    return _filled(rng, point, np.zeros((0, 3)), np.full(3, length), chains)


@dataclass(frozen=True)
class Grafts:
    """``chains`` of ``beads`` each, tethered to the surface of every particle by their first bead."""

    chains: int
    beads: int

    def __post_init__(self) -> None:
        if self.chains < 1 or self.beads < 1:
            raise BadParameter(f"{self.chains} grafted chains of {self.beads} beads cannot be; give at least 1 of 1")


def free_chains(point: StatePoint, particles: int, grafts: Grafts | None = None) -> int:
    """Number of chains of the melt around ``particles``, whose grafts take room too."""
    tethered = particles * grafts.chains * grafts.beads if grafts else 0
    return max(1, chains_for(point, particles, box_of(point, particles) ** 3) - round(tethered / point.beads))


def composite(
    rng: np.random.Generator, point: StatePoint, *, particles: int, start: str = "dispersed", grafts: Grafts | None = None
) -> Configuration:
    """``particles`` in a cube of melt, far from each other or in one cluster; the box is laid out loosely."""
    if start not in ("dispersed", "aggregated"):
        raise BadParameter(f"start={start!r} must be 'dispersed' or 'aggregated'")
    tethered = particles * grafts.chains * grafts.beads if grafts else 0
    chains = free_chains(point, particles, grafts)
    kept_out = particles * math.pi / 6 * (point.diameter + 1) ** 3
    length = ((chains * point.beads + tethered) / LOOSE_DENSITY + kept_out) ** (1 / 3)
    spacing = point.diameter if grafts is None else point.diameter + 1
    places = placed(rng, point, particles=particles, start=start, length=length, spacing=spacing)
    made = _filled(rng, point, places, np.full(3, length), chains)
    return made if grafts is None else _grafted(rng, made, point, places, grafts)


def _grafted(
    rng: np.random.Generator, made: Configuration, point: StatePoint, places: np.ndarray, grafts: Grafts
) -> Configuration:
    """Chains that begin at even places on each particle and walk away from it."""
    k = np.arange(grafts.chains) + 0.5
    height, angle = 1 - 2 * k / grafts.chains, np.pi * (1 + 5**0.5) * k
    around = np.sqrt(1 - height**2)
    outward = np.tile(np.stack([around * np.cos(angle), around * np.sin(angle), height], axis=1), (len(places), 1))
    count, beads = len(outward), len(made) - len(places)
    steps = np.repeat(outward[:, None], grafts.beads, axis=1) * BOND
    for bead in range(1, grafts.beads):
        steps[:, bead] = BOND * _turned(rng, steps[:, bead - 1] / BOND, rng.uniform(0.5, 1, count))
    steps[:, 0] = outward * point.mixed_sigma
    laid = (np.repeat(places, grafts.chains, axis=0)[:, None] + np.cumsum(steps, axis=1)).reshape(-1, 3)
    first = beads + np.arange(len(laid)).reshape(count, grafts.beads)
    owner = beads + len(laid) + np.repeat(np.arange(len(places)), grafts.chains)
    tethers = np.column_stack([np.full(count, 2), first[:, 0], owner])
    within = np.stack([first[:, :-1].ravel(), first[:, 1:].ravel()], axis=1)
    bonds = [made.bonds, np.column_stack([np.ones(len(within), int), within]), tethers]
    ends = made.molecules[beads:]
    return Configuration(
        lengths=made.lengths,
        positions=np.concatenate([made.positions[:beads], laid, places]),
        types=np.repeat([1, 2], [beads + len(laid), len(places)]),
        molecules=np.concatenate([made.molecules[:beads], np.repeat(ends, grafts.chains * grafts.beads), ends]),
        bonds=np.concatenate(bonds).astype(int),
        masses=made.masses,
    )


def placed(
    rng: np.random.Generator, point: StatePoint, *, particles: int, start: str, length: float, spacing: float | None = None
) -> np.ndarray:
    """Places of the particles in a cube of edge ``length``; refused where their spheres would overlap."""
    touching = point.diameter if spacing is None else spacing
    places = dispersed(rng, particles, length) if start == "dispersed" else aggregated(particles, touching, length)
    apart = places[:, None] - places[None]
    apart -= length * np.rint(apart / length)
    nearest = np.sqrt((apart**2).sum(-1)) + 10 * length * np.eye(particles)
    if nearest.min() < 0.99 * point.diameter:
        raise BadParameter(
            f"{particles} spheres of D={point.diameter:g} at rho={point.density:g} overlap in their box of edge {length:.1f}; "
            "lower rho, or give another number of particles"
        )
    return places


def pair(rng: np.random.Generator, point: StatePoint, *, distance: float, farthest: float) -> Configuration:
    """
    Two particles ``distance`` apart on the x axis of a long box of melt, with room to separate to ``farthest``.

    The box is longer by D + 4 than the farthest pair, and D + 6.5 wide, so that images hardly see each other.
    """
    lengths = np.array([farthest + point.diameter + 4, point.diameter + 6.5, point.diameter + 6.5])
    chains = chains_for(point, 2, float(np.prod(lengths)))
    kept_out = 2 * math.pi / 6 * (point.diameter + 1) ** 3
    loose = lengths * ((chains * point.beads / LOOSE_DENSITY + kept_out) / np.prod(lengths)) ** (1 / 3)
    places = np.array([loose / 2, loose / 2])
    places[:, 0] += [-distance / 2, distance / 2]
    return _filled(rng, point, places, loose, chains)


def _filled(rng: np.random.Generator, point: StatePoint, places: np.ndarray, lengths: np.ndarray, chains: int) -> Configuration:
    """Chains as random walks through everything; the soft push-off takes them out of the particles."""
    laid = walks(rng, chains, point.beads, lengths).reshape(-1, 3)
    beads = len(laid)
    first = np.arange(beads).reshape(chains, point.beads)
    joined = np.stack([first[:, :-1].ravel(), first[:, 1:].ravel()], axis=1)
    return Configuration(
        lengths=lengths,
        positions=np.concatenate([laid, places]),
        types=np.repeat([1, 2], [beads, len(places)]),
        molecules=np.concatenate([np.repeat(np.arange(chains), point.beads), chains + np.arange(len(places))]) + 1,
        bonds=np.column_stack([np.ones(len(joined), int), joined]).astype(int),
        masses=(1.0, float(point.diameter**3)),
    )
