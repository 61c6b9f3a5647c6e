"""
The shipped table of radial distribution functions, by theory and by Monte Carlo with the simulated potentials.

    python experiments/nanonet/dataset.py --work DIR --source prism     # goes on where it stopped
    python experiments/nanonet/dataset.py --work DIR --source pmf+mc
    python experiments/nanonet/dataset.py --work DIR --table            # what is finished becomes the shipped table

Compositions are the three cases of the paper's Figure 4, then for each (D, N) with two or more measured potentials a
scrambled Sobol sequence over rho, eps_nn and the measured range of eps_pn, then a scrambled Sobol sequence over all five
numbers. Every composition gets a row of PRISM; a row of Monte Carlo where the measured potentials enclose it. Rows made from
another set of potentials than today's are made again. Direct simulations are taken from direct.csv.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import qmc

from morphoscope.core import Report, Run
from morphoscope.datasets.potentials import SHIPPED as POTENTIALS
from morphoscope.datasets.potentials import read_potentials
from morphoscope.datasets.rdfs import CARD, FLOOR, SHIPPED, Rdfs, write_rdfs
from morphoscope.errors import MorphoscopeError
from morphoscope.measure import rdf
from morphoscope.physics.matrix_potential import Family
from morphoscope.tasks.equilibrium import equilibrium
from morphoscope.tasks.prism import prism

SEED = 1
EVERYWHERE, LINE = 256, 96
"""Compositions over all five numbers, and for each measured (D, N)."""
SWEEPS = 1500
RHO, EPS_NN, EPS_PN, D, N = (2e-4, 4e-3), (0.1, 2.5), (0.1, 1.5), (2.0, 5.0), (25, 40)
WEAK = 0.5
"""Half of the compositions have eps_pn below."""
FIGURE_4 = {
    "fig4_aggregated": {"D": 3.0, "N": 40, "rho": 7.2e-4, "eps_nn": 0.1, "eps_pn": 0.1},
    "fig4_bridged": {"D": 3.0, "N": 40, "rho": 3.2e-4, "eps_nn": 0.5, "eps_pn": 1.0},
    "fig4_dispersed": {"D": 3.0, "N": 40, "rho": 8.2e-4, "eps_nn": 0.2, "eps_pn": 0.4},
}
Row = dict[str, Any]


def compositions() -> dict[str, Row]:
    """All compositions by name, in the order of their use."""
    points = dict(FIGURE_4)
    lines = defaultdict[tuple[float, float], list[float]](list)
    for one in read_potentials():
        lines[one.diameter, one.beads].append(one.eps_pn)
    for (diameter, beads), known in sorted(lines.items()):
        if len(known) > 1:
            limits = max(min(known), EPS_PN[0]), min(max(known), EPS_PN[1])
            for k, u in enumerate(_sobol(3, LINE, f"{diameter:g} {beads:g}")):
                numbers = {"rho": _rho(u[0]), "eps_nn": _between(u[1], EPS_NN), "eps_pn": _attraction(u[2], limits)}
                points[f"D{diameter:g}_N{beads:g}_{k:02d}"] = dict(D=diameter, N=int(beads), **numbers)
    for k, u in enumerate(_sobol(5, EVERYWHERE, "everywhere")):
        points[f"s{k:04d}"] = {
            "D": _between(u[0], D), "N": int(N[0] + u[1] * (N[1] - N[0] + 1)), "rho": _rho(u[2]),
            "eps_nn": _between(u[3], EPS_NN), "eps_pn": _attraction(u[4], EPS_PN),
        }  # fmt: skip
    return points


def _sobol(axes: int, count: int, name: str) -> np.ndarray:
    words = [SEED, *hashlib.sha256(name.encode()).digest()[:4]]
    return qmc.Sobol(axes, rng=np.random.default_rng(words)).random_base2(int(np.ceil(np.log2(count))))[:count]


def _between(u: float, limits: tuple[float, float]) -> float:
    return round(limits[0] + u * (limits[1] - limits[0]), 3)


def _rho(u: float) -> float:
    return float(f"{RHO[0] * (RHO[1] / RHO[0]) ** u:.3g}")


def _attraction(u: float, limits: tuple[float, float]) -> float:
    low, high = limits
    if low < WEAK < high:
        return _between(2 * u, (low, WEAK)) if u < 0.5 else _between(2 * u - 1, (WEAK, high))
    return _between(u, limits)


def potentials() -> str:
    """The set of potentials in use."""
    return hashlib.sha256(POTENTIALS.read_bytes()).hexdigest()[:12]


def enclosed(family: Family, point: Row) -> bool:
    return not family.outside((point["D"], point["eps_pn"], point["N"])).any()


def asked(source: str, point: Row) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), seed=SEED)
        return prism(run, **point) if source == "prism" else equilibrium(run, **point, sweeps=SWEEPS)


def row_of(name: str, source: str, point: Row) -> Row:
    """One row of the table, or the sentence that says why there is none."""
    start: Row = {
        "id": f"{name}_{source}",
        "point": name,
        "source": source,
        "made_with": potentials() if source != "prism" else "",
    }
    try:
        report = asked(source, point)
    except MorphoscopeError as problem:
        return {**start, **point, "failed": str(problem)}
    g = report.curves["g"]
    error = np.full(len(g), np.nan) if g.y_high is None else np.log((g.y_high + FLOOR) / (g.y + FLOOR)) / 1.96
    state = report.tables["state"][0]
    values = {key: quantity.value for key, quantity in report.values.items()}
    return start | point | {
        "n_particles": values.get("particles"),
        "converged": int(state["limit"] == "finite") if source == "prism" else values["converged"],
        "first_peak_r": values["first_peak_r"], "first_peak_g": values["first_peak_g"], "state": state["state"],
        "inside": int(values.get("in_range", 1)), "limit": state.get("limit", ""),
        "g": [float(f"{x:.4g}") for x in g.y], "error": [float(f"{x:.2g}") for x in error],
    }  # fmt: skip


def finished(file: Path) -> dict[str, Row]:
    """Rows of ``file`` by their id, the last one where there are several; a line cut short is left out."""
    rows = {}
    if file.exists():
        for line in file.read_text().splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            rows[row["id"]] = row
    return rows


def make(work: Path, source: str, limit: int) -> None:
    file = work / f"{source}.jsonl"
    known = finished(file)
    family = Family(read_potentials()) if source != "prism" else None
    today = potentials() if source != "prism" else ""
    made = 0
    for name, point in compositions().items():
        if (family and not enclosed(family, point)) or known.get(f"{name}_{source}", {"made_with": None})["made_with"] == today:
            continue
        if made == limit or (work / "STOP").exists():
            return
        row = row_of(name, source, point)
        with file.open("a") as out:
            out.write("\n" * (not _ends_whole(file)) + json.dumps(row) + "\n")
        made += 1
        print(row["id"], row.get("failed") or f"{row['state']} {row['first_peak_r']:.2f} {row['first_peak_g']:.4g}", flush=True)


def _ends_whole(file: Path) -> bool:
    return not file.exists() or file.stat().st_size == 0 or file.read_bytes()[-1:] == b"\n"


def direct() -> Iterator[Row]:
    """Rows of the direct simulations, from the tables beside that of the potentials."""
    if not (about := POTENTIALS.with_name("compositions.csv")).exists():
        return
    with POTENTIALS.with_name("direct.csv").open(newline="") as file:
        curves = defaultdict[tuple[str, str], dict[int, Row]](dict)
        for row in csv.DictReader(file):
            curves[row["id"], row["start"]][round(float(row["r_sigma"]) / rdf.BIN - 0.5)] = row
    with about.open(newline="") as file:
        for row in csv.DictReader(file):
            seen = curves[row["id"], row["start"]]
            g = [float(seen[k]["g"]) if k in seen else np.nan for k in range(100)]
            error = [float(seen[k]["error"]) / (g[k] + FLOOR) if k in seen else np.nan for k in range(100)]
            yield {
                "id": f"{row['id']}_{row['start']}", "point": row["id"].removeprefix("m_"), "source": "md",
                "made_with": row["start"],
                **{key: float(row[key]) for key in ("D", "N", "rho", "eps_nn", "eps_pn")}, "n_particles": int(row["particles"]),
                "converged": int(row["converged"] == "True"), "first_peak_r": float(row["first_peak_r"]),
                "first_peak_g": float(row["first_peak_g"]), "state": row["state"], "inside": 1, "limit": "",
                "g": g, "error": error,
            }  # fmt: skip


def assemble(work: Path) -> None:
    points = compositions()
    have = [row for source in ("prism", "pmf+mc") for row in finished(work / f"{source}.jsonl").values()]
    have = [row for row in have if row["point"] in points and row["made_with"] in ("", potentials())] + list(direct())
    rows = [row for row in have if "failed" not in row]
    rows.sort(key=lambda row: (("md", "pmf+mc", "prism").index(row["source"]), row["id"]))
    kept = [{name: value for name, value in row.items() if name not in ("g", "error")} for row in rows]
    g, error = (np.array([row[name] for row in rows], dtype=float) for name in ("g", "error"))
    write_rdfs(Rdfs(tuple(kept), (np.arange(100) + 0.5) * rdf.BIN, g, error), SHIPPED)
    CARD.write_text(card(rows, len(have) - len(rows)))
    print(f"{len(rows)} rows, {SHIPPED.stat().st_size / 1000:.0f} kB")


CARD_TEXT = """\
# Radial distribution functions of nanocomposites

Made by `experiments/nanonet/dataset.py` of this repository; all of it is computed, nothing is taken from elsewhere.
g(r) of nanoparticles in melts of bead-spring chains in 100 bins of 0.1 bead diameters, with one standard error of
ln(g + 0.02). `source` says how: `md` is direct molecular dynamics, `pmf+mc` Monte Carlo of particles with potentials
of mean force from umbrella sampling, `prism` liquid-state theory. Theory is no simulation: see below.

| source | rows | converged | aggregated | bridged | dispersed |
| --- | --- | --- | --- | --- | --- |
{table}

Compositions that gave no row: {failed}. `converged` of prism: the theory has a solution at this density; where it has
none, g(r) is that of two particles alone in the melt (`limit` dilute). `converged` of pmf+mc: dispersed and aggregated
starts agree in energy; where they do not, the error holds half of their difference.

## Covered, and not
By theory: {everywhere} compositions of a scrambled Sobol sequence over D 2 to 5, N 25 to 40, rho 0.0002 to 0.004 (evenly
in its logarithm), eps_nn 0.1 to 2.5 and eps_pn 0.1 to 1.5 (half of them below 0.5); {done} of these are here.

By simulation: only where the measured potentials enclose the composition. Measured so far: {measured}. For
each (D, N) with two or more values of eps_pn, {line} compositions in rho, eps_nn and eps_pn are sampled. W between
measured eps_pn is interpolated, and its uncertainty is in the error. Every other D and N rests on theory alone.

64 particles each: the peaks of clusters depend on the number. Forces among three particles are not in `pmf+mc`.

## The three cases of the paper's Figure 4
| case | source | state | first peak | converged | reproduced at equilibrium |
| --- | --- | --- | --- | --- | --- |
{figure}
"""


def card(rows: list[Row], failed: int) -> str:
    """What is in the table and what is not."""
    states = ("aggregated", "bridged", "dispersed")
    table = []
    for source in ("md", "pmf+mc", "prism"):
        found = [row for row in rows if row["source"] == source]
        counts = [len(found), sum(bool(r["converged"]) for r in found), *(sum(r["state"] == s for r in found) for s in states)]
        table.append(f"| {source} | {' | '.join(map(str, counts))} |")
    lines = defaultdict[tuple[float, float], list[str]](list)
    for one in read_potentials():
        lines[one.diameter, one.beads].append(f"{one.eps_pn:g}")
    figure = []
    for name in FIGURE_4:
        for row in rows:
            if row["point"] == name:
                how = f"{row['source']} {row['made_with'] if row['source'] == 'md' else ''}".strip()
                same = row["state"] == name.removeprefix("fig4_")
                verdict = (
                    "theory only" if how == "prism" else "yes" if same and row["converged"] else "not converged" if same else "no"
                )
                peak = f"{row['first_peak_g']:.3g} at {row['first_peak_r']:.2f}"
                figure.append(f"| {name[5:]} | {how} | {row['state']} | {peak} | {int(row['converged'])} | {verdict} |")
    return CARD_TEXT.format(
        table="\n".join(table),
        failed=failed,
        everywhere=EVERYWHERE,
        done=sum(row["source"] == "prism" and row["point"].startswith("s") for row in rows),
        measured="; ".join(f"D {d:g}, N {n:g} at eps_pn {', '.join(known)}" for (d, n), known in sorted(lines.items())),
        line=LINE,
        figure="\n".join(figure),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder of the finished rows")
    parser.add_argument("--source", choices=("prism", "pmf+mc"), help="make rows of this source")
    parser.add_argument("--limit", type=int, default=-1, help="stop after so many rows")
    parser.add_argument("--table", action="store_true", help="write the shipped table and its card")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    if given.source:
        make(given.work, given.source, given.limit)
    if given.table:
        assemble(given.work)


if __name__ == "__main__":
    main()
