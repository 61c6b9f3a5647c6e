"""Many micrographs that may belong to a pattern, with their statistics, for calculations of properties."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import numpy as np

from ..core import Curve, Figure, Param, Quantity, Report, Run
from ..errors import InputError
from ..learn.model_folder import read_model
from ..measure.fingerprint import blocks, fingerprints
from .pair_model import KIND, PairModel
from .pairvae_reconstruct import (
    BAND_NOTE,
    Given,
    ModelFolder,
    Spread,
    opened,
    pattern_given,
    period,
    s2_curves,
    sheet,
    unlike,
    write_samples,
)
from .pictures import save_picture

BATCH = 20
DESCRIPTORS = ("area_fraction", "bright_regions", "dark_regions", "changes_vertical", "changes_horizontal", "waves")
SCALES = (1.0, 50.0, 50.0, 0.5, 0.5, 16.0)


def generate(
    run: Run,
    pattern: Annotated[Path, Param("scattering pattern, or a picture of one", accepts="file")],
    *,
    model: ModelFolder,
    count: Annotated[int, Param("micrographs", low=2, high=10_000)] = 100,
    spread: Spread = 1.0,
) -> Report:
    """
    An ensemble of micrographs that may belong to a pattern, and its statistics.

    With ``spread`` 1 the micrographs differ by all that is not known of the specimen and by what crops of one
    specimen differ, so that the spread of a property calculated from them means something.
    """
    noun = opened(pattern, "saxs")
    known = PairModel.from_model(read_model(model, kind=KIND))
    given = pattern_given(known, noun, pattern.name)  # type: ignore[arg-type]
    made = _made(run, known, given, count, spread)
    write_samples(run, known, made)
    save_picture(run, "samples.png", sheet(made))
    prints = fingerprints(made)
    place = blocks(known.size_px)
    numbers = prints[:, place["descriptors"]] * np.array(SCALES)
    with run.file("statistics.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("sample", *DESCRIPTORS))
        table.writerows((k + 1, *(f"{x:.6g}" for x in row)) for k, row in enumerate(numbers))
    expected, _ = s2_curves(known, given, made[:1])
    r, block = expected.x, prints[:, place["s2"]]
    return Report(
        title=f"{count} micrographs that may belong to {pattern.name}",
        values={
            **{name: Quantity(float(x.mean()), low=float(np.percentile(x, 2.5)), high=float(np.percentile(x, 97.5)))
               for name, x in zip(DESCRIPTORS, numbers.T, strict=True)},
            "period": period(known, made),
        },
        curves={
            "s2": expected,
            "s2_samples": Curve(r, block.mean(0), "r", "S2", x_unit="px",
                                y_low=np.percentile(block, 5, axis=0), y_high=np.percentile(block, 95, axis=0)),
        },
        figures={
            "samples": Figure("image", ("sheet",), "The first ten micrographs"),
            "s2": Figure("band", ("s2_samples", "s2"), "S2 of the samples with 90 % of them, and expected with its band"),
        },
        files={"samples": "samples.npz", "sheet": "samples.png", "statistics": "statistics.csv"},
        notes=tuple(note for note in (
            unlike(bool(known.novelty(given.saxs, given.mask)[0] <= 1)), BAND_NOTE,
            "brackets of the values: 95 % of the samples",
        ) if note),
    )  # fmt: skip


def _made(run: Run, model: PairModel, given: Given, count: int, spread: float) -> np.ndarray:
    rng, found = run.rng("samples"), []
    if not given.mask.any():
        raise InputError("every pixel of the pattern is masked; nothing was counted")
    for done in range(0, count, BATCH):
        run.progress(done, count, f"{done} of {count} micrographs")
        found.append(model.sample(given.saxs, given.mask, count=min(BATCH, count - done), rng=rng, spread=spread)[0])
    return np.concatenate(found)
