"""
The default model beside the plain answers on unseen simulated pairs: 64 to learn from, 64 to test, five seeds.

    python experiments/pairvae/run.py FOLDER_OF_PAIRS [--effort 1] [--paper 0] [--workspace runs] [--seeds 101 102]

FOLDER_OF_PAIRS is what pairs.py made. Trainings are runs of a workspace, so the command goes on where it was stopped. Writes
methods.csv and bands.csv beside itself, one row a seed and method.
"""

import argparse
import csv
from dataclasses import fields
from pathlib import Path

import numpy as np
from pairs import SEEDS

import morphoscope as ms
from morphoscope.datasets import pair_baselines, pair_scores
from morphoscope.datasets.pairs import PairArrays
from morphoscope.learn.model_folder import read_model
from morphoscope.tasks import pair_model, pairvae_paper

HERE = Path(__file__).parent
TRAIN, CROPS, SIDE = 64, 10, 192
AGAIN = "ours, coded and decoded"


def joined(parts: list[PairArrays]) -> PairArrays:
    """All pairs of a seed."""
    found = {}
    for field in fields(PairArrays):
        values = [getattr(part, field.name) for part in parts]
        found[field.name] = sum(values, ()) if isinstance(values[0], tuple) else np.concatenate(values)
    return PairArrays(**found)


def main(folder: Path, workspace: ms.Workspace, *, seeds: list[int], effort: float, paper: float) -> None:
    """Every seed: its own pairs, split in halves."""
    rows, bands = [], []
    for seed in seeds:
        pairs = joined([PairArrays.load(path) for path in sorted(folder.glob(f"pairs_{seed}_*.npz"))])
        rng = np.random.default_rng(seed)
        learnt, tested = pair_scores.split(pairs, train=TRAIN, unseen=len(pairs) - TRAIN, rng=rng)
        data = folder / f"learnt_{seed}.npz"
        learnt.save(data)
        truth = pair_scores.Truth.of(tested, crops=CROPS, rng=rng, size_px=SIDE)
        answers = pair_baselines.answers(learnt, truth, rng=rng)
        report = workspace.run("pairvae train", data=data, effort=effort, seed=seed)
        ours = pair_model.PairModel.from_model(read_model(workspace.runs / report.run, kind=pair_model.KIND))
        answers.append(pair_scores.ask(ours, truth, rng=rng))
        again = ours.sem_again(truth.crops.reshape(-1, SIDE, SIDE)).reshape(truth.crops.shape)
        patterns = np.repeat(ours.saxs_again(tested.saxs, tested.mask)[:, None], CROPS, axis=1)
        answers.append(pair_scores.Answers(AGAIN, again, patterns))
        if paper:
            report = workspace.run("pairvae train", data=data, effort=paper, seed=seed, mode="paper")
            published = pairvae_paper.PaperModel.from_model(read_model(workspace.runs / report.run, kind=pairvae_paper.KIND))
            answers.append(pair_scores.ask(published, truth, rng=rng))
        for answer in answers:
            found = pair_scores.score(answer, truth).values(np.arange(len(tested)), rng=rng)
            rows.append({"seed": seed, "unseen": len(tested), "method": answer.name} | {k: round(v, 5) for k, v in found.items()})
        low, _, high = ours.s2_band(tested.saxs, tested.mask)
        inside = (truth.statistics.s2 >= low[:, None]) & (truth.statistics.s2 <= high[:, None])
        bands.append({"seed": seed, "unseen": len(tested), "nominal": 0.9, "covered": round(float(inside.mean()), 4)})
        write(HERE / "methods.csv", rows)
        write(HERE / "bands.csv", bands)


def write(path: Path, rows: list[dict]) -> None:
    """All columns that any row has."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, names, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--effort", type=float, default=1.0)
    parser.add_argument("--paper", type=float, default=0.0)
    parser.add_argument("--workspace", type=Path, default=Path("runs"))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    given = parser.parse_args()
    main(given.folder, ms.Workspace(given.workspace), seeds=given.seeds, effort=given.effort, paper=given.paper)
