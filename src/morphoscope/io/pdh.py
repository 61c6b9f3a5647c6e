"""
PDH files of the PCG programs and of SAXSquant: five lines of header, then q, I and its error.

The third line counts the points; the fourth holds the distance to the detector in mm and the
wavelength in nm. q is in 1/nm. An error of zero or below is one that nobody stated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..core import Curve
from ..errors import UnreadableFile

COUNTS = re.compile(r"\s*(?:[-+]?\d+\s+){7}[-+]?\d+\s*")
CONSTANTS = 5


def looks_like(lines: Sequence[str]) -> bool:
    """Whether the third line holds eight whole numbers and the next two five numbers each."""
    return (
        len(lines) > CONSTANTS and bool(COUNTS.fullmatch(lines[2])) and all(len(_row(line)) == CONSTANTS for line in lines[3:5])
    )


def parse(lines: Sequence[str], path: Path) -> Curve:
    """The counted points; what follows them (SAXSquant writes XML there) is kept in the header."""
    if not looks_like(lines):
        raise UnreadableFile(path, "no PDH file: its lines 3 to 5 are not eight whole numbers and twice five numbers")
    count = int(lines[2].split()[0])
    rows = []
    for line in lines[CONSTANTS : CONSTANTS + max(count, 0)]:
        row = _row(line)
        if len(row) not in (2, 3):
            break
        rows.append((*row, 0.0)[:3])
    if len(rows) < 2:
        raise UnreadableFile(path, f"a PDH file that counts {count} points and holds {len(rows)}")
    values = np.array(rows)
    good = np.isfinite(values[:, :2]).all(axis=1)
    values, notes = values[good], tuple[str, ...]()
    if not len(values):
        raise UnreadableFile(path, "a PDH file without a single point of finite q and I")
    if len(rows) < count:
        notes += (f"cut short: {count} points are counted, {len(rows)} are there",)
    if not good.all():
        notes += (f"{int((~good).sum())} row(s) without numbers were left out",)
    stated = bool((values[:, 2] > 0).any())
    constants = [_row(line) for line in lines[3:CONSTANTS]]
    header = {
        "title": lines[0].strip(), "keywords": lines[1].strip(), "counts": lines[2].split(),
        "constants": constants, "detector_distance_mm": constants[0][1], "wavelength_nm": constants[0][4],
        "rest": "\n".join(lines[CONSTANTS + len(rows) :]).strip(),
    }  # fmt: skip
    return Curve(
        values[:, 0], values[:, 1], "q", "I", "1/nm", "",
        y_error=np.where(values[:, 2] > 0, values[:, 2], np.nan) if stated else None,
        source=str(path), header=header, notes=(*notes, "q in 1/nm, as the format defines it"),
    )  # fmt: skip


def _row(line: str) -> list[float]:
    try:
        return [float(token) for token in line.split()]
    except ValueError:
        return []
