"""Nanoparticles in a melt of chains: simulate a composition with LAMMPS, and read distributions from trajectories."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from typing import Annotated, Any, NamedTuple

import numpy as np

from ..core import Param, Quantity, Report, Run
from ..errors import BadParameter, TaskFailed
from ..io import lammps as reader
from ..measure import chains
from ..measure import rdf as measure
from ..physics import nanocomposite as physics
from ..physics.nanocomposite_lammps import Settings
from . import lammps_process
from .distribution import distribution
from .nanocomposite_run import Plan, Simulation

PROGRAMS = ("lmp",)
LAMMPS = "Thompson et al., Comput. Phys. Commun. 271, 108171 (2022)"


class Level(NamedTuple):
    """Particles, step length, and steps to equilibrate, to sample, between frames and to begin with; chains of a pure melt."""

    particles: int
    dt: float
    equilibration: int
    production: int
    every: int
    push_off: int
    warm_up: int
    chains: int


LEVELS = {
    "smoke": Level(2, 0.01, 200, 600, 20, 300, 200, 10),
    "quick": Level(4, 0.01, 20_000, 50_000, 250, 800, 3000, 50),
    "standard": Level(8, 0.01, 500_000, 1_000_000, 1000, 800, 3000, 100),
    "paper": Level(8, 0.005, 10_000_000, 10_000_000, 1000, 800, 3000, 200),
}
STARTS = {"both": ("dispersed", "aggregated"), "dispersed": ("dispersed",), "aggregated": ("aggregated",)}


def simulate(
    run: Run,
    *,
    D: Annotated[float, Param("diameter of the particles, in beads", low=1, high=20)] = 3.0,
    N: Annotated[int, Param("beads of a chain", low=1, high=1000)] = 40,
    rho: Annotated[float, Param("particles per volume, in 1/sigma^3; 0 simulates the pure melt", low=0, high=1)] = 7e-4,
    eps_nn: Annotated[float, Param("attraction between particles, in epsilon", low=0, high=20)] = 0.1,
    eps_pn: Annotated[float, Param("attraction between particle and bead, in epsilon", low=0, high=20)] = 0.1,
    level: Annotated[str, Param("how much is simulated", choices=tuple(LEVELS))] = "quick",
    start: Annotated[
        str, Param("where the particles begin; from both, convergence can be judged", choices=tuple(STARTS))
    ] = "both",
    particles: Annotated[int | None, Param("number of particles; the level's by default", low=2, high=2000)] = None,
    grafts: Annotated[int, Param("chains grafted to each particle", low=0, high=500)] = 0,
    graft_beads: Annotated[int, Param("beads of a grafted chain", low=1, high=500)] = 10,
    temperature: Annotated[float, Param("temperature, in epsilon / k", low=0.1, high=10)] = 1.0,
    pressure: Annotated[float, Param("pressure, in epsilon / sigma^3", low=0, high=20)] = 1.0,
    dt: Annotated[float | None, Param("time step, in tau; the level's by default", low=1e-4, high=0.02)] = None,
    equilibration: Annotated[
        int | None, Param("steps before the first frame; the level's by default", low=0, high=10**10)
    ] = None,
    production: Annotated[int | None, Param("steps with frames; the level's by default", low=100, high=10**10)] = None,
    every: Annotated[int | None, Param("steps from frame to frame; the level's by default", low=1, high=10**7)] = None,
    cutoff: Annotated[float, Param("cutoff of every Lennard-Jones potential, in its sigma", low=1.1224620483, high=5)] = 2.5,
    fene_k: Annotated[float, Param("strength of bonds, in epsilon / sigma^2", low=1, high=1000)] = 30.0,
    fene_r0: Annotated[float, Param("longest bond, in sigma", low=1.1, high=3)] = 1.5,
    temperature_damp: Annotated[float, Param("time constant of the thermostat, in tau", low=0.01, high=1000)] = 1.0,
    pressure_damp: Annotated[float, Param("time constant of the barostat, in tau", low=0.1, high=10000)] = 10.0,
    ranks: Annotated[int, Param("MPI processes; more than 1 need mpiexec", low=1, high=1024)] = 1,
    threads: Annotated[int, Param("OpenMP threads of a process", low=1, high=128)] = 1,
    time_limit_h: Annotated[
        float | None, Param("hours after which each start is ended and analysed as it is", low=0, open_low=True)
    ] = None,
) -> Report:
    """
    Simulate nanoparticles in a polymer melt with LAMMPS, and measure how they are distributed.

    Kremer-Grest chains and Lennard-Jones particles at constant temperature and pressure, as in nanoNET. Short
    simulations do not reach equilibrium: g(r) comes with the larger of its block error and half the difference of the
    two starts, and with a verdict on convergence. A run that is killed goes on from its last restart file.
    """
    point = physics.StatePoint(diameter=D, beads=N, density=rho, eps_nn=eps_nn, eps_pn=eps_pn)
    lammps_process.executable()
    usual = LEVELS[level]
    settings = Settings(
        temperature=temperature, pressure=pressure, dt=usual.dt if dt is None else dt, cutoff=cutoff, fene_k=fene_k,
        fene_r0=fene_r0, temperature_damp=temperature_damp, pressure_damp=pressure_damp, push_off=usual.push_off,
        warm_up=usual.warm_up,
    )  # fmt: skip
    first = Plan(
        point=point,
        settings=settings,
        particles=0 if rho == 0 else particles or usual.particles,
        start="",
        equilibration=usual.equilibration if equilibration is None else equilibration,
        production=usual.production if production is None else production,
        every=usual.every if every is None else every,
        seed=1,
        grafts=physics.Grafts(grafts, graft_beads) if grafts else None,
        chains=max(3, usual.chains),
        ranks=ranks,
        threads=threads,
        time_limit_s=None if time_limit_h is None else 3600 * time_limit_h,
    )
    if first.grafts and not first.particles:
        raise BadParameter(f"grafts={grafts} need particles; give rho above 0")
    starts = STARTS[start] if first.particles else ("melt",)
    plans = [replace(first, start=name, seed=int(run.rng(name).integers(1, 899_999_999))) for name in starts]
    for plan in plans if first.particles else []:
        box = physics.box_of(point, plan.particles)
        physics.placed(run.rng("room"), point, particles=plan.particles, start=plan.start, length=box)
    run.checkpoint({}, {"starts": list(starts)})
    return _report(run, [_carried_out(run, plan, k, len(plans)) for k, plan in enumerate(plans)])


def _carried_out(run: Run, plan: Plan, number: int, of: int) -> Simulation:
    """The simulation of one start, finished or given up."""

    def tell(done: int, total: int, note: str) -> None:
        run.progress(number * total + done, of * total, note)

    simulation = Simulation(plan, run.file(f"{plan.start}/start.in").parent, tell)
    simulation.run()
    return simulation


def _report(run: Run, simulations: list[Simulation]) -> Report:
    failures = [row for simulation in simulations for row in simulation.failures]
    kept = {s.whole.start: s for s in simulations if s.finished or s.timed_out}
    if not kept:
        reasons = dict.fromkeys(row["reason"] for row in failures)
        raise TaskFailed(f"no start could be simulated ({'; '.join(reasons)}); the logs are in {run.folder}")
    frames = {name: t for name, s in kept.items() if (t := s.trajectory()) is not None}
    if simulations[0].plan.particles and not frames:
        raise BadParameter("the time limit ended the simulation before its first frame; give a longer time_limit_h")
    point = simulations[0].plan.point
    measured = [(name, t, measure.rdf(t.positions, t.lengths)) for name, t in frames.items()]
    report = distribution(measured, point.diameter) if measured else Report(title=f"Melt of chains of {point.beads}")
    report = replace(report, title=report.title.replace(":", f" in chains of {point.beads}:", 1))
    files = dict(report.files)
    for name, trajectory in frames.items():
        reader.write_dump(trajectory, run.file(f"{name}.dump"))
        files[f"{name}_trajectory"] = f"{name}.dump"
    provenance = {name: s.describe() for name, s in kept.items()}
    run.file("provenance.json").write_text(json.dumps(provenance, indent=1))
    checks = [row for name, s in kept.items() for row in _checks(name, s)]
    notes = list(report.notes)
    notes += [f"{name}: the time limit ended it early" for name, s in kept.items() if s.timed_out]
    notes += [f"{s.whole.start}: given up after {len(s.failures)} failures" for s in simulations if s.whole.start not in kept]
    notes += [f"check failed: {row['start']}: {row['check']} is {row['value']:.4g}" for row in checks if not row["ok"]]
    table = [{**asdict(point), "start": n, "steps": s.plan.steps, "dt": s.plan.settings.dt, "seed": s.plan.seed,
              "resumed_from_step": s.resumed_from, "lammps_s": round(s.seconds, 2)} for n, s in kept.items()]  # fmt: skip
    melt = _melt_values(kept)
    for simulation in kept.values():
        simulation.tidy()
    return replace(
        report,
        values={**report.values, **melt},
        tables={**report.tables, "checks": checks, "simulations": table, "failures": failures},
        files={**files, "provenance": "provenance.json"},
        notes=tuple(notes),
        cites=("Ayush, Seth and Patra, Soft Matter 19, 5502 (2023)", "Kremer and Grest, J. Chem. Phys. 92, 5057 (1990)", LAMMPS),
    )


def _checks(name: str, simulation: Simulation) -> list[dict[str, Any]]:
    """What a sound simulation shows: temperature, pressure, bonds, neighbour lists, chain shape and the melt's density."""
    plan, (columns, dangerous) = simulation.plan, simulation.thermo()
    rows = []

    def check(what: str, value: float, expected: float, allowed: float) -> None:
        ok = abs(value - expected) <= allowed
        rows.append({"start": name, "check": what, "value": value, "expected": expected, "allowed": allowed, "ok": bool(ok)})

    check("dangerous neighbour list builds", float(dangerous), 0.0, 0.5)
    usual = plan.settings.temperature == plan.settings.pressure == 1 and plan.settings.fene_k == 30
    for what, column, expected, least in (
        ("temperature", "Temp", plan.settings.temperature, 0.01),
        ("pressure", "Press", plan.settings.pressure, 0.1),
        ("bond length", "c_bond", 0.964, 0.003),
    ):
        if column in columns and len(columns[column]) > 1 and (usual or column != "c_bond"):
            mean, error = _block_mean(columns[column])
            check(what, mean, expected, max(least, 4 * error))
    found, density = _melt(simulation)
    if density is not None and usual and plan.point.beads >= 20 and len(columns.get("Volume", [])) > 1:
        check("density of the melt", density[0], 0.933, max(0.005, 4 * density[1]))
    if found is not None and plan.point.beads >= 20:
        scatter = 4 * math.sqrt(2 / 3 / simulation.free_chains())
        check(
            "R^2 / Rg^2",
            found.end_to_end_squared / found.gyration_squared,
            6 * plan.point.beads / (plan.point.beads + 1),
            6 * scatter,
        )
    return rows


def _block_mean(values: np.ndarray) -> tuple[float, float]:
    blocks = np.array([block.mean() for block in np.array_split(values, min(10, len(values)))])
    return float(values.mean()), float(blocks.std(ddof=1) / math.sqrt(len(blocks)))


def _melt(simulation: Simulation) -> tuple[chains.Dimensions | None, tuple[float, float] | None]:
    """Dimensions of the free chains in the last frame, and density with error where there are no particles."""
    plan = simulation.plan
    dimensions = None
    if plan.point.beads > 1 and simulation.finished:
        last = reader.read_dump(simulation.folder / "end.dump").positions[-1]
        count = simulation.free_chains()
        dimensions = chains.dimensions(last[: count * plan.point.beads].reshape(count, plan.point.beads, 3))
    columns, _ = simulation.thermo()
    if plan.particles or len(columns.get("Volume", [])) < 2:
        return dimensions, None
    volume, error = _block_mean(columns["Volume"])
    density = plan.chains * plan.point.beads / volume
    return dimensions, (density, density * error / volume)


def _melt_values(kept: dict[str, Simulation]) -> dict[str, Quantity]:
    values: dict[str, Quantity] = {}
    for simulation in kept.values():
        found, density = _melt(simulation)
        if density is not None:
            low, high = density[0] - 1.96 * density[1], density[0] + 1.96 * density[1]
            values["bead_density"] = Quantity(density[0], "1/sigma^3", low, high)
        if found is not None:
            values["bond"] = Quantity(found.bond, "sigma")
            values["end_to_end_squared"] = Quantity(found.end_to_end_squared, "sigma^2")
            values["gyration_squared"] = Quantity(found.gyration_squared, "sigma^2")
            values["stiffness"] = Quantity(found.stiffness)
    return values
