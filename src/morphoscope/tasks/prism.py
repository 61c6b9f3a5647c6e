"""The structure of a nanocomposite from the polymer reference interaction site model."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from ..core import Curve, Figure, Param, Quantity, Report, Run
from ..errors import BadParameter, NoSolution
from ..measure import rdf
from ..physics.nanocomposite import MELT_DENSITY, StatePoint
from ..physics.prism import Grid, Solution, composite, solve
from .parameters import Beads, Diameter, EpsNN, EpsPN, ParticleDensity

LARGEST_K = 15.0
CITES = (
    "Schweizer and Curro, Adv. Chem. Phys. 98, 1 (1997)",
    "Hooper and Schweizer, Macromolecules 38, 8858 (2005)",
)


def prism(
    run: Run,
    *,
    D: Diameter = 3.0,
    N: Beads = 40,
    rho: ParticleDensity = 7e-4,
    eps_nn: EpsNN = 0.1,
    eps_pn: EpsPN = 0.1,
    limit: Annotated[
        str,
        Param(
            "particles at their density, infinitely diluted, or the first where it exists", choices=("auto", "finite", "dilute")
        ),
    ] = "auto",
    melt_density: Annotated[float, Param("beads per volume between particles, in 1/sigma^3", low=0.1, high=1.1)] = MELT_DENSITY,
    chain_size: Annotated[float, Param("mean R^2 of a chain over (N - 1) b^2", low=1.3, high=4)] = composite.CHAIN_SIZE,
    step: Annotated[float, Param("step of the grid in r, in sigma", low=0.005, high=0.1)] = 0.025,
    reach: Annotated[float, Param("largest distance of the grid, in sigma", low=20, high=1000)] = 102.4,
) -> Report:
    """
    Structure of nanoparticles in a polymer melt from liquid-state theory (PRISM): g(r), S(k) and the matrix's potential.

    Bead-spring chains and Lennard-Jones particles as in nanoNET; Percus-Yevick closure for the melt, hypernetted chain for
    the particles. It takes about a second and knows trends; at finite density its particles attract each other too much, and
    where the theory has no solution g(r) is that of two particles alone in the melt, and the notes say so.
    """
    point = StatePoint(diameter=D, beads=N, density=rho, eps_nn=eps_nn, eps_pn=eps_pn)
    grid = Grid(step, round(reach / step) - 1)
    if grid.r[-1] < 2 * composite.CUT * D:
        raise BadParameter(
            f"reach={reach:g} is too short for potentials that end at {composite.CUT * D:g}; give twice that or more"
        )
    run.progress(0, 2, "two particles in the melt")
    alone = solve(composite.mixture(replace(point, density=0), melt_density=melt_density, chain_size=chain_size), grid)
    found, note = alone, ""
    if limit != "dilute" and rho > 0:
        run.progress(1, 2, "particles at their density")
        try:
            found = solve(composite.mixture(point, melt_density=melt_density, chain_size=chain_size), grid)
        except NoSolution as problem:
            if limit == "finite":
                raise
            note = f"g is that of two particles alone in the melt, since at rho={rho:g} {problem}"
    return _report(point, found, alone, note)


def _report(point: StatePoint, found: Solution, alone: Solution, note: str) -> Report:
    grid, few = found.grid, composite.PARTICLES
    r, g = binned(grid.r, found.g(few, few))
    peak = rdf.first_peak(r, g)
    state = rdf.state(r, g, point.diameter)
    low = grid.k < LARGEST_K
    s = found.structure_factors
    near = grid.r < rdf.R_MAX
    apart = near & (grid.r > 0.75 * point.diameter)  # closer, W is deep and no pair gets there
    limit = "dilute" if found is alone else "finite"
    return Report(
        title=f"PRISM, {limit}: particles of D = {point.diameter:g} in chains of {point.beads}: {state}",
        values={
            "first_peak_r": Quantity(peak[0], "sigma"),
            "first_peak_g": Quantity(peak[1]),
            "second_virial": Quantity(alone.second_virial(few, few), "sigma^3"),
            "residual": Quantity(found.residual),
            "grid_error": Quantity(found.grid_error),
            "iterations": Quantity(found.iterations),
        },
        curves={
            "g": Curve(r, g, "r", "g", x_unit="sigma"),
            "matrix_potential": Curve(
                grid.r[apart], composite.matrix_potential(alone)[apart], "r", "W", x_unit="sigma", y_unit="kT"
            ),
            "g_particle_bead": Curve(grid.r[near], found.g(0, few)[near], "r", "g", x_unit="sigma"),
            "g_bead_bead": Curve(grid.r[near], found.g(0, 0)[near], "r", "g", x_unit="sigma"),
            "S": Curve(grid.k[low], s[low, few, few], "k", "S", x_unit="rad/sigma"),
            "S_beads": Curve(grid.k[low], s[low, 0, 0], "k", "S", x_unit="rad/sigma"),
        },
        tables={"state": [{"state": state, "limit": limit}]},
        figures={
            "g": Figure("line", ("g",), "Radial distribution of the particles"),
            "matrix_potential": Figure("line", ("matrix_potential",), "What the matrix adds to the energy of two particles"),
            "S": Figure("line", ("S",), "Structure factor of the particles"),
        },
        notes=(
            *((note,) if note else ()),
            "residual: largest violation of the equations, in gamma; grid_error: estimated error of any g(r) from the step, "
            "absolute or as a share where g exceeds 1",
        ),
        cites=CITES,
    )


def binned(r: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of g over the shells of ``measure.rdf``'s bins, as a simulation counts them."""
    edges = np.arange(round(rdf.R_MAX / rdf.BIN) + 1) * rdf.BIN
    fine = np.linspace(0, rdf.R_MAX, 50 * (len(edges) - 1) + 1)
    middle = (fine[1:] + fine[:-1]) / 2
    weight = middle**2
    values = np.interp(middle, r, g) * weight
    return (edges[1:] + edges[:-1]) / 2, values.reshape(-1, 50).sum(1) / weight.reshape(-1, 50).sum(1)
