"""One execution of a task: where it may write, its seed, its progress, its checkpoint, its children."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import BadParameter
from .report import Report

Progress = Callable[[float, float, str], None]
Ask = Callable[..., Report]
Map = Callable[..., list[Report]]


class Child(NamedTuple):
    """The answer to one of many points: its place among them, its report, or the sentence that says why there is none."""

    place: int
    report: Report | None
    error: str = ""


Each = Callable[..., Iterator[Child]]


def _alone(*_: Any, **__: Any) -> Any:
    raise BadParameter("this run was made by hand and has no workspace to ask; use Workspace.run")


@dataclass(frozen=True, eq=False)
class Run:
    """
    What a task is given to work with. The application makes it; a test may make one by hand.

    ``ask(task, *inputs, **parameters)`` runs another task as a child and gives its Report;
    ``map(task, points)`` does so for every mapping of parameters in ``points``, and ``each(task, points)`` gives
    every ``Child`` as it is finished, also those that failed. Children are runs like any other: cached,
    resumable, never inside this run's folder.
    """

    folder: Path
    seed: int = 0
    device: str = "auto"
    tell: Progress | None = None
    ask: Ask = _alone
    map: Map = _alone
    each: Each = _alone

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise BadParameter(f"seed={self.seed} must be a whole number of at least 0")

    def rng(self, stream: str = "") -> np.random.Generator:
        """A generator from the run's seed; each ``stream`` name gives an independent one."""
        words = np.frombuffer(hashlib.sha256(stream.encode()).digest()[:16], dtype="<u4")
        return np.random.default_rng([self.seed, *words.tolist()] if stream else self.seed)

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Say that ``done`` of ``total`` is finished; also the moment at which a cancel takes effect."""
        if self.tell is not None:
            self.tell(done, total, note)

    def file(self, name: str) -> Path:
        """Path of a file called ``name`` inside the run's folder, its parents made."""
        if "\0" in name:
            raise BadParameter(f"{name!r} is no file name")
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder.resolve()) or path == self.folder.resolve():
            raise BadParameter(f"{name!r} lies outside the run's folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def path_of(self, child: Report, name: str) -> Path:
        """Where the file called ``name`` of a child's report lies."""
        return self.folder.parent / child.run / child.files[name]

    def checkpoint(self, arrays: Mapping[str, np.ndarray], state: Mapping[str, Any] | None = None) -> None:
        """Keep ``arrays`` and the JSON-able ``state`` so that a killed run goes on from here."""
        for name, array in arrays.items():
            if np.asarray(array).dtype.hasobject:
                raise BadParameter(f"the checkpoint's {name!r} holds Python objects; give arrays of numbers, the rest as state")
        buffer = io.BytesIO()
        named: dict[str, Any] = {f"array_{name}": array for name, array in arrays.items()}
        np.savez(buffer, state=np.array(json.dumps(dict(state or {}))), **named)
        body = buffer.getvalue()
        part = self.file(".checkpoint.part")
        part.write_bytes(hashlib.sha256(body).digest() + body)
        os.replace(part, self.file(".checkpoint"))

    def restore(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """The last checkpoint's arrays and state, or None where there is none or it is damaged."""
        try:
            content = self.file(".checkpoint").read_bytes()
        except OSError:
            return None
        digest, body = content[:32], content[32:]
        if hashlib.sha256(body).digest() != digest:
            return None
        with np.load(io.BytesIO(body), allow_pickle=False) as saved:
            arrays = {key.removeprefix("array_"): saved[key] for key in saved.files if key != "state"}
            return arrays, json.loads(str(saved["state"]))
