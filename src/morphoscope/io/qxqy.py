"""
Patterns as rows of Qx, Qy, I(Qx, Qy) and its error, as NIST's reduction and SasView write them.

Q is in 1/Å unless the header says 1/nm. Pixels with neither intensity nor error did not count. In the
result qx grows with the columns and qy with the rows.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..core import Pattern
from ..errors import UnreadableFile
from . import lengths
from .table import Table

HEADING = re.compile(r"data\s+columns.*qx.*qy|\bqx\b.*\bqy\b", re.IGNORECASE)
LEAST_FILLED = 0.25


def looks_like(table: Table) -> bool:
    """Whether a heading names Qx and Qy."""
    return table.values.shape[1] >= 3 and any(HEADING.search(line) for line in table.above)


def parse(table: Table, path: Path) -> Pattern:
    """The rows laid out on their grid; a file whose points make none is refused."""
    where = _columns(table)
    factor, unit = _unit(table.text)
    qx, qy, intensity = (table.values[:, where[name]] for name in ("qx", "qy", "i"))
    error = table.values[:, where["err"]] if "err" in where else None
    good = np.isfinite(qx) & np.isfinite(qy)
    laid = _by_order(qx, qy) if good.all() else None
    laid = _by_value(qx, qy, good) if laid is None else laid
    if laid is None:
        raise UnreadableFile(path, f"its {len(qx):,} points (Qx, Qy) lie on no grid; a pattern needs rows and columns")
    place = laid
    planes = [_filled(place, array) for array in (qx * factor, qy * factor, intensity)]
    error_plane = None if error is None else _filled(place, error)
    full_x, full_y = _complete(planes[0], 0), _complete(planes[1], 1)
    counted = np.isfinite(planes[2])
    if error_plane is not None:
        counted &= ~((planes[2] == 0) & (error_plane == 0))
    notes = (*table.notes, f"q was in {unit}")
    if not counted.all():
        notes += (f"{int((~counted).sum()):,} of {counted.size:,} pixels did not count and are masked",)
    return Pattern(
        planes[2], full_x, full_y,
        error=error_plane, mask=None if counted.all() else counted, centre_px=_centre(full_x, full_y),
        unit=_intensity_unit(table.text), source=str(path), header={"text": table.text}, notes=notes,
    )  # fmt: skip


def _columns(table: Table) -> dict[str, int]:
    """Number of the column of qx, qy, i and err; by position where the heading does not part as the rows do."""
    names = [name.lower().replace(" ", "") for name in table.names()]
    found = {"qx": 0, "qy": 1, "i": 2, **({"err": 3} if table.values.shape[1] in (4, 8) and not names else {})}
    for index, name in enumerate(names):
        if name.startswith("qx"):
            found["qx"] = index
        elif name.startswith("qy"):
            found["qy"] = index
        elif re.match(r"err|di\b|sigma_?i|std|idev", name):
            found["err"] = index
        elif re.match(r"i(\(|$|ntensity)", name):
            found["i"] = index
    return found


def _unit(text: str) -> tuple[float, str]:
    """What one unit of q in the file is in 1/nm, and its name."""
    for word in re.findall(r"1/nm|nm\^?-1|nm⁻¹", text, re.IGNORECASE):
        return lengths.per_nm(word) or 1.0, "1/nm"
    return 10.0, "1/Å"


def _intensity_unit(text: str) -> str:
    return "1/cm" if re.search(r"1/cm|cm\^?-1", text) else ""


def _by_order(qx: np.ndarray, qy: np.ndarray) -> np.ndarray | None:
    """Index of each grid cell's row of the file, where the file runs through a full grid line by line."""
    for fast, slow, turned in ((qx, qy, False), (qy, qx, True)):
        steps = np.diff(fast)
        if not len(steps) or steps[0] == 0:
            continue
        back = np.flatnonzero(np.sign(steps) != np.sign(steps[0]))
        length = int(back[0]) + 1 if len(back) else len(fast)
        if length < 2 or len(fast) % length or len(fast) // length < 2:
            continue
        index = np.arange(len(fast)).reshape(-1, length)
        across, along = np.diff(fast[index], axis=1), np.diff(slow[index], axis=0)
        if (np.sign(across) == np.sign(steps[0])).all() and along.any() and (np.sign(along) == np.sign(along.flat[0])).all():
            index = index[:, ::-1] if steps[0] < 0 else index
            index = index[::-1] if along.flat[0] < 0 else index
            return index.T if turned else index
    return None


def _by_value(qx: np.ndarray, qy: np.ndarray, good: np.ndarray) -> np.ndarray | None:
    """The same where points are missing or in any order: the grid of the values that occur; -1 is an empty cell."""
    if not good.any():
        return None
    columns, column = np.unique(np.round(qx[good], 9), return_inverse=True)
    rows, row = np.unique(np.round(qy[good], 9), return_inverse=True)
    cells = len(rows) * len(columns)
    if min(len(rows), len(columns)) < 2 or good.sum() < LEAST_FILLED * cells:
        return None
    index = np.full((len(rows), len(columns)), -1)
    index[row, column] = np.flatnonzero(good)
    return index if (index >= 0).sum() == good.sum() else None


def _filled(index: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(index >= 0, values[index], np.nan)


def _complete(q: np.ndarray, axis: int) -> np.ndarray:
    """Q in empty cells from the other cells of the same column (axis 0) or row (axis 1)."""
    if np.isfinite(q).all():
        return q
    line = np.nanmean(q, axis=axis, keepdims=True)
    return np.where(np.isfinite(q), q, line)


def _centre(qx: np.ndarray, qy: np.ndarray) -> tuple[float, float] | None:
    """(row, column) at which q is zero, where that lies inside the pattern."""
    x, y = np.median(qx, axis=0), np.median(qy, axis=1)
    if not (x[0] <= 0 <= x[-1] and y[0] <= 0 <= y[-1]):
        return None
    return float(np.interp(0.0, y, np.arange(len(y)))), float(np.interp(0.0, x, np.arange(len(x))))
