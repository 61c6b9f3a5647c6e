"""
The trainings behind the tables of the miscibility paper: networks x weights x seeds x protocols, in one command.

    python experiments/miscibility/run.py --data DIR --workspace DIR                    # 20 seeds of 6 networks, resumable
    python experiments/miscibility/run.py --data DIR --workspace DIR --on tcp://HOST:PORT
    python experiments/miscibility/run.py --data DIR --workspace DIR --quick             # a size that one core trains
    python experiments/miscibility/run.py --data DIR --workspace DIR --check             # to see that it works
    python experiments/miscibility/run.py ... --collect                                  # tables of what is finished

Weights are none, hub, a file, or a word for what is trained first: simulated (blends) or micrographs (those of --unlabelled,
without labels). Every training is an ordinary run of the workspace: what is finished is not computed again, and a killed
training goes on from its last checkpoint. The tables in --out are runs.csv (one row a training), epochs.csv (one row an epoch)
and, for the protocol grouped, held_out/NETWORK_WEIGHTS_RECIPE.csv (one row an image, one column of logits a seed). Rows of other
trainings stay in them.
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
ORIGINS = {"none": "scratch", "hub": "pretrained"}
MODELS = ("vgg16", "densenet121", "resnet18")
RECIPES: dict[str, dict[str, Any]] = {
    "paper": {
        "epochs": 100, "size_px": 128, "batch": 64, "rate": 5e-5, "optimiser": "adam", "schedule": "constant", "augment": "paper",
    },
    "physical": {"epochs": 60, "size_px": 128, "batch": 32, "rate": 5e-4, "augment": "physical"},
    "small": {"epochs": 30, "size_px": 96, "batch": 32, "rate": 5e-4, "augment": "physical", "precision": "bfloat16"},
    "quick": {
        "epochs": 8, "size_px": 64, "folds": 3, "batch": 32, "rate": 5e-4, "augment": "physical", "precision": "bfloat16",
    },
}  # fmt: skip
"""paper is what the paper's public code does; physical is ours; small ends on one core of a CPU, quick in minutes of it."""
QUICK = {"vgg16": {"epochs": 4, "size_px": 48, "rate": 1e-4}}
"""What differs for one network in the quick size: VGG16 is ten times slower, and learns at small rates only."""
CHECK = {"epochs": 2, "size_px": 48, "folds": 3}
PRETRAINED: dict[str, dict[str, dict[str, Any]]] = {
    "simulated": {
        "full": {"images": 2000, "epochs": 30},
        "quick": {"images": 600, "epochs": 15},
        "check": {"images": 30, "epochs": 1},
    },
    "micrographs": {"full": {"epochs": 100}, "quick": {"epochs": 30}, "check": {"epochs": 1}},
}
"""How weights to start from are trained, by the task's second word."""
RULES = {"best on test": "best", "last": "last", "chosen on validation": "selected"}


def points(chosen: argparse.Namespace, starts: dict[str, str]) -> list[dict[str, Any]]:
    """Every training asked for, seeds last, so that every network has its first seed soon; ``starts`` are runs of weights."""
    asked = []
    for seed in range(chosen.seeds):
        for protocol in chosen.protocols:
            for model in chosen.models:
                for weights in chosen.weights:
                    start = starts.get(f"{model} {weights}") if weights in PRETRAINED else weights
                    if start is not None:
                        point = {"data": str(chosen.data), "protocol": protocol, "model": model, "weights": start, "seed": seed}
                        asked.append(point | recipe_of(chosen, model))
    return asked


def recipe_of(chosen: argparse.Namespace, model: str) -> dict[str, Any]:
    """How ``model`` is trained."""
    more = CHECK if chosen.check else QUICK.get(model, {}) if chosen.recipe == "quick" else {}
    return RECIPES[chosen.recipe] | more


def pretrained(workspace: Workspace, chosen: argparse.Namespace) -> dict[str, str]:
    """The runs that hold the weights to start from, by network and word; trained first, unless only tables are asked for."""
    starts = {}
    for weights in (word for word in chosen.weights if word in PRETRAINED):
        task, size = f"pretrain {weights}", "check" if chosen.check else "quick" if chosen.recipe == "quick" else "full"
        asked = PRETRAINED[weights][size]
        if weights == "micrographs":
            asked = asked | {"files": [str(path) for path in chosen.unlabelled]}
        for model in chosen.models:
            raw = asked | {"model": model, "size_px": recipe_of(chosen, model)["size_px"]}
            if chosen.collect:
                run = workspace.question(task, raw=raw, seed=0).id
                done = workspace.shelf.finished(run) is not None
            else:
                print(f"{task}, {model}", flush=True)
                (row,) = run_campaign(workspace, task, [raw | {"seed": 0}], on=chosen.on, device=chosen.device).tables["points"]
                run, done = row["run"], row["state"] != "failed"
                if not done:
                    print(f"{task}, {model}: {row['error']}")
            if done:
                starts[f"{model} {weights}"] = f"run:{run}"
    return starts


def finished(workspace: Workspace, asked: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Report]]:
    """The trainings that are done, with what was asked."""
    for point in asked:
        raw = {name: value for name, value in point.items() if name != "seed"}
        report = workspace.shelf.finished(workspace.question(TASK, raw=raw, seed=point["seed"]).id)
        if report is not None:
            yield point, report


def known(point: dict[str, Any], recipe: str, words: dict[str, str]) -> dict[str, Any]:
    """What names a training in the tables; ``words`` say what the weights of a run are."""
    return {
        "model": point["model"], "weights": words.get(point["weights"], point["weights"]), "protocol": point["protocol"],
        "seed": point["seed"], "recipe": recipe,
    }  # fmt: skip


def run_row(workspace: Workspace, point: dict[str, Any], report: Report, named: dict[str, Any]) -> dict[str, Any]:
    """One training: scores of the calibrated evidence with intervals, and counts for each rule that chooses the epoch."""
    config = json.loads((workspace.runs / report.run / "config.json").read_text(encoding="utf-8"))
    row = named | {"folds": point.get("folds", 5), "epochs": point["epochs"], "size_px": point["size_px"]}
    for rule in report.tables["epoch_chosen"]:
        prefix = RULES[rule["epoch_rule"]]
        row |= {f"{prefix}_{name}": value for name, value in rule.items() if name not in ("epoch_rule", "seed")}
    for name, quantity in report.values.items():
        row |= {name: quantity.value, f"{name}_low": quantity.low, f"{name}_high": quantity.high}
    machine = config["machine"]
    took = {"seconds": round(config["seconds"]), "cpu_seconds": round(config["cpu_seconds"])}
    return row | took | {"device": config["device"], "cores": machine["cores"], "run": report.run}


def epoch_rows(workspace: Workspace, report: Report, named: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every epoch of one training."""
    with open(workspace.runs / report.run / report.files["epochs"], newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield named | {name: value for name, value in row.items() if name != "seed"}


def held_out(workspace: Workspace, done: list[tuple[dict[str, Any], Report]]) -> dict[str, list[dict[str, Any]]]:
    """Held-out logits of every image, a table for each network, origin of weights and recipe, a column for each seed."""
    tables: dict[str, dict[str, dict[str, Any]]] = {}
    for named, report in done:
        if named["protocol"] == "grouped":
            origin = ORIGINS.get(named["weights"], Path(named["weights"]).stem)
            table = tables.setdefault(f"{named['model']}_{origin}_{named['recipe']}", {})
            with open(workspace.runs / report.run / report.files["held_out"], newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    image = {name: row[name] for name in ("file", "label", "group", "grade")}
                    table.setdefault(row["file"], image)[f"logit_{named['seed']}"] = f"{float(row['logit']):.4f}"
    return {name: list(table.values()) for name, table in tables.items()}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """A CSV with every column that any row has."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{v:.6g}" if isinstance(v, float) else v for name, v in row.items()} for row in rows)


def added(path: Path, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the table at ``path`` of other trainings, and ``rows``."""
    if not path.is_file():
        return rows

    def name(row: dict[str, Any]) -> tuple[str, ...]:
        return tuple(str(row[column]) for column in ("model", "weights", "protocol", "seed", "recipe"))

    new = {name(row) for row in rows}
    with open(path, newline="", encoding="utf-8") as file:
        return [*(row for row in csv.DictReader(file) if name(row) not in new), *rows]


def collect(workspace: Workspace, asked: list[dict[str, Any]], recipe: str, words: dict[str, str], out: Path) -> int:
    """Write the tables from the trainings that are done; gives their number."""
    done = [(point, known(point, recipe, words), report) for point, report in finished(workspace, asked)]
    if done:
        runs = [run_row(workspace, point, report, named) for point, named, report in done]
        epochs = [row for _, named, report in done for row in epoch_rows(workspace, report, named)]
        for name, rows in (("runs.csv", runs), ("epochs.csv", epochs)):
            write(out / name, added(out / name, rows))
        for name, rows in held_out(workspace, [(named, report) for _, named, report in done]).items():
            write(out / "held_out" / f"{name}.csv", rows)
    return len(done)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder in the public layout")
    parser.add_argument("--workspace", type=Path, required=True, help="folder that keeps the runs")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of runs.csv and epochs.csv")
    parser.add_argument("--models", nargs="+", default=list(MODELS), help="networks: those of the paper, or names of timm")
    parser.add_argument("--weights", nargs="+", default=["none", "hub"], help=f"none, hub, {', '.join(PRETRAINED)}, or files")
    parser.add_argument("--unlabelled", type=Path, nargs="+", default=[], help="micrographs for --weights micrographs")
    parser.add_argument("--seeds", type=int, help="number of seeds, from 0; 20 by default, 1 with --quick or --check")
    parser.add_argument("--protocols", nargs="+", default=["paper"], choices=["paper", "grouped", "random"])
    parser.add_argument("--recipe", default="paper", choices=list(RECIPES))
    parser.add_argument("--on", default="here", help="here, local:WORKERS, tcp://HOST:PORT or slurm:PROFILE.toml")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--quick", action="store_true", help="the recipe quick: eight epochs on small pictures, three folds")
    parser.add_argument("--check", action="store_true", help="two epochs each, which say nothing: to see that it works")
    parser.add_argument("--collect", action="store_true", help="train nothing; write the tables of what is finished")
    chosen = parser.parse_args()
    chosen.recipe = "quick" if chosen.quick else chosen.recipe
    chosen.seeds = chosen.seeds or (1 if chosen.quick or chosen.check else 20)
    if "micrographs" in chosen.weights and not chosen.unlabelled:
        parser.error("--weights micrographs needs --unlabelled FOLDER, of images that test nothing")
    workspace = Workspace(chosen.workspace, on=chosen.on)
    starts = pretrained(workspace, chosen)
    words, asked = {run: name.split()[1] for name, run in starts.items()}, points(chosen, starts)
    recipe = "check" if chosen.check else chosen.recipe

    def tell(done: float, total: float, note: str) -> None:
        print(f"{done:.0f} of {total:.0f} trainings, {note}", flush=True)
        collect(workspace, asked, recipe, words, chosen.out)

    if asked and not chosen.collect:
        report = run_campaign(workspace, TASK, asked, on=chosen.on, device=chosen.device, tell=tell)
        for row in report.tables["points"]:
            if row["state"] == "failed":
                print(f"{row['model']}, {row['weights']}, {row['protocol']}, seed {row['seed']}: {row['error']}")
    done = collect(workspace, asked, recipe, words, chosen.out)
    print(f"{done} of {len(asked)} trainings are in {chosen.out / 'runs.csv'}")


if __name__ == "__main__":
    main()
