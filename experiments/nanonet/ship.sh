#!/bin/sh
# The shipped model, and the tables of how well it and its rivals do, from the shipped table of distributions.
#   sh experiments/nanonet/ship.sh DIR      (a folder for the runs; the network takes six minutes of one core)
set -e
cd "$(dirname "$0")/../.."
python - "$1" <<'PY'
import csv
import shutil
import sys
from pathlib import Path

from morphoscope.app.workspace import Workspace

work, here, to = Workspace(sys.argv[1]), Path("experiments/nanonet"), Path("src/morphoscope/learn/shipped/nanonet")


def write(name, rows):
    with (here / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)


best = work.run("nanonet train")
print(best.title)
shutil.rmtree(to, ignore_errors=True)
shutil.copytree(Path(sys.argv[1]) / "runs" / best.run / "model", to)
write("methods_default.csv", best.tables["methods"])
paper = work.run("nanonet train", mode="paper")
print(paper.title)
dense = work.run("nanonet train", mode="paper", autoencoder="dense", compare=False).tables["methods"][:2]
dense[1]["method"] = "the dense autoencoder alone, from the measured picture"
rows = paper.tables["methods"]
write("methods_paper.csv", [*rows[:2], *dense, *rows[2:]])
PY
