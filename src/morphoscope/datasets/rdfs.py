"""
Tables of radial distribution functions with what they were measured for, one row each.

A table is CSV, also compressed (``.csv.gz``). Columns ``g_0.05``, ``g_0.15``, ... hold g at that distance, columns
``e_0.05``, ... one standard error of ln(g + 0.02) there, empty where it is not known; every other column describes the
row. The table that comes with the package holds nanocomposites; see ``nanocomposite/rdfs.md`` beside it.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, UnreadableFile

DATA_FILES = ("nanocomposite/rdfs.csv.gz", "nanocomposite/rdfs.md")
SHIPPED = Path(__file__).parent / DATA_FILES[0]
CARD = SHIPPED.with_name("rdfs.md")
COMPOSITION = ("D", "N", "rho", "eps_nn", "eps_pn")
FLOOR = 0.02
"""Added to g before its logarithm is taken; bins that no pair reached then count as equal."""
BIN = re.compile(r"([ge])_([0-9.]+)")
WANTED = "give a CSV file, or .csv.gz, with one column for each bin (g_0.05, g_0.15, ...) and columns that describe the rows"
LARGEST = 256 * 2**20


@dataclass(frozen=True, eq=False)
class Rdfs:
    """``g`` and ``error`` (of ln(g + 0.02), NaN where unknown) at ``r``, one row for each of ``rows``."""

    rows: tuple[Mapping[str, Any], ...]
    r: np.ndarray
    g: np.ndarray
    error: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.rows)

    def where(self, chosen: np.ndarray) -> Rdfs:
        """The rows where ``chosen`` (flags or places)."""
        places = np.arange(len(self))[chosen]
        return replace(self, rows=tuple(self.rows[k] for k in places), g=self.g[places], error=self.error[places])

    def column(self, name: str) -> np.ndarray:
        """One column as an array of what it holds."""
        return np.array([row[name] for row in self.rows])

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """Columns of numbers, shape (rows, names)."""
        for name in names:
            for row in self.rows:
                if not isinstance(row.get(name), float):
                    raise InputError(f"the table has no number in column {name} of row {row.get('id', '?')}; every row needs one")
        return np.array([[row[name] for name in names] for row in self.rows], dtype=float).reshape(len(self), len(names))

    def descriptors(self) -> tuple[str, ...]:
        """The columns that describe a row by numbers: the composition's where all are there, else every column of numbers."""
        first = self.rows[0] if self.rows else {}
        if all(name in first for name in COMPOSITION):
            return COMPOSITION
        numeric = [name for name in first if all(isinstance(row[name], float) for row in self.rows)]
        return tuple(name for name in numeric if name != "id" and len({row[name] for row in self.rows}) > 1)


def read_rdfs(path: Path = SHIPPED) -> Rdfs:
    """The table at ``path``; empty where the package has none yet."""
    if path == SHIPPED and not path.exists():
        return Rdfs((), np.empty(0), np.empty((0, 0)), np.empty((0, 0)))
    text = _text(path)
    try:
        table = list(csv.reader(line for line in text.splitlines() if line and not line.startswith("#")))
    except csv.Error:
        raise UnreadableFile(path, f"is not text, so it is no table of distributions; {WANTED}") from None
    names = table[0] if table else []
    found = {k: match for k, name in enumerate(names) if (match := BIN.fullmatch(name))}
    bins = {float(match[2]): k for k, match in found.items() if match[1] == "g"}
    errors = {float(match[2]): k for k, match in found.items() if match[1] == "e"}
    if len(bins) < 10:
        raise UnreadableFile(
            path, f"holds fewer than 10 columns g_0.05, g_0.15, ..., so it is no table of distributions; {WANTED}"
        )
    if any(len(row) != len(names) for row in table[1:]) or len(set(names)) != len(names):
        raise UnreadableFile(path, "has rows of different length, or two columns of one name; write it again")
    if len(table) < 2:
        raise UnreadableFile(path, "holds no row below its names")
    r = np.array(sorted(bins))
    g = np.array([[_number(path, row[bins[x]]) for x in r] for row in table[1:]])
    error = np.array([[_number(path, row[errors[x]]) if x in errors else np.nan for x in r] for row in table[1:]])
    if not np.isfinite(g).any(axis=1).all() or (g < 0).any() or np.isinf(g).any():
        raise UnreadableFile(path, "has a row whose g is empty, negative or infinite; leave such rows out")
    kept = [(k, name) for k, name in enumerate(names) if k not in found]
    rows = [{name: _cell(row[k]) for k, name in kept} for row in table[1:]]
    for k, row in enumerate(rows):
        row["id"] = str(row["id"]) if "id" in row else str(k)
    return Rdfs(tuple(rows), r, g, error)


def write_rdfs(table: Rdfs, path: Path) -> None:
    """Write ``table`` as ``path``; the same table always makes the same bytes."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    names = list(table.rows[0])
    writer.writerow([*names, *(f"g_{x:.4g}" for x in table.r), *(f"e_{x:.4g}" for x in table.r)])
    for row, g, error in zip(table.rows, table.g, table.error, strict=True):
        numbers = (("" if np.isnan(x) else f"{x:.4g}" for x in g), ("" if np.isnan(x) else f"{x:.2g}" for x in error))
        writer.writerow([*(_told(row[name]) for name in names), *numbers[0], *numbers[1]])
    raw = buffer.getvalue().encode()
    path.write_bytes(gzip.compress(raw, mtime=0) if path.suffix == ".gz" else raw)


def _text(path: Path) -> str:
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                raw = file.read(LARGEST + 1)
        else:
            raw = path.read_bytes()
        if len(raw) > LARGEST:
            raise UnreadableFile(path, f"is larger than {LARGEST >> 20} MB; cut it in parts")
        return raw.decode("utf-8-sig")
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error):
        raise UnreadableFile(path, f"is not text, so it is no table of distributions; {WANTED}") from None
    except OSError as problem:
        raise UnreadableFile(path, f"cannot be read ({problem.strerror or problem})") from None


def _number(path: Path, cell: str) -> float:
    try:
        return float(cell) if cell.strip() else np.nan
    except ValueError:
        raise UnreadableFile(path, f"has {cell[:30]!r} where a number belongs") from None


def _cell(text: str) -> float | str | None:
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        return text


def _told(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
