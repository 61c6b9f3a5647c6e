"""
Rendered scale bars and what the reader says of them, one row a bar.

``python tests/validation/rendered_bars.py ROWS.csv`` writes the rows of 2,000 bars and of 300 pictures without one, and
goes on where it was stopped; ``... ROWS.csv TABLE.csv`` also writes the table by style. Every picture has a random stream of
its own, so any part can be made alone. Two thousand of each of two other seeds (2024, 2026) were read before: 99.5 and
99.6 % of the values given were right, five and three wrong by powers of ten. Since then labels are read in five more ways, and
millimetres only where the file's own pixel size says so. The seed is a new one.
"""

from __future__ import annotations

import csv
import functools
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from morphoscope.core import Micrograph
from morphoscope.measure import scalebar
from morphoscope.physics import blend, scalebars, sem

SEED = 2027
BARS, BARE = 2000, 300
COLUMNS = ("picture", "style", "words", "value_nm", "length_px", "read_nm", "read_px", "confidence", "reason")


@functools.cache
def specimens(count: int = 6) -> tuple[np.ndarray, ...]:
    """Simulated micrographs of separating blends, of several coarseness, contrast and noise."""
    rng = np.random.default_rng(SEED)
    pictures = []
    for _ in range(count):
        made = blend.Blend(0.03, float(rng.uniform(0.3, 0.7)))
        evolution = blend.Evolution(made, blend.mixed(rng, made, size_px=192), interface_px=1.0)
        end = float(rng.uniform(60, 300))
        while evolution.time < end:
            evolution.step(end)
        field = ndimage.zoom(evolution.composition, 4, order=1, mode="grid-wrap")
        pictures.append(np.asarray(sem.render(field, pixel_nm=1.0, imaging=sem.draw(rng, pixel_nm=1.0)).pixels, float))
    return tuple(pictures)


def cut(rng: np.random.Generator) -> np.ndarray:
    """A piece of one of them, turned over by chance, with a slope of brightness."""
    pictures = specimens()
    height, width = int(rng.integers(280, 520)), int(rng.integers(380, 700))
    picture = pictures[int(rng.integers(len(pictures)))][:: int(rng.choice((-1, 1))), :: int(rng.choice((-1, 1)))]
    top, left = int(rng.integers(picture.shape[0] - height + 1)), int(rng.integers(picture.shape[1] - width + 1))
    slope = 1 + float(rng.uniform(-0.25, 0.25)) * np.linspace(-1, 1, width)
    return np.clip(picture[top : top + height, left : left + width] * slope, 0, 1)


def bar(number: int) -> dict[str, Any]:
    """The row of one bar."""
    rng = np.random.default_rng((SEED, number))
    background = cut(rng)
    printed = scalebars.draw(rng, shape=background.shape)
    told = scalebar.read(Micrograph(scalebars.render(background, printed).astype(np.float32)))
    known = {"style": printed.style, "words": printed.words, "value_nm": printed.value_nm, "length_px": printed.length_px}
    return {"picture": f"bar {number}", **known, **_told(told)}


def bare(number: int) -> dict[str, Any]:
    """The row of one picture without a bar."""
    rng = np.random.default_rng((SEED + 1, number))
    told = scalebar.read(Micrograph(cut(rng).astype(np.float32)))
    return {"picture": f"bare {number}", "style": "none", "words": "", "value_nm": None, "length_px": None, **_told(told)}


def _told(told: scalebar.ScaleBar) -> dict[str, Any]:
    return {
        "read_nm": told.value_nm,
        "read_px": None if told.length_px is None else round(told.length_px, 3),
        "confidence": round(told.confidence, 3),
        "reason": told.reason,
    }


def table(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By style: bars, answers, right answers, errors by ten, and errors of the length in pixels."""
    styles = sorted({row["style"] for row in rows} - {"none"})
    lines = [_line(style, [row for row in rows if row["style"] == style]) for style in styles]
    lines.append(_line("all", [row for row in rows if row["style"] != "none"]))
    without = [row for row in rows if row["style"] == "none"]
    answered = sum(bool(row["read_nm"]) for row in without)
    return [*lines, {"style": "none", "bars": len(without), "answered": answered}]


def _line(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    given = [row for row in rows if row["read_nm"]]
    ratios = np.array([float(row["read_nm"]) / float(row["value_nm"]) for row in given])
    errors = np.array([abs(float(row["read_px"]) - float(row["length_px"])) for row in given])
    right = np.isclose(ratios, 1, rtol=1e-3)
    tens = np.abs(np.log10(ratios[~right]) - np.rint(np.log10(ratios[~right]))) < 1e-6
    return {
        "style": name,
        "bars": len(rows),
        "answered": len(given),
        "answered_share": round(len(given) / max(len(rows), 1), 4),
        "value_right": int(right.sum()),
        "right_share": round(float(right.mean()), 4) if given else None,
        "wrong_by_tens": int(tens.sum()),
        "length_error_median_px": round(float(np.median(errors)), 3) if given else None,
        "length_error_95_px": round(float(np.percentile(errors, 95)), 3) if given else None,
    }


def main(rows_file: Path, table_file: Path | None) -> None:
    done = set()
    if rows_file.exists():
        with open(rows_file, newline="", encoding="utf-8") as file:
            done = {row["picture"] for row in csv.DictReader(file)}
    with open(rows_file, "a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if not done:
            writer.writeheader()
        for kind, make, count in (("bar", bar, BARS), ("bare", bare, BARE)):
            for number in range(count):
                if f"{kind} {number}" not in done:
                    writer.writerow(make(number))
                    file.flush()
    if table_file is not None:
        with open(rows_file, newline="", encoding="utf-8") as file:
            lines = table(list(csv.DictReader(file)))
        with open(table_file, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
