"""Radial distribution function of the particles of trajectories that others simulated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np

from ..core import Curve, Figure, Param, Quantity, Report, Run, Trajectory
from ..errors import BadParameter, InputError
from ..io import read
from ..measure import aggregates
from ..measure import rdf as measure


def rdf(
    run: Run,
    trajectories: Annotated[tuple[Path, ...], Param("trajectories of one composition, one from each start", accepts="file")],
    *,
    D: Annotated[float | None, Param("diameter of the particles, by which the state is judged", low=0, open_low=True)] = None,
    particle_type: Annotated[int | None, Param("type of the particles; the highest by default", low=1)] = None,
    skip: Annotated[float, Param("share of each trajectory left out at its beginning", low=0, high=1, open_high=True)] = 0.0,
    r_max: Annotated[float, Param("longest distance, in the trajectory's unit", low=0, open_low=True)] = measure.R_MAX,
    bin_width: Annotated[float, Param("width of a bin", low=0, open_low=True)] = measure.BIN,
    blocks: Annotated[int, Param("blocks in time, from which the error follows", low=3, high=1000)] = 10,
) -> Report:
    """
    Radial distribution function g(r) of the particles of one or several trajectories, with its error.

    Trajectories from different starts tell whether equilibrium was reached; the error is then the larger of the block
    error and half their difference. Distances beyond half the box are left out.
    """
    if round(r_max / bin_width) < 2:
        raise BadParameter(f"bin_width={bin_width:g} leaves fewer than two bins up to r_max={r_max:g}; give a narrower one")
    found = [_chosen(path, particle_type, skip) for path in trajectories]
    each = [measure.rdf(t.positions, t.lengths, r_max=r_max, width=bin_width, blocks=blocks) for t in found]
    unit = found[0].unit
    if len({(t.unit, t.positions.shape[1]) for t in found}) > 1:
        raise InputError("the trajectories differ in unit or number of particles; give those of one composition")
    stems = [path.stem for path in trajectories]
    names = stems if len(set(stems)) == len(stems) else [f"{k}_{stem}" for k, stem in enumerate(stems, 1)]
    return distribution(list(zip(names, found, each, strict=True)), D, unit)


def distribution(simulated: list[tuple[str, Trajectory, measure.Rdf]], D: float | None, unit: str = "sigma") -> Report:
    """What g(r) from several starts says together; the state only where the diameter ``D`` is known."""
    each = [one for _, _, one in simulated]
    both = measure.joined(each)
    peak = measure.first_peak(both.r, both.g)
    n = simulated[0][1].positions.shape[1]
    rows = [_row(name, t, one, D) for name, t, one in simulated]
    curves = {"g": _curve(both, unit)}
    if len(each) > 1:
        curves |= {f"g_{name}": _curve(one, unit) for name, _, one in simulated}
    q, s = _structure([t for _, t, _ in simulated])
    curves["structure_factor"] = Curve(q, s, "q", "S", x_unit=f"1/{unit}")
    values = {
        "first_peak_r": Quantity(peak[0], unit),
        "first_peak_g": Quantity(peak[1]),
        "particles": Quantity(n),
        "rho": Quantity(float(np.mean([row["rho"] for row in rows])), f"1/{unit}^3"),
    }
    report = Report(
        title=f"{n} particles",
        values=values,
        curves=curves,
        tables={"starts": rows},
        figures={
            "g": Figure("line", tuple(name for name in curves if name.startswith("g")), "Radial distribution of the particles"),
            "structure_factor": Figure("line", ("structure_factor",), "Structure factor of the particles"),
        },
    )
    seen = both.r[np.isfinite(both.g)]
    if len(seen) < len(both.r):
        far = f"g(r) ends at {seen.max(initial=0):.3g}, half the box; more particles need a larger one"
        report = replace(report, notes=(far,))
    return report if D is None else _judged(report, each, both, D)


def _judged(report: Report, each: list[measure.Rdf], both: measure.Rdf, D: float) -> Report:
    agreed, state = measure.converged(each, D), measure.state(both.r, both.g, D)
    one = "one start alone cannot show convergence, and its block error is a lower bound; run both starts"
    two = "the starts disagree: this is not equilibrium, and the error is half their difference"
    return replace(
        report,
        title=f"{report.title} of D = {D:g}: {state}{'' if agreed else ', not converged'}",
        values={**report.values, "converged": Quantity(int(agreed))},
        tables={"state": [{"state": state, "converged": agreed}], **report.tables},
        notes=report.notes if agreed else (two if len(each) > 1 else one, *report.notes),
    )


def _chosen(path: Path, particle_type: int | None, skip: float) -> Trajectory:
    """The wanted particles and frames of the trajectory at ``path``."""
    whole = read(path)
    if not isinstance(whole, Trajectory):
        raise InputError(
            f"{path.name} holds a {type(whole).__name__.lower()}, not a trajectory; give a LAMMPS dump, XTC, TRR, DCD or GSD file"
        )
    kind = int(whole.types.max()) if particle_type is None else particle_type
    chosen = whole.types == kind
    if chosen.sum() < 2:
        kinds = ", ".join(map(str, np.unique(whole.types)))
        raise InputError(f"{path.name} holds {chosen.sum()} particles of type {kind}; its types are {kinds}")
    if not all(whole.periodic):
        raise InputError(f"{path.name}: the box is not periodic along every axis, so g(r) has no meaning there")
    first = int(len(whole) * skip)
    return replace(
        whole,
        positions=whole.positions[first:, chosen],
        lengths=whole.lengths[first:],
        times=whole.times[first:],
        types=whole.types[chosen],
    )


def _row(name: str, t: Trajectory, one: measure.Rdf, D: float | None) -> dict[str, object]:
    peak = measure.first_peak(one.r, one.g)
    volume = float(np.prod(t.lengths, axis=1).mean())
    row: dict[str, object] = {"start": name, "first_peak_r": peak[0], "first_peak_g": peak[1], "frames": len(t)}
    row["rho"] = t.positions.shape[1] / volume
    if D is not None:
        found = aggregates.clusters(t.positions, t.lengths, reach=D + measure.CONTACT)
        row |= {"state": measure.state(one.r, one.g, D), "contacts": found.contacts, "largest_cluster": found.largest}
        row["alone"] = found.alone
    return row


def _curve(one: measure.Rdf, unit: str) -> Curve:
    low, high = np.maximum(one.g - 1.96 * one.error, 0), one.g + 1.96 * one.error
    return Curve(one.r, one.g, "r", "g", x_unit=unit, y_error=one.error, y_low=low, y_high=high)


def _structure(found: list[Trajectory]) -> tuple[np.ndarray, np.ndarray]:
    """S(q) over all frames, in the mean box."""
    within = np.concatenate([t.positions / t.lengths[:, None] for t in found])
    box = np.concatenate([t.lengths for t in found]).mean(axis=0)
    return aggregates.structure_factor(within * box, np.tile(box, (len(within), 1)))
