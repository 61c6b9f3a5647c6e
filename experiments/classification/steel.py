"""
The steel surface defects of the NEU collection: six classes, scored by group and by random folds, and with few images.

    python experiments/classification/steel.py IMAGES --workspace lab

IMAGES holds one folder for each class. The tables steel_scores.csv and steel_few_shots.csv beside this file are renewed.
"""

import argparse
import csv
from pathlib import Path

import morphoscope as ms

HERE = Path(__file__).parent
CUTS = (("grouped", "together"), ("random", "ignored"))
SHOTS = (1, 2, 5, 10, 20)
SCORES = ("accuracy", "balanced_accuracy", "macro_f1", "macro_auroc", "ece")


def main() -> None:
    """Answer each cut and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("--workspace", default="lab")
    given = parser.parse_args()
    rows, few = [], []
    for protocol, same_place in CUTS:
        asked = {"protocol": protocol, "same_place": same_place, "shots": SHOTS if protocol == "grouped" else ()}
        report = ms.run("classify train", data=given.images, workspace=given.workspace, seed=0, **asked)
        own, *baselines = report.tables["models"]
        ends = {f"{name}_{end}": getattr(report.values[name], end) for name in SCORES for end in ("low", "high")}
        rows += [
            {"protocol": protocol, "seed": 0, **own, **ends},
            *({"protocol": protocol, "seed": 0, **one} for one in baselines),
        ]
        few += report.tables.get("few_shots", [])
    for name, table in (("steel_scores.csv", rows), ("steel_few_shots.csv", few)):
        with open(HERE / name, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(table[0]), restval="")
            writer.writeheader()
            writer.writerows({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()} for row in table)


if __name__ == "__main__":
    main()
