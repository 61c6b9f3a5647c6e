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
for mode in ("default", "paper"):
    report = work.run("nanonet train", mode=mode)
    print(report.title)
    rows = report.tables["methods"]
    with (here / f"methods_{mode}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    if mode == "default":
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(Path(sys.argv[1]) / "runs" / report.run / "model", to)
PY
