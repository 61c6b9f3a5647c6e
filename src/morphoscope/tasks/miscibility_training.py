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
from ..errors import BadParameter, InputError
from ..learn.recipe import AUGMENTATIONS, DINO, HUB, NONE, PAPER, Recipe
from . import evaluation
from .datasets import CORRECTIONS, DATA
from .judges import CLASSES
from .miscibility import GRADES
from .networks import Networks

DESCRIPTORS = "descriptors"
TREES = {DESCRIPTORS: 0.0, "lightgbm": 1.0, "ensemble": 0.5}
"""Share of the evidence that boosted trees give, by the name of the model."""
QUICK_EPOCHS, QUICK_FOLDS, QUICK_PX = 2, 3, 48


def train(
    run: Run,
    *,
    data: Annotated[Path, DATA],
    protocol: Annotated[str, Param("how training and test parts are cut", choices=protocols.PROTOCOLS)] = "grouped",
    folds: Annotated[int, Param("parts of grouped and random", low=2, high=20)] = 5,
    repeats: Annotated[
        int | None, Param("how often the parts are cut anew; 5 for descriptors, 1 for networks", low=1, high=50)
    ] = None,
    group_pattern: Annotated[str, Param("regular expression; files it matches alike stay together")] = "",
    corrections: Annotated[Path | None, CORRECTIONS] = None,
    model: Annotated[
        str, Param(f"{', '.join(TREES)}, or a network: {', '.join(PAPER)}, {DINO}, or any name of timm")
    ] = DESCRIPTORS,
    weights: Annotated[
        Path | str | None,
        Param(
            f"earlier training of a network: none, that of the hub, or a file or folder; {HUB} for {DINO}, else {NONE}",
            accepts="any",
            words=(NONE, HUB),
        ),
    ] = None,
    frozen: Annotated[bool, Param("train a network's head only")] = False,
    seeds: Annotated[int, Param("networks trained on each cut, whose evidence is averaged", low=1, high=50)] = 1,
    epochs: Annotated[int, Param("passes over the training part", low=1, high=2000)] = 40,
    size_px: Annotated[int, Param("side of the square that a network sees", unit="px", low=32, high=518)] = 128,
    augment: Annotated[
        str, Param("change pictures as another session would, by the paper's 12 and 3 copies, or not", choices=AUGMENTATIONS)
    ] = "physical",
    batch: Annotated[int, Param("pictures that are learnt from at once", low=2, high=1024)] = 32,
    rate: Annotated[float, Param("learning rate at the start", low=0, open_low=True, high=1)] = 2e-4,
    optimiser: Annotated[str, Param("how weights follow gradients", choices=("adamw", "adam"))] = "adamw",
    schedule: Annotated[str, Param("how the learning rate falls", choices=("cosine", "constant"))] = "cosine",
    validation: Annotated[
        float, Param("share of the training part, cut by groups, on which the epoch is chosen; 0 takes the last", low=0, high=0.5)
    ] = 0.15,
    patience: Annotated[
        int, Param("epochs without a better validation loss after which training ends; 0 goes through all", low=0)
    ] = 0,
    precision: Annotated[str, Param("auto is bfloat16 where a GPU has it", choices=("auto", "float32", "bfloat16"))] = "auto",
    quick: Annotated[
        bool, Param(f"{QUICK_EPOCHS} epochs at {QUICK_PX} px, {QUICK_FOLDS} folds: to see that it works, not how well")
    ] = False,
) -> Report:
    """
    Train the judge of miscibility, and score it on images of articles it has not seen.

    Without a network (the default) descriptors of blobs, domains, waves and texture, print left out, go into a regularised
    logistic regression (lightgbm: boosted trees instead; ensemble: the mean of both). A network sees a grey square whose print is
    filled with the specimen's texture. The model in this run's folder is fitted on all images (under protocol paper:
    on the training part); its scores are those of the held-out parts.
    """
    recipe = Recipe(
        model, weights or (HUB if model == DINO else NONE), frozen, epochs, size_px, batch, rate, optimiser, schedule, augment,
        patience, precision,
    )  # fmt: skip
    if quick:
        recipe = replace(recipe, epochs=min(epochs, QUICK_EPOCHS), size_px=min(size_px, QUICK_PX))
        folds, repeats = min(folds, QUICK_FOLDS), 1
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
        for name, given, usual in (("weights", recipe.weights, NONE), ("frozen", recipe.frozen, False), ("seeds", seeds, 1)):
            if given != usual:
                raise BadParameter(f"{name}: {given} belongs to networks; name one by model, for example resnet18")
        how = {0.0: "Logistic regression", 1.0: "Boosted trees", 0.5: "Logistic regression and boosted trees"}[
            TREES[recipe.model]
        ]
        return evaluation.Descriptors(TREES[recipe.model]), (
            f"{how} on descriptors of blobs, domains, waves and texture; print is left out and every picture is\n"
            "brought to one size. No network, no pixel of any image inside."
        )
    origin = learn.fitting.rehearse(recipe, classes=len(CLASSES), device=run.device)
    return Networks(recipe, seeds=seeds, validation=validation, once=protocol == "paper"), (
        f"{recipe.model} ({origin}), {seeds} network(s) of {recipe.epochs} epochs at {recipe.size_px} px, changes of pictures:\n"
        f"{recipe.augment}. It sees the middle square of an image, the print filled with the specimen's texture."
    )


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
