"""
Tables of images with several labels at once: a column ``label`` whose cells hold labels joined by ``;``, or a column
of 0 and 1 for each attribute.

The Dataset's labels are the attributes of an image, sorted and joined by ``;``, so that folds keep their mixtures alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..core import Dataset, Sample
from ..errors import InputError
from .labelled import ALONE, UNKNOWN, regrouped, table_rows

JOIN = ";"


def several(path: Path) -> bool:
    """Whether ``path`` is a table of several labels an image."""
    if not path.is_file():
        return False
    rows, columns = table_rows(path)
    if "label" in columns:
        return any(JOIN in (row["label"] or "") for row in rows)
    return bool(_flags(rows, columns))


def load(path: Path, *, group_pattern: str = "") -> tuple[Dataset, tuple[str, ...]]:
    """The images of such a table, and every attribute in order."""
    rows, columns = table_rows(path)
    flags = [] if "label" in columns else _flags(rows, columns)
    samples = []
    for number, row in enumerate(rows, start=2):
        name = (row.get("file") or "").strip()
        if not name or not (path.parent / name).is_file():
            raise InputError(f"{path.name}, line {number}: no file {name} beside the table")
        told = [flag for flag in flags if (row[flag] or "").strip() == "1"] if flags else _split(row["label"] or "")
        group = (row.get("group") or "").strip() or name
        samples.append(Sample(name, group, {"image": path.parent / name}, JOIN.join(sorted(told))))
    dataset = Dataset(path.stem, tuple(samples), UNKNOWN, path.name, () if "group" in columns else (ALONE,))
    known = tuple(sorted({name for sample in samples for name in _split(sample.label or "")}))
    return (regrouped(dataset, group_pattern) if group_pattern else dataset), known


def matrix(dataset: Dataset, attributes: tuple[str, ...]) -> np.ndarray:
    """True where an image (row) has an attribute (column)."""
    return np.array([[name in _split(sample.label or "") for name in attributes] for sample in dataset])


def relabelled(dataset: Dataset, name: Callable[[str], str]) -> Dataset:
    """``dataset`` with every label replaced by what ``name`` makes of it."""
    return replace(dataset, samples=tuple(replace(sample, label=name(sample.label or "")) for sample in dataset))


def _flags(rows: list[dict[str, str | None]], columns: list[str]) -> list[str]:
    """Columns that hold 0 and 1 alone."""
    named = [name for name in columns if name not in ("file", "group")]
    return [name for name in named if rows and all((row[name] or "").strip() in ("0", "1") for row in rows)]


def _split(cell: str) -> list[str]:
    return [word.strip() for word in cell.split(JOIN) if word.strip()]
