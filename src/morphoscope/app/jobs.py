"""Runs in processes of their own, so that the studio stays quick and a run can be stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import NotFound
from .question import Question
from .workspace import Workspace

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]
GRACE_S = 3.0


@dataclass(eq=False)
class _Job:
    question: Question
    device: str
    state: JobState = "waiting"
    error: str = ""
    process: subprocess.Popen[str] | None = None
    guard: threading.Lock = field(default_factory=threading.Lock)


class Jobs:
    """Starts, follows and cancels runs of one workspace; at most ``at_once`` work at a time, the rest wait."""

    def __init__(self, workspace: Workspace, *, at_once: int | None = None) -> None:
        self._workspace, self._jobs, self._guard = workspace, dict[str, _Job](), threading.Lock()
        self._pool = ThreadPoolExecutor(at_once or max(1, (os.cpu_count() or 2) - 1), thread_name_prefix="job")

    def start(self, task: str, *, seed: int = 0, device: str = "auto", raw: Mapping[str, Any] | None = None) -> str:
        """Check the parameters, start the run unless it is finished or under way, and return its id."""
        question = self._workspace.question(task, raw=raw, seed=seed, web=True)
        with self._guard:
            old = self._jobs.get(question.id)
            under_way = old is not None and old.state in ("waiting", "running")
            if not under_way and self._workspace.shelf.finished(question.id) is None:
                self._jobs[question.id] = job = _Job(question, device)
                self._pool.submit(self._work, job)
        return question.id

    def _work(self, job: _Job) -> None:
        spec = {"root": str(self._workspace.root), "task": job.question.task, "seed": job.question.seed, "device": job.device}
        spec["raw"] = job.question.config["given"]
        with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
            with job.guard:
                if job.state == "cancelled":
                    return
                job.process = subprocess.Popen(
                    [sys.executable, "-m", "morphoscope.app.worker", json.dumps(spec)],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, text=True, start_new_session=True,
                )  # fmt: skip
                job.state = "running"
            code = job.process.wait()
            errors.seek(0)
            last = (errors.read().strip().splitlines() or [f"the run's process ended with code {code}"])[-1]
        with job.guard:
            if job.state == "running":
                job.state, job.error = ("done", "") if code == 0 else ("failed", last)

    def state(self, run_id: str) -> dict[str, Any]:
        """State, progress and error of a run, as the studio shows them."""
        job = self._jobs.get(run_id)
        answer: dict[str, Any] = {"id": run_id, "state": "waiting", "done": 0, "total": 0, "note": "", "seconds": 0, "error": ""}
        if self._workspace.shelf.finished(run_id) is not None:
            return answer | {"state": "done"}
        if job is None:
            info = self._workspace.shelf.info(run_id)
            return answer | {"state": info.state, "error": info.error} | (self._workspace.shelf.progress(run_id) or {})
        return answer | {"state": job.state, "error": job.error} | (self._workspace.shelf.progress(run_id) or {})

    def cancel(self, run_id: str) -> None:
        """Stop a run; what it had checkpointed stays, and the same question goes on from there."""
        job = self._jobs.get(run_id)
        if job is None:
            raise NotFound(f"no job {run_id!r} was started here")
        with job.guard:
            if job.state not in ("waiting", "running"):
                return
            job.state, process = "cancelled", job.process
        if process is not None:
            _end(process)

    def close(self) -> None:
        """Cancel everything and wait until it is gone."""
        for run_id in list(self._jobs):
            self.cancel(run_id)
        self._pool.shutdown(wait=True, cancel_futures=True)


def _end(process: subprocess.Popen[str]) -> None:
    """Ask the process and its children to stop, then make them."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        deadline = time.monotonic() + GRACE_S
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        if process.poll() is not None:
            return
