"""
Scale bars of journal images, read by eye beforehand: what is answered, and whether it is right.

``scalebar_journals.csv`` names the images (shared data, see its README), the length printed where a bar and its label
are legible, and for bars that were checked by eye how long they are. ``part`` is "development" for what the reader was
made with and "held out" for the images that were looked at, and read, only at the end.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from morphoscope.io import read_micrograph
from morphoscope.measure import scalebar

pytest.importorskip("rapidocr", reason="needs morphoscope[ocr]")

TRUTH = Path(__file__).with_name("scalebar_journals.csv")
EVERY = 20
FOLDERS = {
    "miscibility": "miscibility/NIMS_image/Total_checked",
    "chemrxiv": "chemrxiv_micrographs/images",
    "emps": "emps_particles/images",
    "ide": "scalebar_known/ide_scalebar",
    "catalyst": "stem_catalyst_boxes/images",
}


def truth() -> list[dict[str, str]]:
    with open(TRUTH, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def answers(shared_data: Path, rows: list[dict[str, str]]) -> Iterator[tuple[dict[str, str], scalebar.ScaleBar]]:
    for row in rows:
        path = shared_data / FOLDERS[row["set"]] / row["file"]
        yield row, scalebar.read(read_micrograph(path, nan="mask"))


def check(told: list[tuple[dict[str, str], scalebar.ScaleBar]], *, share: float) -> None:
    """Values right in 95 % of the answers, lengths within 3 px or 4 %, nothing where no bar is legible."""
    legible = [(row, bar) for row, bar in told if row["value_nm"]]
    given = [(row, bar) for row, bar in told if bar.value_nm is not None]
    wrong = [row["file"] for row, bar in given if not row["value_nm"] or not np.isclose(bar.value_nm, float(row["value_nm"]))]
    off = [
        row["file"]
        for row, bar in given
        if row["length_px"] and abs(bar.length_px - float(row["length_px"])) > max(3.0, 0.04 * float(row["length_px"]))
    ]
    answered = sum(bar.value_nm is not None for _, bar in legible)
    print(f"\n{len(told)} images, {len(legible)} legible, {answered} answered; wrong values: {wrong}; wrong lengths: {off}")
    assert len(wrong) <= 0.05 * len(given)
    assert len(off) <= 0.05 * len(given)
    assert answered >= share * len(legible)
    assert not [row["file"] for row, bar in told if not row["value_nm"] and bar.value_nm is not None]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_some_journal_images(shared_data: Path) -> None:
    check(list(answers(shared_data, truth()[::EVERY])), share=0.6)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", ["development", "held out"])
def test_all_journal_images(shared_data: Path, part: str) -> None:
    check(list(answers(shared_data, [row for row in truth() if row["part"] == part])), share=0.7)
