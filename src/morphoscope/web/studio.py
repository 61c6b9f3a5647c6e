"""What all routes share: the workspace, its jobs, and what was asked here since the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..app import TASKS, Jobs, Workspace
from ..errors import NotFound


@dataclass(frozen=True)
class Asked:
    """A question as the browser put it, so that its form can be filled in again."""

    task: str
    raw: Mapping[str, Any]
    seed: int
    device: str


@dataclass(eq=False)
class Studio:
    """One workspace, served."""

    workspace: Workspace
    jobs: Jobs
    upload_limit_mb: int
    asked: dict[str, Asked] = field(default_factory=dict)

    @property
    def upload_limit_bytes(self) -> int:
        """Largest upload."""
        return self.upload_limit_mb * 2**20

    def start(self, question: Asked) -> str:
        """Start the run that answers ``question``, or find it; its id."""
        run_id = self.jobs.start(question.task, seed=question.seed, device=question.device, raw=question.raw)
        self.asked[run_id] = question
        return run_id

    def state(self, run_id: str) -> dict[str, Any]:
        """State and progress of a run; one that ended under another id was answered by other code than this."""
        job = self.jobs.state(run_id)
        if job["state"] == "done" and self.workspace.shelf.finished(run_id) is None:
            job |= {"state": "failed", "error": "morphoscope was changed since the studio started; restart it and run this again"}
        return job


def slug(task: str) -> str:
    """A task's name in an address."""
    return task.replace(" ", "-")


def task_named(name: str) -> str:
    """The task behind a slug, or a sentence."""
    for task in TASKS:
        if name in (task, slug(task)):
            return task
    raise NotFound(f"no task {name!r}; the studio's tasks page lists those there are")
