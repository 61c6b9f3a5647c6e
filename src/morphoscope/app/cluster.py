"""Campaigns over Dask: processes here, a running scheduler, or workers that Slurm starts."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import threadpoolctl
from dask_jobqueue import SLURMCluster
from distributed import Client, LocalCluster, as_completed, worker_client
from distributed.scheduler import KilledWorker

from ..errors import BadParameter, InputError, WorkspaceError
from .executors import Lab, Outcome, attempt
from .question import Question
from .workspace import Workspace

WAIT_S, CONNECT_S = 300.0, 30.0
OURS = ("jobs",)  # keys of a profile that are not passed on to dask-jobqueue


class Spread:
    """Answers questions on the workers that ``on`` names; a worker that dies costs a retry, not the campaign."""

    def __init__(self, workspace: Lab, on: str, device: str) -> None:
        self._workspace, self._on, self._device = workspace, on, device

    def answer(self, questions: Sequence[Question], *, retries: int) -> Iterator[Outcome]:
        """Outcomes as they come; finished runs are read here and never sent."""
        missing = []
        for question in questions:
            if (report := self._workspace.shelf.finished(question.id)) is not None:
                yield Outcome(question.id, report)
            else:
                missing.append(question)
        if missing and self._on == "worker":
            with worker_client(separate_thread=True) as client:
                yield from self._spread(client, missing, retries)
        elif missing:
            with _client(self._on, len(missing)) as client:
                _same_disk(client, self._workspace)
                yield from self._spread(client, missing, retries)

    def _spread(self, client: Client, questions: Sequence[Question], retries: int) -> Iterator[Outcome]:
        left = {question.id: retries for question in questions}
        futures = [self._submit(client, question) for question in questions]
        by_key = {future.key: question for future, question in zip(futures, questions, strict=True)}
        waiting = as_completed(futures, loop=client.loop)
        for future in waiting:
            question = by_key.pop(future.key)
            outcome = self._outcome(future, question)
            if outcome.report is None and outcome.again and left[question.id] > 0:
                left[question.id] -= 1
                again = self._submit(client, question)
                by_key[again.key] = question
                waiting.add(again)
            else:
                yield outcome

    def _submit(self, client: Client, question: Question) -> Any:
        given = (str(self._workspace.root), question.task, question.seed, dict(question.config["given"]), self._device)
        return client.submit(answer_remotely, *given, key=f"{question.id}-{secrets.token_hex(4)}", pure=False)

    def _outcome(self, future: Any, question: Question) -> Outcome:
        try:
            state, error, again = future.result()
        except KilledWorker:
            return Outcome(question.id, None, "the workers that tried this point died (out of memory?)", again=True)
        report = self._workspace.shelf.finished(question.id) if state == "done" else None
        if state == "done" and report is None:
            return Outcome(question.id, None, "a worker with other code or other inputs answered; use one version everywhere")
        return Outcome(question.id, report, error, again)


def answer_remotely(root: str, task: str, seed: int, raw: dict[str, Any], device: str) -> tuple[str, str, bool]:
    """Runs on a worker: (state, error, whether another try could help). The report stays in the workspace."""
    try:
        workspace = Workspace(root, on="worker")
        question = workspace.question(task, raw=raw, seed=seed)
    except InputError as error:
        return "failed", str(error), False
    with threadpoolctl.threadpool_limits(int(os.environ.get("OMP_NUM_THREADS", "1"))):
        outcome = attempt(workspace, question, device)
    return ("done" if outcome.report else "failed"), outcome.error, outcome.again


@contextlib.contextmanager
def _client(on: str, points: int) -> Iterator[Client]:
    kind, _, where = on.partition(":")
    with contextlib.ExitStack() as stack:
        if kind == "local":
            target: Any = stack.enter_context(_local(on, where, points))
        elif kind == "slurm":
            if shutil.which("sbatch") is None:
                raise BadParameter(f"--on {on}: sbatch is not found here; run this on a machine that may submit Slurm jobs")
            target = stack.enter_context(slurm_cluster(Path(where)))
            target.scale(jobs=min(int(_profile(Path(where)).get("jobs", 1)), points))
        else:
            target = on
        try:
            client = stack.enter_context(Client(target, timeout=CONNECT_S, set_as_default=False))
            client.wait_for_workers(1, timeout=WAIT_S if kind == "slurm" else CONNECT_S)
        except (OSError, TimeoutError) as error:
            raise BadParameter(f"--on {on}: no Dask workers answered ({str(error) or 'timed out'}); is it running?") from None
        yield client


def _local(on: str, where: str, points: int) -> LocalCluster:
    if not where.isdigit() or not 1 <= int(where) <= 512:
        raise BadParameter(f"--on {on!r}: give a number of workers from 1 to 512, such as local:2")
    workers = min(int(where), points)
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    env = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), threads)
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        env=env,
        silence_logs=logging.CRITICAL,
    )


def _profile(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise BadParameter(f"--on slurm: no profile at {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadParameter(f"--on slurm: {path.name} is not TOML ({error})") from None


def slurm_cluster(path: Path) -> Any:
    """
    A dask-jobqueue cluster from a profile: its keys are those of ``dask_jobqueue.SLURMCluster``, plus ``jobs``.

    ``slurm_cluster(path).job_script()`` is the script that would be submitted.
    """
    profile = {key: value for key, value in _profile(path).items() if key not in OURS}
    if missing := [key for key in ("cores", "memory") if key not in profile]:
        raise BadParameter(f"--on slurm: {path.name} lacks {' and '.join(missing)}, which every job must ask for")
    # Any free port for the dashboard: two campaigns of one login node must not collide.
    profile["scheduler_options"] = {"dashboard_address": ":0"} | profile.get("scheduler_options", {})
    try:
        return SLURMCluster(**profile)
    except (TypeError, ValueError) as error:
        raise BadParameter(f"--on slurm: {path.name} has a wrong key ({error})") from None


def _same_disk(client: Client, workspace: Lab) -> None:
    """Every worker must read a secret that was just written into the workspace."""
    secret = secrets.token_hex(16)
    path = workspace.root / f".token-{secret[:8]}"
    path.write_text(secret)
    try:
        seen = client.run(_read_token, str(path))
    finally:
        path.unlink()
    blind = [worker for worker, text in seen.items() if text != secret]
    if blind:
        raise WorkspaceError(
            f"the worker {blind[0]} does not see the workspace {workspace.root}; put it on a disk that all share"
        )


def _read_token(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
