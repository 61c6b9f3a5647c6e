"""
What makes two questions the same: task, parameters, seed, the inputs' bytes, and the code that answers.

The code of a task is the source of every morphoscope module it imports, directly or not, plus the
versions of the other packages these import, the bytes of the external programs they name in a module-level
tuple ``PROGRAMS``, and those of the files beside them that a tuple ``DATA_FILES`` names. A task that names another
task (to ask it) depends on that one's code too.
"""

from __future__ import annotations

import ast
import contextlib
import csv
import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import NotFound
from ..io import companions
from ..tasks import TASKS

PACKAGE = Path(__file__).parents[1]
LAZY = ("io", "learn")  # folders whose modules are reached through a table or a lazy face
ALIASES = {"skimage": "scikit-image", "PIL": "pillow", "sklearn": "scikit-learn", "cv2": "opencv-python-headless"}
RACY_S = 2.0
LARGEST_TABLE = 2**24
FILE_NAME = re.compile(r"\.[A-Za-z]\w{1,4}$")


class Digests:
    """SHA-256 of files, remembered by path, size, time of change and inode."""

    def __init__(self, memory: Path) -> None:
        self._memory, self._known, self._guard = memory, dict[str, str](), threading.Lock()
        self._loaded = False

    def file(self, path: Path) -> str:
        """Digest of the bytes of ``path``."""
        self._load()
        status = path.stat()
        key = f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}|{status.st_ino}"
        if key not in self._known:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if time.time() - status.st_mtime < RACY_S:
                return digest  # it may change again within the clock's grain, so it is not remembered
            self._remember(key, digest)
        return self._known[key]

    def path(self, path: Path) -> str:
        """Digest of a file with its companions (side-cars) and what a table names, or of a folder with all that is in it."""
        folder = path.is_dir()
        root = path if folder else path.parent
        try:
            members = sorted(p for p in path.rglob("*") if p.is_file()) if folder else [path, *companions(path), *_named_in(path)]
            parts = [f"{member.relative_to(root)} {self.file(member)}" for member in members]
        except FileNotFoundError as error:
            gone = Path(str(error.filename or path)).name
            raise NotFound(f"{path}: {gone} vanished while the folder was read; give one that nothing else writes into") from None
        return hashlib.sha256("\n".join([path.name, *parts]).encode()).hexdigest()

    def _load(self) -> None:
        with self._guard:
            if not self._loaded and self._memory.exists():
                for line in self._memory.read_text(encoding="utf-8").splitlines():
                    key, _, digest = line.rpartition("\t")
                    if len(digest) == 64:
                        self._known[key] = digest
            self._loaded = True

    def _remember(self, key: str, digest: str) -> None:
        with self._guard:
            self._known[key] = digest
            with open(self._memory, "a", encoding="utf-8") as file:
                file.write(f"{key}\t{digest}\n")


def _named_in(path: Path) -> list[Path]:
    """The files beside or below a CSV table that its cells name."""
    if path.suffix.lower() != ".csv" or path.stat().st_size > LARGEST_TABLE:
        return []
    with (
        open(path, encoding="utf-8-sig", errors="replace", newline="") as file,
        contextlib.suppress(csv.Error, OSError, ValueError),
    ):
        cells = {cell for row in csv.reader(file) for cell in row if FILE_NAME.search(cell)}
        named = [path.parent / cell for cell in sorted(cells)]
        return [one for one in named if one.is_relative_to(path.parent) and ".." not in one.parts and one.is_file()]
    return []


@functools.cache
def code_identity(task: str) -> dict[str, str]:
    """Digest of the source behind ``task``, and the versions of what it stands on."""
    sources, foreign, programs = _closure(task)
    lines = [f"{os.path.relpath(path, PACKAGE)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in sorted(sources)]
    identity = {"morphoscope": __version__, "source": hashlib.sha256("\n".join(lines).encode()).hexdigest()}
    identity["python"] = ".".join(map(str, sys.version_info[:2]))
    for name in sorted(foreign - set(sys.stdlib_module_names)):
        try:
            identity[name] = importlib.metadata.version(ALIASES.get(name, name))
        except importlib.metadata.PackageNotFoundError:
            identity[name] = "absent"
    for program in sorted(programs):
        found = shutil.which(program)
        identity[program] = hashlib.sha256(Path(found).read_bytes()).hexdigest() if found else "absent"
    return identity


def _closure(task: str) -> tuple[set[Path], set[str], set[str]]:
    """Every source and data file that ``task`` reaches, the other packages they import, the programs they name."""
    sources, foreign, programs = set[Path](), set[str](), set[str]()
    waiting = [_task_file(task)]
    while waiting:
        path = waiting.pop()
        if path in sources:
            continue
        sources.add(path)
        if path.suffix != ".py":
            continue
        near, far, named = _imports(path)
        waiting += near
        foreign |= far
        programs |= named
    return sources, foreign, programs


def _task_file(task: str) -> Path:
    spec = importlib.util.find_spec(f"{__package__.rpartition('.')[0]}.tasks.{TASKS[task].where.split(':')[0]}")
    if spec is None or spec.origin is None:
        raise NotFound(f"the code of the task {task!r} is missing; install morphoscope again")
    return Path(spec.origin)


@functools.cache
def _imports(path: Path) -> tuple[tuple[Path, ...], frozenset[str], frozenset[str]]:
    """What the statements at the top of ``path`` import, and what a task's text names."""
    near, far, programs = list[Path](), set[str](), set[str]()
    tree = ast.parse(path.read_bytes())
    for node in _statements(tree.body):
        if isinstance(node, ast.ImportFrom) and node.level:
            near += _targets(path, node)
        elif isinstance(node, ast.ImportFrom) and node.module:
            far.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            far |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id == "PROGRAMS":
                programs |= set(ast.literal_eval(node.value))
            elif node.targets[0].id == "DATA_FILES":
                near += [beside for name in ast.literal_eval(node.value) if (beside := (path.parent / name).resolve()).is_file()]
    if path.parent.name == "tasks" and path.name != "__init__.py":
        named = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        near += [_task_file(task) for task in sorted(named & set(TASKS))]
    return tuple(near), frozenset(far - {"__future__"}), frozenset(programs)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Top-level statements, those under ``if`` and ``try`` included."""
    for node in body:
        yield node
        for part in ("body", "orelse", "handlers", "finalbody") if isinstance(node, ast.If | ast.Try) else ():
            for inner in getattr(node, part, ()):
                yield from _statements(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])


def _targets(path: Path, node: ast.ImportFrom) -> list[Path]:
    """Source files that a relative import brings in."""
    base = path
    for _ in range(node.level):
        base = base.parent
    base = base.joinpath(*(node.module or "").split("."))
    found = [base.with_suffix(".py")] if node.module else []
    found += [base / "__init__.py"] if base != PACKAGE else []
    for alias in node.names:
        found += [base / f"{alias.name}.py", base / alias.name / "__init__.py"]
    lazy = {PACKAGE / name for name in LAZY}
    for folder in lazy & {f.parent for f in found}:
        found += sorted(folder.rglob("*.py"))
    return [f for f in found if f.is_file()]


def question_id(task: str, question: dict[str, Any]) -> str:
    """Readable and unique: the task's name and twelve hex digits of the question's hash."""
    text = json.dumps(question, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return f"{task.replace(' ', '-')}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
