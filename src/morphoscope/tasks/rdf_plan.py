"""What a campaign of simulations will cost, before it is started."""

from __future__ import annotations

import csv
import math
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..core import Param, Quantity, Report, Run
from ..errors import BadParameter, TaskFailed
from ..io import lammps as reader
from ..physics import nanocomposite as physics
from ..physics import nanocomposite_lammps as texts
from ..physics import simulation_cost as cost
from ..physics.nanocomposite_lammps import Settings
from . import lammps_process
from .nanocomposite import LEVELS, STARTS, Level
from .parameters import Beads, Diameter, EpsNN, EpsPN, ParticleDensity
from .rdf_points import WIDEST, Bounds, Point, limits_of, parameters, point_of, read_points, spread

PROGRAMS = ("lmp",)
PIECES = 4
SMALL, LARGE = 1000, 5000
"""Beads in the two boxes of the probe."""
PROBE = Settings(dt=0.01, push_off=200, warm_up=300)
LONGEST_S = 300.0


def plan(
    run: Run,
    *,
    points: Annotated[Path | None, Param("CSV of compositions, with columns among D, N, rho, eps_nn, eps_pn")] = None,
    design: Annotated[int, Param("instead of a table: so many compositions spread over bounds", low=0, high=10_000)] = 0,
    bounds: Bounds = "",
    D: Diameter = 3.0,
    N: Beads = 40,
    rho: ParticleDensity = 7e-4,
    eps_nn: EpsNN = 0.1,
    eps_pn: EpsPN = 0.1,
    level: Annotated[str, Param("how much of each is simulated", choices=tuple(LEVELS))] = "standard",
    start: Annotated[str, Param("where the particles begin", choices=tuple(STARTS))] = "both",
    particles: Annotated[int | None, Param("number of particles; the level's by default", low=2, high=2000)] = None,
    workers: Annotated[int, Param("simulations at once, one core each", low=1, high=100_000)] = 1,
    probe_s: Annotated[float, Param("length of the probe", unit="s", low=2, high=LONGEST_S)] = 20.0,
    speed: Annotated[
        float | None, Param("millions of bead-steps a core-second, instead of a probe", low=0, high=1e4, open_low=True)
    ] = None,
) -> Report:
    """
    Core-hours of simulating many compositions with LAMMPS, known before the first is started.

    The cost model is fitted to this machine by a probe of about 20 CPU-seconds: two boxes, simulated for a moment. The file
    points.csv is what ``simulate nanocomposite --grid`` and ``nanonet campaign --points`` take.
    """
    one = {"D": D, "N": float(N), "rho": rho, "eps_nn": eps_nn, "eps_pn": eps_pn}
    found = compositions(run, points, design, bounds, one)
    probed = [] if speed is not None else probes(run, probe_s)
    known = cost.speed(*probed) if probed else cost.Speed(0.0, 1e-6 / (speed or 1.0))
    rows = [_row(k, point, level, start, particles, known) for k, point in enumerate(found, 1)]
    with run.file("points.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(parameters(point) for point in found)
    return _report(rows, found, level, start, particles, workers, known, probed)


def compositions(run: Run, points: Path | None, design: int, bounds: str, one: Mapping[str, float]) -> list[Point]:
    """The rows of ``points``, ``design`` compositions over ``bounds``, or the ``one`` that was given."""
    if points is not None and (design or bounds):
        raise BadParameter("give either points, or design with its bounds, not both")
    if points is not None:
        return read_points(points, one)
    if bounds and not design:
        raise BadParameter("bounds are for a design; give design=NUMBER too")
    if design:
        return spread(design, limits_of(bounds, WIDEST), run.rng("design"))
    if one["rho"] <= 0:
        raise BadParameter("rho=0 leaves no particles in the box; give a density above 0")
    return [dict(one)]


def probes(run: Run, seconds: float) -> list[cost.Probe]:
    """CPU time of a step in a small and in a large box, by LAMMPS itself."""
    lammps_process.executable()
    found = []
    for k, (beads, share) in enumerate(((SMALL, 0.3), (LARGE, 0.7))):
        run.progress(k, 2, f"probing a box of {beads} beads")
        found.append(_probe(run, beads, share * seconds))
    run.progress(2, 2, "probed")
    return found


def _probe(run: Run, beads: int, seconds: float) -> cost.Probe:
    point = physics.StatePoint(diameter=3.0, beads=40, density=2 * physics.MELT_DENSITY / beads, eps_nn=0.5, eps_pn=0.5)
    folder = run.file(f"probe_{beads}/start.data").parent
    rng = run.rng(f"probe {beads}")
    folder.joinpath("start.data").write_text(texts.data_text(physics.composite(rng, point, particles=2)))
    seed = int(rng.integers(1, 899_999_999))
    text = texts.start_text(point, PROBE, data="start.data", restart="state.restart", seed=seed)
    _lammps(text, folder, "start")
    spent, steps, atoms = reader.loops(folder / "start.log")[-1]
    used = sum(cpu for cpu, _, _ in reader.loops(folder / "start.log"))
    a_step = max(spent / steps, 1e-7)
    piece = max(50, math.floor((seconds - used) / PIECES / a_step))
    text = texts.run_text(point, PROBE, restart="state.restart", until=piece, dump="", dump_every=1, thermo=piece)
    text += "".join(f"run {piece}\n" for _ in range(PIECES - 1))
    _lammps(text, folder, "pieces")
    pieces = [cpu / steps for cpu, steps, _ in reader.loops(folder / "pieces.log")]
    for path in (*folder.glob("*.restart"), folder / "start.data", folder / "lmp.lock"):
        path.unlink(missing_ok=True)
    return cost.Probe(atoms, pieces)


def _lammps(text: str, folder: Path, name: str) -> None:
    outcome = lammps_process.run(text, folder, name, timeout_s=LONGEST_S * 4)
    if outcome.error or not reader.loops(folder / f"{name}.log"):
        raise TaskFailed(f"the probe could not be simulated ({outcome.error or 'its log names no time'}); see {folder}")


def _row(k: int, point: Point, level: str, start: str, particles: int | None, known: cost.Speed) -> dict[str, Any]:
    usual: Level = LEVELS[level]
    count = particles or usual.particles
    atoms = cost.atoms(point_of(point), count)
    steps = cost.steps(Settings(push_off=usual.push_off, warm_up=usual.warm_up), usual.equilibration, usual.production)
    starts = len(STARTS[start])
    hours = starts * known.seconds(atoms, steps) / 3600
    return {"point": k, **parameters(point), "particles": count, "beads": atoms - count, "starts": starts, "steps": steps,
            "core_hours": hours}  # fmt: skip


def _report(
    rows: list[dict[str, Any]],
    found: list[Point],
    level: str,
    start: str,
    particles: int | None,
    workers: int,
    known: cost.Speed,
    probed: list[cost.Probe],
) -> Report:
    total, longest = sum(row["core_hours"] for row in rows), max(row["core_hours"] for row in rows)
    low, high = known.interval(total) if probed else (None, None)
    hours = max(total / workers, longest)
    levels = []
    for name, usual in LEVELS.items():
        spent = sum(_row(0, point, name, start, particles, known)["core_hours"] for point in found)
        levels.append({"level": name, "core_hours": spent, "tau": usual.dt * (usual.equilibration + usual.production)})
    plural = "" if len(rows) == 1 else "s"
    return Report(
        title=f"{len(rows)} composition{plural} at level {level}: {_told(total)}",
        values={
            "core_hours": Quantity(total, "h", low, high),
            "points": Quantity(len(rows)),
            "hours": Quantity(hours, "h"),
            "longest_point": Quantity(longest, "h"),
            "bead_steps": Quantity(known.million_bead_steps, "million/s"),
        },
        tables={
            "points": rows,
            "levels": levels,
            "probe": [
                {"atoms": p.atoms, "microseconds_a_step": 1e6 * p.mean, "error": 1e6 * p.error, "pieces": len(p.seconds)}
                for p in probed
            ],
        },
        files={"points": "points.csv"},
        notes=(
            f"core-hours are CPU time of one core; hours are with {workers} at once, one core each",
            f"probed on {platform.node()}, {os.cpu_count()} cores; another seed probes again" if probed else "speed as given",
            f"start it with: morphoscope simulate nanocomposite --grid points.csv --level {level} --on local:{workers}"
            if len(rows) > 1 else f"start it with: morphoscope simulate nanocomposite --level {level} and this composition",
        ),
    )  # fmt: skip


def _told(hours: float) -> str:
    if hours < 1:
        return f"{60 * hours:.2g} core-minutes"
    return f"{hours:.3g} core-hours" if np.isfinite(hours) else "unknown"
