"""
Text files of numbers: curves, Qx-Qy patterns and matrices share ``.txt``, ``.dat`` and ``.csv``.

The content decides: separator and decimal sign are those under which most lines are rows of numbers,
and the table is the longest run of rows with as many columns. What stands around it is the header.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core import Curve, Pattern
from ..errors import UnreadableFile
from . import cansas, curve_text, matrix_text, pdh, qxqy
from .formats import Options
from .plain import decode
from .table import Table

MAX_BYTES = 256 * 2**20
SAMPLE_LINES = 400
STYLES = ((";", "."), (";", ","), ("\t", "."), ("\t", ","), (",", "."), (None, "."), (None, ","))
MISSING = re.compile(r"[-+]?(?:nan|1\.#\w+|n/?a|null|none|--+)", re.IGNORECASE)
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?|[-+]?inf(?:inity)?", re.IGNORECASE)
COMMENT = ("#", "%", "!", "//")


@dataclass(frozen=True)
class Style:
    """How numbers are written: what separates them (None: blanks) and the decimal sign."""

    separator: str | None
    decimal: str

    def row(self, line: str) -> list[float] | None:
        """The numbers of one line, NaN where the file has a word for it; None where the line is no row."""
        tokens = [token.strip().strip('"') for token in line.strip().split(self.separator)]
        while len(tokens) > 1 and not tokens[-1]:
            tokens.pop()
        values = []
        for token in tokens:
            number = token.replace(",", ".") if self.decimal == "," and token.count(",") <= 1 else token
            if NUMBER.fullmatch(number):
                values.append(float(number.replace("d", "e").replace("D", "e")))
            elif MISSING.fullmatch(token):
                values.append(math.nan)
            else:
                return None
        return values


def read(path: Path, options: Options) -> Curve | Pattern:
    """A Curve or a Pattern, by what the text holds."""
    text = content(path)
    if text.lstrip().startswith("<?xml") or "<SASroot" in text[:2000]:
        return cansas.parse(text, path, options.frames)
    lines = re.split(r"\r\n|\n|\r", text)
    if path.suffix.lower() == ".pdh" or pdh.looks_like(lines):
        return pdh.parse(lines, path)
    table = find(lines, path)
    if qxqy.looks_like(table):
        return qxqy.parse(table, path)
    if matrix_text.looks_like(table):
        return matrix_text.parse(table, path)
    return curve_text.parse(table, path)


def content(path: Path) -> str:
    """The text of a file in UTF-8, UTF-16 or a western 8-bit code; binary content is refused."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise UnreadableFile(path, f"a text of {size / 2**20:.0f} MiB; tables up to {MAX_BYTES // 2**20} MiB are read")
    text = decode(path.read_bytes()).lstrip("\ufeff")
    sample = text[:4096] + text[-4096:]
    strange = sum(not (c.isprintable() or c in "\t\r\n\f\x1a") for c in sample)
    if "\0" in sample or strange > 0.02 * len(sample):
        raise UnreadableFile(path, f"named {path.suffix or 'as text'}, but its content is binary, not a table of numbers")
    return text


def find(lines: Sequence[str], path: Path) -> Table:
    """The table of the file, its header and the names of its columns."""
    style = _style(lines)
    start, stop, columns, others = _longest(lines, style)
    if stop - start < 3 or columns < 1:
        raise UnreadableFile(path, "text without a table of numbers: no curve and no pattern")
    rows = [row for line in lines[start:stop] if (row := _data(line, style))]
    around = [line for line in (*lines[:start], *lines[stop:]) if line.strip()]
    notes = (f"{others} other table(s) in the file are left out",) if others else ()
    return Table(np.array(rows, np.float64), lines[:start], around, style.separator, notes)


def _style(lines: Sequence[str]) -> Style:
    """The style under which most of a sample of lines are rows of at least two numbers."""
    body = [line for line in lines if line.strip() and not line.lstrip().startswith(COMMENT)]
    sample = body[:: max(1, len(body) // SAMPLE_LINES)]
    styles = [Style(*pair) for pair in STYLES]
    counts = [sum(len(style.row(line) or ()) > 1 for line in sample) for style in styles]
    best = max(counts, default=0)
    return styles[counts.index(best)] if best else Style(None, ".")


def _data(line: str, style: Style) -> list[float] | None:
    return None if not line.strip() or line.lstrip().startswith(COMMENT) else style.row(line)


def _longest(lines: Sequence[str], style: Style) -> tuple[int, int, int, int]:
    """First line, line after the last, columns of the longest table, and how many others of ten rows there are."""
    runs: list[tuple[int, int, int, int]] = []
    start = stop = columns = count = 0
    for index, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith(COMMENT):
            continue
        row = style.row(line)
        if row is not None and len(row) == columns and count:
            stop, count = index + 1, count + 1
            continue
        if count:
            runs.append((count, start, stop, columns))
        start, stop, columns, count = (index, index + 1, len(row), 1) if row is not None else (0, 0, 0, 0)
    if count:
        runs.append((count, start, stop, columns))
    if not runs:
        return 0, 0, 0, 0
    length, start, stop, columns = max(runs)
    others = sum(run[0] >= 10 for run in runs) - (length >= 10)
    return start, stop, columns, others
