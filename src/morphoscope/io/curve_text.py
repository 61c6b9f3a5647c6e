"""Curves from a table: x, y, the standard error of y, and that of x."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..core import Curve
from ..errors import UnreadableFile
from .table import Table, name_and_unit

ERROR = re.compile(r"err|sigma|std|dev|uncert|^d_?[a-z](\(|$)|^s$|±|^e[yi]$|^[yi]e$", re.IGNORECASE)
OF_X = re.compile(r"^(d_?[xqrk]|sigma_?_?[xqrk]|[xqrk][_ ]?(dev|err|sigma|res)|dq|.*resolution)", re.IGNORECASE)


def parse(table: Table, path: Path) -> Curve:
    """The first column against the second; rows without numbers are left out with a note."""
    values, notes = table.values, table.notes
    if values.shape[1] < 2:
        raise UnreadableFile(path, "a single column of numbers; a curve needs x and y")
    names = table.names()
    dy, dx, left = _errors(values, names)
    good = np.isfinite(values[:, 0]) & np.isfinite(values[:, 1])
    if not good.all():
        notes += (f"{int((~good).sum())} row(s) without numbers were left out",)
    if not good.any():
        raise UnreadableFile(path, "a table without a single row of finite x and y")
    if left:
        notes += (f"columns left out: {', '.join(left)}",)
    (x_name, x_unit), (y_name, y_unit) = (name_and_unit(word) for word in names[:2]) if names else (("x", ""), ("y", ""))
    if not x_unit:
        x_unit, y_unit = _stated(table.text, x_name, x_unit), y_unit
    columns = [None if index is None else values[good, index] for index in (dy, dx)]
    return Curve(
        values[good, 0], values[good, 1], x_name, y_name, x_unit, y_unit,
        y_error=columns[0], x_error=columns[1],
        source=str(path), header={"text": table.text, "columns": names}, notes=notes,
    )  # fmt: skip


def _errors(values: np.ndarray, names: list[str]) -> tuple[int | None, int | None, list[str]]:
    """Which column is the error of y, which that of x, and what the others are called."""
    count = values.shape[1]
    rest = list(range(2, count))
    if names:
        dx = next((i for i in rest if OF_X.search(name_and_unit(names[i])[0])), None)
        dy = next((i for i in rest if i != dx and ERROR.search(name_and_unit(names[i])[0])), None)
    else:
        dy, dx = (2 if count in (3, 4) else None), (3 if count == 4 else None)
    if any(i is not None and np.nanmin(values[:, i], initial=0.0) < 0 for i in (dy, dx)):
        dy = dx = None  # a standard error is never negative
    return dy, dx, [names[i] if names else f"number {i + 1}" for i in rest if i not in (dy, dx)]


def _stated(text: str, x_name: str, unit: str) -> str:
    """The unit of x where a header line such as ``q unit: 1/nm`` states it."""
    found = re.search(rf"\b(?:{re.escape(x_name)}|q|x)[ _-]*units?\s*[:=]\s*(\S+)", text, re.IGNORECASE)
    return name_and_unit(f"x [{found[1]}]")[1] if found else unit
