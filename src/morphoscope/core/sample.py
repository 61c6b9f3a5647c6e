"""One row of a data set: what was measured on one specimen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Sample:
    """
    The files of one specimen and what is known about it.

    ``group`` names what the row must not be separated from: the paper's DOI, the specimen, the state
    point. Files are read on demand. ``values`` are numbers, ``texts`` are captions and quotations.
    """

    key: str
    group: str
    files: Mapping[str, Path] = field(default_factory=dict)
    label: str | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
