"""
A second process for long lists: it begins at the end of the list while this one begins at the front, until they meet.

It is a fresh interpreter that is told what to do through a pipe, so it needs no fork, and a script that calls a task needs no
guard. Answers travel as JSON, which keeps every digit. If it dies this process simply does all itself; the answers are the
same with and without it.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

LOAD = Path("/proc/loadavg")
FEWEST = 64
"""Items from which a second process is worth its start, about a second."""


def spare_core() -> bool:
    """Whether this machine has a core that nobody uses at this moment."""
    if not hasattr(os, "sched_getaffinity"):
        return (os.cpu_count() or 1) > 1
    cores = len(os.sched_getaffinity(0))
    return cores > 1 and min(_running() for _ in range(3)) < cores


def _running() -> float:
    """Programs that run at this moment, this one included; the load of the last minute where that is not told."""
    with suppress(OSError, ValueError, IndexError):
        time.sleep(0.01)
        return int(LOAD.read_text(encoding="ascii").split()[3].split("/")[0])
    return 0.5 + os.getloadavg()[0]


@contextmanager
def from_the_end(where: str, items: Sequence[str]) -> Iterator[Mapping[int, Any]]:
    """
    The answers of ``where`` ("module:function") to ``items``, by place, as they arrive from the end of the list.

    The mapping stays empty where the list is short or no core is free.
    """
    answers: dict[int, Any] = {}
    if len(items) < FEWEST or not sys.executable or not spare_core():
        yield answers
        return
    told = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", f"from {__name__} import serve; serve()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8", env=told,
    )  # fmt: skip
    asked, told_back = cast(IO[str], process.stdin), cast(IO[str], process.stdout)

    def listen(lines: IO[str]) -> None:
        for line in lines:
            with suppress(ValueError):  # a line cut short by the end of the process
                place, answer = json.loads(line)
                answers[place] = answer

    listener = threading.Thread(target=listen, args=(told_back,), daemon=True)
    try:
        with suppress(BrokenPipeError), asked as pipe:
            json.dump({"where": where, "items": list(items)}, pipe)
        listener.start()
        yield answers
    finally:
        process.kill()
        process.wait()
        if listener.is_alive():
            listener.join()
        told_back.close()


def serve() -> None:
    """The second process: answer the items from the last to the first."""
    asked = json.load(sys.stdin)
    module, name = asked["where"].split(":")
    answer: Callable[[str], Any] = getattr(importlib.import_module(module), name)
    for place in reversed(range(len(asked["items"]))):
        sys.stdout.write(json.dumps([place, answer(asked["items"][place])]) + "\n")
        sys.stdout.flush()
