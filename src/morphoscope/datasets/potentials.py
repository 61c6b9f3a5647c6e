"""
Tables of potentials of mean force: W(r) of the matrix between two particles, one row a distance.

The columns ``D``, ``eps_pn``, ``N``, ``r_sigma``, ``w_solv_kT`` and ``w_error_kT`` (one standard error) are needed, others
are ignored. The table that comes with the package was simulated by umbrella sampling of particle pairs in melts.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from ..errors import UnreadableFile
from ..physics.matrix_potential import Measured

DATA_FILES = ("nanocomposite/pmf.csv",)
SHIPPED = Path(__file__).parent / DATA_FILES[0]
COLUMNS = ("D", "eps_pn", "N", "r_sigma", "w_solv_kT", "w_error_kT")


def read_potentials(path: Path = SHIPPED) -> list[Measured]:
    """One potential for each (D, eps_pn, N) in the table at ``path``; none where the package has no table yet."""
    if path == SHIPPED and not path.exists():
        return []
    rows = defaultdict[tuple[float, ...], list[tuple[float, ...]]](list)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(line for line in file if not line.startswith("#"))
            missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                raise UnreadableFile(path, f"has no column {missing[0]}; a table of potentials has {', '.join(COLUMNS)}")
            for row in table:
                numbers = _numbers(path, row, table.line_num)
                rows[numbers[:3]].append(numbers[3:])
    except (UnicodeDecodeError, csv.Error):
        raise UnreadableFile(path, f"is not text; a table of potentials is a CSV file with {', '.join(COLUMNS)}") from None
    except OSError as problem:
        raise UnreadableFile(path, f"cannot be read ({problem.strerror or problem})") from None
    return [_measured(path, point, np.array(sorted(found))) for point, found in rows.items()]


def _numbers(path: Path, row: dict[str, str], line: int) -> tuple[float, ...]:
    try:
        numbers = tuple(float(row[name]) for name in COLUMNS)
    except (TypeError, ValueError):
        raise UnreadableFile(path, f"line {line} is not a row of numbers in {', '.join(COLUMNS)}") from None
    if not np.isfinite(numbers).all():
        raise UnreadableFile(path, f"line {line} holds a number that is not finite; leave such rows out")
    return numbers


def _measured(path: Path, point: tuple[float, ...], rows: np.ndarray) -> Measured:
    diameter, eps_pn, beads = point
    if len(rows) < 5 or (np.diff(rows[:, 0]) <= 0).any():
        raise UnreadableFile(
            path, f"D={diameter:g}, eps_pn={eps_pn:g}, N={beads:g} needs five or more distances, each of them once"
        )
    return Measured(diameter, eps_pn, beads, r=rows[:, 0], w=rows[:, 1], error=rows[:, 2])
