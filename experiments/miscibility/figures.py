"""
The paper's figures, drawn from the committed tables: one page that opens without a network.

    python experiments/miscibility/figures.py [--out figures.html]

Figure 4: accuracy of every seed. Figure 5: accuracy against epoch. Figure 6: confusion matrices at the epoch chosen on the
validation part.
Figure 7: edge strengths by class. Besides: what was tried, and what earlier training brings, with intervals.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from morphoscope.app import render
from morphoscope.core import Curve, Figure, Report

TABLES = Path(__file__).parent / "tables"
RULES = {"best": "best on test", "last": "last epoch", "selected": "chosen on validation"}
NOTES = (
    "folds by article on the 400 open images, unless a row says otherwise; the paper printed the best epoch on its test set",
    "recipes: see README.md beside this script; quick rows show that a network runs in minutes, not how far it can go",
)
Row = dict[str, Any]


def read(name: str) -> list[Row]:
    """A table with its numbers; empty where it is not there."""
    if not (TABLES / name).is_file():
        return []
    with open(TABLES / name, newline="", encoding="utf-8") as file:
        return [{column: _value(text) for column, text in row.items()} for row in csv.DictReader(file)]


def _value(text: str) -> Any:
    try:
        return float(text) if text else None
    except ValueError:
        return text


def seeds() -> Report:
    """Figure 4: boxes over the seeds of each network, one for each rule that chooses the epoch."""
    found: dict[tuple[str, float], Row] = {}
    for row in read("figure4.csv"):
        name = _network(row)
        found.setdefault((name, row["seed"]), {"network": name})[RULES[row["epoch_is"]]] = row["accuracy"]
    figures = {
        "seeds": Figure("box", ("seeds",), "Figure 4: accuracy in per cent of every seed; best on test is no held-out figure")
    }
    return Report("Accuracy over seeds", tables={"seeds": list(found.values())}, figures=figures if found else {})


def epochs() -> Iterator[Report]:
    """Figure 5: mean accuracy of each network against epoch; the band spans all cuts and seeds."""
    found = defaultdict[str, list[Row]](list)
    for row in read("figure5.csv"):
        found[_network(row)].append(row)
    for name, rows in found.items():
        x, curves = np.array([row["epoch"] for row in rows]), {}
        for part, called in (("train", "training"), ("test", "test")):
            y, low, high = (np.array([row[f"{part}{end}"] for row in rows]) for end in ("", "_low", "_high"))
            curves[called] = Curve(x, y, "epoch", "accuracy in per cent", y_low=low, y_high=high)
        figures = {
            "epochs": Figure("band", tuple(curves), "Figure 5: the band spans cuts and seeds; rare images are trained more often")
        }
        yield Report(f"Accuracy against epoch: {name}", curves=curves, figures=figures)


def confusions() -> Report:
    """Figure 6: counts over all seeds at the epoch that was chosen on validation."""
    found = defaultdict[str, list[Row]](list)
    for row in read("figure6.csv"):
        if row["epoch_is"] == "selected":
            found[_network(row)].append(row)
    tables, figures = {}, {}
    for k, (name, rows) in enumerate(found.items()):
        tp, fp, fn, tn = (sum(int(row[cell]) for row in rows) for cell in ("tp", "fp", "fn", "tn"))
        tables[f"network_{k}"] = [
            {"true": "immiscible", "immiscible": tn, "miscible": fp},
            {"true": "miscible", "immiscible": fn, "miscible": tp},
        ]
        figures[f"network_{k}"] = Figure("confusion", (f"network_{k}",), f"Figure 6: {name}, {len(rows)} seed(s), held out")
    return Report("Confusion matrices", tables=tables, figures=figures)


def edges() -> Report:
    """Figure 7: the violin of the Sobel values."""
    rows = read("figure7.csv")
    figures = {"edges": Figure("violin", ("edges",), "Figure 7: mean edge strength by class, right conversion")}
    return Report("Edge strength", tables={"edges": rows}, figures=figures if rows else {})


def compared() -> Report:
    """What was tried, and what earlier training brings."""
    tables = {"tried": read("tried.csv"), "pretraining": read("pretraining.csv")}
    brought = [row for row in tables["pretraining"] if row["auroc_less_scratch"] is not None]
    tables["brought"] = [
        {"network": f"{row['model']}, {row['weights']}, {row['recipe']}"}
        | {name: row[name] for name in ("auroc_less_scratch", "auroc_less_scratch_low", "auroc_less_scratch_high")}
        for row in brought
    ]
    shown = {
        "tried": Figure("forest", ("tried:auroc",), "AUROC of every way, held out by article, with intervals by article"),
        "brought": Figure("forest", ("brought:auroc_less_scratch",), "AUROC with earlier training less that from scratch"),
    }
    kept = {name: rows for name, rows in tables.items() if rows}
    return Report("What was tried", tables=kept, figures={name: figure for name, figure in shown.items() if name in kept})


def table2() -> Report:
    """Table 2, printed and measured."""
    return Report("Table 2", tables={"table_2": read("table2.csv")})


def _network(row: Row) -> str:
    return f"{row['model']} ({row['recipe']}, {row['protocol']})"


def sections() -> Iterator[Report]:
    """What the page holds, as far as trainings are there."""
    for report in (seeds(), *epochs(), confusions(), edges(), compared(), table2()):
        if report.figures or report.tables:
            yield report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("figures.html"))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        whole = Report("Miscibility: the paper's figures, from what has been run", notes=NOTES)
        chosen.out.write_text(render.page(whole, Path(folder), children=[(one, Path(folder)) for one in sections()]), "utf-8")
    print(chosen.out)


if __name__ == "__main__":
    main()
