"""Backbones trained before there are labels: on simulated blends, or on micrographs that nobody labelled."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from .. import learn
from ..core import Curve, Figure, Model, Param, Quantity, Report, Run
from ..datasets import fake_blends
from ..errors import InputError, MorphoscopeError
from ..learn.epochs import Parts, Pictures
from ..learn.model_folder import write_model
from ..learn.recipe import HUB, NONE, Recipe
from ..measure import scores
from . import networks
from .network_pictures import reader, square
from .scalebar import images as images_in

KIND = "pretrained backbone"
MODEL = Param("network: vgg16, resnet18, densenet121, dinov2, or any name of timm")
WEIGHTS = Param("what to start from: none, the weights of the hub, or a file or folder", accepts="any", words=(NONE, HUB))
SIZE = Param("side of the square that the network sees", unit="px", low=32, high=518)
LEAST_IMAGES = 8
HELD = 0.2
"""Share of the pictures that is kept for validation."""


def simulated(
    run: Run,
    *,
    model: Annotated[str, MODEL] = "resnet18",
    weights: Annotated[Path | str, WEIGHTS] = NONE,
    images: Annotated[int, Param("simulated micrographs", low=30, high=100_000)] = 600,
    epochs: Annotated[int, Param("passes over them", low=1, high=2000)] = 20,
    size_px: Annotated[int, SIZE] = 64,
    batch: Annotated[int, Param("pictures that are learnt from at once", low=2, high=1024)] = 32,
    rate: Annotated[float, Param("learning rate at the start", low=0, open_low=True, high=1)] = 5e-4,
) -> Report:
    """
    Train a network to tell simulated blends apart: compatible, partially compatible, incompatible.

    The blends separate, or not, by the physics of Flory-Huggins and Cahn-Hilliard, and are seen through a simulated
    microscope. The weights serve as a start for real images (``miscibility train --weights run:ID``), no more: on real ones
    such a network alone is near chance.
    """
    recipe = Recipe(model, weights, epochs=epochs, size_px=size_px, batch=batch, rate=rate)
    learn.fitting.rehearse(recipe, classes=len(fake_blends.KINDS), device=run.device)
    pictures, codes = _simulated(run, images, 2 * size_px)
    cut = round((1 - HELD) * images)
    parts = Parts(np.arange(cut), np.arange(cut, images), np.zeros(0, int))
    state, followed = learn.fitting.fit(
        pictures, codes, parts, recipe, classes=len(fake_blends.KINDS), seed=run.seed, device=run.device,
        saved=_saved(run), save=_saver(run), tell=_teller(run, epochs),
    )  # fmt: skip
    chosen = followed.chosen(codes[parts.validation])
    answers = followed.validation.argmax(axis=2) == codes[parts.validation]
    right = int(answers[chosen].sum())
    low, high = scores.wilson(right, len(parts.validation))
    epoch = np.arange(1.0, len(followed) + 1)
    told = f"{right} of {len(parts.validation)} unseen simulated micrographs told right"
    return _report(
        run, recipe, state, f"pretrained on {images} simulated blends of three grades; {told}",
        values={"accuracy": Quantity(right / len(parts.validation), low=low, high=high), "images": Quantity(images)},
        curves={
            "training": Curve(epoch, followed.hits, "epoch", "share of right answers"),
            "validation": Curve(epoch, answers.mean(axis=1), "epoch", "share of right answers"),
        },
        caption="Share of right answers on simulated blends against epoch",
    )  # fmt: skip


def micrographs(
    run: Run,
    files: Annotated[tuple[Path, ...], Param("micrographs, or folders of them; no labels are needed", accepts="any")],
    *,
    model: Annotated[str, MODEL] = "resnet18",
    weights: Annotated[Path | str, WEIGHTS] = NONE,
    epochs: Annotated[int, Param("passes over them", low=1, high=5000)] = 100,
    size_px: Annotated[int, SIZE] = 64,
    batch: Annotated[int, Param("pictures that are told apart at once", low=4, high=1024)] = 64,
    rate: Annotated[float, Param("learning rate at the start", low=0, open_low=True, high=1)] = 5e-4,
) -> Report:
    """
    Train a backbone on micrographs without labels, so that two pictures of one specimen look alike to it.

    Each image is changed twice as another session at the microscope would change it; the network learns which two belong
    together (SimCLR). Images that will later test a judge should not be among them.
    """
    recipe = Recipe(model, weights, epochs=epochs, size_px=size_px, batch=batch, rate=rate)
    learn.fitting.rehearse(recipe, classes=2, device=run.device)
    pictures, left_out = _unlabelled(run, files, 2 * size_px)
    order = run.rng("validation").permutation(len(pictures.grey))
    cut = round((1 - HELD) * len(order))
    state, losses, shares = learn.pretraining.contrastive(
        pictures, np.sort(order[:cut]), np.sort(order[cut:]), recipe, seed=run.seed, device=run.device,
        saved=_saved(run), save=_saver(run), tell=_teller(run, epochs),
    )  # fmt: skip
    held = len(order) - cut
    epoch = np.arange(1.0, len(losses) + 1)
    told = f"{shares[-1]:.0%} of {held} unseen images recognised in their other picture (chance {1 / (2 * held - 1):.1%})"
    return _report(
        run, recipe, state, f"pretrained without labels on {len(order)} micrographs; {told}",
        values={"recognised": Quantity(float(shares[-1])), "images": Quantity(len(order))},
        curves={
            "loss": Curve(epoch, losses, "epoch", "contrastive loss"),
            "validation": Curve(epoch, shares, "epoch", "share recognised"),
        },
        caption="Share of unseen images recognised in their other picture, against epoch",
        left_out=[{"file": path.name, "reason": reason} for path, reason in left_out],
    )  # fmt: skip


def _simulated(run: Run, images: int, side_px: int) -> tuple[Pictures, np.ndarray]:
    """Micrographs of the three grades in turn; nothing is printed on them."""
    rng, grades = run.rng("simulated"), list(fake_blends.KINDS)
    codes, planes = np.arange(images) % len(grades), []
    for k, code in enumerate(codes):
        run.progress(k, images, f"simulating {grades[code]}")
        n_a, n_b = (float(np.exp(rng.uniform(np.log(50), np.log(200)))) for _ in range(2))
        blend = fake_blends.blend_of(rng, grades[code], n_a, n_b)
        pixel_nm = float(np.exp(rng.uniform(np.log(5), np.log(50))))
        micrograph = fake_blends.micrograph_of(rng, blend, size_px=side_px, pixel_nm=pixel_nm)
        planes.append(np.rint(np.clip(micrograph.pixels, 0, 1) * 255).astype(np.uint8))
    return Pictures(np.stack(planes), np.full(images, side_px, np.float32)), codes


def _unlabelled(run: Run, files: tuple[Path, ...], side_px: int) -> tuple[Pictures, list[tuple[Path, str]]]:
    paths, words = list(images_in(files)), reader()
    squares, shorter, left_out = [], [], []
    for k, path in enumerate(paths):
        run.progress(k, len(paths), path.name)
        try:
            grey, side = square(path, side_px=side_px, words=words)
        except MorphoscopeError as error:
            left_out.append((path, str(error)))
            continue
        squares.append(grey)
        shorter.append(side)
    if len(squares) < LEAST_IMAGES:
        raise InputError(
            f"{len(squares)} of {len(paths)} images can be read, too few to learn from; give at least {LEAST_IMAGES}"
        )
    return Pictures(np.stack(squares), np.array(shorter, np.float32)), left_out


def _saved(run: Run) -> dict[str, np.ndarray] | None:
    found = run.restore()
    return None if found is None else found[0]


def _saver(run: Run) -> Callable[[Callable[[], dict[str, np.ndarray]]], None]:
    last = time.monotonic()

    def save(make: Callable[[], dict[str, np.ndarray]]) -> None:
        nonlocal last
        if time.monotonic() - last >= networks.CHECKPOINT_EVERY_S:
            run.checkpoint(make())
            last = time.monotonic()

    return save


def _teller(run: Run, epochs: int) -> Callable[[int, str], None]:
    return lambda epoch, note: run.progress(epoch, epochs, f"epoch {epoch} of {epochs}: {note}")


def _report(
    run: Run,
    recipe: Recipe,
    state: dict[str, np.ndarray],
    what: str,
    *,
    values: dict[str, Quantity],
    curves: dict[str, Curve],
    caption: str,
    left_out: list[dict[str, str]] | None = None,
) -> Report:
    """Write the backbone as a folder of weights and tell of it."""
    arrays = {name: array for name, array in state.items() if name.startswith("backbone.")}
    settings: dict[str, Any] = {"network": {"model": recipe.model, "size_px": recipe.size_px}, "seed": run.seed, "what": what}
    card = f"# Weights of {recipe.model}\n\nThe backbone was {what}. It has no head and judges nothing by itself.\n"
    write_model(Model(KIND, settings, arrays, card), run.file("model"))
    return Report(
        title=f"{recipe.model} {what}",
        values=values,
        curves=curves,
        tables={"left_out": left_out} if left_out else {},
        figures={"epochs": Figure("line", tuple(name for name in curves if name != "loss"), caption)},
        files={"model": "model/model.json", "weights": "model/weights.safetensors", "card": "model/card.md"},
        notes=("use it as the start of a training: miscibility train --model " + recipe.model + " --weights run:ID of this run",),
    )
