"""
One simulation of a nanocomposite from one start, in a folder of its own, that can be killed and resumed anywhere.

``state.<step>.restart`` are LAMMPS's restart files (the last two are kept, one in the end), ``part.<step>.dump`` the frames
written since the restart at that step, ``attempts.json`` what failed and was tried instead. An attempt that fails is repeated
with another seed and a longer push-off, and then with half the time step over the same time.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core import Trajectory
from ..errors import UnreadableFile
from ..io import lammps as reader
from ..physics import nanocomposite as physics
from ..physics import nanocomposite_lammps as texts
from . import lammps_process

ATTEMPTS = 3
STALLED_S = 1800.0
"""A run that adds no line to its log for so long is ended and counts as failed."""
THERMO = 500
"""Steps between lines of the log, at most."""

Tell = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Plan:
    """What to simulate, and how; ``equilibration``, ``production`` and ``every`` are in steps of ``settings.dt``."""

    point: physics.StatePoint
    settings: texts.Settings
    particles: int
    start: str
    equilibration: int
    production: int
    every: int
    seed: int
    grafts: physics.Grafts | None = None
    chains: int = 50
    ranks: int = 1
    threads: int = 1
    time_limit_s: float | None = None

    @property
    def steps(self) -> int:
        return self.equilibration + self.production

    def attempt(self, number: int) -> Plan:
        """The plan of a repeated attempt."""
        if number == 0:
            return self
        settings = replace(self.settings, push_off=3 * self.settings.push_off, warm_up=2 * self.settings.warm_up)
        again = replace(self, settings=settings, seed=(self.seed + 7919 * number) % 899_999_999 + 1)
        if number == 1:
            return again
        slower = replace(settings, dt=settings.dt / 2)
        twice = {name: 2 * getattr(self, name) for name in ("equilibration", "production", "every")}
        return replace(again, settings=slower, **twice)


class _Failed(Exception):
    """An attempt ended badly; the message is the reason."""


class Simulation:
    """``plan`` carried out in ``folder``; ``tell(done, total, note)`` hears of every step written to the log."""

    def __init__(self, plan: Plan, folder: Path, tell: Tell) -> None:
        self.whole, self.folder, self.tell = plan, folder, tell
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / "attempts.json"
        self.failures: list[dict[str, Any]] = json.loads(kept.read_text()) if kept.exists() else []
        self.resumed_from = 0
        self.seconds = 0.0
        self.timed_out = False
        self._began = time.monotonic()

    @property
    def plan(self) -> Plan:
        """The plan of the attempt in hand."""
        return self.whole.attempt(min(self._attempt, ATTEMPTS - 1))

    @property
    def _attempt(self) -> int:
        return len([row for row in self.failures if row["begun_anew"]]) % ATTEMPTS

    @property
    def finished(self) -> bool:
        return (self.folder / "end.dump").exists()

    def run(self) -> bool:
        """Simulate to the end; False if every attempt failed, or the time limit was met (``timed_out``)."""
        for _ in range(ATTEMPTS):
            try:
                return self._simulate()
            except _Failed as failure:
                self._record(str(failure), anew=True)
                self._clear()
        return False

    def _simulate(self) -> bool:
        if not self._restarts():
            self._prepare()
        if self.timed_out:
            return False
        if not self.finished:
            self.resumed_from = self._restarts()[-1]
        while not self.finished:
            step = self._restarts()[-1]
            outcome = self._lammps(self._script(step), f"run.{step}", first=step)
            if self.timed_out:
                return False
            if outcome.killed and self._restarts()[-1] > step:
                self._record(f"{outcome.error}; went on from step {self._restarts()[-1]}", anew=False)
            elif outcome.error:
                self._step_back(step, outcome.error)
        return True

    def _step_back(self, step: int, reason: str) -> None:
        """Give up a restart file that cannot be read; any other failure ends the attempt."""
        if len(self._restarts()) < 2 or not _began_badly(self.folder / f"run.{step}.log"):
            raise _Failed(reason)
        self._record(f"restart file of step {step} left out: {reason}", anew=False)
        self._restart(step).unlink()

    def _prepare(self) -> None:
        plan = self.plan
        rng = np.random.default_rng(plan.seed)
        if plan.particles:
            made = physics.composite(rng, plan.point, particles=plan.particles, start=plan.start, grafts=plan.grafts)
        else:
            made = physics.melt(rng, plan.point, chains=plan.chains)
        (self.folder / "start.data").write_text(texts.data_text(made))
        text = texts.start_text(
            plan.point, plan.settings, data="start.data", restart="start.restart", seed=plan.seed, grafted=plan.grafts is not None
        )
        outcome = self._lammps(text, "start", first=-1)
        if outcome.error and not self.timed_out:
            raise _Failed(outcome.error)
        if not outcome.error:
            os.replace(self.folder / "start.restart", self._restart(0))

    def _script(self, step: int) -> str:
        plan = self.plan
        return texts.run_text(
            plan.point,
            plan.settings,
            restart=self._restart(step).name,
            until=plan.steps,
            dump=f"part.{step}.dump" if plan.particles else "",
            dump_every=plan.every,
            dump_from=plan.equilibration,
            thermo=max(1, min(THERMO, plan.steps // 20)),
            kept="state.*.restart",
            kept_every=max(1000, min(10_000, plan.steps // 10)),
            end="end.part",
            grafted=plan.grafts is not None,
        )

    def _lammps(self, text: str, name: str, *, first: int) -> lammps_process.Outcome:
        log, began = self.folder / f"{name}.log", time.monotonic()
        limit = self.whole.time_limit_s
        left = None if limit is None else max(0.1, limit - (began - self._began))

        def watch() -> None:
            now = time.time()
            if now - max(log.stat().st_mtime if log.exists() else now, now - (time.monotonic() - began)) > STALLED_S:
                raise _Failed(f"LAMMPS wrote nothing for {STALLED_S:g} s")
            step = _last_step(log)
            done = max(step, first, 0) if first >= 0 else 0
            self._prune(done)
            self.tell(done, self.plan.steps, self._note(done, first, time.monotonic() - began))

        ranks, threads = self.whole.ranks, self.whole.threads
        outcome = lammps_process.run(text, self.folder, name, ranks=ranks, threads=threads, timeout_s=left, watch=watch)
        self.seconds += outcome.seconds
        self.timed_out = outcome.timed_out
        if not outcome.error and first >= 0:
            os.replace(self.folder / "end.part", self.folder / "end.dump")
        return outcome

    def _note(self, done: int, first: int, seconds: float) -> str:
        start = f"{self.whole.start} start" if self.whole.particles else "melt"
        if first < 0:
            return f"{start}: pushing overlaps apart"
        left = (self.plan.steps - done) * seconds / max(done - first, 1)
        known = f", {_span(left)} left" if done > first else ""
        return f"{start}: step {done} of {self.plan.steps}{known}"

    def _restart(self, step: int) -> Path:
        return self.folder / f"state.{step}.restart"

    def _restarts(self) -> list[int]:
        return sorted(int(path.name.split(".")[1]) for path in self.folder.glob("state.*.restart"))

    def _prune(self, done: int) -> None:
        for step in [step for step in self._restarts() if step <= done][:-2]:
            self._restart(step).unlink(missing_ok=True)

    def _record(self, reason: str, *, anew: bool) -> None:
        plan = self.plan
        row = {"start": plan.start, "attempt": self._attempt + 1, "seed": plan.seed, "dt": plan.settings.dt}
        self.failures.append(row | {"push_off": plan.settings.push_off, "reason": reason, "begun_anew": anew})
        part = self.folder / "attempts.part"
        part.write_text(json.dumps(self.failures, indent=1))
        os.replace(part, self.folder / "attempts.json")

    def _clear(self) -> None:
        """Put the failed attempt's files aside."""
        aside = self.folder / f"failed.{len(self.failures)}"
        aside.mkdir(exist_ok=True)
        for path in self.folder.iterdir():
            if path.is_file() and path.suffix in (".log", ".in", ".out", ".data"):
                shutil.move(path, aside / path.name)
            elif path.is_file() and path.suffix in (".restart", ".dump", ".part"):
                path.unlink()

    def free_chains(self) -> int:
        """Number of chains that are not grafted."""
        if not self.plan.particles:
            return self.plan.chains
        return physics.free_chains(self.plan.point, self.plan.particles, self.plan.grafts)

    def trajectory(self) -> Trajectory | None:
        """The frames after equilibration, of all parts; where parts overlap the later one counts. None without frames."""
        parts = sorted((int(path.name.split(".")[1]), path) for path in self.folder.glob("part.*.dump"))
        pieces: list[Trajectory] = []
        for k, (_, path) in enumerate(parts):
            last = parts[k + 1][0] if k + 1 < len(parts) else None
            try:
                pieces.append(reader.read_dump(path, last=last))
            except UnreadableFile as error:
                if "no complete frame" not in str(error) and "empty" not in str(error) and path.stat().st_size:
                    raise
        return _united(pieces, self.plan.equilibration)

    def thermo(self) -> tuple[dict[str, np.ndarray], int]:
        """Columns of the log after equilibration, and dangerous neighbour list builds."""
        names: list[str] = []
        rows: dict[float, np.ndarray] = {}
        dangerous = 0.0
        for path in sorted(self.folder.glob("run.*.log"), key=lambda p: int(p.name.split(".")[1])):
            heads, tables, ends = reader.thermo(path)
            dangerous += ends.get("dangerous", 0.0)
            for names, table in zip(heads, tables, strict=True):  # noqa: B007
                rows |= {row[0]: row for row in table if row[0] > self.plan.equilibration}
        columns = np.array([rows[step] for step in sorted(rows)]).reshape(len(rows), -1).T
        return dict(zip(names, columns, strict=False)), int(dangerous)

    def tidy(self) -> None:
        """Leave the last restart file, scripts, logs and the last frame; the parts of the trajectory are kept elsewhere."""
        unneeded = [self._restart(step) for step in self._restarts()[:-1]]
        unneeded += [*self.folder.glob("part.*.dump"), *self.folder.glob("*.out"), self.folder / "lmp.lock"]
        for path in unneeded:
            path.unlink(missing_ok=True)

    def describe(self) -> dict[str, Any]:
        """Everything that made this simulation what it is."""
        plan = asdict(self.plan)
        return plan | {"lammps": lammps_process.version(), "failures": self.failures, "resumed_from_step": self.resumed_from}


def _united(pieces: list[Trajectory], after: int) -> Trajectory | None:
    if not pieces:
        return None
    times = np.concatenate([piece.times for piece in pieces])
    latest = {float(t): k for k, t in enumerate(times) if t > after}
    kept = [latest[t] for t in sorted(latest)]
    if not kept:
        return None
    positions = np.concatenate([piece.positions for piece in pieces])
    lengths = np.concatenate([piece.lengths for piece in pieces])
    return replace(pieces[-1], positions=positions[kept], lengths=lengths[kept], times=times[kept])


def _last_step(log: Path) -> int:
    """The step of the last line of the table at the end of a growing log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 2048))
            tail = file.read().decode(errors="replace")
    except OSError:
        return -1
    for line in reversed(tail.splitlines()[:-1]):
        words = line.split()
        if len(words) > 4 and words[0].isdigit() and all(_is_number(word) for word in words):
            return int(words[0])
    return -1


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _began_badly(log: Path) -> bool:
    """Whether LAMMPS stopped before its first step."""
    return not log.exists() or not any(line.split()[:1] == ["Step"] for line in log.read_text(errors="replace").splitlines())


def _span(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
