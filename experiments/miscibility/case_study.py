"""
The case study of Figure 7 and Table 4: evidence beside the size of the particles, as the article states it and as measured.

    python experiments/miscibility/case_study.py --data DIR

Every image whose record states one mean size of the dispersed phase is a row of tables/case_study.csv. A1 to A4 of the paper
are the images of one article whose volume-average radius it prints as diameter; they are found by these numbers, as far as the
images are there. The records do not tell which images B1 to B4 are.

The logit is held out by article (held_out/descriptors.csv, mean of five repeats). Measured are the round bright and dark domains
that ``miscibility explain`` circles; the commoner polarity by area counts. The scale is the printed bar's; where its label cannot
be read beyond doubt, the only stroke's length with the record's micrometres. A logit is no size: the rank correlation of the two
is printed.
"""

from __future__ import annotations

import argparse
import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special, stats

from morphoscope.core import Micrograph, Sample
from morphoscope.datasets import labelled
from morphoscope.errors import MorphoscopeError
from morphoscope.io import read_micrograph
from morphoscope.measure import descriptors, scalebar
from morphoscope.measure.annotations import find, without
from morphoscope.measure.descriptors.droplets import droplets
from morphoscope.measure.scalebar import bars
from morphoscope.tasks.explanation import frame_pixel_nm

HERE = Path(__file__).parent
STATED = re.compile(
    r"(?P<what>(?:(?:number|weight|vol(?:ume)?)[- ]?\.?\s?av(?:erage)?\.?|av(?:erage)?\.?)?[^;:()]*?"
    r"(?P<kind>radius|radii|diam\w*|particle size|droplet size|domain size|\bd)\b[^;]{0,60}?[;=\s]\s*)"
    r"(?:ca\.?\s?)?(?P<um>\d+(?:\.\d+)?)\s?micron"
)
OTHER = re.compile(
    r"ranging|range|distribution|thickness|interphase|distance|void|sheets|less than|surface roughness[^;]*$|optical"
)
PRINTED = {0.24: "A1", 0.50: "A2", 1.49: "A3", 2.28: "A4"}
FEWEST = 5


def stated(text: str) -> tuple[str, float] | None:
    """The kind of mean and the diameter in micrometres that a record states, if it states one that is no range."""
    match = STATED.search(text)
    if match is None or OTHER.search(match["what"]) or re.search(r"(\d\s?-|\band)\s*$", text[: match.start("um")]):
        return None
    lead = match["what"].lower()
    mean = next((name for name in ("number", "weight", "vol") if name in lead), "mean")
    return f"{mean} {'radius' if 'radi' in match['kind'] else 'diameter'}", float(match["um"]) * (
        2 if "radi" in match["kind"] else 1
    )


def pixel_nm(micrograph: Micrograph, sample: Sample) -> tuple[float | None, str]:
    """Width of a pixel, and how it was found."""
    bar = scalebar.read(micrograph)
    if bar.pixel_size_nm is not None:
        return bar.pixel_size_nm, "printed bar"
    grey = np.rint(np.clip(micrograph.pixels, 0, 1) * 255).astype(np.uint8)
    strokes = [stroke for stroke in bars.alone(bars.find(grey)) if stroke.quality >= 0.6]
    try:
        known = float(sample.texts.get("scale", ""))
    except ValueError:
        known = 0.0
    if len(strokes) == 1 and known > 0:
        return 1000 * known / (strokes[0].right - strokes[0].left), "stroke and record"
    return None, ""


def measured(sample: Sample) -> dict[str, Any]:
    """Number of round domains, their number-mean and volume-weighted diameter in micrometres."""
    whole = read_micrograph(sample.files["image"], nan="mask")
    view = descriptors.frame(without(whole, find(whole, grey_bars=False)))
    nm, how = pixel_nm(whole, sample)
    if nm is not None:
        nm = frame_pixel_nm(whole.with_scale(nm), view)
    found = droplets(view)
    sides = [np.array([2 * one.radius_px for one in found if one.bright == bright]) for bright in (True, False)]
    d = max(sides, key=lambda some: float((some**2).sum()))
    told: dict[str, Any] = {"droplets": len(d), "scale_from": how}
    if nm is not None and len(d) >= FEWEST:
        told |= {"diameter_um": float(d.mean() * nm / 1000), "volume_weighted_um": float((d**4).sum() / (d**3).sum() * nm / 1000)}
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder in the public layout")
    dataset = labelled.load(parser.parse_args().data)
    with open(HERE / "held_out" / "descriptors.csv", newline="", encoding="utf-8") as file:
        logits = {
            row["file"]: float(np.mean([float(v) for k, v in row.items() if k.startswith("logit_")]))
            for row in csv.DictReader(file)
        }
    rows = list[dict[str, Any]]()
    for sample in dataset:
        size = stated(sample.texts.get("description", ""))
        if size is None:
            continue
        logit = logits.get(sample.files["image"].name)
        case = PRINTED.get(size[1] / 2, "") if size[0] == "vol radius" else ""
        row = {
            "case": case,
            "key": sample.key,
            "label": sample.label,
            "grade": sample.texts.get("grade", ""),
            "group": sample.group,
        }
        row |= {"stated": size[0], "stated_diameter_um": size[1], "logit_held_out": logit}
        row["p_miscible"] = None if logit is None else float(special.expit(logit))
        try:
            row |= measured(sample)
        except MorphoscopeError as error:
            print(f"{sample.key}: {error}")
        rows.append(row)
        print(row, flush=True)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with open(HERE / "tables" / "case_study.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    both = [(row["stated_diameter_um"], row["diameter_um"]) for row in rows if "diameter_um" in row]
    known = [(row["stated_diameter_um"], row["logit_held_out"]) for row in rows if row["logit_held_out"] is not None]
    for name, pairs in (("measured diameter", both), ("logit", known)):
        rho = stats.spearmanr(*np.array(pairs).T)
        print(f"stated diameter and {name}: rank correlation {rho.statistic:.2f}, {len(pairs)} images")
    ratio = np.array([b / a for a, b in both])
    print(
        f"measured over stated: median {np.median(ratio):.2f}, {np.mean((ratio > 0.5) & (ratio < 2)):.0%} within a factor of two"
    )


if __name__ == "__main__":
    main()
