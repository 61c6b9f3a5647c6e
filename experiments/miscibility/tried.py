"""
What was tried without a network, each scored on the same cuts by article: held-out answers of every way.

    python experiments/miscibility/tried.py --data DIR

Writes held_out/NAME.csv beside this file: file, label, group, grade, and one column of logits for each of the five repeats
(one for what is not cross-validated). tables.py makes tried.csv of them.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from morphoscope.core import Sample
from morphoscope.datasets import fake_blends, labelled, protocols
from morphoscope.io import read_micrograph
from morphoscope.learn import training
from morphoscope.measure import descriptors
from morphoscope.measure.annotations import find, without
from morphoscope.tasks.controls import painted
from morphoscope.tasks.descriptors import survey

HERE = Path(__file__).parent
CLASSES = ("immiscible", "miscible")
SIMULATED = {"articles": 60, "images_per_article": 3}
Cuts = list[tuple[int, np.ndarray, np.ndarray]]


def cuts_of(samples: list[Sample], dataset: labelled.Dataset) -> Cuts:
    """The grouped five folds, five times, by rows of ``samples``."""
    place = {sample.key: k for k, sample in enumerate(samples)}
    splits = protocols.splits(dataset, "grouped", folds=5, repeats=5, seed=0)
    return [
        (cut.repeat, *(np.array([place[s.key] for s in part if s.key in place]) for part in (cut.train, cut.test)))
        for cut in splits
    ]


def neighbour(rows: np.ndarray, truth: np.ndarray, cuts: Cuts) -> np.ndarray:
    """The label of the nearest training image, as evidence."""
    z = (rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), 1e-9)
    found = np.full((5, len(truth)), np.nan)
    for repeat, train, test in cuts:
        near = np.square(z[test][:, None, :] - z[train][None, :, :]).sum(axis=2).argmin(axis=1)
        found[repeat, test] = np.where(truth[train][near], 4.6, -4.6)
    return found


def write(name: str, samples: list[Sample], logits: np.ndarray) -> None:
    """One file of held-out answers."""
    logits = np.atleast_2d(logits)
    (HERE / "held_out").mkdir(exist_ok=True)
    with open(HERE / "held_out" / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "label", "group", "grade", *(f"logit_{k}" for k in range(len(logits)))])
        for k, sample in enumerate(samples):
            known = [sample.files["image"].name, sample.label, sample.group, sample.texts.get("grade", "")]
            writer.writerow([*known, *(f"{value:.4f}" for value in logits[:, k])])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder in the public layout")
    dataset = labelled.load(parser.parse_args().data)
    by_path = {sample.files["image"]: sample for sample in dataset}
    found = survey(list(by_path), progress=_say)
    samples = [by_path[path] for path in found.read]
    labels = [str(sample.label) for sample in samples]
    truth = np.array([label == CLASSES[1] for label in labels])
    cuts = cuts_of(samples, dataset)

    def held(rows: np.ndarray, trees: float = 0.0) -> np.ndarray:
        return training.cross_validated(rows, labels, cuts, classes=CLASSES, trees=trees).logits

    write("descriptors", samples, held(found.rows))
    write("lightgbm", samples, held(found.rows, trees=1.0))
    write("ensemble", samples, held(found.rows, trees=0.5))
    write("print_and_size", samples, held(found.printed))
    write("nearest_neighbour", samples, neighbour(found.rows, truth, cuts))
    fitted = training.fit(found.rows, labels, names=found.names, classes=CLASSES)
    write("painted_control", samples, fitted.logits(_painted(found.read)))
    with tempfile.TemporaryDirectory() as folder:
        fake_blends.write_fake(Path(folder), rng=np.random.default_rng(0), **SIMULATED)
        fake = labelled.load(Path(folder))
        seen = survey([sample.files["image"] for sample in fake], progress=_say)
        known = {sample.files["image"]: str(sample.label) for sample in fake}
        taught = training.fit(seen.rows, [known[path] for path in seen.read], names=seen.names, classes=CLASSES)
    write("trained_on_simulated", samples, taught.logits(found.rows))


def _painted(paths: list[Path]) -> np.ndarray:
    rows = []
    for k, path in enumerate(paths):
        _say(k, len(paths), path.name)
        whole = read_micrograph(path, nan="mask")
        blank = painted(whole, find(whole, grey_bars=False))
        rows.append(list(descriptors.describe(without(blank, find(blank, grey_bars=False))).values()))
    return np.array(rows)


_say: Callable[[float, float, str], None] = lambda done, total, note: print(f"{done} of {total}: {note}", end="\r")  # noqa: E731


if __name__ == "__main__":
    main()
