"""LAMMPS text: trajectories in dump files, and the thermodynamic table of a log file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..core import Trajectory
from ..errors import UnreadableFile
from .formats import Options

_AXES = "xyz"
_KINDS = {"u": (False, False), "": (False, True), "s": (True, True), "su": (True, False)}
"""How a dump may write coordinates: suffix -> (in units of the box, wrapped)."""
_COLUMNS = re.compile(r"[xyz](u|s|su)?$")


def read_dump(path: Path | str, *, dt: float = 1.0, last: int | None = None) -> Trajectory:
    """
    A trajectory from a text dump of LAMMPS with the columns ``id`` and ``x y z`` (or xu, xs, xsu ...).

    Atoms are sorted by id. Times are steps times ``dt``. Without a column ``type`` all particles are of type 1. An
    unfinished last frame, as a run that was killed leaves it, is left out; any other damage is an error. ``last`` is
    the last step wanted.
    """
    path = Path(path)
    frames: list[_Frame] = []
    for frame in _frames(path):
        if last is not None and frame.step > last:
            break
        if frames and len(frame.ids) != len(frames[0].ids):
            raise UnreadableFile(
                path, f"{len(frame.ids)} atoms at step {frame.step} but {len(frames[0].ids)} before; dump the same atoms always"
            )
        frames.append(frame)
    if not frames:
        raise UnreadableFile(path, "holds no complete frame; the run that wrote it did not get that far")
    steps = np.array([frame.step for frame in frames])
    if np.any(np.diff(steps) <= 0):
        raise UnreadableFile(path, "its steps do not rise; give the dump of one run")
    return Trajectory(
        positions=np.array([frame.positions for frame in frames]),
        lengths=np.array([frame.box for frame in frames]),
        times=steps * dt,
        types=frames[-1].kinds,
        time_unit="step" if dt == 1.0 else "tau",
        periodic=frames[-1].periodic,
        source=str(path),
    )


def read(path: Path, options: Options) -> Trajectory:
    """The reader of the format table; ``options.frames`` picks frames, and times are steps."""
    whole = read_dump(path)
    picked = {name: getattr(whole, name)[options.frames] for name in ("positions", "lengths", "times")}
    return replace(whole, **picked)


def write_dump(trajectory: Trajectory, path: Path | str) -> None:
    """Write ``trajectory`` as a text dump with unwrapped positions; times must be whole steps."""
    bounds = " ".join("pp" if flag else "ff" for flag in trajectory.periodic)
    numbers = range(1, trajectory.positions.shape[1] + 1)
    part = Path(path).with_name(Path(path).name + ".part")
    with part.open("w") as file:
        for step, box, frame in zip(trajectory.times, trajectory.lengths, trajectory.positions, strict=True):
            file.write(f"ITEM: TIMESTEP\n{round(step)}\nITEM: NUMBER OF ATOMS\n{len(frame)}\nITEM: BOX BOUNDS {bounds}\n")
            file.writelines(f"0 {edge:.10g}\n" for edge in box)
            file.write("ITEM: ATOMS id type xu yu zu\n")
            rows = zip(numbers, trajectory.types, frame, strict=True)
            file.writelines(f"{k} {kind} {x[0]:.7g} {x[1]:.7g} {x[2]:.7g}\n" for k, kind, x in rows)
    os.replace(part, path)


class _Frame(NamedTuple):
    """One frame of a dump, its atoms sorted by id and measured from the box's lower corner."""

    step: int
    box: np.ndarray
    periodic: tuple[bool, ...]
    ids: np.ndarray
    kinds: np.ndarray
    positions: np.ndarray


def _frames(path: Path) -> Iterator[_Frame]:
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not a text dump of LAMMPS" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error.strerror}"
        raise UnreadableFile(path, reason) from None
    lines = text[: text.rfind("\n") + 1].splitlines()  # a line without its end is not whole
    heads = [k for k, line in enumerate(lines) if line.startswith("ITEM: TIMESTEP")]
    if not heads or any(line.strip() for line in lines[: heads[0]]):
        raise UnreadableFile(path, "is not a text dump of LAMMPS, which begins with ITEM: TIMESTEP")
    for begin, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        try:
            yield _frame(lines[begin:end])
        except _CutShort:
            if end == len(lines):
                return
            raise UnreadableFile(path, f"the frame at line {begin + 1} is cut short; the dump is damaged") from None
        except (ValueError, IndexError, KeyError) as error:
            raise UnreadableFile(
                path, f"the frame at line {begin + 1} cannot be decoded ({error}); the dump is damaged"
            ) from None


class _CutShort(Exception):
    """A frame has fewer atoms than it says."""


def _frame(lines: list[str]) -> _Frame:
    named = [(line.split()[1], k) for k, line in enumerate(lines) if line.startswith("ITEM: ")]
    item = dict(named)
    if len(item) < len(named):
        raise ValueError("two frames run into each other")
    if "ATOMS" not in item:
        raise _CutShort
    step, count = int(lines[item["TIMESTEP"] + 1]), int(lines[item["NUMBER"] + 1])
    bounds = lines[item["BOX"]].split()[3:]
    if "xy" in bounds or "abc" in bounds:
        raise ValueError("a tilted box")
    edges = np.array([line.split()[:2] for line in lines[item["BOX"] + 1 : item["BOX"] + 4]], dtype=float)
    if edges.shape != (3, 2) or not np.all(np.isfinite(edges)) or np.any(edges[:, 1] <= edges[:, 0]):
        raise ValueError("a box without volume")
    columns = lines[item["ATOMS"]].split()[2:]
    rows = lines[item["ATOMS"] + 1 : item["ATOMS"] + 1 + count]
    if len(rows) < count or (count and len(rows[-1].split()) < len(columns)):
        raise _CutShort
    try:
        table = np.array([row.split() for row in rows], dtype=float).reshape(count, len(columns))
    except ValueError:
        raise ValueError("a line of numbers of another length, or no numbers") from None
    if not np.all(np.isfinite(table)):
        raise ValueError("values that are not numbers")
    periodic = tuple(bound == "pp" for bound in bounds[:3]) or (True, True, True)
    ids, kinds, positions = _atoms(table, columns, edges)
    if len(np.unique(ids)) != len(ids):
        raise ValueError("atom numbers repeat")
    order = np.argsort(ids)
    return _Frame(step, edges[:, 1] - edges[:, 0], periodic, ids[order], kinds[order], positions[order])


def _atoms(table: np.ndarray, columns: list[str], edges: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    suffixes = {m.group(1) or "" for name in columns if (m := _COLUMNS.match(name))}
    whole = [s for s in _KINDS if s in suffixes and all(axis + s in columns for axis in _AXES)]
    if "id" not in columns or not whole:
        raise ValueError("columns without id, x, y and z")
    scaled, _ = _KINDS[whole[0]]
    positions = table[:, [columns.index(axis + whole[0]) for axis in _AXES]]
    positions = positions * (edges[:, 1] - edges[:, 0]) if scaled else positions - edges[:, 0]
    kinds = table[:, columns.index("type")].astype(int) if "type" in columns else np.ones(len(table), int)
    return table[:, columns.index("id")].astype(int), kinds, positions


def last_thermo(path: Path | str) -> dict[str, float]:
    """
    Means of the last thermodynamic table of a log file by column (without its first line), and the number of ``atoms``,
    the loop's ``seconds`` and the ``dangerous`` neighbour list builds of all runs in it.
    """
    steps, table, ends = thermo(path)
    if not ends:
        raise UnreadableFile(path, "no run came to its end in this log")
    rows = table[-1][1:] if len(table[-1]) > 1 else table[-1]
    means = dict(zip(steps[-1], rows.mean(axis=0).tolist(), strict=True))
    return means | ends


def loops(path: Path | str) -> list[tuple[float, int, int]]:
    """CPU-seconds, steps and atoms of every run that came to its end in a log file, of all its processes together."""
    found, last = list[tuple[float, int, int]](), None
    for line in Path(path).read_text(errors="replace").splitlines():
        words = line.split()
        if line.startswith("Loop time") and len(words) >= 12:
            last = (float(words[3]) * int(words[5]), int(words[8]), int(words[11]))
        elif "% CPU use with" in line and last is not None:
            found.append((last[0] * float(words[0].rstrip("%")) / 100, last[1], last[2]))
            last = None
    return found


def thermo(path: Path | str) -> tuple[list[list[str]], list[np.ndarray], dict[str, float]]:
    """Column names and values of every table of a log file, complete or not, and the figures after finished runs."""
    names: list[list[str]] = []
    rows: list[list[list[float]]] = []
    ends: dict[str, float] = {}
    inside = False
    for line in Path(path).read_text(errors="replace").splitlines():
        words = line.split()
        if words[:1] == ["Step"]:
            names.append(words)
            rows.append([])
            inside = True
        elif inside and line.startswith("Loop time"):
            ends |= {"seconds": float(words[3]), "atoms": float(words[-2])}
            inside = False
        elif line.startswith("Dangerous builds"):
            ends["dangerous"] = ends.get("dangerous", 0.0) + float(words[-1])
        elif inside and len(words) == len(names[-1]):
            try:
                rows[-1].append([float(word) for word in words])
            except ValueError:
                continue
    return names, [np.array(row).reshape(-1, len(name)) for row, name in zip(rows, names, strict=True)], ends
