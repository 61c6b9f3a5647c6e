"""
Where the runs of a campaign are computed: here one after another, or spread by Dask.

``here`` needs nothing. ``local:4`` starts four processes on this machine, ``tcp://host:port`` uses a
running scheduler, ``slurm:profile.toml`` submits workers to a cluster. Remote workers must see the
workspace under the same path, which is checked before anything is computed. ``worker`` is what a run
on a Dask worker uses for its own children: they go to the same scheduler, and the worker is free meanwhile.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ..core import Report
from ..errors import BadParameter, InputError, MissingDependency, MorphoscopeError
from .question import Question
from .shelf import Shelf


@dataclass(frozen=True, eq=False)
class Outcome:
    """The report of one point, or why there is none and whether another try could help."""

    id: str
    report: Report | None
    error: str = ""
    again: bool = False


class Lab(Protocol):
    """What an executor needs of a workspace."""

    @property
    def root(self) -> Path:
        """Its folder."""
        ...

    @property
    def shelf(self) -> Shelf:
        """Its finished runs."""
        ...

    def answer(self, question: Question, *, device: str = "auto") -> Report:
        """Read or compute one report."""
        ...


class Executor(Protocol):
    """Answers questions in any order; a failure is an outcome, not an exception."""

    def answer(self, questions: Sequence[Question], *, retries: int) -> Iterator[Outcome]:
        """One outcome for each question, as they come."""
        ...


def executor(workspace: Lab, on: str, device: str) -> Executor:
    """The executor that ``on`` names."""
    if on == "here":
        return Here(workspace, device)
    kind, _, where = on.partition(":")
    if on != "worker" and (kind not in ("local", "tcp", "tls", "slurm") or not where):
        raise BadParameter(f"--on {on!r}: give here, local:WORKERS, tcp://HOST:PORT or slurm:PROFILE.toml")
    try:
        cluster: Any = importlib.import_module(".cluster", __package__)
    except ModuleNotFoundError as error:
        raise MissingDependency(error.name or "dask", "dist", f"run a campaign on {on}") from None
    found: Executor = cluster.Spread(workspace, on, device)
    return found


class Here:
    """One question after another, in this process."""

    def __init__(self, workspace: Lab, device: str) -> None:
        self._workspace, self._device = workspace, device

    def answer(self, questions: Sequence[Question], *, retries: int) -> Iterator[Outcome]:
        """Finished runs are read, the others computed."""
        for question in questions:
            outcome = attempt(self._workspace, question, self._device)
            for _ in range(retries):
                if outcome.report or not outcome.again:
                    break
                outcome = attempt(self._workspace, question, self._device)
            yield outcome


def attempt(workspace: Lab, question: Question, device: str) -> Outcome:
    """Answer one question, and put what goes wrong into the outcome."""
    try:
        return Outcome(question.id, workspace.answer(question, device=device))
    except MorphoscopeError as error:
        return Outcome(question.id, None, str(error), again=not isinstance(error, InputError))
