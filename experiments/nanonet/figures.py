"""
The paper's figures and the learning curves, drawn from the committed tables: one page that opens without a network.

    python experiments/nanonet/figures.py [--out figures.html]
    python experiments/nanonet/figures.py --keep RUN      # first: the folder of a run of nanonet ablations, to be committed

The first part is the report of `nanonet ablations`: loss curves, error by latent size and by number of trees, parity of the
latent numbers, twelve predicted and actual distributions, first peaks. The second is `active.csv`.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import shutil
import tempfile
from pathlib import Path

import numpy as np

from morphoscope.app import render
from morphoscope.core import Curve, Figure, Report

HERE = Path(__file__).parent
KEPT, TABLE = HERE / "ablations.json.gz", HERE / "ablations.csv"
WORDS = {"learn": "mean error of ln g on compositions held out", "first peak at 2.65": "distance of the first peak, negative"}


def keep(run: Path) -> None:
    """Bring a run's table and report beside this file."""
    shutil.copyfile(run / "ablations.csv", TABLE)
    report = Report.load(run / "report.json")
    KEPT.write_bytes(gzip.compress(report.to_json().encode(), mtime=0))


def active() -> Report:
    """By number of simulations: the best composition so far, or the error of the model; means over seeds."""
    with (HERE / "active.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    curves, figures = dict[str, Curve](), dict[str, Figure]()
    for k, goal in enumerate(dict.fromkeys(row["goal"] for row in rows)):
        names = []
        for way in ("chosen", "random"):
            mine = [row for row in rows if (row["goal"], row["way"]) == (goal, way)]
            if mine:
                x, y, low, high = (
                    np.array([float(row[name]) for row in mine]) for name in ("simulations", "mean", "low", "high")
                )
                names.append(f"{way} {k + 1}")
                curves[names[-1]] = Curve(x, y, "simulations", WORDS.get(goal, "highest rho"), y_low=low, y_high=high)
        figures[f"goal {k + 1}"] = Figure("band", tuple(names), f"{goal}: chosen against random, with 95 % intervals over seeds")
    with (HERE / "active_counts.csv").open(newline="") as file:
        counts = list(csv.DictReader(file))
    return Report("Chosen simulations against random ones", curves=curves, figures=figures, tables={"reached": counts})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("figures.html"))
    parser.add_argument("--keep", type=Path, help="folder of a run of nanonet ablations")
    given = parser.parse_args()
    if given.keep:
        keep(given.keep)
        return
    paper = Report.from_json(gzip.decompress(KEPT.read_bytes()).decode())
    with tempfile.TemporaryDirectory() as empty:
        folder = Path(empty)
        whole = Report("nanoNET: the paper's figures, and simulations that were chosen")
        given.out.write_text(render.page(whole, folder, children=[(paper, folder), (active(), folder)]), encoding="utf-8")


if __name__ == "__main__":
    main()
