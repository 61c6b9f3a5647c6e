"""What there is to say of why an image was judged as it was, as pictures, tables and curves; the same for every judge."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from ..core import Curve, Figure, Micrograph, Quantity, Report
from ..datasets import polymer_sem
from ..errors import MissingDependency
from ..learn import occlusion
from ..measure import scalebar
from ..measure.descriptors import Frame
from ..measure.descriptors.droplets import Droplet, droplets
from .judges import CLASSES

ORANGE, BLUE = (255, 120, 0), (0, 110, 255)
LONGEST_PX = 720
MOST_DRAWN = 200
SOFT, SHARP = 1.0, 0.5
"""Rims wider than SOFT radii are soft, narrower than SHARP radii sharp."""


@dataclass(frozen=True, eq=False)
class Picture:
    """An image as it is, and the frame of it that descriptors see."""

    name: str
    whole: Micrograph
    view: Frame

    @property
    def pixel_nm(self) -> float | None:
        """Width of a pixel of the frame."""
        return frame_pixel_nm(self.whole, self.view)


@dataclass(frozen=True, eq=False)
class Found:
    """
    What a judge said of one image: its evidence and the map of it, checks of the map, tables, and reasons in words.

    ``heat`` covers the whole image at any resolution, above 0 where it speaks for miscible.
    """

    logit: float
    heat: np.ndarray
    checks: dict[str, float]
    curves: occlusion.Curves | None
    tables: dict[str, list[dict[str, Any]]]
    reasons: list[str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Told:
    """All there is to say of one image."""

    name: str
    summary: dict[str, Any]
    reasons: list[str]
    map: np.ndarray
    drawn: np.ndarray
    found: Found


def told_of(picture: Picture, found: Found, *, grade: str, silent: str | None) -> Told:
    """``found`` with the droplets, as numbers, words and pictures; ``silent`` is why no judgement is given."""
    seen, nm = droplets(picture.view), picture.pixel_nm
    known = {"grade": None if silent else grade, "abstained": silent is not None, "reason": silent}
    summary = {"file": picture.name, "logit": found.logit, **known, **sizes(seen, nm), **found.checks}
    reasons = [droplets_in_words(seen, nm), *found.reasons]
    if silent is not None:
        reasons.insert(0, f"not judged: {silent}; what follows tells where the logit comes from, and nothing about a blend")
    drawn = circled(picture.whole, picture.view, seen)
    return Told(picture.name, summary, reasons, map_on(picture.whole, found.heat), drawn, found)


def followed(
    score: Callable[[np.ndarray], float], grid: np.ndarray, logit: float, *, rng: np.random.Generator
) -> tuple[dict[str, float], occlusion.Curves]:
    """How much faster than in a random order the evidence goes and comes back in the order of the map ``grid``."""
    sign = 1.0 if logit >= 0 else -1.0
    found = occlusion.curves(score, sign * grid, rng=rng)
    gains = {
        "deletion_gain": float(sign * (found.random - found.deletion).mean()),
        "insertion_gain": float(sign * (found.insertion - found.random_insertion).mean()),
    }
    return gains, found


def scaled(micrograph: Micrograph) -> Micrograph:
    """With the printed scale bar's pixel size where the file has none and the bar can be read."""
    if micrograph.pixel_size is not None:
        return micrograph
    try:
        bar = scalebar.read(micrograph)
    except MissingDependency:
        return micrograph
    return micrograph if bar.pixel_size_nm is None else micrograph.with_scale(bar.pixel_size_nm)


def frame_pixel_nm(whole: Micrograph, view: Frame) -> float | None:
    """Width of a pixel of the frame."""
    if whole.pixel_size is None:
        return None
    y, x = whole.height_px / view.shape[0] * whole.pixel_size.y_nm, whole.width_px / view.shape[1] * whole.pixel_size.x_nm
    return math.sqrt(y * x)


def sizes(seen: Sequence[Droplet], nm: float | None) -> dict[str, Any]:
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


def map_on(whole: Micrograph, heat: np.ndarray) -> np.ndarray:
    """The picture under the map: orange where it speaks for miscible, blue where against."""
    picture = _shown(whole)
    plane = np.asarray(Image.fromarray(heat.astype(np.float32)).resize(picture.size, Image.Resampling.BICUBIC))
    full = max(float(np.percentile(np.abs(heat), 98)), 1e-6)
    strength = np.clip(np.abs(plane) / full, 0, 1)[..., None] * 0.65
    colour = np.where((plane > 0)[..., None], np.array(ORANGE), np.array(BLUE))
    grey = np.asarray(picture, float)[..., None]
    return np.asarray(np.rint(np.clip((1 - strength) * grey + strength * colour, 0, 255)), np.uint8)


def circled(whole: Micrograph, view: Frame, seen: Sequence[Droplet]) -> np.ndarray:
    """The picture with the bright droplets circled in orange and the dark ones in blue."""
    picture = _shown(whole).convert("RGB")
    pen = ImageDraw.Draw(picture)
    zy, zx = picture.height / view.shape[0], picture.width / view.shape[1]
    for one in seen[:MOST_DRAWN]:
        box = [((one.x_px + 0.5 + side * one.radius_px) * zx, (one.y_px + 0.5 + side * one.radius_px) * zy) for side in (-1, 1)]
        pen.ellipse([*box[0], *box[1]], outline=ORANGE if one.bright else BLUE, width=2)
    return np.asarray(picture)


def report(told: list[Told], left_out: list[dict[str, Any]], pictures: dict[str, str], name: str) -> Report:
    first = told[0]
    one = len(told) == 1
    curves = _curves(first.found.curves) if one and first.found.curves is not None else {}
    values = {"images": Quantity(len(told))}
    if one:
        numbers = {key: value for key, value in first.summary.items() if isinstance(value, float)}
        values = {key: Quantity(value, "nm" if key.endswith("_nm") else "") for key, value in numbers.items()}
    verdict = "withheld, at" if first.summary["abstained"] else f"{CLASSES[int(first.summary['logit'] >= 0)]} at"
    silent = sum(one.summary["abstained"] for one in told)
    figures = {
        key: Figure("image", (key,), "Orange speaks for miscible, blue against" if key.startswith("map") else "Droplets seen")
        for key in list(pictures)[:24]
    }
    if curves:
        figures["deletion"] = Figure("line", ("deletion", "deletion_random"), "Evidence left when the map's parts are hidden")
        figures["insertion"] = Figure("line", ("insertion", "insertion_random"), "Evidence when only the map's parts are shown")
    return Report(
        title=f"{first.name}: {verdict} logit {first.summary['logit']:+.2f}; {first.reasons[0]}"
        if one
        else f"{len(told)} images explained" + (f", {silent} of them withheld" if silent else ""),
        values=values,
        curves=curves,
        tables={
            "images": [one.summary for one in told],
            "reasons": [{"file": one.name, "reason": reason} for one in told for reason in one.reasons],
            **{
                name: [{"file": one.name, **row} for one in told for row in one.found.tables[name]] for name in first.found.tables
            },
            "left_out": left_out,
        },
        figures=figures,
        files=pictures,
        notes=(
            f"model: {name}; logit above 0 speaks for miscible",
            "a map shows what this judge looked at; it is no proof of where the phases are",
            *first.found.notes,
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
