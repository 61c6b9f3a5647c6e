"""Small tasks that do one thing each, registered beside the real ones while a test runs."""

import importlib.util
import sys
import time
from pathlib import Path
from typing import Annotated

import numpy as np

from morphoscope.core import Figure, Param, Quantity, Report, Run
from morphoscope.errors import InputError
from morphoscope.tasks import TASKS, Entry

PROGRAMS = ("toy-program",)


def double(
    run: Run,
    image: Annotated[Path | None, Param("a file")] = None,
    *,
    number: Annotated[float, Param("what to double", unit="nm", low=0, high=100)] = 1.0,
    times: Annotated[int, Param("how often", low=1)] = 1,
    mode: Annotated[str, Param("how", choices=("fast", "exact"))] = "fast",
    loud: Annotated[bool, Param("shout")] = False,
    weights: Annotated[tuple[float, ...], Param("many numbers")] = (),
    limit: Annotated[float | None, Param("a bound", low=0, open_low=True)] = None,
) -> Report:
    """Double a number."""
    with open(run.file("answer.txt"), "w") as file:
        file.write("x" * 10)
    _count(run, "double")
    return Report("Doubled", {"twice": Quantity(2 * number, "nm"), "drawn": Quantity(float(run.rng().random()))},
                  figures={"f": Figure("image", ("answer",))}, files={"answer": "answer.txt"})  # fmt: skip


def refuse(run: Run) -> Report:
    """Always the user's fault."""
    run.file("half.txt").write_text("half")
    raise InputError("the picture is upside down; turn it")


def fail(run: Run, *, number: Annotated[int, Param("anything")] = 0) -> Report:
    """Always ours."""
    run.file("half.txt").write_text("half")
    return Report(str(1 // 0))


def flaky(
    run: Run, folder: Annotated[Path, Param("memory", accepts="folder")], *, number: Annotated[int, Param("n")] = 0
) -> Report:
    """Fails the first time it is asked about a number."""
    mark = folder / str(number)
    if not mark.exists():
        mark.touch()
        raise RuntimeError("not yet")
    return Report("At last", {"number": Quantity(number)})


def fill(run: Run, *, megabytes: Annotated[int, Param("how much")] = 64) -> Report:
    """Writes more than fits."""
    with open(run.file("big.bin"), "wb") as file:
        for _ in range(megabytes):
            file.write(b"\0" * 2**20)
    return Report("Filled")


def count_up(
    run: Run, *, to: Annotated[int, Param("where to stop")] = 50, pause_s: Annotated[float, Param("wait")] = 0.02
) -> Report:
    """Counts with a checkpoint at every step; the draw does not depend on interruptions."""
    kept = run.restore()
    start, total = (kept[1]["i"], float(kept[0]["total"])) if kept else (0, 0.0)
    resumed = start
    for i in range(start, to):
        total += float(run.rng(str(i)).random())
        run.checkpoint({"total": np.array(total)}, {"i": i + 1})
        run.progress(i + 1, to, "counting")
        time.sleep(pause_s)
    _count(run, f"count_up from {resumed}")
    return Report("Counted", {"total": Quantity(total)})


def parent(run: Run, *, numbers: Annotated[tuple[float, ...], Param("what to double")] = (1.0, 2.0, 3.0)) -> Report:
    """Asks the toy double about each number."""
    one = run.ask("toy double", number=numbers[0])
    many = run.map("toy double", [{"number": n} for n in numbers])
    again = run.ask("toy double", f"run:{one.run}/answer.txt", number=5)
    total = sum(r.values["twice"].value for r in many)
    return Report("Asked", {"sum": Quantity(total), "again": Quantity(again.values["twice"].value)})


def siblings(run: Run, *, numbers: Annotated[tuple[float, ...], Param("what to double")] = (1.0,)) -> Report:
    """Asks the toy double about each number, also where it refuses."""
    rows = []
    for child in run.each("toy double", [{"number": n} for n in numbers]):
        twice = None if child.report is None else child.report.values["twice"].value
        rows.append({"place": child.place, "twice": twice, "error": child.error})
    return Report("Asked", tables={"children": sorted(rows, key=lambda row: row["place"])})


def _count(run: Run, what: str) -> None:
    """Leave a line outside the run that tells how often a task was really executed."""
    with open(run.folder.parents[1] / "executed.txt", "a") as file:
        file.write(what + "\n")


NAMES = ("double", "refuse", "fail", "flaky", "fill", "count_up", "parent", "siblings")


def register() -> None:
    """Put the toys into TASKS under ``toy <name>``."""
    spec = importlib.util.spec_from_file_location("morphoscope.tasks.toys", __file__)
    module = importlib.util.module_from_spec(spec)
    sys.modules["morphoscope.tasks.toys"] = module
    spec.loader.exec_module(module)
    for name in NAMES:
        TASKS[f"toy {name.replace('_', '-')}"] = Entry(f"toys:{name}", "A toy")


def unregister() -> None:
    """Take them out again."""
    for name in NAMES:
        del TASKS[f"toy {name.replace('_', '-')}"]
    del sys.modules["morphoscope.tasks.toys"]
