"""
Many runs of one task: a grid of parameters, several files, several seeds.

Every point is an ordinary run, so a campaign that is asked again computes only what is missing. Its
own folder ``campaigns/<id>`` holds ``points.csv`` and ``report.json``, rewritten as points finish.
"""

from __future__ import annotations

import csv
import hashlib
import io as text_io
import itertools
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..core import Report
from ..errors import BadParameter, InputError
from .executors import Outcome, executor
from .question import Question
from .workspace import Tell, Workspace, moment, write_text

SAVE_EVERY_S = 2.0


def read_grid(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV whose header names parameters (and ``seed``); empty cells take the default."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"--grid: {path} cannot be read as a UTF-8 text file") from None
    rows = list(csv.DictReader(text_io.StringIO(text), strict=True))
    if not rows:
        raise InputError(f"--grid: {path.name} has no rows below its header")
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise InputError(f"--grid: line {number} of {path.name} does not have as many cells as the header")
    return [{name.strip(): cell.strip() for name, cell in row.items() if cell.strip()} for row in rows]


def product(lists: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of one value from each list."""
    return [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]


def run_campaign(
    workspace: Workspace,
    task: str,
    points: Sequence[Mapping[str, Any]],
    *,
    on: str = "here",
    retries: int = 1,
    device: str = "auto",
    tell: Tell | None = None,
) -> Report:
    """Answer ``task`` for every point; failed points are retried ``retries`` times, then reported."""
    if not points:
        raise BadParameter(f"a campaign of {task} needs at least one point")
    if not 0 <= retries <= 20:
        raise BadParameter(f"--retries: {retries} is not allowed; it must be 0 to 20")
    questions = [_question(workspace, task, point, number) for number, point in enumerate(points, 1)]
    folder = workspace.root / "campaigns" / _campaign_id(task, questions)
    folder.mkdir(parents=True, exist_ok=True)
    started = time.time()
    config = {"id": folder.name, "task": task, "seed": 0, "given": {"points": len(points), "on": on}, "started": moment(started)}
    write_text(folder / "config.json", json.dumps(config, indent=1))
    outcomes: dict[str, Outcome] = {}
    saved = 0.0
    unique = list({question.id: question for question in questions}.values())
    for outcome in executor(workspace, on, device).answer(unique, retries=retries):
        outcomes[outcome.id] = outcome
        if tell is not None:
            tell(len(outcomes), len(unique), f"{sum(o.report is None for o in outcomes.values())} failed")
        if time.monotonic() - saved > SAVE_EVERY_S:
            _save(folder, task, points, questions, outcomes)
            saved = time.monotonic()
    report = _save(folder, task, points, questions, outcomes)
    config |= {"title": report.title, "children": sorted(outcomes), "seconds": time.time() - started}
    write_text(folder / "config.json", json.dumps(config, indent=1))
    return report


def _question(workspace: Workspace, task: str, point: Mapping[str, Any], number: int) -> Question:
    given = dict(point)
    try:
        seed = int(given.pop("seed", 0))
    except ValueError:
        raise BadParameter(f"point {number}: seed {point['seed']!r} is not a whole number") from None
    try:
        return workspace.question(task, raw=given, seed=seed)
    except InputError as error:
        raise BadParameter(f"point {number}: {error}") from None


def _campaign_id(task: str, questions: Iterable[Question]) -> str:
    digest = hashlib.sha256("\n".join(question.id for question in questions).encode()).hexdigest()[:12]
    return f"campaign-{task.replace(' ', '-')}-{digest}"


def _table(
    points: Sequence[Mapping[str, Any]], questions: Sequence[Question], outcomes: Mapping[str, Outcome]
) -> list[dict[str, Any]]:
    """One row a point: what was varied, the run, its state, its values."""
    rows = []
    for point, question in zip(points, questions, strict=True):
        outcome = outcomes.get(question.id)
        row: dict[str, Any] = {name: _cell(value) for name, value in point.items()}
        row |= {"run": question.id, "state": "missing" if outcome is None else "done" if outcome.report else "failed"}
        if outcome and outcome.report:
            row |= {name: quantity.value for name, quantity in outcome.report.values.items() if name not in row}
        row["error"] = outcome.error if outcome else ""
        rows.append(row)
    columns = dict.fromkeys(name for row in rows for name in row if name != "error") | {"error": None}
    return [{name: row.get(name) for name in columns} for row in rows]


def _cell(value: Any) -> Any:
    return value if isinstance(value, int | float | bool) else str(value)


def _save(
    folder: Path,
    task: str,
    points: Sequence[Mapping[str, Any]],
    questions: Sequence[Question],
    outcomes: Mapping[str, Outcome],
) -> Report:
    rows = _table(points, questions, outcomes)
    text = text_io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(folder / "points.csv", text.getvalue())
    failed = [row for row in rows if row["state"] == "failed"]
    done = sum(row["state"] == "done" for row in rows)
    notes = [f"{done} of {len(rows)} points are done"]
    notes += [f"{len(failed)} failed, the first with: {failed[0]['error']}"] if failed else []
    report = Report(f"Campaign of {task}: {len(rows)} points", tables={"points": rows}, files={"points": "points.csv"})
    report = replace(report, notes=tuple(notes), run=folder.name, task=task)
    write_text(folder / "report.json", report.to_json())
    return report
