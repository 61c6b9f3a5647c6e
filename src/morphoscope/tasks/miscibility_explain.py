"""Why an image was judged as it was: where the evidence lies, which droplets were seen, which descriptors spoke."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from PIL import Image

from ..core import Param, Report, Run
from ..errors import InputError, MissingDependency, MorphoscopeError
from ..io import read_micrograph
from ..io.grey import IN_COLOUR
from ..learn import occlusion
from ..learn.judge import Judge
from ..measure import descriptors
from ..measure.annotations import find as find_print
from ..measure.annotations import without
from ..measure.descriptors import Frame
from .descriptor_words import contributions, reasons
from .explanation import Found, Picture, Told, followed, report, scaled, told_of
from .judges import Asked, judge_in, withheld
from .network_explanation import Explainer
from .parameters import PixelSizeByHand, calibrated
from .scalebar import images


def explain(
    run: Run,
    files: Annotated[tuple[Path, ...], Param("micrographs, or folders of them", accepts="any")],
    *,
    model: Annotated[
        Path | None, Param("folder of a model, or run:ID of a training; the shipped one by default", accepts="folder")
    ] = None,
    pixel_size_nm: PixelSizeByHand = None,
    curves: Annotated[bool, Param("hide and show the picture in the order of the map, which doubles the time")] = True,
) -> Report:
    """
    Why each micrograph was judged as it was: a map of the evidence, the droplets that were seen, and reasons in words.

    Orange parts speak for a miscible blend, blue ones against it. For a judge on descriptors each part of the picture is
    hidden in turn and the evidence taken again; for a network it is the Grad-CAM map of its evidence. Whether the map can be
    believed is checked by hiding the picture in its order and in a random one, and by the maps of models fitted to permuted
    labels, or of networks with weights drawn anew. About ten seconds an image.
    """
    asked = judge_in(model)
    explainer = None if asked.network is None else Explainer(asked.network, device=run.device)
    paths = list(images(files))
    if not paths:
        raise InputError("no image in what was given; give micrographs or folders of them")
    told, left_out = list[Told](), list[dict[str, Any]]()
    for k, path in enumerate(paths):
        try:
            told.append(_explained(run, asked, explainer, path, pixel_size_nm, curves, (k, len(paths))))
        except MissingDependency:
            raise
        except MorphoscopeError as error:
            left_out.append({"file": path.name, "reason": str(error)})
    if not told:
        raise InputError(f"none of the {len(paths)} images can be explained; the first: {left_out[0]['reason']}")
    pictures: dict[str, str] = {}
    for number, one in enumerate(told, start=1):
        for name, picture in (("map", one.map), ("droplets", one.drawn)):
            key = name if len(told) == 1 else f"{name}_{number}"
            Image.fromarray(picture).save(run.file(f"{key}.png"))
            pictures[key] = f"{key}.png"
    return report(told, left_out, pictures, str(asked.settings.get("name", "unnamed")))


def _explained(
    run: Run,
    asked: Asked,
    explainer: Explainer | None,
    path: Path,
    pixel_size_nm: float | None,
    with_curves: bool,
    place: tuple[int, int],
) -> Told:
    whole = scaled(calibrated(read_micrograph(path, nan="mask"), pixel_size_nm))
    printed = find_print(whole, grey_bars=False)
    view = descriptors.frame(without(whole, printed))
    row = _row(view, asked.judge)
    picture = Picture(path.name, whole, view)

    def tell(done: float, note: str) -> None:
        run.progress(place[0] + done, place[1], f"{path.name}: {note}")

    if explainer is None:
        found = _by_descriptors(run, asked.judge, picture, row, with_curves, tell)
    else:
        found = explainer.found(run, picture, path, with_curves, tell)
    silent = withheld(asked.judge, float(asked.judge.novelty(row[None])[0]), coloured=IN_COLOUR in whole.notes)
    return told_of(picture, found, grade=asked.judge.grade(np.array([found.logit]))[0], silent=silent)


def _by_descriptors(
    run: Run, judge: Judge, picture: Picture, row: np.ndarray, with_curves: bool, tell: Callable[[float, str], None]
) -> Found:
    """What the judge on descriptors says when parts are hidden."""
    view, logit = picture.view, float(judge.logits(row[None])[0])
    cell = occlusion.cell_of(view.shape)
    patches, patch_rows = _hidden_rows(view, judge, list(occlusion.patches()), cell, lambda part: tell(0.5 * part, "patches"))
    halves = list(occlusion.halves(run.rng(f"halves {picture.name}")))
    halved, half_rows = _hidden_rows(view, judge, halves, cell, lambda part: tell(0.5 + 0.25 * part, "halves"))
    if not len(patches) or not len(halved):
        raise InputError(f"{picture.name}: too little of the specimen shows to hide parts of it")
    seen_by = _Hiding(row, patches, patch_rows, halved, half_rows)
    grid = seen_by.map(judge.logits)
    checks, curves = _randomised(judge, seen_by, grid), None
    if with_curves:
        tell(0.75, "hiding and showing in order")
        gains, curves = followed(
            lambda cells: _with_hidden(judge, view, cells.ravel()[cell], row), grid, logit, rng=run.rng(f"order {picture.name}")
        )
        checks |= gains
    named = contributions(judge, row, picture.pixel_nm)
    tables = {"contributions": named}
    return Found(logit, occlusion.spread(grid, view.shape), checks, curves, tables, reasons(named, logit))


def _row(view: Frame, judge: Judge) -> np.ndarray:
    found = descriptors.describe_frame(view)
    if tuple(found) != judge.logistic.names:
        raise InputError("the model was trained on other descriptors than this version takes; train it again")
    return np.fromiter(found.values(), float, len(found))


@dataclass(frozen=True, eq=False)
class _Hiding:
    """Descriptors of the whole picture, with each patch hidden and with each half hidden, and which cells these are."""

    row: np.ndarray
    patches: np.ndarray
    patch_rows: np.ndarray
    halves: np.ndarray
    half_rows: np.ndarray

    def map(self, logits: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """The map of the model whose evidence of rows of descriptors is ``logits``."""
        whole, patched, halved = (logits(rows) for rows in (self.row[None], self.patch_rows, self.half_rows))
        return occlusion.joined(self.patches, whole[0] - patched, self.halves, halved)


def _hidden_rows(
    view: Frame, judge: Judge, grids: list[np.ndarray], cell: np.ndarray, progress: Callable[[float], None]
) -> tuple[np.ndarray, np.ndarray]:
    """The grids that hide some specimen and leave enough of it, and the descriptors of the frame with each hidden."""
    kept, rows = list[np.ndarray](), list[np.ndarray]()
    for k, grid in enumerate(grids):
        progress(k / len(grids))
        inside = grid.ravel()[cell]
        if (view.seen & inside).any() and (view.seen & ~inside).mean() > 0.1:
            kept.append(grid)
            rows.append(_row(view.hiding(inside), judge))
    return np.array(kept), np.array(rows)


def _with_hidden(judge: Judge, view: Frame, hidden: np.ndarray, row: np.ndarray) -> float:
    if not (view.seen & hidden).any():
        return float(judge.logits(row[None])[0])
    try:
        return float(judge.logits(_row(view.hiding(hidden), judge)[None])[0])
    except InputError:  # what is left is print
        return math.nan


def _randomised(judge: Judge, seen_by: _Hiding, grid: np.ndarray) -> dict[str, float]:
    """How alike the map is to those of fits to redrawn articles (should be high) and to permuted labels (near 0)."""
    found: dict[str, float] = {}
    for name, drawn in (("map_redrawn_r", judge.redrawn), ("map_permuted_r", judge.permuted)):
        if drawn is not None and grid.std() > 0:
            maps = (seen_by.map(partial(_linear, judge, weights)) for weights in drawn)
            found[name] = float(np.mean([np.corrcoef(grid.ravel(), one.ravel())[0, 1] for one in maps if one.std() > 0]))
    return found


def _linear(judge: Judge, weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The evidence of ``rows`` by other ``weights`` and bias (last)."""
    return np.asarray(judge.logistic.standardised(rows) @ weights[:-1] + weights[-1])
