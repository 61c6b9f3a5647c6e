r"""
Monte Carlo of particles alone, whose pair energy already contains what the matrix does to them.

In a matrix at equilibrium, particles that are far from crowded behave as if they attracted each other by

.. math:: u(r) = U_{NN}(r) + W(r)

the pair's own energy and the potential of mean force of the matrix. Sampling n particles in a periodic cube by
it [1]_ costs seconds, where the particles' diffusion through a melt would take days. What three particles
do to the melt beyond the sum of their pairs is left out.

Three moves keep the Boltzmann distribution, each by detailed balance:

- a small step of one particle;
- a hop of one particle to a place drawn, half the time, uniformly in the box, and half the time around a second
  particle with a density that follows exp(-u). The way back would land around a third one; the ratio of both
  densities enters the acceptance, so that particles join, leave and change clusters as often as they should [2]_;
- a step of a whole cluster, refused where it would touch another, since the way back would then move both.

Many independent replicas are sampled, half of them from dispersed particles, whose attraction grows to its strength
while they settle, and half from one crystal. Their spread is the error, and where the two starts disagree the
answer is not at equilibrium.

All energies are in kT. Lengths are in the unit of the potential's r.

References
----------
.. [1] D. Frenkel, B. Smit, Understanding Molecular Simulation, 2nd ed., Academic Press 2002.
.. [2] B. Chen, J. I. Siepmann, J. Phys. Chem. B 104, 8725 (2000), doi 10.1021/jp001952u.

Checked against: exact pair distributions of two and of few particles, the virial expansion, and hard spheres and
Lennard-Jones fluids of known structure, in tests/validation/test_particle_mc.py.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BadParameter, MissingDependency

if TYPE_CHECKING:
    from . import particle_moves  # noqa: F401  what ``_moves`` loads belongs to the code of a run

BINS, BIN_WIDTH = 100, 0.1
MOVES = ("step", "hop", "cluster")
ROWS = 16384
"""Rows of the table of energies, at equal steps of r^2: fine enough to be read without interpolation."""
BLOCK = 200
"""Sweeps for which random numbers are drawn at once."""
TRIES = 3000
"""Places tried in vain before a box counts as full."""
SETTLING = 12
"""Stages in which a replica settles."""
FORBIDDEN = 200.0
"""Energies from here on, in kT, are as good as infinite."""
HARD = 15.0
"""Particles are not put, at the start, where a pair's energy exceeds this."""
HOPS = 0.25
"""Share of the single moves that are hops."""
SHELLS = np.diff(4 / 3 * np.pi * (np.arange(BINS + 1) * BIN_WIDTH) ** 3)


@dataclass(frozen=True, eq=False)
class PairEnergy:
    """
    Energies ``u`` in kT at the rising distances ``r``: constant below the first, zero beyond the last.

    ``u`` may have one row for each replica, so that an uncertain potential shows in their spread.
    """

    r: np.ndarray
    u: np.ndarray

    def __post_init__(self) -> None:
        if self.r.ndim != 1 or self.u.shape[-1] != len(self.r) or (np.diff(self.r) <= 0).any() or np.isnan(self.u).any():
            raise BadParameter("a pair energy needs rising distances and one energy, not NaN, at each of them")

    @property
    def mean(self) -> np.ndarray:
        """One energy at each distance."""
        return self.u if self.u.ndim == 1 else np.asarray(self.u.mean(0))

    @property
    def contact(self) -> float:
        """The shortest distance to which a particle comes at the start."""
        allowed = np.flatnonzero(self.mean > HARD)
        return float(self.r[allowed[-1]]) if len(allowed) else 0.0

    @property
    def lowest(self) -> float:
        """Distance of the lowest energy where that binds, else a little beyond contact."""
        at = int(np.argmin(self.mean))
        return float(self.r[at]) if self.mean[at] < -0.1 else 1.1 * max(self.contact, float(self.r[0]))

    @property
    def gas(self) -> float:
        """A factor that leaves too little attraction to condense, at most 1."""
        return min(1.0, 2.0 / max(float(-self.mean.min()), 1e-9))


@dataclass(frozen=True, eq=False)
class Sampled:
    """
    What the replicas saw: g(r) in bins of 0.1 to 10, energy per particle over the first and the second half, both
    one row a replica; ``aggregated`` says which started from a crystal; the last ``positions``; accepted shares of the moves.
    """

    box: float
    g: np.ndarray
    energy: np.ndarray
    aggregated: np.ndarray
    positions: np.ndarray
    accepted: dict[str, float]

    @property
    def r(self) -> np.ndarray:
        """Centres of the bins."""
        centres: np.ndarray = (np.arange(BINS) + 0.5) * BIN_WIDTH
        return centres

    @property
    def mean(self) -> np.ndarray:
        """g(r) over all replicas; NaN beyond half the box."""
        return np.asarray(self.g.mean(0))

    @property
    def error(self) -> np.ndarray:
        """Standard error of ``mean``: of the replicas, or half the difference of the two starts where that is larger."""
        spread = self.g.std(0, ddof=1) / np.sqrt(len(self.g))
        if self.aggregated.all() or not self.aggregated.any():
            return np.asarray(spread)
        apart = np.abs(self.g[self.aggregated].mean(0) - self.g[~self.aggregated].mean(0))
        return np.asarray(np.maximum(spread, apart / 2))

    @property
    def converged(self) -> bool:
        """Whether the energies of both starts, and of both halves of the run, agree within 3 errors or 3 % (or 0.02 kT)."""
        rows = self.energy
        pairs = [(rows[:, 0], rows[:, 1])]
        if self.aggregated.any() and not self.aggregated.all():
            pairs.append((rows[self.aggregated].mean(1), rows[~self.aggregated].mean(1)))
        return all(_agree(a, b) for a, b in pairs)


def _agree(a: np.ndarray, b: np.ndarray) -> bool:
    error = np.sqrt(sum(x.var(ddof=1) / len(x) for x in (a, b)))
    return bool(abs(a.mean() - b.mean()) <= max(3 * min(error, 0.1), 0.03 * abs(a.mean() + b.mean()) / 2, 0.02))


def sample(
    rng: np.random.Generator,
    energy: PairEnergy,
    *,
    density: float,
    particles: int = 64,
    replicas: int = 16,
    sweeps: int = 4000,
    start: np.ndarray | None = None,
    moves: Collection[str] = MOVES,
    tell: Callable[[int, int], None] | None = None,
) -> Sampled:
    """
    ``sweeps`` moves of each particle are counted, after half as many to settle; g(r) is normalised with n (n - 1).

    Half of the replicas start aggregated and half dispersed, unless ``start`` gives their positions. Small steps are
    always made; hops and clusters where ``moves`` names them.
    """
    box = _box(energy, density, particles)
    tables = np.atleast_2d(energy.u)
    if replicas < 4 or sweeps < 8 or len(tables) not in (1, replicas):
        raise BadParameter(
            f"{replicas} replicas of {sweeps} sweeps: give 4 or more of 8 or more, and one energy or one a replica"
        )
    aggregated = np.arange(replicas) % 2 == 1
    dispersed = ~aggregated & (start is None)
    if start is None:
        start = np.stack([_crystal(energy, box, particles) if a else _scattered(rng, energy, box, particles) for a in aggregated])
    walkers = []
    for k, generator in enumerate(rng.spawn(replicas)):
        walker = _Walker(generator, energy, tables[k % len(tables)], box, start[k], moves)
        walker.settle(sweeps // 2, from_scale=energy.gas if dispersed[k] else 1.0)
        walker.count(sweeps)
        walkers.append(walker)
        if tell is not None:
            tell(k + 1, replicas)
    shells = np.where(np.arange(1, BINS + 1) * BIN_WIDTH > box / 2 + 1e-9, np.nan, SHELLS)
    pairs = particles * (particles - 1) / 2 / box**3
    done = np.sum([walker.done for walker in walkers], axis=0)
    return Sampled(
        box=box,
        g=np.array([w.histogram / (w.counted * pairs * shells) for w in walkers]),
        energy=np.array([w.energy for w in walkers]),
        aggregated=aggregated,
        positions=np.array([w.x for w in walkers]),
        accepted={name: float(yes / max(tried, 1)) for name, (tried, yes) in zip(MOVES, done, strict=True)},
    )


class _Walker:
    """One replica: its positions, its energies, what it has counted."""

    def __init__(
        self,
        rng: np.random.Generator,
        energy: PairEnergy,
        u: np.ndarray,
        box: float,
        start: np.ndarray,
        moves: Collection[str],
    ) -> None:
        self.rng, self.box = rng, box
        self.hops, self.clusters = HOPS if "hop" in moves else 0.0, int("cluster" in moves)
        self.x = np.ascontiguousarray(start) % box
        self.per_r2 = (ROWS - 1) / float(energy.r[-1]) ** 2
        self.table = np.interp(np.sqrt((np.arange(ROWS) + 0.5) / self.per_r2), energy.r, np.minimum(u, FORBIDDEN))
        self.table[-1] = 0.0
        self.width, self.cumulated, self.density = _landing(energy, box)
        self.reaches = np.array([1.0, 1.15, 1.4]) * energy.lowest
        self.sizes = np.array([0.1, 1.0]) * energy.lowest
        self.energy = [0.0, 0.0]
        self.clear()

    def clear(self) -> None:
        """Forget what was counted."""
        self.done, self.histogram, self.counted = np.zeros((len(MOVES), 2), dtype=np.int64), np.zeros(BINS), 0

    def settle(self, sweeps: int, *, from_scale: float) -> None:
        """Move without counting, first with energies ``from_scale`` as strong; find steps of which four in ten are accepted."""
        full = self.table
        for scale in [*np.geomspace(from_scale, 1, SETTLING - 2), 1.0, 1.0]:
            self.clear()
            self.table = full * scale
            self.u = _moves().all_energies(self.x, self.box, self.table, self.per_r2)
            self._run(-(-sweeps // SETTLING))
            tried, taken = self.done[0]
            self.sizes[0] = float(np.clip(self.sizes[0] * (1.3 if taken > 0.4 * tried else 0.75), 0.005, self.box / 4))
        self.clear()

    def count(self, sweeps: int) -> None:
        """Move and count, in two halves."""
        self.energy = [self._run(sweeps // 2), self._run(sweeps - sweeps // 2)]

    def _run(self, sweeps: int) -> float:
        """Mean energy per particle of ``sweeps`` sweeps."""
        moves, total = _moves(), 0.0
        where = self.hops, self.clusters, self.sizes, self.reaches, self.box
        energy = self.table, self.per_r2
        landing = self.cumulated, self.density, self.width
        kept = BIN_WIDTH, self.done, self.histogram
        for first in range(0, sweeps, BLOCK):
            rows = min(BLOCK, sweeps - first)
            luck = self.rng.random((rows, len(self.x) + self.clusters, moves.LUCK))
            total += moves.run(luck, self.x, self.u, *where, *energy, *landing, *kept)
            self.counted += -(-rows // 4)
        return total / sweeps


def _landing(energy: PairEnergy, box: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Where hops land around another particle, as far as that attracts: width of shells, their shares cumulated, densities."""
    edges = np.linspace(0, min(float(energy.r[-1]), box / 2), 501)
    middle = (edges[1:] + edges[:-1]) / 2
    u = np.interp(middle, energy.r, energy.mean)
    far = middle[(np.abs(u) > 0.1) & (u < HARD)]
    weight = np.exp(-np.clip(u, -8, 50)) * (middle <= (far[-1] if len(far) else edges[-1])) * (u < HARD)
    volume = 4 / 3 * np.pi * np.diff(edges**3)
    share = weight * volume / (weight * volume).sum()
    return float(edges[1]), np.cumsum(share), share / volume


def _moves() -> ModuleType:
    """The compiled inner loops."""
    try:
        return importlib.import_module(".particle_moves", __package__)
    except ImportError as problem:
        raise MissingDependency("numba", "nanonet", "sample particles by Monte Carlo") from problem


def _box(energy: PairEnergy, density: float, particles: int) -> float:
    if not density > 0 or particles < 2:
        raise BadParameter(f"{particles} particles at density {density:g}: give two or more at a density above zero")
    box = float((particles / density) ** (1 / 3))
    if box < 2 * energy.r[-1]:
        need = int(np.ceil(density * (2 * energy.r[-1]) ** 3))
        raise BadParameter(
            f"a box of {particles} particles is {box:.3g} wide, less than twice the reach {energy.r[-1]:.3g} of their potential; "
            f"take {need} particles or more"
        )
    return box


def _scattered(rng: np.random.Generator, energy: PairEnergy, box: float, particles: int) -> np.ndarray:
    placed = np.empty((particles, 3))
    filled = failed = 0
    while failed < TRIES:
        placed[filled] = rng.uniform(0, box, 3)
        apart = placed[:filled] - placed[filled]
        apart -= box * np.rint(apart / box)
        free = bool(((apart**2).sum(1) > energy.contact**2).all())
        filled, failed = filled + free, 0 if free else failed + 1
        if filled == particles:
            return placed
    raise BadParameter(f"{particles} particles of contact distance {energy.contact:.3g} do not fit into a box of {box:.3g}")


def _crystal(energy: PairEnergy, box: float, particles: int) -> np.ndarray:
    """The sites of a face-centred cubic crystal nearest to the middle of the box."""
    cells = np.stack(np.meshgrid(*3 * [np.arange(-8, 9)], indexing="ij"), axis=-1).reshape(-1, 3)
    sites = cells[cells.sum(1) % 2 == 0] * energy.lowest / np.sqrt(2)
    nearest = sites[np.argsort((sites**2).sum(1), kind="stable")[:particles]]
    if 2 * abs(nearest).max() + energy.contact > box:
        raise BadParameter(f"a cluster of {particles} particles is as large as the box of {box:.3g}; take a lower density")
    return np.asarray(nearest + box / 2)
