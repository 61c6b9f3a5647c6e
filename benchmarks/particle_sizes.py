"""
How far mean particle sizes lie from those of maps drawn by hand, for three ways to set the outline.

``python benchmarks/particle_sizes.py SHARED_DATA`` writes ``particle_sizes.csv`` beside this file. Every second journal
picture and the first titania picture ("chosen on") served to choose the settings; they also choose the step of the third way.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage
from skimage.measure import regionprops
from skimage.segmentation import expand_labels

from morphoscope.io import read_micrograph
from morphoscope.measure import particles
from morphoscope.measure.instances import agreement
from morphoscope.measure.particles import Settings
from morphoscope.tasks.parameters import specimen
from morphoscope.tasks.particles import letters_apart

STEPS_PX = (0, 1, 2, 3)
PUBLISHED_PERCENT = 4.25


def pictures(shared: Path) -> Iterator[tuple[str, bool, Path, np.ndarray]]:
    """Set, whether it was chosen on, picture, and its map of instances."""
    folder = shared / "emps_particles"
    for k, path in enumerate(sorted((folder / "images").glob("*.png"))):
        yield "journals", k % 2 == 0, path, whole(folder / "segmaps" / path.name)
    for k, path in enumerate(sorted((shared / "bam_tio2_sem" / "images").glob("*.tif"))):
        yield "titania", k == 0, path, ndimage.label(whole(path.parents[1] / "masks" / f"{path.stem}_m.tif") > 0)[0]


def whole(path: Path) -> np.ndarray:
    """The values of a map as they stand in the file."""
    return np.rint(read_micrograph(path).raw()).astype(int)


def diameters(labels: np.ndarray) -> dict[int, float]:
    """Equivalent diameter in pixels of each label that does not touch the rim."""
    high, wide = labels.shape
    parts = {part.label: part for part in regionprops(labels)}
    inner = {k: p for k, p in parts.items() if min(p.bbox[:2]) > 0 and p.bbox[2] < high and p.bbox[3] < wide}
    return {k: float(part.equivalent_diameter_area) for k, part in inner.items()}


def ratios(found: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """Mean diameter found over that of the map: of all particles, and of those that match one another."""
    ours, theirs = diameters(found), diameters(true)
    pairs = [(ours[a], theirs[b]) for a, b, _ in agreement(found, true).pairs if a in ours and b in theirs]
    everything = float(np.mean(list(ours.values())) / np.mean(list(theirs.values()))) if ours and theirs else float("nan")
    return everything, float(np.mean([a for a, _ in pairs]) / np.mean([b for _, b in pairs])) if pairs else float("nan")


def rows(shared: Path) -> Iterator[dict[str, Any]]:
    """One row a picture and way."""
    for name, chosen_on, path, true in pictures(shared):
        seen, printed = letters_apart(specimen(read_micrograph(path), keep_print=True))
        for way, settings in (("steepest place", Settings()), ("level (li)", Settings(method="li"))):
            labels = particles.find(seen.pixels.astype(float), mask=seen.mask, printed=printed, settings=settings).labels
            for step in STEPS_PX if way == "steepest place" else (0,):
                whole_picture = np.zeros(true.shape, int)
                whole_picture[: seen.height_px] = expand_labels(labels, step) if step else labels
                everything, matched = ratios(whole_picture, true)
                yield {
                    "set": name,
                    "chosen_on": chosen_on,
                    "picture": path.stem,
                    "way": way,
                    "step_px": step,
                    "ratio_all": round(everything, 4),
                    "ratio_matched": round(matched, 4),
                }


def error_percent(table: list[dict[str, Any]], kind: str) -> str:
    """Mean over pictures of the error's size, and its standard error."""
    errors = np.array([abs(row[kind] - 1) for row in table if np.isfinite(row[kind])]) * 100
    return f"{errors.mean():.1f} +- {errors.std(ddof=1) / np.sqrt(len(errors)):.1f}" if len(errors) > 1 else "-"


def main() -> None:
    table = list(rows(Path(sys.argv[1])))
    with Path(__file__).with_suffix(".csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    journals = [row for row in table if row["set"] == "journals"]
    for part in (True, False):
        for way, step in (("steepest place", 0), ("level (li)", 0), *(("steepest place", step) for step in STEPS_PX[1:])):
            some = [row for row in journals if (row["chosen_on"], row["way"], row["step_px"]) == (part, way, step)]
            told = ", ".join(f"{kind} {error_percent(some, kind)} %" for kind in ("ratio_all", "ratio_matched"))
            print(f"{'chosen on' if part else 'the others'}, {way}, {step} px out: {told} (published {PUBLISHED_PERCENT} %)")


if __name__ == "__main__":
    main()
