"""
From the finished pieces of the campaign to the shipped tables.

    python experiments/nanonet/tables.py --work DIR     # take over what is finished in DIR, then make the tables
    python experiments/nanonet/tables.py                # make them again from windows.csv and chunks.csv beside this file

pmf.csv: W_solv(r) in kT of every pair (D, eps_pn, N), by WHAM over its complete legs, with one standard error.
direct.csv: g(r) of every simulated composition from each start; compositions.csv: what is known of each.
"""

from __future__ import annotations

import argparse
import csv
import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from campaign import read, windows

from morphoscope.measure import rdf, umbrella

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "src" / "morphoscope" / "datasets" / "nanocomposite"
EQUILIBRATION = 0.25
"""Share of the pieces of each direct simulation that is left out at its beginning."""
COARSE = 5
"""Bins of the histograms to a row of pmf.csv."""
ZERO = 4.2
"""W_solv is 0 on average from D + ZERO on."""
Row = dict[str, str]


def take_over(work: Path) -> None:
    """Copy the tables of the campaign, adding the statistical inefficiency of each window from its series."""
    rows = read(work / "windows.csv")
    known = {(r["leg_name"], r["piece"]): r["inefficiency"] for r in read(HERE / "windows.csv")}
    for row in rows:
        key = (row["leg_name"], row["piece"])
        if key not in known:
            r = np.load(work / "series" / f"{row['leg_name']}.{int(row['piece']):02d}.npy").astype(float)
            known[key] = f"{umbrella.inefficiency(r):.2f}"
        row["inefficiency"] = known[key]
    write(HERE / "windows.csv", rows)
    for name in ("chunks.csv", "failures.csv"):
        if (work / name).exists():
            shutil.copyfile(work / name, HERE / name)


def write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    if not rows:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[-1]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def grouped(rows: list[Row], *names: str) -> dict[tuple[str, ...], list[Row]]:
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups


def force(rows: list[Row]) -> list[dict[str, Any]]:
    """W_solv of one pair from all its complete legs; nothing while there is none."""
    complete = {name: leg for name, leg in grouped(rows, "leg_name").items() if len(leg) == len(windows(float(leg[0]["D"])))}
    if not complete:
        return []
    used = [row for leg in complete.values() for row in leg]
    first = used[0]
    made = [
        umbrella.Window(
            counts=np.array(row["counts"].split(), dtype=float),
            first=int(row["first_bin"]),
            independent=int(row["samples"]) / float(row["inefficiency"]),
            spring=float(row["spring"]),
            centre=float(row["distance"]),
            leg=row["leg"],
        )
        for row in used
    ]
    width, diameter = float(first["bin"]), float(first["D"])
    found = umbrella.potential(made, rng=np.random.default_rng(1), width=width, zero_from=diameter + ZERO)
    cells = np.floor(found.x / (width * COARSE)).astype(int)
    seen = np.isfinite(found.w) & np.isfinite(found.error)
    table = []
    for cell in np.unique(cells):
        inside = (cells == cell) & seen
        if inside.sum() < COARSE:
            continue
        table.append(
            {
                "id": first["id"], "D": first["D"], "eps_pn": first["eps_pn"], "N": first["N"],
                "r_sigma": f"{(cell + 0.5) * width * COARSE:.3f}", "w_solv_kT": f"{found.w[inside].mean():.3f}",
                "w_error_kT": f"{found.error[inside].mean():.3f}", "hysteresis_kT": f"{found.hysteresis[inside].mean():.3f}",
                "legs": len({row["leg"] for row in used}), "windows": len(used),
                "tau": f"{sum(float(r['steps']) * float(r['dt']) for r in used):.0f}", "atoms": first["atoms"],
                "dt": first["dt"], "temperature": 1, "pressure": 1, "lammps": first["lammps"],
            }
        )  # fmt: skip
    return table


def counts(row: Row) -> rdf.Counts:
    edges = np.arange(101) * rdf.BIN
    found = np.array(row["counts"].split(), dtype=float)
    return rdf.Counts(edges, found, float(row["pairs_per_volume"]), min(float(row["shortest_box"]) / 2, rdf.R_MAX))


def direct(rows: list[Row]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """g(r) of one composition from each start, and a row about each and about both."""
    starts = {}
    for (start,), group in grouped(rows, "leg").items():
        kept = [r for legs in grouped(group, "leg_name").values() for r in legs[int(np.ceil(EQUILIBRATION * len(legs))) :]]
        if len(kept) > 1:
            starts[start] = kept
    each = {start: rdf.from_blocks([counts(row) for row in kept]) for start, kept in starts.items()}
    if not each:
        return [], []
    agreed = rdf.converged(list(each.values()), float(rows[0]["D"]))
    if len(each) > 1:
        each["both"] = rdf.joined(list(each.values()))
        starts["both"] = [row for kept in starts.values() for row in kept]
    curves, about = [], []
    for start, one in each.items():
        kept = starts[start]
        for r, g, error, n in zip(one.r, one.g, one.error, one.counts, strict=True):
            if np.isfinite(g):
                curves.append({"id": kept[0]["id"], "start": start, "r_sigma": f"{r:.2f}", "g": f"{g:.5g}",
                               "error": f"{error:.3g}", "pairs": int(n)})  # fmt: skip
        peak = rdf.first_peak(one.r, one.g)
        volume = np.mean([float(row["box_volume"]) for row in kept])
        about.append(
            {**{name: kept[0][name] for name in ("id", "D", "N", "eps_nn", "eps_pn", "particles", "atoms", "dt")},
             "start": start, "rho_wanted": kept[0]["rho"], "rho": f"{int(kept[0]['particles']) / volume:.5g}",
             "tau": f"{sum(float(r['steps']) * float(r['dt']) for r in kept):.0f}", "frames": sum(int(r["frames"]) for r in kept),
             "converged": agreed, "first_peak_r": f"{peak[0]:.2f}", "first_peak_g": f"{peak[1]:.4g}",
             "state": rdf.state(one.r, one.g, float(kept[0]["D"])), "lammps": kept[0]["lammps"]}
        )  # fmt: skip
    return curves, about


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="folder of the campaign")
    if (work := parser.parse_args().work) is not None:
        take_over(work)
    pairs = grouped(read(HERE / "windows.csv"), "id")
    forces = [force(rows) for rows in pairs.values()]
    write(SHIPPED / "pmf.csv", [row for table in forces for row in table])
    simulated = [direct(rows) for rows in grouped(read(HERE / "chunks.csv"), "id").values()]
    write(SHIPPED / "direct.csv", [row for curves, _ in simulated for row in curves])
    write(SHIPPED / "compositions.csv", [row for _, about in simulated for row in about])
    print(f"{sum(bool(f) for f in forces)} potentials complete of {len(pairs)} begun, {len(simulated)} compositions simulated")


if __name__ == "__main__":
    main()
