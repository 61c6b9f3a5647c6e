"""
Tables 1 to 4 and the data of Figures 4 to 7 from what has been run, beside the printed numbers and their corrections.

    python experiments/miscibility/tables.py --data DIR    # also what needs the images: table1.csv, sobel.csv, ternary.csv
    python experiments/miscibility/tables.py               # the rest again, from the CSV files beside this one

Read: expected.csv (printed and corrected numbers), held_out/*.csv (tried.py, run.py), runs.csv and epochs.csv (run.py, where they
are). Written to tables/: table1.csv to table4.csv, figure4.csv to figure7.csv, tried.csv, pretraining.csv, ternary.csv, which
figures.py draws; case_study.csv and interval.csv are made by scripts of their own. Metrics follow equations 2 to 6 of the
paper with their counts; accuracies have Wilson's interval, scores of tried.csv and pretraining.csv that of redrawn articles.
"""

from __future__ import annotations

import argparse
import csv
import re
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from morphoscope.core import Run
from morphoscope.datasets import labelled
from morphoscope.measure import scores
from morphoscope.tasks import miscibility

HERE = Path(__file__).parent
OUT = HERE / "tables"
CLASSES = ("immiscible", "miscible")
NAMES = ("auroc", "balanced_accuracy", "accuracy", "f1", "ece")
REFERENCE = "descriptors"
CASE_PAPER = {"A": "volume-average radius in the article's records, printed as diameter"}
CASE_COLUMNS = ("key", "stated_diameter_um", "diameter_um", "volume_weighted_um", "droplets", "scale_from", "logit_held_out")
TERNARY = re.compile(r"\bternary\b|\bthree[- ]component\b", re.I)
Row = dict[str, Any]


def read(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(name: str, rows: list[Row]) -> None:
    OUT.mkdir(exist_ok=True)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with open(OUT / name, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    print(f"{name}: {len(rows)} rows")


def metrics(count: scores.Counts) -> Row:
    """Equations 2 to 6 in per cent, with counts and Wilson's interval of the accuracy."""
    low, high = scores.wilson(count.tp + count.tn, count.tp + count.fp + count.fn + count.tn)
    ratios = {name: 100 * getattr(count, name) for name in ("accuracy", "precision", "recall", "specificity", "f1")}
    counts = {name: getattr(count, name) for name in ("tp", "fp", "fn", "tn")}
    return {**counts, **ratios, "accuracy_low": 100 * low, "accuracy_high": 100 * high}


def printed(table: str) -> list[Row]:
    """The printed numbers of one table, a row each model."""
    rows: dict[str, Row] = {}
    for row in read(HERE / "expected.csv"):
        if row["table"] == table:
            told = rows.setdefault(row["model"], {"model": row["model"], "origin": "printed"})
            told[row["metric"]] = row["printed"]
            if row["corrected"]:
                told[f"{row['metric']}_corrected"] = row["corrected"]
    return list(rows.values())


class Held:
    """Held-out answers of one way: truth, groups and one row of logits a repeat."""

    def __init__(self, path: Path) -> None:
        rows = read(path)
        self.name = path.stem
        self.truth = np.array([row["label"] == CLASSES[1] for row in rows])
        self.groups = [row["group"] for row in rows]
        self.files = [row["file"] for row in rows]
        columns = [name for name in rows[0] if name.startswith("logit_")]
        self.seeds = [name.removeprefix("logit_") for name in columns]
        self.logits = np.array([[float(row[name]) for row in rows] for name in columns])
        self.base = float(self.truth.mean())

    def score(self, rows: np.ndarray, seeds: Sequence[str] = ()) -> dict[str, float]:
        """Mean over the repeats, or over some ``seeds`` of them."""
        used = [logits for seed, logits in zip(self.seeds, self.logits, strict=True) if not seeds or seed in seeds]
        each = [scores.summary(self.truth[rows], logits[rows], base_rate=self.base) for logits in used]
        return {name: float(np.mean([one[name] for one in each])) for name in NAMES}


def tried() -> None:
    """Every way that was tried: scores, and the paired difference from the shipped one, with intervals by article."""
    held = {path.stem: Held(path) for path in sorted((HERE / "held_out").glob("*.csv"))}
    reference, table = held[REFERENCE], []
    for name, one in held.items():
        everything = np.arange(one.truth.size)
        middle, ends = one.score(everything), scores.by_group(one.score, one.groups, rng=np.random.default_rng(0), draws=400)
        row: Row = {"way": name, "images": one.truth.size, "articles": len(set(one.groups)), "repeats": len(one.seeds)}
        for score in NAMES:
            row |= {score: middle[score], f"{score}_low": ends[score][0], f"{score}_high": ends[score][1]}
        if one.files == reference.files:

            def apart(rows: np.ndarray, one: Held = one) -> dict[str, float]:
                return {"auroc": one.score(rows)["auroc"] - reference.score(rows)["auroc"]}

            low, high = scores.by_group(apart, one.groups, rng=np.random.default_rng(0), draws=400)["auroc"]
            row |= {"auroc_less_descriptors": apart(everything)["auroc"], "difference_low": low, "difference_high": high}
        table.append(row)
    write("tried.csv", sorted(table, key=lambda row: -row["auroc"]))


def pretraining() -> None:
    """
    What earlier training brings a network: the same seeds and folds with and without it, and the paired difference.

    Scores are means over the seeds; intervals redraw articles, the same for both. The luck of the earlier training itself, which
    was done once, is not in them.
    """
    table: list[Row] = []
    for path in sorted((HERE / "held_out").glob("*_scratch_*.csv")):
        scratch = Held(path)
        for other in sorted((HERE / "held_out").glob(path.name.replace("_scratch_", "_*_"))):
            one = Held(other)
            seeds = sorted(set(one.seeds) & set(scratch.seeds))
            alone = other == path and len(list(path.parent.glob(path.name.replace("_scratch_", "_*_")))) < 2
            if alone or one.files != scratch.files or not seeds:
                continue
            model, weights, recipe = other.stem.rsplit("_", 2)

            def apart(rows: np.ndarray, one: Held = one, scratch: Held = scratch, seeds: list[str] = seeds) -> dict[str, float]:
                with_, without = one.score(rows, seeds), scratch.score(rows, seeds)
                told = {name: with_[name] for name in ("auroc", "balanced_accuracy")}
                return told | {f"{name}_less_scratch": with_[name] - without[name] for name in told}

            everything = np.arange(one.truth.size)
            ends = scores.by_group(apart, one.groups, rng=np.random.default_rng(0), draws=400)
            row: Row = {"model": model, "weights": weights, "recipe": recipe, "seeds": " ".join(seeds), "images": one.truth.size}
            for name, value in apart(everything).items():
                if other != path or not name.endswith("scratch"):
                    row |= {name: value, f"{name}_low": ends[name][0], f"{name}_high": ends[name][1]}
            each = [one.score(everything, [seed])["auroc"] for seed in seeds]
            table.append(row | {"auroc_of_each_seed": " ".join(f"{value:.4f}" for value in each)})
    if table:
        write("pretraining.csv", table)


def data(folder: Path) -> None:
    """Table 1 of the images that are there, the Sobel values by class, and the ternary ones by their captions."""
    dataset = labelled.load(folder)
    counts = {label: sum(sample.label == label for sample in dataset) for label in CLASSES}
    here = {"model": "images at hand", "origin": "measured", "images": len(dataset), "miscible": counts[CLASSES[1]]}
    grades = defaultdict(int)
    for sample in dataset:
        grades[sample.texts.get("grade", "none")] += 1
    share = {"immiscible_per_cent": 100 * counts[CLASSES[0]] / len(dataset), "articles": len(dataset.groups)}
    write("table1.csv", [*printed("Table 1"), here | share | dict(grades)])
    told = ("caption", "description", "quotation")
    found = [s for s in dataset if any(TERNARY.search(s.texts.get(name, "")) for name in told)]
    held = Held(HERE / "held_out" / f"{REFERENCE}.csv")
    logit = dict(zip(held.files, held.logits.mean(axis=0).tolist(), strict=True))
    rows = [
        {"key": s.key, "label": s.label, "group": s.group, "logit_held_out": logit.get(s.files["image"].name)}
        | {"found_in": ", ".join(name for name in told if TERNARY.search(s.texts.get(name, "")))}
        for s in found
    ]
    write("ternary.csv", rows)
    sobel = []
    for conversion, threshold in (("paper", 18.0), ("right", 18.0), ("right", None)):
        with tempfile.TemporaryDirectory() as work:
            report = miscibility.sobel(Run(Path(work)), data=folder, threshold=threshold, conversion=conversion)
        count = scores.Counts(*(int(report.values[name].value or 0) for name in ("tp", "fp", "fn", "tn")))
        how = "given" if threshold is not None else "best on these very images"
        row = {"model": f"Sobel rule, {len(dataset)} images", "origin": "measured", "conversion": conversion}
        sobel.append(row | {"threshold": report.values["threshold"].value, "threshold_is": how} | metrics(count))
        if conversion == "right" and threshold is not None:
            strengths = [{"label": one["label"], "edge_strength": one["edge_strength"]} for one in report.tables["strengths"]]
            write("figure7.csv", strengths)
    write("sobel.csv", sobel)


WEIGHTS = {"none": "from scratch", "hub": "pretrained"}


def networks() -> None:
    """Table 2 and Figures 4 to 6, from the trainings that are there."""
    runs = read(HERE / "runs.csv") if (HERE / "runs.csv").is_file() else []
    table: list[Row] = printed("Table 2")
    seeds, confusion = [], []
    for row in runs:
        name = f"{row['model']}, {WEIGHTS.get(row['weights'], row['weights'])}"
        how = {column: row[column] for column in ("protocol", "recipe", "size_px", "epochs", "folds", "seed")}
        for rule in ("best", "last", "selected"):
            count = scores.Counts(*(int(float(row[f"{rule}_{cell}"])) for cell in ("tp", "fp", "fn", "tn")))
            told = {"model": name, **how, "epoch_is": rule}
            table.append(
                {**told, "origin": "measured", **metrics(count), "train_accuracy": 100 * float(row[f"{rule}_train_accuracy"])}
            )
            seeds.append({**told, "accuracy": 100 * count.accuracy, "auroc": float(row[f"{rule}_auroc"])})
            confusion.append({**told, **{cell: getattr(count, cell) for cell in ("tp", "fp", "fn", "tn")}})
    write("table2.csv", table)
    if seeds:
        write("figure4.csv", seeds)
        write("figure6.csv", confusion)
    if (HERE / "epochs.csv").is_file():
        write("figure5.csv", against_epoch(read(HERE / "epochs.csv")))


def against_epoch(rows: list[dict[str, str]]) -> list[Row]:
    """Mean, least and largest accuracy over cuts and seeds after each epoch, of the networks that have a test part."""
    found = defaultdict[tuple[str, ...], list[dict[str, str]]](list)
    for row in rows:
        if row["cut"] != "all":
            name = f"{row['model']}, {WEIGHTS.get(row['weights'], row['weights'])}"
            found[name, row["protocol"], row["recipe"], row["epoch"]].append(row)
    table: list[Row] = []
    for (model, protocol, recipe, epoch), some in found.items():
        told: Row = {"model": model, "protocol": protocol, "recipe": recipe, "epoch": epoch, "trainings": len(some)}
        for part in ("train", "validation", "test"):
            values = np.array([float(row[f"{part}_accuracy"]) for row in some]) * 100
            told |= {part: float(values.mean()), f"{part}_low": float(values.min()), f"{part}_high": float(values.max())}
        table.append(told)
    return table


def others() -> None:
    """Table 3: the ways without a network beside the printed ones; Table 4: the case study as printed."""
    table = printed("Table 3")
    table += [dict(row) for row in read(OUT / "sobel.csv")] if (OUT / "sobel.csv").is_file() else []
    for path in sorted((HERE / "held_out").glob("*.csv")):
        one = Held(path)
        count = scores.counts(one.truth, one.logits.mean(axis=0) >= 0)
        table.append({"model": f"{path.stem}, held out by article", "origin": "measured", **metrics(count)})
    table += ternary()
    write("table3.csv", table)
    case = printed("Table 4")
    known = {row["case"]: row for row in read(OUT / "case_study.csv")} if (OUT / "case_study.csv").is_file() else {}
    for row in case:
        found = known.get(row["model"], {})
        row |= {name: found.get(name) for name in CASE_COLUMNS} | {"p_held_out": found.get("p_miscible")}
        a, b = float(row["logit_immiscible"]), float(row["logit_miscible"])
        row["p_miscible"] = float(1 / (1 + np.exp(a - b)))
        row["note"] = CASE_PAPER.get(row["model"][0], "") if row.get("particle_um") else ""
    write("table4.csv", case)


def ternary() -> list[Row]:
    """The ternary images: what is printed, and the shipped judge's held-out answers to those at hand."""
    rows = [{**row, "model": f"ternary images: {row['model']}"} for row in printed("ternary")]
    if (OUT / "ternary.csv").is_file():
        at_hand = read(OUT / "ternary.csv")
        truth = np.array([row["label"] == CLASSES[1] for row in at_hand])
        count = scores.counts(truth, np.array([float(row["logit_held_out"]) >= 0 for row in at_hand]))
        name = f"ternary images: {REFERENCE}, the {len(at_hand)} at hand, held out by article"
        rows.append({"model": name, "origin": "measured", "images": len(at_hand), **metrics(count)})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder in the public layout")
    chosen = parser.parse_args()
    if chosen.data is not None:
        data(chosen.data)
    tried()
    pretraining()
    networks()
    others()


if __name__ == "__main__":
    main()
