"""Simulated pairs of micrograph and scattering pattern, in the layout that the other pair tasks read."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import numpy as np
from PIL import Image

from ..core import Figure, Param, Quantity, Report, Run
from ..datasets import fake_pairs
from ..datasets.pair_folder import TABLE
from ..datasets.pairs import CROP_PX, Pair, arrays
from ..io import write
from ..physics import copolymer
from .contact_sheet import captioned, grid

SHOWN, ACROSS = 24, 4
PER_SEED = 1_000_000


def simulate(
    run: Run,
    *,
    count: Annotated[int, Param("pairs", low=1, high=100_000)] = 16,
    height_px: Annotated[int, Param("rows of a micrograph", unit="px", low=192, high=2048)] = fake_pairs.AREA_PX[0],
    width_px: Annotated[int, Param("columns of a micrograph", unit="px", low=192, high=2048)] = fake_pairs.AREA_PX[1],
    what: Annotated[
        str, Param("films with patterns, films with curves I(q), or one blend in time", choices=("films", "curves", "coarsening"))
    ] = "films",
    lose: Annotated[float, Param("share of pairs that lose one partner", low=0, high=0.9)] = 0.0,
) -> Report:
    """
    Films of block copolymers on a chemical grating, each as a micrograph and as a small-angle scattering pattern.

    The pattern is the mean over films beside the one in the micrograph. The morphology is named by a rule on the film.
    With curves each pattern is averaged to I(q); coarsening is one blend frame by frame, without a grating, as wide as the
    smaller side. A run that is stopped goes on with the next pair; about a second and a half a pair.
    """
    saved = run.restore()
    rows: list[dict[str, Any]] = list(saved[1]["rows"]) if saved else []
    lost = run.rng("lose").random((count, 2))
    pairs = _pairs(run.seed, count, len(rows), what, (height_px, width_px))
    for number in range(len(rows), count):
        run.progress(number, count, f"pair {number + 1} of {count}")
        absent = "" if lost[number, 0] >= lose else ("sem", "saxs")[int(lost[number, 1] > 0.5)]
        rows.append(_write(run, next(pairs), absent))
        run.checkpoint({}, {"rows": rows})
    with open(run.file(TABLE), "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    _sheet(run, rows)
    found = Counter(row["morphology"] for row in rows)
    return Report(
        title=f"{count} simulated pairs of micrograph and pattern",
        values={"pairs": Quantity(count), "without_partner": Quantity(sum(not (r["sem"] and r["saxs"]) for r in rows))},
        tables={"pairs": rows, "morphologies": [{"morphology": name or "none", "pairs": found[name]} for name in sorted(found)]},
        figures={"sheet": Figure("image", ("sheet",), "Middle of each micrograph, and the logarithm of its pattern")},
        files={"sheet": "sheet.png", "pairs": TABLE},
        cites=("Ohta and Kawasaki, Macromolecules 19, 2621 (1986)", "Doerk et al., Sci. Adv. 9, eadd3687 (2023)"),
    )


def _pairs(seed: int, count: int, first: int, what: str, area_px: tuple[int, int]) -> Iterator[Pair]:
    """The pairs from number ``first`` on."""
    if what == "coarsening":
        yield from itertools.islice(fake_pairs.coarsening(seed, frames=count, size_px=min(area_px)), first, None)
        return
    for number in range(first, count):
        kind = copolymer.KINDS[number % len(copolymer.KINDS)]
        pair = fake_pairs.fake_pair(seed * PER_SEED + number, kind=kind, area_px=area_px)
        yield fake_pairs.curve_pair(pair) if what == "curves" else pair


def _write(run: Run, pair: Pair, absent: str) -> dict[str, Any]:
    """The files of ``pair`` and its row of the table; its tile of the sheet too."""
    row: dict[str, Any] = {"name": pair.name, "sem": "", "saxs": "", "morphology": pair.morphology or "", "group": pair.group}
    nouns: Mapping[str, Any] = {"sem": pair.sem, "saxs": pair.pattern}
    for kind, suffix in (("sem", "tif"), ("saxs", "h5")):
        if kind != absent:
            row[kind] = f"{kind}/{pair.name}.{suffix}"
            write(nouns[kind], run.file(row[kind]))
    if pair.pattern is not None and pair.sem is not None:
        levels = arrays([Pair(pair.name, pattern=pair.pattern)]).saxs[0]
        top, left = ((n - CROP_PX) // 2 for n in pair.sem.pixels.shape)
        middle = pair.sem.pixels[top : top + CROP_PX, left : left + CROP_PX]
        tile = np.concatenate([middle, np.ones((CROP_PX, 4)), levels], axis=1)
        Image.fromarray(np.rint(tile * 255).astype(np.uint8)).save(run.file(f"tiles/{pair.name}.png"), compress_level=1)
    return row


def _sheet(run: Run, rows: list[dict[str, Any]]) -> None:
    tiles = [
        captioned(Image.open(run.file(f"tiles/{row['name']}.png")), (row["morphology"] or row["group"], row["name"]))
        for row in rows[:SHOWN]
    ]
    grid(tiles, columns=ACROSS).save(run.file("sheet.png"), compress_level=1)
