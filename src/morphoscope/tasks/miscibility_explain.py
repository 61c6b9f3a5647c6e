"""Why an image was judged as it was: where the evidence lies, which droplets were seen, which descriptors spoke."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from PIL import Image, ImageDraw

from ..core import Curve, Figure, Micrograph, Param, Quantity, Report, Run
from ..datasets import polymer_sem
from ..errors import InputError, MissingDependency, MorphoscopeError
from ..io import read_micrograph
from ..learn import judge as judging
from ..learn import occlusion
from ..learn.judge import Judge
from ..learn.model_folder import read_model
from ..measure import descriptors, scalebar
from ..measure.annotations import find as find_print
from ..measure.annotations import without
from ..measure.descriptors import Frame
from ..measure.descriptors.droplets import Droplet, droplets
from .descriptor_words import contributions, reasons
from .judges import CLASSES, SHIPPED, model_of
from .parameters import PixelSizeByHand, calibrated
from .scalebar import images

ORANGE, BLUE = (255, 120, 0), (0, 110, 255)
LONGEST_PX = 720
MOST_DRAWN = 200
SOFT, SHARP = 1.0, 0.5
"""Rims wider than SOFT radii are soft, narrower than SHARP radii sharp."""


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

    Each part of the picture is hidden in turn and the evidence taken again: orange parts speak for a miscible blend, blue
    ones against it. Whether the map can be believed is checked by hiding the picture in its order and in a random one, and
    by the maps of models fitted to permuted labels. About ten seconds an image.
    """
    known = read_model(SHIPPED if model is None else model, kind=judging.KIND)
    judge = model_of(known)
    paths = list(images(files))
    if not paths:
        raise InputError("no image in what was given; give micrographs or folders of them")
    told, left_out = list[_Told](), list[dict[str, Any]]()
    for k, path in enumerate(paths):
        try:
            told.append(_explained(run, judge, path, pixel_size_nm, curves, (k, len(paths))))
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
    return _report(told, left_out, pictures, str(known.settings.get("name", "unnamed")))


@dataclass(frozen=True, eq=False)
class _Told:
    """All there is to say of one image."""

    name: str
    summary: dict[str, Any]
    contributions: list[dict[str, Any]]
    reasons: list[str]
    map: np.ndarray
    drawn: np.ndarray
    curves: occlusion.Curves | None


def _explained(
    run: Run, judge: Judge, path: Path, pixel_size_nm: float | None, with_curves: bool, place: tuple[int, int]
) -> _Told:
    whole = _scaled(calibrated(read_micrograph(path, nan="mask"), pixel_size_nm))
    view = descriptors.frame(without(whole, find_print(whole, grey_bars=False)))
    row = _row(view, judge)
    logit = float(judge.logits(row[None])[0])
    cell = occlusion.cell_of(view.shape)

    def told(done: float, note: str) -> None:
        run.progress(place[0] + done, place[1], f"{path.name}: {note}")

    patches, patch_rows = _hidden_rows(view, judge, list(occlusion.patches()), cell, lambda part: told(0.5 * part, "patches"))
    halves = list(occlusion.halves(run.rng(f"halves {path.name}")))
    halved, half_rows = _hidden_rows(view, judge, halves, cell, lambda part: told(0.5 + 0.25 * part, "halves"))
    if not len(patches) or not len(halved):
        raise InputError(f"{path.name}: too little of the specimen shows to hide parts of it")
    seen_by = _Hiding(row, patches, patch_rows, halved, half_rows)
    grid = seen_by.map(judge.logits)
    heat = occlusion.spread(grid, view.shape)
    sign = 1.0 if logit >= 0 else -1.0
    checks, found_curves = _randomised(judge, seen_by, grid), None
    if with_curves:
        told(0.75, "hiding and showing in order")
        found_curves = occlusion.curves(
            lambda cells: _with_hidden(judge, view, cells.ravel()[cell], row), sign * grid, rng=run.rng(f"order {path.name}")
        )
        gain = sign * (found_curves.random - found_curves.deletion).mean()
        checks |= {"deletion_gain": float(gain)}
        checks |= {"insertion_gain": float(sign * (found_curves.insertion - found_curves.random_insertion).mean())}
    seen = droplets(view)
    nm = _frame_pixel_nm(whole, view)
    named = contributions(judge, row, nm)
    unlike = float(judge.novelty(row[None])[0])
    words = reasons(named, logit)
    about = droplets_in_words(seen, nm)
    summary = {
        "file": path.name,
        "logit": logit,
        "abstained": unlike > judge.limit,
        **_sizes(seen, nm),
        **checks,
    }
    return _Told(path.name, summary, named, [about, *words], _map(whole, heat), _drawn(whole, view, seen), found_curves)


def _scaled(micrograph: Micrograph) -> Micrograph:
    """With the printed scale bar's pixel size where the file has none and the bar can be read."""
    if micrograph.pixel_size is not None:
        return micrograph
    try:
        bar = scalebar.read(micrograph)
    except MissingDependency:
        return micrograph
    return micrograph if bar.pixel_size_nm is None else micrograph.with_scale(bar.pixel_size_nm)


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


def _frame_pixel_nm(whole: Micrograph, view: Frame) -> float | None:
    """Width of a pixel of the frame."""
    if whole.pixel_size is None:
        return None
    y, x = whole.height_px / view.shape[0] * whole.pixel_size.y_nm, whole.width_px / view.shape[1] * whole.pixel_size.x_nm
    return math.sqrt(y * x)


def _sizes(seen: Sequence[Droplet], nm: float | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, bright in (("bright", True), ("dark", False)):
        some = [2 * one.radius_px for one in seen if one.bright == bright]
        found[f"{name}_droplets"] = len(some)
        found[f"{name}_diameter_nm"] = float(np.mean(some)) * nm if some and nm else None
    return found


def droplets_in_words(seen: Sequence[Droplet], nm: float | None) -> str:
    """The droplets as a person would tell of them."""
    told = []
    for bright, what in ((True, "bright"), (False, "dark")):
        some = [one for one in seen if one.bright == bright]
        if not some:
            continue
        sizes = np.array([2 * one.radius_px for one in some]) * (nm or 1.0)
        unit, factor = ("px of the frame", 1.0) if nm is None else ("um", 1e-3) if sizes.mean() >= 1000 else ("nm", 1.0)
        spread = f" +/- {_short(sizes.std() * factor)}" if len(some) > 1 else ""
        rims = [one.rim_px / one.radius_px for one in some if one.rim_px is not None]
        rim = "rims too small to resolve" if not rims else _rim_word(float(np.median(rims)))
        number = f"{len(some)} {what} droplets" if len(some) > 1 else f"one {what} droplet"
        told.append(f"{number} of {_short(sizes.mean() * factor)}{spread} {unit}, {rim}")
    return "; ".join(told) if told else "no round droplets or holes"


def _rim_word(width: float) -> str:
    return "sharp rims" if width < SHARP else "soft rims" if width > SOFT else "rims neither sharp nor soft"


def _short(value: float) -> str:
    return f"{value:.2g}" if value < 100 else f"{value:.0f}"


def _shown(whole: Micrograph) -> Image.Image:
    """The picture for the eye, not larger than LONGEST_PX."""
    levels = np.rint(np.clip(whole.pixels, 0, 1) * 255).astype(np.uint8)
    picture = Image.fromarray(levels)
    zoom = LONGEST_PX / max(picture.size)
    return picture.resize((max(1, round(picture.width * zoom)), max(1, round(picture.height * zoom))), Image.Resampling.LANCZOS)


def _map(whole: Micrograph, heat: np.ndarray) -> np.ndarray:
    """The picture under the map: orange where it speaks for miscible, blue where against."""
    picture = _shown(whole)
    plane = np.asarray(Image.fromarray(heat.astype(np.float32)).resize(picture.size, Image.Resampling.BICUBIC))
    full = max(float(np.percentile(np.abs(heat), 98)), 1e-6)
    strength = np.clip(np.abs(plane) / full, 0, 1)[..., None] * 0.65
    colour = np.where((plane > 0)[..., None], np.array(ORANGE), np.array(BLUE))
    grey = np.asarray(picture, float)[..., None]
    return np.asarray(np.rint(np.clip((1 - strength) * grey + strength * colour, 0, 255)), np.uint8)


def _drawn(whole: Micrograph, view: Frame, seen: Sequence[Droplet]) -> np.ndarray:
    """The picture with the bright droplets circled in orange and the dark ones in blue."""
    picture = _shown(whole).convert("RGB")
    pen = ImageDraw.Draw(picture)
    zy, zx = picture.height / view.shape[0], picture.width / view.shape[1]
    for one in seen[:MOST_DRAWN]:
        box = [((one.x_px + 0.5 + side * one.radius_px) * zx, (one.y_px + 0.5 + side * one.radius_px) * zy) for side in (-1, 1)]
        pen.ellipse([*box[0], *box[1]], outline=ORANGE if one.bright else BLUE, width=2)
    return np.asarray(picture)


def _report(told: list[_Told], left_out: list[dict[str, Any]], pictures: dict[str, str], name: str) -> Report:
    first = told[0]
    one = len(told) == 1
    curves = _curves(first.curves) if one and first.curves is not None else {}
    values = {"images": Quantity(len(told))}
    if one:
        numbers = {key: value for key, value in first.summary.items() if isinstance(value, float)}
        values = {key: Quantity(value, "nm" if key.endswith("_nm") else "") for key, value in numbers.items()}
    verdict = CLASSES[int(first.summary["logit"] >= 0)]
    figures = {
        key: Figure("image", (key,), "Orange speaks for miscible, blue against" if key.startswith("map") else "Droplets seen")
        for key in list(pictures)[:24]
    }
    if curves:
        figures["deletion"] = Figure("line", ("deletion", "deletion_random"), "Evidence left when the map's parts are hidden")
        figures["insertion"] = Figure("line", ("insertion", "insertion_random"), "Evidence when only the map's parts are shown")
    return Report(
        title=f"{first.name}: {verdict} at logit {first.summary['logit']:+.2f}; {first.reasons[0]}"
        if one
        else f"{len(told)} images explained",
        values=values,
        curves=curves,
        tables={
            "images": [one.summary for one in told],
            "reasons": [{"file": one.name, "reason": reason} for one in told for reason in one.reasons],
            "contributions": [{"file": one.name, **row} for one in told for row in one.contributions],
            "left_out": left_out,
        },
        figures=figures,
        files=pictures,
        notes=(
            f"model: {name}; logit above 0 speaks for miscible",
            "a map shows what this judge looked at; it is no proof of where the phases are",
        ),
        cites=(polymer_sem.CITE,),
    )  # fmt: skip


def _curves(found: occlusion.Curves) -> dict[str, Curve]:
    hidden, shown = found.share, found.share + found.share[1]
    return {
        "deletion": Curve(hidden, found.deletion, "share hidden", "logit"),
        "deletion_random": Curve(hidden, found.random, "share hidden", "logit"),
        "insertion": Curve(shown, found.insertion, "share shown", "logit"),
        "insertion_random": Curve(shown, found.random_insertion, "share shown", "logit"),
    }
