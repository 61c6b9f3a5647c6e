"""
Does choosing the next simulation pay? Bayesian optimisation and active learning against random choice, on a pool.

    python experiments/nanonet/active.py --work DIR --pool            # simulate more compositions; goes on where it stopped
    python experiments/nanonet/active.py --work DIR --compare         # every goal, way and seed; goes on where it stopped
    python experiments/nanonet/active.py --work DIR --table           # active.csv and active_counts.csv beside this file

The pool is every composition of Monte Carlo in the shipped table, and those of ``--pool`` (D = 3, N = 40), most of them with
eps_pn of 0.65 to 0.85, where dispersion begins. A way begins
with the same eight random compositions and asks for one after another; what it asks for is looked up. ``learn`` is judged by
the error of ln g on 40 compositions that no way may ask for; they differ from seed to seed.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import dataset
import numpy as np

from morphoscope.datasets.rdfs import COMPOSITION, Rdfs, read_rdfs
from morphoscope.measure import rdf, rdf_scores
from morphoscope.tasks import rdf_fitting
from morphoscope.tasks.rdf_goals import Goal, promise

HERE = Path(__file__).parent
ADDED, EVEN = 98, 30
"""Compositions added to the pool; after the first 30 they lie where dispersion begins."""
EDGE = (0.65, 0.85)
SEEDS = 8
FIRST, MOST = 8, 36
HELD_OUT = 40
AFRESH = 100
"""Seeds of ``learn`` begin here: at 0 and 1 another rule was seen, the largest variance, and it was no better than chance."""
GOALS = {
    "dispersed, eps_pn up to 0.85": (Goal("dispersed"), 0.85),
    "first peak at 2.65": (Goal("peak", 2.65), 9.0),
    "learn": (Goal("learn"), 9.0),
}
WITHIN = {"dispersed": 0.2, "peak": 0.05}
"""What counts as reached: ln rho within this of the pool's best, the peak within this of the pool's nearest."""
Row = dict[str, Any]


def simulate(work: Path) -> None:
    file = work / "pool.jsonl"
    known = dataset.finished(file)
    for k, u in enumerate(dataset._sobol(3, 160, "pool")[:ADDED]):
        if f"p{k:03d}_pmf+mc" not in known:
            eps_pn = dataset._between(u[2], (0.1, 1.0) if k < EVEN else EDGE)
            point = {"D": 3.0, "N": 40, "rho": dataset._rho(u[0]), "eps_nn": dataset._between(u[1], (0.1, 2.5)), "eps_pn": eps_pn}
            row = dataset.row_of(f"p{k:03d}", "pmf+mc", point)
            with file.open("a") as out:
                out.write(json.dumps(row) + "\n")


def pool(work: Path) -> Rdfs:
    shipped = read_rdfs()
    one = shipped.where((shipped.column("source") == "pmf+mc") & (shipped.column("D") == 3) & (shipped.column("N") == 40))
    more = [row for _, row in sorted(dataset.finished(work / "pool.jsonl").items()) if "failed" not in row]
    rows = [{"id": row["id"], **{name: float(row[name]) for name in COMPOSITION}} for row in (*one, *more)]
    g = np.concatenate([one.g, np.array([row["g"] for row in more], float).reshape(len(more), len(one.r))])
    return Rdfs(tuple(rows), one.r, g, np.full_like(g, np.nan))


def history(table: Rdfs, goal: Goal, highest: float, way: str, seed: int) -> list[float]:
    """After each simulation: the best value so far, or the error of the surrogate on compositions held out."""
    seed += AFRESH if goal.kind == "learn" else 0
    rng = np.random.default_rng([seed, len(goal.kind)])
    x = table.numbers(COMPOSITION)
    learn = goal.kind == "learn"
    order = rng.permutation(len(x))
    held = order[:HELD_OUT] if learn else order[:0]
    free = [k for k in order[len(held) :] if x[k, 4] <= highest]
    value = goal.value(table.r, table.g, x)
    taken, told = free[:FIRST], list[float]()
    draws = np.random.default_rng([seed, 1])
    while len(taken) < min(MOST, len(free)):
        if learn or way == "chosen":
            one = rdf_fitting.lesson(table.where(np.array(taken)), COMPOSITION)
            predictor = rdf_fitting.fit(one, np.ones(len(taken), dtype=bool), None)
        if learn:
            scores = rdf_scores.compare(table.r, table.g[held], predictor(x[held]).g, diameter=x[held, 0])
            told.append(float(scores.log_error.mean()))
        left = [k for k in free if k not in set(taken)]
        if way == "chosen":
            best = float(value[taken].max())
            taken = [*taken, left[int(promise(predictor, goal, x[left], best, draws).argmax())]]
        else:
            taken = [*taken, left[0]]
    return told if learn else np.maximum.accumulate(value[taken])[FIRST - 1 :].tolist()


def compare(work: Path) -> None:
    table = pool(work)
    file = work / "active.jsonl"
    done = (
        {(row["goal"], row["way"], row["seed"]) for row in map(json.loads, file.read_text().splitlines())}
        if file.exists()
        else set()
    )
    for seed, (name, (goal, highest)) in itertools.product(range(SEEDS), GOALS.items()):
        for way in ("random", "chosen"):
            if (name, way, seed) not in done:
                told = history(table, goal, highest, way, seed)
                row = {"goal": name, "way": way, "seed": seed, "pool": len(table), "told": told}
                with file.open("a") as out:
                    out.write(json.dumps(row) + "\n")
                print(name, way, seed, told[-1], flush=True)


def reached(goal: Goal, told: np.ndarray, best: float) -> int | None:
    """Simulations until the goal is reached, the first eight included; None where it never was."""
    good = np.flatnonzero(told >= best - WITHIN[goal.kind])
    return FIRST + int(good[0]) if len(good) else None


def write(work: Path) -> None:
    table = pool(work)
    x = table.numbers(COMPOSITION)
    rows = [json.loads(line) for line in (work / "active.jsonl").read_text().splitlines()]
    curves, counts = list[Row](), list[Row]()
    rng = np.random.default_rng(0)
    for name, (goal, highest) in GOALS.items():
        told_by = {way: {row["seed"] for row in rows if (row["goal"], row["way"]) == (name, way)} for way in ("random", "chosen")}
        both = told_by["random"] & told_by["chosen"]
        best = float(goal.value(table.r, table.g, x)[x[:, 4] <= highest].max())
        for way in ("random", "chosen"):
            mine = [
                np.array(row["told"], float) for row in rows if (row["goal"], row["way"]) == (name, way) and row["seed"] in both
            ]
            if not mine:
                continue
            told = np.array(mine)
            if goal.kind == "dispersed":
                told = np.where(np.isfinite(told), np.exp(told), 0.0)
            for k, column in enumerate(told.T):
                mean, low, high = rdf_scores.interval(column, rng=rng, mean=True)
                curves.append(
                    {
                        "goal": name,
                        "way": way,
                        "simulations": FIRST + k,
                        "seeds": len(told),
                        "mean": mean,
                        "low": low,
                        "high": high,
                    }
                )
            if goal.kind != "learn":
                needed = [reached(goal, np.array(one, float), best) for one in mine]
                counts.append(
                    {"goal": name, "way": way, "seeds": len(mine), "reached": sum(n is not None for n in needed),
                     "median_simulations": float(np.median([MOST + 1 if n is None else n for n in needed])),
                     "each": " ".join("never" if n is None else str(n) for n in needed), "pool": len(table)}
                )  # fmt: skip
    for path, found in ((HERE / "active.csv", curves), (HERE / "active_counts.csv", counts)):
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(found[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()} for row in found)
    keep(work)


def keep(work: Path) -> None:
    """The compositions that were added to the pool, with their g, beside this file."""
    more = [row for _, row in sorted(dataset.finished(work / "pool.jsonl").items()) if "failed" not in row]
    r = (np.arange(100) + 0.5) * rdf.BIN
    lines = [",".join(["id", *COMPOSITION, *(f"g_{at:.4g}" for at in r)])]
    lines += [",".join([row["id"], *(f"{row[name]:g}" for name in COMPOSITION), *(f"{v:.4g}" for v in row["g"])]) for row in more]
    (HERE / "active_pool.csv.gz").write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    for name in ("pool", "compare", "table"):
        parser.add_argument(f"--{name}", action="store_true")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    if given.pool:
        simulate(given.work)
    if given.compare:
        compare(given.work)
    if given.table:
        write(given.work)


if __name__ == "__main__":
    main()
