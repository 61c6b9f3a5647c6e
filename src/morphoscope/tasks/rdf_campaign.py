"""Many compositions simulated, one run each, and their distributions as one table to learn from."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

from ..core import Param, Quantity, Report, Run
from ..datasets.rdfs import write_rdfs
from ..errors import InputError
from .nanocomposite import LEVELS
from .parameters import Beads, Diameter, EpsNN, EpsPN, ParticleDensity
from .rdf_plan import compositions
from .rdf_points import SOURCES, Bounds, Point, parameters, row_of, table_of

Found = tuple[dict[str, Any], Any, Any]
Simulator = Annotated[
    str, Param("how: Monte Carlo with the matrix's potential (seconds), or molecular dynamics (hours)", choices=tuple(SOURCES))
]
Sweeps = Annotated[int, Param("pmf+mc: moves of each particle that are counted", low=50, high=10**7)]
MdLevel = Annotated[str, Param("md: how much is simulated", choices=tuple(LEVELS))]
Potentials = Annotated[Path | None, Param("pmf+mc: table of potentials of mean force; the package's own by default")]


def campaign(
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
    source: Simulator = "pmf+mc",
    level: MdLevel = "quick",
    sweeps: Sweeps = 1500,
    potentials: Potentials = None,
) -> Report:
    """
    Simulate many compositions, each a run of its own, and gather their g(r) in one table that ``nanonet train`` takes.

    With ``--on local:2``, a scheduler or Slurm the runs are spread. Stopped and asked again, it computes what is missing. What
    failed is in the table ``failures``, and the others are kept.
    """
    found = compositions(run, points, design, bounds, {"D": D, "N": float(N), "rho": rho, "eps_nn": eps_nn, "eps_pn": eps_pn})
    settings = settings_of(source, level, sweeps, potentials)
    rows, failures = simulated(run, found, source, settings)
    if not rows:
        raise InputError(f"none of the {len(found)} compositions could be simulated, the first: {failures[0]['error']}")
    table = table_of([rows[k] for k in sorted(rows)])
    write_rdfs(table, run.file("rdfs.csv.gz"))
    states = Counter(str(row["state"]) for row in table)
    unsure = sum(not row["converged"] for row in table)
    return Report(
        title=f"{len(table)} of {len(found)} compositions simulated by {source}",
        values={
            "points": Quantity(len(found)),
            "simulated": Quantity(len(table)),
            "failed": Quantity(len(failures)),
            "converged": Quantity(len(table) - unsure),
        },
        tables={
            "rdfs": [{**row, "N": int(row["N"])} for row in table],
            "states": [{"state": state, "rows": count} for state, count in sorted(states.items())],
            "failures": failures,
        },
        files={"rdfs": "rdfs.csv.gz"},
        notes=(
            *((f"{len(failures)} failed, the first with: {failures[0]['error']}",) if failures else ()),
            *((f"{unsure} are not converged: their starts disagree",) if unsure else ()),
            "learn from it with: morphoscope nanonet train --data run:ID/rdfs.csv.gz",
        ),
    )


def settings_of(source: str, level: str, sweeps: int, potentials: Path | None) -> dict[str, Any]:
    """The parameters that every simulation of ``source`` shares."""
    if source == "md":
        return {"level": level}
    return {"sweeps": sweeps} | ({} if potentials is None else {"table": potentials})


def simulated(
    run: Run, found: list[Point], source: str, settings: dict[str, Any], first: int = 0, total: int = 0
) -> tuple[dict[int, Found], list[dict[str, Any]]]:
    """Rows by the place of their composition, and those that failed; progress counts from ``first`` to ``total``."""
    rows, failures = dict[int, Found](), list[dict[str, Any]]()
    whole = total or len(found)
    run.progress(first, whole, f"{len(found)} compositions asked")
    asked = [{**parameters(point), **settings} for point in found]
    for child in run.each(SOURCES[source], asked, seed=run.seed):
        point = found[child.place]
        if child.report is None:
            failures.append({"point": first + child.place + 1, **parameters(point), "error": child.error})
        else:
            rows[child.place] = row_of(f"c{first + child.place + 1:04d}", point, source, child.report)
        done = len(rows) + len(failures)
        run.progress(first + done, whole, f"{done} of {len(found)} simulated" + (f", {len(failures)} failed" if failures else ""))
    return rows, failures
