"""
The rows that every model has to stand beside: 64 pairs to learn from, 64 unseen, 192 px crops, one part for each seed.

    python experiments/pairvae/pairs.py POOL
    python experiments/pairvae/baselines.py POOL [--out experiments/pairvae/baselines.csv]

Seeds whose 128 pairs are complete are used; their scores are kept in POOL, so it goes on where it was stopped.
"""

import argparse
import csv
from dataclasses import fields
from pathlib import Path

import numpy as np
from pairs import PART, SEEDS

from morphoscope.datasets.pair_baselines import answers
from morphoscope.datasets.pair_scores import COLUMNS, Scores, Truth, score, table
from morphoscope.datasets.pairs import PairArrays

TRAIN, UNSEEN, CROPS, SIDE = 64, 64, 10, 192


def joined(parts: list[PairArrays]) -> PairArrays:
    """The pairs of all ``parts``."""
    values = {f.name: [getattr(part, f.name) for part in parts] for f in fields(PairArrays)}
    return PairArrays(**{k: sum(v, ()) if isinstance(v[0], tuple) else np.concatenate(v) for k, v in values.items()})


def halves(pool: Path, seed: int) -> tuple[PairArrays, PairArrays] | None:
    """Training and unseen pairs of ``seed``, once all are there."""
    files = [pool / f"pairs_{seed}_{part:03d}.npz" for part in range((TRAIN + UNSEEN) // PART)]
    if not all(file.exists() for file in files):
        return None
    pairs = joined([PairArrays.load(file) for file in files])
    return pairs.where(np.arange(TRAIN)), pairs.where(np.arange(TRAIN, TRAIN + UNSEEN))


def scores(pool: Path, seed: int) -> list[Scores] | None:
    """The scores of every baseline on ``seed``."""
    kept = pool / f"baselines_{seed}.npz"
    if not kept.exists():
        if (found := halves(pool, seed)) is None:
            return None
        rng = np.random.default_rng([seed, 1])
        truth = Truth.of(found[1], crops=CROPS, rng=rng, size_px=SIDE)
        made = [score(answer, truth) for answer in answers(found[0], truth, rng=rng)]
        np.savez(kept, **{f"{k}/{one.name}/{name}": array for k, one in enumerate(made) for name, array in arrays_of(one)})
        print(f"seed {seed} scored", flush=True)
    with np.load(kept, allow_pickle=False) as file:
        methods: dict[tuple[int, str], dict[str, np.ndarray]] = {}
        for key in file.files:
            place, method, name = key.split("/")
            methods.setdefault((int(place), method), {})[name] = file[key]
    return [loaded(method, found) for (_, method), found in sorted(methods.items())]


def arrays_of(one: Scores) -> list[tuple[str, np.ndarray]]:
    """What is known of ``one``, by name."""
    sets = [(name, getattr(one, name)) for name in ("found", "real", "similarity") if getattr(one, name) is not None]
    return [*one.pictures.items(), *sets]


def loaded(method: str, found: dict[str, np.ndarray]) -> Scores:
    """The inverse of ``arrays_of``."""
    sets = {name: found.pop(name) for name in ("found", "real", "similarity") if name in found}
    return Scores(method, found, **sets)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pool", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("baselines.csv"))
    given = parser.parse_args()
    complete = [(seed, found) for seed in SEEDS if (found := scores(given.pool, seed)) is not None]
    rows = table([found for _, found in complete], rng=np.random.default_rng(0), draws=200)
    names = ["method", *(f"{name}{end}" for name in COLUMNS for end in ("", "_low", "_high"))]
    with open(given.out, "w", newline="", encoding="utf-8") as file:
        seeds = " ".join(str(seed) for seed, _ in complete)
        file.write(
            f"# {TRAIN} train and {UNSEEN} unseen simulated pairs a seed, {CROPS} crops of {SIDE} px each; seeds {seeds}\n"
        )
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()})
