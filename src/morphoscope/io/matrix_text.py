"""A pattern as a bare matrix of numbers: no q, NaN where the detector did not count."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..core import Pattern
from .table import Table

LEAST = 8


def looks_like(table: Table) -> bool:
    """Whether the table has too many columns and rows for a curve, and no names for them."""
    rows, columns = table.values.shape
    return rows >= LEAST and columns >= LEAST and not table.names()


def parse(table: Table, path: Path) -> Pattern:
    """The matrix as it stands; the first row is the top."""
    finite = np.isfinite(table.values)
    notes = (*table.notes, "a matrix without axes: q is not known")
    if not finite.all():
        notes += (f"{int((~finite).sum()):,} values are not numbers and are masked",)
    return Pattern(
        table.values,
        mask=None if finite.all() else finite,
        source=str(path),
        header={"text": table.text} if table.text else {},
        notes=notes,
    )
