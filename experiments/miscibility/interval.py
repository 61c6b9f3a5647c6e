"""
Does the interval of the logit hold what it promises? Judges of separate articles are asked about a third part.

    python experiments/miscibility/interval.py --data DIR

Of the articles 45 % train a judge with intervals, 45 % another judge, and the last tenth is judged by both. Counted is how
often the other's logit lies in the interval of the first. Both judges have fewer than half of the articles of the shipped one.
Writes tables/interval.csv, a row a division, and prints the mean.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from morphoscope.datasets import labelled
from morphoscope.learn import spread, training
from morphoscope.tasks.descriptors import survey

CLASSES = ("immiscible", "miscible")
DIVISIONS = 30
OUT = Path(__file__).parent / "tables" / "interval.csv"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder in the public layout")
    dataset = labelled.load(parser.parse_args().data)
    by_path = {sample.files["image"]: sample for sample in dataset}
    found = survey(list(by_path))
    samples = [by_path[path] for path in found.read]
    labels, groups = np.array([str(s.label) for s in samples]), np.array([s.group for s in samples])
    names, rows = np.unique(groups), []
    for seed in range(DIVISIONS):
        rng = np.random.default_rng(seed)
        place = dict(zip(names, rng.permutation(len(names)) / len(names), strict=True))
        at = np.array([place[group] for group in groups])
        own, other, new = at < 0.45, (at >= 0.45) & (at < 0.9), at >= 0.9
        first, second = (
            training.fit(found.rows[some], labels[some].tolist(), names=found.names, classes=CLASSES) for some in (own, other)
        )
        positive, members = labels[own] == CLASSES[1], groups[own].tolist()
        apart = spread.halved(first.standardised(found.rows[own]), positive, members, fit=training.weights, rng=rng)
        if apart is None:
            continue
        middle, half = first.logits(found.rows[new]), spread.half_width(first.standardised(found.rows[new]), apart)
        logit = second.logits(found.rows[new])
        held = int((np.abs(logit - middle) <= half).sum())
        rows.append({"seed": seed, "images": int(new.sum()), "held": held, "mean_half_width": round(float(half.mean()), 3)})
        print(rows[-1], flush=True)
    with open(OUT, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    shares = np.array([row["held"] / row["images"] for row in rows])
    held, images = (sum(row[name] for row in rows) for name in ("held", "images"))
    low, high = np.percentile(np.random.default_rng(0).choice(shares, (1000, len(shares))).mean(axis=1), [2.5, 97.5])
    print(f"{held} of {images}: {held / images:.3f}; mean of divisions {shares.mean():.3f} [{low:.3f}, {high:.3f}]")


if __name__ == "__main__":
    main()
