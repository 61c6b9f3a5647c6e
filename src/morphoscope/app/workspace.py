"""
A folder of runs: same question, same inputs, same code, same folder, computed once.

A run works in ``runs/<id>.part`` and is renamed to ``runs/<id>`` when complete: it may be executed
more than once (after a kill), but it is published exactly once.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import shutil
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..core import Child, Report, Run
from ..errors import BadParameter, Cancelled, InputError, MorphoscopeError, TaskFailed, WorkspaceError
from ..tasks import load
from .corrections import Corrections
from .executors import executor
from .fields import by_name, complete
from .identity import Digests, code_identity, question_id
from .inputs import Inputs
from .locks import Held, Method, hold, try_hold
from .models import Models
from .question import Question
from .shelf import Shelf

Tell = Callable[[float, float, str], None]
TELL_EVERY_S = 0.2
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG, errno.EIO, errno.ENOTDIR}


class Workspace:
    """Everything morphoscope keeps for one user or group, in one folder."""

    def __init__(self, root: str | Path, *, on: str = "here", locks: Method = "auto") -> None:
        self.root = Path(root).expanduser().absolute()
        self.on = on
        self.runs = self.root / "runs"
        self._locks = locks
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_write(self.root, error) from None
        self._digests = Digests(self.root / "digests.tsv")
        self.shelf = Shelf(self.root, lambda run_id: try_hold(self.root / "locks", run_id, self._locks))
        self.corrections = Corrections(self.root / "corrections", lambda: hold(self.root / "locks", "corrections", self._locks))
        self.models = Models(self.root / "models", self.shelf.folder)
        self.inputs = Inputs(self.root / "inputs", self.shelf.folder, self.models.folder, self.corrections.table)

    def question(
        self, task: str, inputs: Sequence[Any] = (), raw: Mapping[str, Any] | None = None, *, seed: int = 0, web: bool = False
    ) -> Question:
        """Check and complete the parameters; nothing is computed."""
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
            raise BadParameter(f"seed: {seed!r} is not a whole number from 0 to 2^63 - 1")
        with _disk_trouble(self.root):
            given = by_name(task, inputs, raw or {})
            parameters = complete(task, given, lambda value, field: self.inputs.resolve(value, field, web=web))
            seen = {name: self._seen(value) for name, value in parameters.items()}
        asked = {"task": task, "parameters": seen, "seed": seed, "code": code_identity(task)}
        paths = {name: self._given(value) for name, value in parameters.items()}
        run_id = question_id(task, asked)
        return Question(task, parameters, seed, run_id, {**asked, "id": run_id, "given": paths})

    def digest(self, path: Path) -> str:
        """SHA-256 of a file, remembered while the file stays as it is."""
        return self._digests.file(path)

    def _seen(self, value: Any) -> Any:
        if isinstance(value, Path):
            return self._digests.path(value)
        return [self._seen(item) for item in value] if isinstance(value, tuple) else value

    def _given(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return [self._given(item) for item in value]
        return self.inputs.reference(value) if isinstance(value, Path) else value

    def run(self, task: str, *inputs: Any, seed: int = 0, device: str = "auto", tell: Tell | None = None, **raw: Any) -> Report:
        """Answer ``task``: from the shelf when it has been asked before, by computing it otherwise."""
        return self.answer(self.question(task, inputs, raw, seed=seed), device=device, tell=tell)

    def answer(self, question: Question, *, device: str = "auto", tell: Tell | None = None) -> Report:
        """The report of ``question``; asked at once from many places it is computed once."""
        with _disk_trouble(self.root):
            if (report := self.shelf.finished(question.id)) is not None:
                return report
            with hold(self.root / "locks", question.id, self._locks) as held:
                return self.shelf.finished(question.id) or self._execute(question, held, device, tell)

    def _execute(self, question: Question, held: Held, device: str, tell: Tell | None) -> Report:
        part = self.runs / f"{question.id}.part"
        if not (part / ".checkpoint").is_file():
            shutil.rmtree(part, ignore_errors=True)
        part.mkdir(exist_ok=True)
        (part / "error.txt").unlink(missing_ok=True)
        started, busy = time.time(), time.process_time()
        config = {**question.config, "started": moment(started), "device": device, "machine": _machine()}
        write_text(part / "config.json", json.dumps(config, indent=1))
        children: list[str] = []
        progress = _Progress(part / "progress.jsonl", tell)
        run = Run(part, question.seed, device, progress, *self._family(children, device))
        try:
            report = load(question.task)(run, **question.parameters)
            progress.close()
            report = replace(report, run=question.id, task=question.task, seed=question.seed)
            _check_files(report, part)
            write_text(part / "report.json", report.to_json())
            config |= {"title": report.title, "children": list(dict.fromkeys(children)), "seconds": time.time() - started}
            config |= {"cpu_seconds": time.process_time() - busy}  # of this process, since it was last started
            write_text(part / "config.json", json.dumps(config, indent=1))
        except BaseException as error:
            self._stopped(question, part, error)
        (part / ".checkpoint").unlink(missing_ok=True)
        if not held.mine():
            raise WorkspaceError(f"{question.id}: the lock was lost to another process, which now answers this question")
        self.shelf.publish(part, question.id)
        return report

    def _stopped(self, question: Question, part: Path, error: BaseException) -> None:
        """What stays of a run that did not finish, and what the caller is told."""
        if isinstance(error, OSError) and error.errno in DISK:
            shutil.rmtree(part, ignore_errors=True)
            raise error
        if isinstance(error, KeyboardInterrupt | SystemExit | Cancelled):
            if not (part / ".checkpoint").is_file():
                shutil.rmtree(part, ignore_errors=True)
            raise error
        if isinstance(error, MorphoscopeError) and not isinstance(error, TaskFailed):
            shutil.rmtree(part, ignore_errors=True)
            raise error
        text = "".join(traceback.format_exception(error))
        with contextlib.suppress(OSError):
            write_text(part / "error.txt", text)
        if isinstance(error, TaskFailed):
            raise error
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise TaskFailed(f"{question.task} failed unexpectedly ({what}); details are in {part / 'error.txt'}") from error

    def _family(
        self, children: list[str], device: str
    ) -> tuple[Callable[..., Report], Callable[..., list[Report]], Callable[..., Iterator[Child]]]:
        """What a task gets to ask other tasks with."""

        def ask(task: str, *inputs: Any, seed: int = 0, **raw: Any) -> Report:
            report = self.run(task, *inputs, seed=seed, device=device, **raw)
            children.append(report.run)
            return report

        def many(task: str, points: Sequence[Mapping[str, Any]], *inputs: Any, seed: int = 0) -> list[Report]:
            questions = [self.question(task, inputs, _without_seed(p), seed=p.get("seed", seed)) for p in points]
            reports = self.answer_all(questions, device=device)
            children.extend(report.run for report in reports)
            return reports

        def each(task: str, points: Sequence[Mapping[str, Any]], *inputs: Any, seed: int = 0) -> Iterator[Child]:
            asked: dict[str, tuple[Question, list[int]]] = {}
            for index, p in enumerate(points):
                try:
                    question = self.question(task, inputs, _without_seed(p), seed=p.get("seed", seed))
                except InputError as error:
                    yield Child(index, None, str(error))
                else:
                    asked.setdefault(question.id, (question, []))[1].append(index)
            for outcome in executor(self, self.on, device).answer([question for question, _ in asked.values()], retries=1):
                children.extend([outcome.id] if outcome.report else [])
                yield from (Child(index, outcome.report, outcome.error) for index in asked[outcome.id][1])

        return ask, many, each

    def answer_all(self, questions: Sequence[Question], *, device: str = "auto") -> list[Report]:
        """Every report, in order, computed where ``on`` says; the first failure is raised."""
        reports: dict[str, Report] = {}
        for outcome in executor(self, self.on, device).answer(list({q.id: q for q in questions}.values()), retries=1):
            if outcome.report is None:
                raise (TaskFailed if outcome.again else InputError)(outcome.error)
            reports[outcome.id] = outcome.report
        return [reports[question.id] for question in questions]


def _without_seed(point: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in point.items() if name != "seed"}


class _Progress:
    """Appends to ``progress.jsonl`` a few times a second and passes every word on to ``tell``."""

    def __init__(self, path: Path, tell: Tell | None) -> None:
        self._path, self._tell, self._last, self._unsaid = path, tell, 0.0, ""
        self._start = time.monotonic()

    def __call__(self, done: float, total: float, note: str = "") -> None:
        now = time.monotonic()
        line = {"seconds": round(now - self._start, 3), "done": done, "total": total, "note": note}
        self._unsaid = json.dumps(line) + "\n"
        if now - self._last >= TELL_EVERY_S:
            self._last = now
            self.close()
        if self._tell is not None:
            self._tell(done, total, note)

    def close(self) -> None:
        """Write the last word if it was held back."""
        if self._unsaid:
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(self._unsaid)
            self._unsaid = ""


@contextlib.contextmanager
def _disk_trouble(root: Path) -> Iterator[None]:
    """Full, read-only or unwritable disks in one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK:
            raise
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise WorkspaceError(f"no space left for the workspace {root}; free some or choose another --workspace") from None
        raise _cannot_write(root, error) from None


def _cannot_write(root: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(f"cannot write to the workspace {root} ({error.strerror}); choose another --workspace")


def _check_files(report: Report, part: Path) -> None:
    for name, inner in report.files.items():
        path = (part / inner).resolve()
        if not path.is_relative_to(part.resolve()) or not path.exists():
            raise InputError(f"{report.task}: the file {name!r} ({inner}) is not in the run's folder")


def write_text(path: Path, text: str) -> None:
    """Write a small file at once or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def moment(seconds: float) -> str:
    """A time as ISO text in UTC, which sorts."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _machine() -> dict[str, Any]:
    return {"system": platform.platform(), "python": platform.python_version(), "cores": os.cpu_count(), "host": platform.node()}
