"""Which of many files belongs to this one: micrographs to a pattern, or patterns to a micrograph."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np

from ..core import Figure, Micrograph, Param, Pattern, Quantity, Report, Run
from ..errors import InputError, MorphoscopeError
from ..learn.model_folder import read_model
from .pair_model import KIND, PairModel
from .pairvae_reconstruct import ModelFolder, Side, crop_given, opened, pattern_given


def retrieve(
    run: Run,
    file: Annotated[Path, Param("scattering pattern, or micrograph", accepts="file")],
    among: Annotated[tuple[Path, ...], Param("files of the other technique, or a folder of them", accepts="any")],
    *,
    model: ModelFolder,
    side: Side = "auto",
    shown: Annotated[int, Param("files to name", low=1, high=1000)] = 10,
) -> Report:
    """
    Rank files of the other technique by how well they match.

    The score is the cosine between the points to which micrograph and pattern are brought; the share tells how likely each is, if
    one of the files belongs.
    """
    noun = opened(file, side)
    known = PairModel.from_model(read_model(model, kind=KIND))
    one, other = (_point(known, noun, file), "sem" if isinstance(noun, Pattern) else "saxs")
    paths, left_out, points = _files(among), [], []
    for k, path in enumerate(paths):
        run.progress(k, len(paths), path.name)
        try:
            points.append((path, _point(known, opened(path, other), path)))
        except MorphoscopeError as error:
            left_out.append({"file": path.name, "reason": str(error)})
    if not points:
        why = f" ({left_out[0]['reason']})" if left_out else ""
        raise InputError(
            f"none of {len(paths)} files can be compared{why}; give micrographs for a pattern, patterns for a micrograph"
        )
    alike = np.array([float(one @ point) for _, point in points])
    share = np.exp((alike - alike.max()) / TEMPERATURE)
    share /= share.sum()
    order = np.argsort(-alike)[:shown]
    rows = [
        {"rank": k + 1, "file": points[i][0].name, "score": float(alike[i]), "share": float(share[i])}
        for k, i in enumerate(order)
    ]
    return Report(
        title=f"{rows[0]['file']} matches {file.name} best of {len(points)}",
        values={"files": Quantity(len(points)), "share": Quantity(float(share[order[0]]))},
        tables={"matches": rows, **({"left_out": left_out} if left_out else {})},
        figures={"matches": Figure("bar", ("matches",), "How well each file matches")},
        notes=("shares suppose that one of the files belongs to it",),
    )


TEMPERATURE = 0.1
"""The one that the towers were trained with."""


def _point(model: PairModel, noun: Micrograph | Pattern, path: Path) -> np.ndarray:
    if isinstance(noun, Pattern):
        given = pattern_given(model, noun, path.name)
        return np.asarray(model.saxs_points(given.saxs, given.mask)[0])
    return np.asarray(model.sem_points(crop_given(model, noun, path.name)[None])[0])


def _files(given: tuple[Path, ...]) -> list[Path]:
    found = []
    for path in given:
        found += sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith(".")) if path.is_dir() else [path]
    return found
