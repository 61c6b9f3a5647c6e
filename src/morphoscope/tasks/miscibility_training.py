"""Training of the judge of miscibility, scored by article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from .. import learn
from ..core import Dataset, Param, Report, Run
from ..datasets import labelled, protocols
from ..datasets.corrected import corrected
from ..errors import InputError
from ..learn.recipe import DINO, PAPER, Recipe
from . import evaluation
from .datasets import CORRECTIONS, DATA
from .judges import CLASSES
from .miscibility import GRADES
from .network_parameters import (
    QUICK_FOLDS,
    Augment,
    Batch,
    Epochs,
    Frozen,
    Optimiser,
    Patience,
    Precision,
    Quick,
    Rate,
    Repeats,
    Schedule,
    Seeds,
    SizePx,
    Validation,
    Weights,
    check_no_network,
    described,
    origin,
    quickened,
)
from .networks import Networks

DESCRIPTORS = "descriptors"
TREES = {DESCRIPTORS: 0.0, "lightgbm": 1.0, "ensemble": 0.5}
"""Share of the evidence that boosted trees give, by the name of the model."""


def train(
    run: Run,
    *,
    data: Annotated[Path, DATA],
    protocol: Annotated[str, Param("how training and test parts are cut", choices=protocols.PROTOCOLS)] = "grouped",
    folds: Annotated[int, Param("parts of grouped and random", low=2, high=20)] = 5,
    repeats: Repeats = None,
    group_pattern: Annotated[str, Param("regular expression; files it matches alike stay together")] = "",
    corrections: Annotated[Path | None, CORRECTIONS] = None,
    model: Annotated[
        str, Param(f"{', '.join(TREES)}, or a network: {', '.join(PAPER)}, {DINO}, or any name of timm")
    ] = DESCRIPTORS,
    weights: Weights = None,
    frozen: Frozen = False,
    seeds: Seeds = 1,
    epochs: Epochs = 40,
    size_px: SizePx = 128,
    augment: Augment = "physical",
    batch: Batch = 32,
    rate: Rate = 2e-4,
    optimiser: Optimiser = "adamw",
    schedule: Schedule = "cosine",
    validation: Validation = 0.15,
    patience: Patience = 0,
    precision: Precision = "auto",
    quick: Quick = False,
) -> Report:
    """
    Train the judge of miscibility, and score it on images of articles it has not seen.

    Without a network (the default) descriptors of blobs, domains, waves and texture, print left out, go into a regularised
    logistic regression (lightgbm: boosted trees instead; ensemble: the mean of both). A network sees a grey square whose print is
    filled with the specimen's texture. The model in this run's folder is fitted on all images (under protocol paper:
    on the training part); its scores are those of the held-out parts.
    """
    recipe = Recipe(
        model, origin(model, weights), frozen, epochs, size_px, batch, rate, optimiser, schedule, augment,
        patience, precision,
    )  # fmt: skip
    if quick:
        recipe, folds, repeats = quickened(recipe), min(folds, QUICK_FOLDS), 1
    learner, made_of = _learner(run, recipe, protocol, seeds=seeds, validation=validation)
    dataset = labelled.load(data, group_pattern=group_pattern)
    labels = {sample.label for sample in dataset}
    if labels != set(CLASSES):
        raise InputError(
            f"{dataset.name}: the labels are {', '.join(sorted(map(str, labels)))}; miscibility needs {' and '.join(CLASSES)}"
        )
    if corrections is not None:
        dataset = corrected(dataset, corrections)
    report = evaluation.train(
        run, dataset, learner=learner, protocol=protocol, folds=folds,
        repeats=repeats or (5 if model in TREES else 1), classes=CLASSES, grades=GRADES, card=_card(made_of),
    )  # fmt: skip
    return replace(report, notes=("quick: these scores say nothing about the network", *report.notes)) if quick else report


def _learner(run: Run, recipe: Recipe, protocol: str, *, seeds: int, validation: float) -> tuple[evaluation.Learner, str]:
    """What is trained, and a sentence on it for the card."""
    if recipe.model in TREES:
        check_no_network(recipe.weights, frozen=recipe.frozen, seeds=seeds)
        how = {0.0: "Logistic regression", 1.0: "Boosted trees", 0.5: "Logistic regression and boosted trees"}[
            TREES[recipe.model]
        ]
        return evaluation.Descriptors(TREES[recipe.model]), (
            f"{how} on descriptors of blobs, domains, waves and texture; print is left out and every picture is\n"
            "brought to one size. No network, no pixel of any image inside."
        )
    start = learn.fitting.rehearse(recipe, classes=len(CLASSES), device=run.device)
    return Networks(recipe, seeds=seeds, validation=validation, once=protocol == "paper"), described(recipe, start, seeds)


def _card(made_of: str) -> Callable[[Dataset, str], str]:
    def card(dataset: Dataset, honest: str) -> str:
        counts = Counter(sample.label for sample in dataset)
        return (
            f"# Miscibility of polymer blends from SEM images\n\n"
            f"{made_of}\n\n"
            f"- Trained on {dataset.name}: {len(dataset)} images of {len(dataset.groups)} articles, "
            f"{', '.join(f'{count} {label}' for label, count in sorted(counts.items(), key=str))}.\n"
            f"- Honest score: {honest}.\n"
            f"- It judges what a micrograph looks like. A blend that is miscible at the scale of the picture may be separated\n"
            f"  at a smaller one, and a fracture surface may hide what is beneath.\n"
            f"- It withholds its judgement from images unlike those of training.\n"
            f"- Cite: {dataset.cite}\n"
        )

    return card
