"""Scores of a given judge on labelled images, with its controls; and judges compared on the same held-out images."""

from __future__ import annotations

import csv
import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from scipy import stats

from ..core import Dataset, Figure, Param, Quantity, Report, Run
from ..datasets import labelled
from ..errors import InputError, UnreadableFile
from ..learn.judge import Judge, fingerprint
from ..measure import scores
from .controls import SIDE_PX, painted_out
from .datasets import DATA
from .descriptors import described
from .evaluation import NAMES, confusion
from .judges import CLASSES, judge_in
from .rows import write_rows

ANSWERS = ("held_out.csv", "evaluated.csv")
DIFFERENCES = ("auroc", "balanced_accuracy", "accuracy", "brier")
DRAWS = 1000


def evaluate(
    run: Run,
    *,
    data: Annotated[Path, DATA],
    model: Annotated[
        Path | None, Param("folder of a model, or run:ID of a training; the shipped one by default", accepts="folder")
    ] = None,
    control: Annotated[
        str,
        Param("painted also asks the judge about the pictures with their specimen painted grey", choices=("painted", "none")),
    ] = "painted",
    group_pattern: Annotated[str, Param("regular expression; files it matches alike stay together")] = "",
) -> Report:
    """
    How well a trained judge does on labelled images: scores with intervals by article, and its control.

    Images of articles that the judge was trained on are told apart, since their scores are too good. In the control the
    specimen is painted one grey and every picture brought to one square size, so that only print is left to see; its AUROC
    should be one half within its interval.
    """
    asked = judge_in(model)
    dataset = labelled.load(data, group_pattern=group_pattern)
    if strange := {sample.label for sample in dataset} - set(CLASSES):
        raise InputError(f"{dataset.name}: the label {sorted(map(str, strange))[0]!r} is neither {CLASSES[0]} nor {CLASSES[1]}")
    names, read, rows, left_out = described([sample.files["image"] for sample in dataset], progress=run.progress)
    if not read:
        raise InputError(f"{dataset.name}: none of the {len(dataset)} images can be judged; the first: {left_out[0][1]}")
    asked.check(names)
    logits = asked.logits(run, rows, read)
    answers = _answers(asked.judge, dataset, read, rows, logits, set(asked.settings.get("groups", ())))
    write_rows(run.file("evaluated.csv"), answers)
    parts = [("all images", answers)]
    seen = [row for row in answers if row["trained_on"]]
    if seen:
        unseen = [row for row in answers if not row["trained_on"]]
        parts += [("articles never seen", unseen), ("articles of training", seen)]
    table = [_scored(run, name, rows_of) for name, rows_of in parts if rows_of]
    values = _values(run, answers)
    if control == "painted":
        truth = np.array([row["label"] == CLASSES[1] for row in answers])
        middle, low, high, judged = painted_out(run, asked, read, truth, [row["group"] for row in answers])
        values["painted_auroc"] = Quantity(middle, low=low, high=high)
        values["painted_judged"] = Quantity(judged)
    truth, logits = _columns(answers)
    return Report(
        title=f"{len(answers)} images: AUROC {values['auroc']}, {len(seen)} of them of articles the model was trained on",
        values=values,
        tables={
            "parts": table,
            "confusion": confusion(truth, logits >= 0, CLASSES),
            "left_out": [{"file": path.name, "reason": reason} for path, reason in left_out],
        },
        figures={"confusion": Figure("confusion", ("confusion",), "Answers at probability one half")},
        files={"evaluated": "evaluated.csv"},
        notes=_notes(asked.settings, answers, seen, control),
        cites=(dataset.cite,),
    )


def compare(
    run: Run,
    answers: Annotated[
        tuple[Path, ...],
        Param("runs of train or evaluate (run:ID), or tables with file, label, group and logit; the first is compared with each",
              accepts="any"),
    ],
) -> Report:  # fmt: skip
    """
    Paired differences of two or more judges on the images that all of them answered.

    Images of one article are redrawn together, the same for both judges, so that what is hard for both does not widen the
    interval. McNemar's exact test counts the images that one judge alone gets right.
    """
    if len(answers) < 2:
        raise InputError(f"{len(answers)} table of answers; a comparison needs at least two runs or tables")
    tables = [_read_answers(path) for path in answers]
    files = sorted(set.intersection(*(set(table) for table in tables)))
    if len(files) < 2:
        raise InputError("the tables have no images in common; compare judges that were scored on the same data")
    first = tables[0]
    truth = np.array([first[file].positive for file in files])
    for path, table in zip(answers, tables, strict=True):
        for file, sure in zip(files, truth, strict=True):
            if table[file].positive != sure:
                raise InputError(f"{path.name}: {file} has another label than in {answers[0].name}")
    groups = [first[file].group for file in files]
    evidence = [np.array([table[file].logit for file in files]) for table in tables]
    names = _names(answers)
    base = float(truth.mean())
    scored = [{"model": name, **_summary(truth, logits, base)} for name, logits in zip(names, evidence, strict=True)]
    differences = []
    for name, logits in zip(names[1:], evidence[1:], strict=True):
        differences += _differences(run, f"{name} minus {names[0]}", truth, logits, evidence[0], groups, base)
    tests = [
        _mcnemar(names[i], names[j], truth, evidence[i], evidence[j]) for i, j in itertools.combinations(range(len(names)), 2)
    ]
    lead = differences[0]
    apart = "{difference:+.3f} [{difference_low:+.3f}, {difference_high:+.3f}]".format(**lead)
    return Report(
        title=f"{lead['models']}: AUROC {apart} on {len(files)} images",
        values={"images": Quantity(len(files)), "groups": Quantity(len(set(groups)))}
        | {f"{row['score']}_difference": Quantity(row["difference"], low=row["difference_low"], high=row["difference_high"])
           for row in differences[: len(DIFFERENCES)]},
        tables={"scores": scored, "differences": differences, "mcnemar": tests},
        figures={"differences": Figure("forest", ("differences:difference",), "Paired differences with intervals by article")},
        notes=("balanced accuracy answers at the share of positives in these images, accuracy at one half",),
    )  # fmt: skip


def _answers(
    judge: Judge, dataset: Dataset, read: list[Path], rows: np.ndarray, logits: np.ndarray, trained: set[str]
) -> list[dict[str, Any]]:
    by_path = {sample.files["image"]: sample for sample in dataset}
    novelty = judge.novelty(rows)
    answers = []
    for path, logit, unlike in zip(read, logits.tolist(), novelty.tolist(), strict=True):
        sample = by_path[path]
        answers.append(
            {
                "file": path.name,
                "label": sample.label,
                "group": sample.group,
                "grade": sample.texts.get("grade"),
                "logit": logit,
                "novelty": unlike,
                "abstained": unlike > judge.limit,
                "trained_on": fingerprint(sample.group) in trained,
            }
        )
    return answers


def _columns(answers: list[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([row["label"] == CLASSES[1] for row in answers]), np.array([row["logit"] for row in answers])


def _summary(truth: np.ndarray, logits: np.ndarray, base_rate: float) -> dict[str, float]:
    return scores.summary(truth, logits, base_rate=base_rate)


def _values(run: Run, answers: list[dict[str, Any]]) -> dict[str, Quantity]:
    row = _scored(run, "all", answers)
    return {
        **{name: Quantity(row[name], low=row.get(f"{name}_low"), high=row.get(f"{name}_high")) for name in NAMES},
        "abstained": Quantity(sum(bool(answer["abstained"]) for answer in answers)),
    }


def _scored(run: Run, name: str, answers: list[dict[str, Any]]) -> dict[str, Any]:
    truth, logits = _columns(answers)
    base = float(np.clip(truth.mean(), 1e-6, 1 - 1e-6))
    row: dict[str, Any] = {"part": name, "images": len(answers), **_summary(truth, logits, base)}
    groups = [answer["group"] for answer in answers]
    if len(set(groups)) >= 3 and 0 < truth.sum() < truth.size:
        rng = run.rng(f"intervals {name}")
        ends = scores.by_group(lambda some: _summary(truth[some], logits[some], base), groups, rng=rng, draws=300)
        row |= {f"{score}_{side}": ends[score][k] for score in NAMES for k, side in enumerate(("low", "high"))}
    return row


def _notes(settings: Any, answers: list[dict[str, Any]], seen: list[Any], control: str) -> tuple[str, ...]:
    notes = [f"model: {settings.get('name', 'unnamed')}; {settings.get('honest', 'its score is unknown')}"]
    if "groups" not in settings:
        notes.append("the model does not say which articles it was trained on, so an overlap cannot be seen")
    elif seen:
        share = f"{len(seen)} of {len(answers)} images"
        notes.append(f"{share} are of articles or specimens the model was trained on; their scores are too good")
    notes.append("balanced accuracy and F1 answer at the share of positives in these images, accuracy at one half")
    if control == "painted":
        notes.append(f"control: specimen painted one grey, every picture {SIDE_PX} px square; evidence counts even if withheld")
    return tuple(notes)


@dataclass(frozen=True)
class _Answer:
    positive: bool
    group: str
    logit: float


def _read_answers(path: Path) -> dict[str, _Answer]:
    """The answers in a table, or in the run's folder that holds one."""
    at = path
    if path.is_dir():
        at = next((path / name for name in ANSWERS if (path / name).is_file()), path)
        if at == path:
            raise InputError(f"{path.name}: no answers here; give a run of miscibility train or evaluate, or a CSV table")
    try:
        with open(at, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), list(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(at, f"is no CSV table ({error})") from None
    if missing := [name for name in ("file", "label", "group", "logit") if name not in columns]:
        raise InputError(f"{at.name}: no column {missing[0]!r}; it needs file, label, group and logit")
    found: dict[str, _Answer] = {}
    for number, row in enumerate(rows, start=2):
        try:
            logit = float(row["logit"] or "nan")
        except ValueError:
            raise InputError(f"{at.name}, line {number}: the logit {row['logit']!r} is no number") from None
        if math.isfinite(logit):
            found[row["file"]] = _Answer(row["label"] == CLASSES[1], row["group"], logit)
    return found


def _names(answers: tuple[Path, ...]) -> list[str]:
    """Short names that tell the tables apart."""
    names = [path.stem if path.is_file() and path.name not in ANSWERS else (path.parent if path.is_file() else path).name
             for path in answers]  # fmt: skip
    return names if len(set(names)) == len(names) else [f"{k}: {name}" for k, name in enumerate(names, start=1)]


def _differences(
    run: Run, models: str, truth: np.ndarray, one: np.ndarray, other: np.ndarray, groups: list[str], base: float
) -> list[dict[str, Any]]:
    def apart(rows: np.ndarray) -> dict[str, float]:
        first, second = (_summary(truth[rows], logits[rows], base) for logits in (one, other))
        return {name: first[name] - second[name] for name in DIFFERENCES}

    ends = scores.by_group(apart, groups, rng=run.rng("paired"), draws=DRAWS)
    middle = apart(np.arange(truth.size))
    return [
        {"models": models, "score": name, "difference": middle[name],
         "difference_low": ends[name][0], "difference_high": ends[name][1]}
        for name in DIFFERENCES
    ]  # fmt: skip


def _mcnemar(first: str, second: str, truth: np.ndarray, one: np.ndarray, other: np.ndarray) -> dict[str, Any]:
    """Exact McNemar test at probability one half; images of one article count as independent here."""
    right, better = (one >= 0) == truth, (other >= 0) == truth
    only_first, only_second = int((right & ~better).sum()), int((~right & better).sum())
    apart = only_first + only_second
    p = float(stats.binomtest(only_first, apart).pvalue) if apart else 1.0
    return {"first": first, "second": second, "only_first_right": only_first, "only_second_right": only_second, "p": p}
