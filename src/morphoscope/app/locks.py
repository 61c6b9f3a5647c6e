"""
One holder at a time of a name in a folder, among threads, processes and machines.

On a local disk this is ``flock``, which the kernel drops when the holder dies. Network disks do not
keep that promise, so there the holder owns a lease: a file it touches every few seconds, which others
may take over when its touch is older than ``STALE_S`` by the disk's own clock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Protocol

from ..errors import WorkspaceError

BEAT_S, STALE_S, POLL_S = 5.0, 30.0, 0.02
NETWORK = ("nfs", "cifs", "smb", "lustre", "gpfs", "beegfs", "ceph", "fuse.", "9p", "afs")

Method = Literal["auto", "flock", "lease"]


class Held(Protocol):
    """A lock in hand; ``mine`` says whether it still is."""

    def mine(self) -> bool:
        """Whether nobody has taken it over."""
        ...

    def release(self) -> None:
        """Let it go."""
        ...


class _Flock:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def mine(self) -> bool:
        return True

    def release(self) -> None:
        os.close(self._descriptor)


class _Lease:
    def __init__(self, path: Path, token: str) -> None:
        self._path, self._token, self._over = path, token, threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        while not self._over.wait(BEAT_S):
            if not self.mine():
                return
            with contextlib.suppress(OSError):
                os.utime(self._path)

    def mine(self) -> bool:
        with contextlib.suppress(OSError):
            return self._path.read_text() == self._token
        return False

    def release(self) -> None:
        self._over.set()
        self._thread.join()
        if self.mine():
            self._path.unlink(missing_ok=True)


def method_for(folder: Path) -> Literal["flock", "lease"]:
    """What the disk under ``folder`` can be trusted with."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return "flock"
    here = str(folder.resolve())
    under = [(len(point), kind) for point, kind in mounts if (here + "/").startswith(point.rstrip("/") + "/")]
    kind = max(under, default=(0, ""))[1]
    return "lease" if kind.startswith(NETWORK) else "flock"


def try_hold(folder: Path, name: str, method: Method = "auto") -> Held | None:
    """The lock called ``name``, or None while somebody else has it."""
    method = method_for(folder) if method == "auto" else method
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _try_flock(folder / f"{name}.lock") if method == "flock" else _try_lease(folder / f"{name}.lease")
    except OSError as error:
        raise WorkspaceError(f"cannot lock in {folder} ({error.strerror}); choose a workspace you may write to") from None


def _try_flock(path: Path) -> Held | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return _Flock(descriptor)


def _try_lease(path: Path) -> Held | None:
    token = f"{os.uname().nodename} {os.getpid()} {secrets.token_hex(8)}"
    if _stale(path):
        grave = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with contextlib.suppress(OSError):  # somebody else was faster
            os.rename(path, grave)
            grave.unlink()
    try:
        with open(path, "x") as file:
            file.write(token)
    except FileExistsError:
        return None
    return _Lease(path, token)


def _stale(path: Path) -> bool:
    """Whether the lease was last touched long ago by the clock of the disk it lies on."""
    probe = path.with_name(f".clock-{secrets.token_hex(4)}")
    try:
        touched = path.stat().st_mtime
        probe.touch()
        return probe.stat().st_mtime - touched > STALE_S
    except FileNotFoundError:
        return False
    finally:
        probe.unlink(missing_ok=True)


@contextlib.contextmanager
def hold(folder: Path, name: str, method: Method = "auto") -> Iterator[Held]:
    """Wait for the lock called ``name`` and keep it while the block runs."""
    while (held := try_hold(folder, name, method)) is None:
        time.sleep(POLL_S)
    try:
        yield held
    finally:
        held.release()
