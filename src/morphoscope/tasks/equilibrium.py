"""The equilibrium structure of a nanocomposite: particles alone, under the potential that the matrix adds between them."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np

from ..core import Curve, Figure, Param, Quantity, Report, Run
from ..datasets.potentials import SHIPPED, read_potentials
from ..errors import BadParameter, NotFound
from ..measure import rdf
from ..physics import particle_mc
from ..physics.matrix_potential import Family
from ..physics.nanocomposite import StatePoint
from ..physics.prism import Grid, composite, solve
from .parameters import Beads, Diameter, EpsNN, EpsPN, ParticleDensity

STEP = 0.01
FLOOR = 0.02
"""Added to g before its logarithm is taken, so that empty bins have a band too."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """W in kT at ``r``, one standard error and whole curves where it is uncertain; whether it lies in the measured range."""

    r: np.ndarray
    w: np.ndarray
    error: np.ndarray | None
    draws: np.ndarray | None
    inside: bool
    source: str


def equilibrium(
    run: Run,
    *,
    D: Diameter = 3.0,
    N: Beads = 40,
    rho: ParticleDensity = 7e-4,
    eps_nn: EpsNN = 0.1,
    eps_pn: EpsPN = 0.1,
    potential: Annotated[
        str, Param("where the matrix's potential comes from: umbrella sampling, or theory", choices=("simulated", "prism"))
    ] = "simulated",
    table: Annotated[
        Path | None, Param("table of potentials of mean force; the package's own by default", accepts="file")
    ] = None,
    particles: Annotated[int, Param("number of particles in the box", low=2, high=1000)] = 64,
    replicas: Annotated[int, Param("independent boxes, half of them from each start", low=4, high=256)] = 16,
    sweeps: Annotated[
        int, Param("moves of each particle that are counted, after half as many to settle", low=50, high=10**7)
    ] = 4000,
) -> Report:
    """
    Equilibrium g(r) of nanoparticles in a polymer matrix, by Monte Carlo of the particles alone.

    Two particles attract each other by their own potential, exactly, and by what the matrix adds, which was measured once
    for each (D, eps_pn, N) and is interpolated. The band holds the errors of sampling, of the difference between
    dispersed and aggregated starts, and of the potential; forces among three particles are left out.
    """
    point = StatePoint(diameter=D, beads=N, density=rho, eps_nn=eps_nn, eps_pn=eps_pn)
    if rho == 0:
        raise BadParameter("rho=0 leaves no particles in the box; give a density above 0")
    if potential == "prism" and table is not None:
        raise BadParameter("give either a table or potential=prism, not both")
    matrix = _from_theory(point) if potential == "prism" else _from_table(run, point, table or SHIPPED)
    energy = pair_energy(point, matrix)

    def tell(done: int, total: int) -> None:
        run.progress(done, total * (1 if matrix.draws is None else 2), f"{done} of {total} boxes sampled")

    sample = partial(particle_mc.sample, density=rho, particles=particles, replicas=replicas)
    found = sample(run.rng("mc"), energy, sweeps=sweeps, tell=tell)
    other = None
    if matrix.draws is not None:
        draws = np.array([pair_energy(point, replace(matrix, w=w)).u for w in matrix.draws[:replicas]])
        uncertain = particle_mc.PairEnergy(energy.r, draws)
        start = found.positions
        other = sample(run.rng("draws"), uncertain, sweeps=max(50, sweeps // 2), start=start)
    np.savetxt(run.file("positions.csv"), found.positions[-1], delimiter=",", header="x,y,z", comments="", fmt="%.4f")
    return _report(point, matrix, energy, found, other)


@functools.lru_cache(1)
def shipped_family() -> Family:
    """The package's own potentials, with what was found to lie between them."""
    return Family(read_potentials(SHIPPED))


def snapshot(
    point: StatePoint, *, rng: np.random.Generator, aggregated: bool, particles: int = 64, sweeps: int = 400
) -> tuple[np.ndarray, float, str]:
    """
    Positions of particles after a short Monte Carlo, the edge of their box, and where the matrix's potential comes from.

    They begin as one crystal where ``aggregated``, else dispersed. Where no potential was simulated theory takes its place.
    """
    try:
        found = shipped_family().at((point.diameter, point.eps_pn, point.beads), rng=rng, draws=1)
        matrix = Matrix(found.r, found.w, None, None, found.inside, "simulated potential")
    except NotFound:
        matrix = _from_theory(point)
    seen = particle_mc.sample(
        rng, pair_energy(point, matrix), density=point.density, particles=particles, replicas=4, sweeps=sweeps
    )
    return seen.positions[int(aggregated)], seen.box, "theory (PRISM)" if matrix.source == "prism" else matrix.source


def _from_theory(point: StatePoint) -> Matrix:
    found = solve(composite.mixture(replace(point, density=0)), Grid(0.025, 4095))
    near = found.grid.r < point.diameter + 6
    return Matrix(found.grid.r[near], composite.matrix_potential(found)[near], None, None, True, "prism")


def _from_table(run: Run, point: StatePoint, path: Path) -> Matrix:
    members = read_potentials(path)
    if not members:
        raise NotFound("no potential of mean force comes with this version; give a table of your own, or potential=prism")
    found = Family(members).at((point.diameter, point.eps_pn, point.beads), rng=run.rng("potential"), draws=256)
    return Matrix(found.r, found.w, found.error, found.draws, found.inside, "umbrella sampling" if path == SHIPPED else path.name)


def pair_energy(point: StatePoint, matrix: Matrix) -> particle_mc.PairEnergy:
    """U_NN, exactly, plus W; below the shortest distance of W it goes on as a straight line."""
    last = max(composite.CUT * point.diameter, float(matrix.r[-1]))
    r = np.arange(0.3 * point.diameter, last + STEP, STEP)
    w = np.interp(r, matrix.r, matrix.w, right=0.0)
    slope = (matrix.w[min(4, len(matrix.w) - 1)] - matrix.w[0]) / (matrix.r[min(4, len(matrix.r) - 1)] - matrix.r[0])
    w = np.where(r < matrix.r[0], matrix.w[0] + slope * (r - matrix.r[0]), w)
    u = composite.between_particles(point).energy(r) + w
    return particle_mc.PairEnergy(r, np.minimum(u, particle_mc.FORBIDDEN))


def band(found: particle_mc.Sampled, other: particle_mc.Sampled | None) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % interval of g, on the logarithm: of sampling and starts, and of the spread among possible potentials."""
    g = found.mean
    relative = (found.error / (g + FLOOR)) ** 2
    if other is not None:
        seen, sampled = np.log(other.g + FLOOR).var(0, ddof=1), np.log(found.g + FLOOR).var(0, ddof=1)
        relative = relative + np.maximum(seen - sampled, 0)
    wide = np.exp(1.96 * np.sqrt(relative))
    return np.maximum((g + FLOOR) / wide - FLOOR, 0), (g + FLOOR) * wide - FLOOR


def _report(
    point: StatePoint,
    matrix: Matrix,
    energy: particle_mc.PairEnergy,
    found: particle_mc.Sampled,
    other: particle_mc.Sampled | None,
) -> Report:
    r, g = found.r, found.mean
    low, high = band(found, other)
    peak_r, peak_g = rdf.first_peak(r, g)
    at = int(np.argmin(np.abs(r - peak_r))) if np.isfinite(peak_r) else 0
    state = rdf.state(r, g, point.diameter)
    shown = energy.r > 0.75 * point.diameter
    starts = {
        name: found.g[which].mean(0) for name, which in (("dispersed", ~found.aggregated), ("aggregated", found.aggregated))
    }
    title = f"{found.positions.shape[1]} particles of D = {point.diameter:g} at equilibrium: {state}"
    return Report(
        title=title if found.converged else f"{title}, not converged",
        values={
            "first_peak_r": Quantity(peak_r, "sigma"),
            "first_peak_g": Quantity(peak_g, low=float(low[at]), high=float(high[at])),
            "converged": Quantity(int(found.converged)),
            "in_range": Quantity(int(matrix.inside)),
            "particles": Quantity(found.positions.shape[1]),
            "box": Quantity(found.box, "sigma"),
            "energy": Quantity(float(found.energy.mean()), "kT"),
        },
        curves={
            "g": Curve(r, g, "r", "g", x_unit="sigma", y_low=low, y_high=high),
            **{f"g_{name}": Curve(r, one, "r", "g", x_unit="sigma") for name, one in starts.items()},
            "pair_energy": Curve(energy.r[shown], energy.u[shown], "r", "u", x_unit="sigma", y_unit="kT"),
            "matrix_potential": Curve(matrix.r, matrix.w, "r", "W", x_unit="sigma", y_unit="kT", y_error=matrix.error),
        },
        tables={
            "state": [{"state": state, "converged": found.converged, "source": matrix.source}],
            "moves": [{"move": name, "accepted": share} for name, share in found.accepted.items()],
        },
        figures={
            "g": Figure("band", ("g", "g_dispersed", "g_aggregated"), "Radial distribution, with the two starts"),
            "matrix_potential": Figure("band", ("matrix_potential",), "What the matrix adds to the energy of two particles"),
        },
        files={"positions": "positions.csv"},
        notes=_notes(matrix, found, g),
        cites=("Chen and Siepmann, J. Phys. Chem. B 104, 8725 (2000)",),
    )


def _notes(matrix: Matrix, found: particle_mc.Sampled, g: np.ndarray) -> tuple[str, ...]:
    notes = []
    if not found.converged:
        notes.append(
            "the starts, or the halves of the run, disagree, and the band holds half the difference of the starts; "
            "more sweeps may help, but crystals and glassy clusters need more than any run gives"
        )
    if not matrix.inside:
        notes.append("the composition lies a little outside of the measured range, so the potential's error is large")
    if matrix.source == "prism":
        notes.append("the matrix's potential is that of theory (PRISM), whose error is not known and not in the band")
    pairs = np.nan_to_num(g) * found.r**2
    if pairs[found.r < matrix.r[0]].sum() > 0.01 * pairs[found.r < matrix.r[0] + 1].sum():
        notes.append(f"particles come closer than {matrix.r[0]:.3g}, where the potential was not measured and goes on as a line")
    return tuple(notes)
