"""What a task answers. The command line prints it, the studio draws it, scripts read its JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .curve import Curve

SCHEMA = 1

FigureKind = Literal[
    "line", "band", "points", "box", "violin", "bar", "forest", "confusion", "parity", "heat", "image", "overlay"
]


@dataclass(frozen=True)
class Quantity:
    """A number with its unit and, where one is known, its 95 % interval."""

    value: float | None
    unit: str = ""
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.value is None or not math.isfinite(self.value):
            return "unknown"
        text = f"{self.value:d}" if isinstance(self.value, Integral) else f"{self.value:.5g}"
        interval = "" if self.low is None or self.high is None else f" [{self.low:.4g}, {self.high:.4g}]"
        return f"{text}{interval} {self.unit}".rstrip()


@dataclass(frozen=True)
class Figure:
    """A picture described by the names of the curves, tables or files it shows; the doors draw it."""

    kind: FigureKind
    data: tuple[str, ...]
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Report:
    """
    The answer of a task.

    ``run``, ``task`` and ``seed`` are filled in when the run is published. ``files`` maps a name to a
    path inside the run's folder.
    """

    title: str
    values: Mapping[str, Quantity] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    tables: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()
    run: str = ""
    task: str = ""
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings; NaN and infinity become None."""
        return {
            "title": self.title,
            "run": self.run,
            "task": self.task,
            "values": {
                name: {"value": _plain(q.value), "unit": q.unit, "low": _plain(q.low), "high": _plain(q.high)}
                for name, q in self.values.items()
            },
            "curves": {name: _curve_to_dict(curve) for name, curve in self.curves.items()},
            "tables": {name: [_plain(row) for row in rows] for name, rows in self.tables.items()},
            "figures": {name: {"kind": f.kind, "data": list(f.data), "caption": f.caption} for name, f in self.figures.items()},
            "files": _plain(self.files),
            "notes": list(self.notes),
            "cites": list(self.cites),
            "schema": SCHEMA,
            "seed": int(self.seed),
        }

    def to_json(self) -> str:
        """The contract that scripts and the studio rely on."""
        text = json.dumps(self.to_dict(), indent=1, allow_nan=False, ensure_ascii=False)
        return text.encode("utf-8", "backslashreplace").decode()  # bytes of a file name that are not UTF-8 stay JSON escapes

    @classmethod
    def from_json(cls, text: str) -> Report:
        """The inverse of ``to_json``."""
        data = json.loads(text)
        return cls(
            title=data["title"],
            values={name: Quantity(**q) for name, q in data["values"].items()},
            curves={name: _curve_from_dict(c) for name, c in data["curves"].items()},
            tables=data["tables"],
            figures={name: Figure(f["kind"], tuple(f["data"]), f["caption"]) for name, f in data["figures"].items()},
            files=data["files"],
            notes=tuple(data["notes"]),
            cites=tuple(data["cites"]),
            run=data["run"],
            task=data["task"],
            seed=data["seed"],
        )

    @classmethod
    def load(cls, path: Path) -> Report:
        """Read a ``report.json``."""
        return cls.from_json(path.read_text(encoding="utf-8"))


def _plain(value: Any) -> Any:
    """``value`` as JSON knows it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return value


def _curve_to_dict(curve: Curve) -> dict[str, Any]:
    low, high = curve.interval()
    return {
        "x": _plain(curve.x.astype(float)),
        "y": _plain(curve.y.astype(float)),
        "x_name": curve.x_name,
        "x_unit": curve.x_unit,
        "y_name": curve.y_name,
        "y_unit": curve.y_unit,
        "y_low": None if low is None else _plain(low.astype(float)),
        "y_high": None if high is None else _plain(high.astype(float)),
    }


def _curve_from_dict(data: dict[str, Any]) -> Curve:
    arrays = {k: None if data[k] is None else np.array(data[k], dtype=float) for k in ("x", "y", "y_low", "y_high")}
    return Curve(
        x=arrays["x"] if arrays["x"] is not None else np.empty(0),
        y=arrays["y"] if arrays["y"] is not None else np.empty(0),
        y_low=arrays["y_low"],
        y_high=arrays["y_high"],
        **{key: data[key] for key in ("x_name", "y_name", "x_unit", "y_unit")},
    )
