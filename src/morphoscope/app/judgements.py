"""Judged images for a person to look at: the rows of a prediction, each with its picture and what it was corrected to."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..core import Report
from ..errors import MorphoscopeError, NotFound
from ..tasks import TASKS as ALL_TASKS
from ..tasks.judges import CLASSES
from ..tasks.scalebar import images as images_in
from .corrections import Correction
from .fields import task_fields
from .models import SHIPPED, KnownModel, describe
from .workspace import Workspace

TASKS = ("miscibility predict", "classify predict")
TRAININGS = ("miscibility train", "classify train")
MOST, LATEST = 400, 4
BINARY = "p_miscible"
EXPLAIN = "miscibility explain"


@dataclass(frozen=True)
class Judged:
    """
    One image as a person sees it judged.

    ``number`` is its row, ``answer`` the grade or class ("" where none was given), ``shares`` the probability of each
    class, ``low`` and ``high`` the interval of the logit where it is known, ``corrected`` the label a person gave, or "".
    What could not be read at all is not ``readable``.
    """

    number: int
    file: str
    sha256: str
    answer: str
    p: float | None
    logit: float | None
    low: float | None
    high: float | None
    shares: tuple[tuple[str, float], ...]
    reason: str
    corrected: str
    readable: bool


def judgement(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """A finished prediction: classes, images in the report's order with those without answer last, and how many are hidden."""
    report = _report(workspace, run_id)
    classes = classes_of(report)
    rows = report.tables["predictions"]
    told = workspace.corrections.labels(classes)
    images = [_judged(number, row, classes, told) for number, row in enumerate(rows[:MOST])]
    images.sort(key=lambda image: not image.answer)
    return {
        "classes": list(classes),
        "binary": _binary(report),
        "correctable": "attributes" not in report.values,
        "explainable": _binary(report) and EXPLAIN in ALL_TASKS,
        "images": [asdict(image) for image in images],
        "answered": sum(bool(image.answer) for image in images),
        "corrected": sum(bool(image.corrected) for image in images),
        "hidden": max(0, len(rows) - MOST),
        "notes": list(report.notes),
    }


def picture_of(workspace: Workspace, run_id: str, number: int) -> Path:
    """The image of row ``number`` of a prediction, if it is still what it was."""
    rows = _report(workspace, run_id).tables["predictions"]
    if not 0 <= number < len(rows):
        raise NotFound(f"run {run_id} judged {len(rows)} images; there is no number {number}")
    wanted = rows[number]
    given = workspace.shelf.info(run_id).parameters["files"]
    paths = tuple(workspace.inputs.resolve(reference) for reference in given)
    for path in images_in(paths):
        if path.name == wanted["file"] and workspace.digest(path) == wanted["sha256"]:
            return path
    raise NotFound(f"{wanted['file']} is not where it was when it was judged")


def correct(workspace: Workspace, run_id: str, number: int, label: str, *, who: str = "") -> Correction | None:
    """Keep ``label`` for the image of row ``number``; an empty one takes a correction back."""
    report = _report(workspace, run_id)
    path = picture_of(workspace, run_id, number)
    classes = classes_of(report)
    if not label:
        workspace.corrections.remove(report.tables["predictions"][number]["sha256"], classes=classes)
        return None
    return workspace.corrections.add(path, label, classes=classes, who=who)


def why(workspace: Workspace, run_id: str, number: int) -> tuple[str, dict[str, Any]]:
    """The task, and its parameters, that explains why the image of row ``number`` was judged as it was."""
    if not _binary(_report(workspace, run_id)) or EXPLAIN not in ALL_TASKS:
        raise NotFound("only judgements of miscibility can be explained")
    reference = workspace.inputs.reference(picture_of(workspace, run_id, number))
    if not reference.startswith(("upload:", "run:")):
        raise NotFound("only images that were dropped on the studio are explained here; the command line explains all")
    model = workspace.shelf.info(run_id).parameters.get("model")
    return EXPLAIN, {"files": [reference], "curves": "false"} | ({"model": model} if model else {})


def classes_of(report: Report) -> tuple[str, ...]:
    """The classes that a prediction chose from, the positive one last."""
    if _binary(report):
        return CLASSES
    row = report.tables["predictions"][0]
    return tuple(name.removeprefix("p_") for name in row if name.startswith("p_"))


def choices(workspace: Workspace) -> list[KnownModel]:
    """The models that images can be judged by: the shipped one, kept ones, and those of the latest trainings."""
    found = [describe(SHIPPED, "miscibility of polymer blends (shipped)", ""), *workspace.models.all()]
    trained = (info for info in workspace.shelf.all() if info.state == "done" and info.task in TRAININGS)
    for info in itertools.islice(trained, LATEST):
        try:
            model = describe(workspace.shelf.folder(info.id), "", f"run:{info.id}")
        except MorphoscopeError:
            continue
        found.append(replace(model, name=f"{model.name}, {info.started[:16].replace('T', ' ')}"))
    return found


def chosen(workspace: Workspace, reference: str) -> KnownModel:
    """The model behind ``reference``, whether it is among the ``choices`` or an older training's."""
    if not reference:
        return describe(SHIPPED, "shipped", "")
    folder = workspace.inputs.resolve(reference, task_fields(TASKS[1])["model"], web=True)
    return describe(folder, "", reference)


def task_of(model: KnownModel) -> str:
    """The task that asks ``model``."""
    return TASKS[0] if model.classes == CLASSES else TASKS[1]


def _report(workspace: Workspace, run_id: str) -> Report:
    report = workspace.shelf.report(run_id)
    if report.task not in TASKS or not report.tables.get("predictions"):
        raise NotFound(f"run {run_id} judged no images; {' and '.join(TASKS)} do")
    return report


def _binary(report: Report) -> bool:
    return BINARY in report.tables["predictions"][0]


def _judged(number: int, row: dict[str, Any], classes: tuple[str, ...], told: dict[str, str]) -> Judged:
    binary = BINARY in row
    p = row[BINARY] if binary else row["p"]
    shares = () if binary else tuple((name, row[f"p_{name}"]) for name in classes if row[f"p_{name}"] is not None)
    return Judged(
        number,
        row["file"],
        row["sha256"],
        (row["grade"] if binary else row["label"]) or "",
        p,
        row.get("logit"),
        row.get("logit_low"),
        row.get("logit_high"),
        tuple(sorted(shares, key=lambda share: -share[1])[:3]),
        row["reason"] or "",
        told.get(row["sha256"], ""),
        row["novelty"] is not None,
    )
