"""What a workspace holds: finished, running and broken runs, to list, read, compare and clean."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from ..core import Report
from ..errors import InputError, NotFound
from .locks import Held

State = Literal["done", "running", "interrupted", "failed"]


@dataclass(frozen=True)
class RunInfo:
    """One line of the list of runs."""

    id: str
    task: str
    state: State
    title: str = ""
    started: str = ""
    seconds: float | None = None
    seed: int = 0
    parameters: dict[str, Any] = field(default_factory=dict)
    children: tuple[str, ...] = ()
    error: str = ""


class Shelf:
    """Reads and cleans the folder of runs; ``try_hold`` tells whether a run is being worked on."""

    def __init__(self, root: Path, try_hold: Callable[[str], Held | None]) -> None:
        self._root, self._try_hold = root, try_hold

    def folder(self, run_id: str) -> Path:
        """Folder of a finished run or campaign."""
        for kind in ("runs", "campaigns"):
            folder = self._root / kind / run_id
            if run_id and Path(run_id).name == run_id and not run_id.startswith(".") and (folder / "report.json").is_file():
                return folder
        raise NotFound(f"no finished run {run_id!r} in {self._root}; 'morphoscope runs list' shows what there is")

    def find(self, start: str) -> str:
        """The one run whose id begins with ``start``, or ends with it."""
        ids = [info.id for info in self.all()]
        if start in ids:
            return start
        matches = [run_id for run_id in ids if start and (run_id.startswith(start) or run_id.endswith(start))]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise InputError(f"{start!r} may be any of {', '.join(matches[:5])}; give more of it")
        raise NotFound(f"no run {start!r} in {self._root}; 'morphoscope runs list' shows what there is")

    def finished(self, run_id: str) -> Report | None:
        """The report of a run if it is finished."""
        with contextlib.suppress(NotFound):
            return self.report(run_id)
        return None

    def report(self, run_id: str) -> Report:
        """The report of a finished run."""
        return Report.load(self.folder(run_id) / "report.json")

    def file(self, run_id: str, name: str) -> Path:
        """A file inside a finished run's folder."""
        folder = self.folder(run_id).resolve()
        path = (folder / name).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            raise NotFound(f"run {run_id} has no file {name!r}")
        return path

    def publish(self, part: Path, run_id: str) -> None:
        """Make a complete run visible; if it is there already, that one stays."""
        try:
            os.rename(part, self._root / "runs" / run_id)
        except OSError:
            if self.finished(run_id) is None:
                raise
            shutil.rmtree(part)

    def all(self) -> list[RunInfo]:
        """Every run, newest first."""
        folders = [*(self._root / "runs").glob("*"), *(self._root / "campaigns").glob("*")]
        infos = [self._info(folder) for folder in folders if folder.is_dir() and not folder.name.startswith(".")]
        return sorted((i for i in infos if i is not None), key=lambda info: (info.started, info.id), reverse=True)

    def info(self, run_id: str) -> RunInfo:
        """One run, finished or not."""
        for folder in (f"runs/{run_id}", f"runs/{run_id}.part", f"campaigns/{run_id}"):
            if Path(run_id).name == run_id and (info := self._info(self._root / folder)) is not None:
                return info
        raise NotFound(f"no run {run_id!r} in {self._root}; 'morphoscope runs list' shows what there is")

    def _info(self, folder: Path) -> RunInfo | None:
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        state, error = self._unfinished(folder, config["id"]) if folder.suffix == ".part" else ("done", "")
        return RunInfo(
            id=config["id"],
            task=config["task"],
            state=state,
            title=config.get("title", ""),
            started=config.get("started", ""),
            seconds=config.get("seconds"),
            seed=config["seed"],
            parameters=config["given"],
            children=tuple(config.get("children", ())),
            error=error,
        )

    def _unfinished(self, folder: Path, run_id: str) -> tuple[State, str]:
        held = self._try_hold(run_id)
        if held is None:
            return "running", ""
        held.release()
        try:
            return "failed", (folder / "error.txt").read_text(encoding="utf-8").strip().splitlines()[-1]
        except (OSError, IndexError):
            return "interrupted", ""

    def progress(self, run_id: str) -> dict[str, Any] | None:
        """The last word of a run that is being worked on."""
        try:
            lines = (self._root / "runs" / f"{run_id}.part" / "progress.jsonl").read_text(encoding="utf-8").splitlines()
            last: dict[str, Any] = json.loads(lines[-1])
            return last
        except (OSError, IndexError, ValueError):
            return None

    def clean(self, ids: Iterable[str], *, older_than_days: float | None = None) -> tuple[list[str], list[str]]:
        """
        Remove runs; returns those removed and a sentence for each that was kept.

        A run that another one refers to (a child, an input) stays unless that one goes too, and so does
        one that is being worked on.
        """
        wanted, infos = set(ids), {info.id: info for info in self.all()}
        if older_than_days is not None:
            limit = (datetime.now(UTC) - timedelta(days=older_than_days)).isoformat(timespec="seconds")
            wanted = {run_id for run_id in wanted if infos[run_id].started < limit}
        removed, kept = list[str](), list[str]()
        for run_id in sorted(wanted):
            users = [i.id for i in infos.values() if i.id not in wanted and run_id in _references(i)]
            if users:
                kept.append(f"{run_id} is used by {users[0]}")
            elif (held := self._try_hold(run_id)) is None:
                kept.append(f"{run_id} is being worked on")
            else:
                self._remove(run_id)
                held.release()
                removed.append(run_id)
        return removed, kept

    def _remove(self, run_id: str) -> None:
        for folder in (f"runs/{run_id}", f"runs/{run_id}.part", f"campaigns/{run_id}"):
            path = self._root / folder
            if path.is_dir():
                grave = path.with_name(f".{path.name}.removed")
                shutil.rmtree(grave, ignore_errors=True)
                os.rename(path, grave)
                shutil.rmtree(grave, ignore_errors=True)


def _references(info: RunInfo) -> set[str]:
    """Ids of the runs that ``info`` asked or took a file from."""
    values = [v for value in info.parameters.values() for v in (value if isinstance(value, list) else [value])]
    parents = {v.removeprefix("run:").split("/")[0] for v in values if isinstance(v, str) and v.startswith("run:")}
    return parents | set(info.children)
