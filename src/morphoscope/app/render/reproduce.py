"""How to get the same report again: the command, the Python call, the seed and the versions."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...core import Report
from ...errors import MorphoscopeError
from ..fields import Field, task_fields


def command_line(task: str, parameters: Mapping[str, Any], seed: int, *, workspace: str = "") -> str:
    """The command that asks the same question; defaults are left out, and ``workspace`` when no input refers to it."""
    places, flags = list[str](), list[str]()
    for name, value in parameters.items():
        field = _field(task, name)
        if field is not None and field.positional:
            places += [
                shlex.quote(str(item)) for item in (value if isinstance(value, list | tuple) else [value]) if item is not None
            ]
        elif not _is_default(field, value):
            flags += _flag(name, value)
    flags += [f"--seed={seed}"] if seed else []
    flags += [f"--workspace={shlex.quote(workspace)}"] if workspace and _refers(parameters) else []
    return " ".join(["morphoscope", task, *places, *flags])


def python_call(task: str, parameters: Mapping[str, Any], seed: int, *, workspace: str = "") -> str:
    """The same question from Python."""
    given = {n: v for n, v in parameters.items() if not _is_default(_field(task, n), v)}
    arguments = [repr(task), *(f"{name}={value!r}" for name, value in given.items()), *([f"seed={seed}"] if seed else [])]
    arguments += [f"workspace={workspace!r}"] if workspace and _refers(parameters) else []
    return f"import morphoscope as ms\nreport = ms.run({', '.join(arguments)})"


def provenance(report: Report, folder: Path) -> dict[str, Any]:
    """What is known about how ``report`` came about, from the run's ``config.json`` where it is there."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    given, code = config.get("given", {}), dict(config.get("code", {}))
    source = code.pop("source", "")
    known, root = bool(report.task and config), str(folder.parent.parent)
    return {
        "command": command_line(report.task, given, report.seed, workspace=root) if known else "",
        "python": python_call(report.task, given, report.seed, workspace=root) if known else "",
        "seed": report.seed,
        "run": report.run,
        "parameters": given,
        "started": config.get("started", ""),
        "seconds": config.get("seconds"),
        "versions": code,
        "source": source[:12],
        "machine": {k: v for k, v in config.get("machine", {}).items() if k != "host"},
    }


def _refers(parameters: Mapping[str, Any]) -> bool:
    """Whether an input is named by a reference, which means something in its own workspace only."""
    values = [v for value in parameters.values() for v in (value if isinstance(value, list | tuple) else [value])]
    return any(isinstance(value, str) and value.startswith(("upload:", "run:")) for value in values)


def _field(task: str, name: str) -> Field | None:
    """The field, or None when the task has gone or changed since."""
    try:
        return task_fields(task).get(name)
    except (MorphoscopeError, ImportError):
        return None


def _is_default(field: Field | None, value: Any) -> bool:
    if field is None or field.required:
        return False
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    return bool(value == default) and type(value) is type(default)


def _flag(name: str, value: Any) -> list[str]:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    if isinstance(value, list | tuple):
        return [f"--{flag}={shlex.quote(str(item))}" for item in value]
    return [] if value is None else [f"--{flag}={shlex.quote(str(value))}"]
