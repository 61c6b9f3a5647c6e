"""
The trainings behind the tables of the miscibility paper: networks x weights x seeds x protocols, in one command.

    python experiments/miscibility/run.py --data DIR --workspace DIR                    # 20 seeds of 6 networks, resumable
    python experiments/miscibility/run.py --data DIR --workspace DIR --on tcp://HOST:PORT
    python experiments/miscibility/run.py --data DIR --workspace DIR --quick             # to see that it works
    python experiments/miscibility/run.py ... --collect                                  # tables of what is finished

Every training is an ordinary run of the workspace: what is finished is not computed again, and a killed training goes on
from its last checkpoint. The tables in --out are runs.csv (one row a training), epochs.csv (one row an epoch) and, for the
protocol grouped, held_out/NETWORK.csv (one row an image, one column of logits a seed).
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from morphoscope.app import Workspace, run_campaign
from morphoscope.core import Report

TASK = "miscibility train"
MODELS = ("vgg16", "densenet121", "resnet18")
RECIPES: dict[str, dict[str, Any]] = {
    "paper": {
        "epochs": 100, "size_px": 128, "batch": 64, "rate": 5e-5, "optimiser": "adam", "schedule": "constant", "augment": "paper",
    },
    "physical": {"epochs": 60, "size_px": 128, "batch": 32, "rate": 5e-4, "augment": "physical"},
    "small": {"epochs": 30, "size_px": 96, "batch": 32, "rate": 5e-4, "augment": "physical", "precision": "bfloat16"},
}  # fmt: skip
"""paper is what the paper's public code does; physical is ours; small ends on one core of a CPU."""
RULES = {"best on test": "best", "last": "last", "chosen on validation": "selected"}


def points(chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """Every training asked for, seeds last, so that every network has its first seed soon."""
    recipe = RECIPES[chosen.recipe] | ({"quick": True} if chosen.quick else {})
    seeds = range(min(chosen.seeds, 2)) if chosen.quick else range(chosen.seeds)
    return [
        {"data": str(chosen.data), "protocol": protocol, "model": model, "weights": weights, "seed": seed, **recipe}
        for seed in seeds
        for protocol in chosen.protocols
        for model in chosen.models
        for weights in chosen.weights
    ]


def finished(workspace: Workspace, asked: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Report]]:
    """The trainings that are done, with what was asked."""
    for point in asked:
        raw = {name: value for name, value in point.items() if name != "seed"}
        report = workspace.shelf.finished(workspace.question(TASK, raw=raw, seed=point["seed"]).id)
        if report is not None:
            yield point, report


def run_row(workspace: Workspace, point: dict[str, Any], report: Report, recipe: str) -> dict[str, Any]:
    """One training: scores of the calibrated evidence with intervals, and counts for each rule that chooses the epoch."""
    config = json.loads((workspace.runs / report.run / "config.json").read_text(encoding="utf-8"))
    row: dict[str, Any] = {name: point[name] for name in ("model", "weights", "protocol", "seed")} | {"recipe": recipe}
    for rule in report.tables["epoch_chosen"]:
        prefix = RULES[rule["epoch_rule"]]
        row |= {f"{prefix}_{name}": value for name, value in rule.items() if name not in ("epoch_rule", "seed")}
    for name, quantity in report.values.items():
        row |= {name: quantity.value, f"{name}_low": quantity.low, f"{name}_high": quantity.high}
    machine = config["machine"]
    return row | {"seconds": round(config["seconds"]), "device": config["device"], "cores": machine["cores"], "run": report.run}


def epoch_rows(workspace: Workspace, point: dict[str, Any], report: Report, recipe: str) -> Iterator[dict[str, Any]]:
    """Every epoch of one training."""
    known = {name: point[name] for name in ("model", "weights", "protocol", "seed")} | {"recipe": recipe}
    with open(workspace.runs / report.run / report.files["epochs"], newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield known | {name: value for name, value in row.items() if name != "seed"}


def held_out(workspace: Workspace, done: list[tuple[dict[str, Any], Report]]) -> dict[str, list[dict[str, Any]]]:
    """Held-out logits of every image, a table for each network and origin of weights, a column for each seed."""
    tables: dict[str, dict[str, dict[str, Any]]] = {}
    for point, report in done:
        if point["protocol"] == "grouped":
            origin = {"none": "scratch", "hub": "pretrained"}.get(point["weights"], Path(point["weights"]).stem)
            table = tables.setdefault(f"{point['model']}_{origin}", {})
            with open(workspace.runs / report.run / report.files["held_out"], newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    known = {name: row[name] for name in ("file", "label", "group", "grade")}
                    table.setdefault(row["file"], known)[f"logit_{point['seed']}"] = f"{float(row['logit']):.4f}"
    return {name: list(table.values()) for name, table in tables.items()}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """A CSV with every column that any row has."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{v:.6g}" if isinstance(v, float) else v for name, v in row.items()} for row in rows)


def collect(workspace: Workspace, asked: list[dict[str, Any]], recipe: str, out: Path) -> int:
    """Write the tables from the trainings that are done; gives their number."""
    done = list(finished(workspace, asked))
    if done:
        write(out / "runs.csv", [run_row(workspace, point, report, recipe) for point, report in done])
        write(out / "epochs.csv", [row for point, report in done for row in epoch_rows(workspace, point, report, recipe)])
        for name, rows in held_out(workspace, done).items():
            write(out / "held_out" / f"{name}.csv", rows)
    return len(done)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder in the public layout")
    parser.add_argument("--workspace", type=Path, required=True, help="folder that keeps the runs")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of runs.csv and epochs.csv")
    parser.add_argument("--models", nargs="+", default=list(MODELS), help="networks: those of the paper, or names of timm")
    parser.add_argument("--weights", nargs="+", default=["none", "hub"], help="none, hub, or files of weights")
    parser.add_argument("--seeds", type=int, default=20, help="number of seeds, from 0")
    parser.add_argument("--protocols", nargs="+", default=["paper"], choices=["paper", "grouped", "random"])
    parser.add_argument("--recipe", default="paper", choices=list(RECIPES))
    parser.add_argument("--on", default="here", help="here, local:WORKERS, tcp://HOST:PORT or slurm:PROFILE.toml")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--quick", action="store_true", help="two seeds of two epochs each, on small pictures")
    parser.add_argument("--collect", action="store_true", help="train nothing; write the tables of what is finished")
    chosen = parser.parse_args()
    workspace, asked = Workspace(chosen.workspace, on=chosen.on), points(chosen)

    def tell(done: float, total: float, note: str) -> None:
        print(f"{done:.0f} of {total:.0f} trainings, {note}", flush=True)
        collect(workspace, asked, chosen.recipe, chosen.out)

    if not chosen.collect:
        report = run_campaign(workspace, TASK, asked, on=chosen.on, device=chosen.device, tell=tell)
        for row in report.tables["points"]:
            if row["state"] == "failed":
                print(f"{row['model']}, {row['weights']}, {row['protocol']}, seed {row['seed']}: {row['error']}")
    print(f"{collect(workspace, asked, chosen.recipe, chosen.out)} of {len(asked)} trainings are in {chosen.out / 'runs.csv'}")


if __name__ == "__main__":
    main()
