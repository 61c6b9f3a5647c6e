"""
What a picture gives away apart from its specimen: its print, its size, its shape.

Two controls of a judge. A model of its own sees nothing but numbers of print and size: what it reaches is what a
publisher's habits are worth. And the judge itself sees every picture with its specimen painted one grey and brought to
one square size: whatever evidence is left there comes from print.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ..core import Micrograph, Run
from ..errors import MorphoscopeError
from ..io import read_micrograph
from ..measure import descriptors, scores
from ..measure.annotations import Print, without
from ..measure.annotations import find as find_print
from .judges import Asked

KINDS = ("frame", "data bar", "inset", "box", "bar", "ink")
SIDE_PX = 256
GREY = 128


def print_and_size(micrograph: Micrograph, printed: Print) -> np.ndarray:
    """Size, shape and bits of the picture; share, place, tone and kinds of its print; how tall its letters are."""
    height, width = micrograph.pixels.shape
    ink = micrograph.pixels[printed.mask]
    rows, columns = np.nonzero(printed.mask)
    kinds = [kind for kind, _ in printed.parts]
    letters = [bottom - top for kind, (_, top, _, bottom) in printed.parts if kind == "ink"]
    place = (rows.mean() / height, columns.mean() / width) if rows.size else (0.5, 0.5)
    return np.array(
        [
            math.log(height), math.log(width), math.log(width / height), micrograph.bits, printed.share, *place,
            ink.mean() if ink.size else 0.5, float((ink > 0.9).mean()) if ink.size else 0.0, len(kinds),
            *(math.log1p(kinds.count(kind)) for kind in KINDS),
            math.log1p(float(np.median(letters))) if letters else 0.0,
        ],
    )  # fmt: skip


def painted(micrograph: Micrograph, printed: Print, *, side_px: int = SIDE_PX, grey: int = GREY) -> Micrograph:
    """The picture with all but its print painted ``grey`` (of 255), brought to a square of ``side_px``."""
    levels = np.where(printed.mask, np.rint(np.clip(micrograph.pixels, 0, 1) * 255), grey).astype(np.uint8)
    square = Image.fromarray(levels).resize((side_px, side_px), Image.Resampling.BILINEAR)
    return Micrograph.from_raw(np.array(square), source=micrograph.source)


def painted_out(
    run: Run, asked: Asked, paths: Sequence[Path], truth: np.ndarray, groups: Sequence[str]
) -> tuple[float, float, float, int]:
    """
    AUROC of the judge on the painted pictures, the ends of its interval by group, and how many it would judge at all.

    Its evidence counts whether it would be withheld or not; a picture that cannot be described counts as the middle one.
    """
    judge, blanks = asked.judge, list[Micrograph]()
    rows = np.full((len(paths), len(judge.logistic.names)), np.nan)
    for k, path in enumerate(paths):
        run.progress(k, len(paths), f"painted out: {path.name}")
        try:
            whole = read_micrograph(path, nan="mask")
            blank = painted(whole, find_print(whole, grey_bars=False))
            rows[k] = list(descriptors.describe(without(blank, find_print(blank, grey_bars=False))).values())
        except MorphoscopeError:
            continue
        blanks.append(blank)
    seen = ~np.isnan(rows[:, 0])
    logits = np.zeros(len(paths))
    logits[seen] = asked.logits(run, rows[seen], blanks)
    logits[~seen] = float(np.median(logits[seen])) if seen.any() else 0.0
    judged = int((judge.novelty(rows[seen]) <= judge.limit).sum())
    ends = scores.by_group(lambda some: {"auroc": scores.auroc(truth[some], logits[some])}, groups, rng=run.rng("painted"))
    return scores.auroc(truth, logits), *ends["auroc"], judged
