"""Parameters of trainings of networks, which judges of miscibility and classifiers share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from ..core import Param
from ..errors import BadParameter
from ..learn.recipe import AUGMENTATIONS, DINO, HUB, NONE, Recipe

QUICK_EPOCHS, QUICK_FOLDS, QUICK_PX = 2, 3, 48

Repeats = Annotated[int | None, Param("how often the parts are cut anew; 5 for descriptors, 1 for networks", low=1, high=50)]
Weights = Annotated[
    Path | str | None,
    Param(
        f"earlier training of a network: none, that of the hub, or a file or folder; {HUB} for {DINO}, else {NONE}",
        accepts="any",
        words=(NONE, HUB),
    ),
]
Frozen = Annotated[bool, Param("train a network's head only")]
Seeds = Annotated[int, Param("networks trained on each cut, whose evidence is averaged", low=1, high=50)]
Epochs = Annotated[int, Param("passes over the training part", low=1, high=2000)]
SizePx = Annotated[int, Param("side of the square that a network sees", unit="px", low=32, high=518)]
Augment = Annotated[
    str, Param("change pictures as another session would, by the paper's 12 and 3 copies, or not", choices=AUGMENTATIONS)
]
Batch = Annotated[int, Param("pictures that are learnt from at once", low=2, high=1024)]
Rate = Annotated[float, Param("learning rate at the start", low=0, open_low=True, high=1)]
Optimiser = Annotated[str, Param("how weights follow gradients", choices=("adamw", "adam"))]
Schedule = Annotated[str, Param("how the learning rate falls", choices=("cosine", "constant"))]
Validation = Annotated[
    float, Param("share of the training part, cut by groups, on which the epoch is chosen; 0 takes the last", low=0, high=0.5)
]
Patience = Annotated[int, Param("epochs without a better validation loss after which training ends; 0 goes through all", low=0)]
Precision = Annotated[str, Param("auto is bfloat16 where a GPU has it", choices=("auto", "float32", "bfloat16"))]
Quick = Annotated[bool, Param(f"{QUICK_EPOCHS} epochs at {QUICK_PX} px, {QUICK_FOLDS} folds: to see that it works, not how well")]


def quickened(recipe: Recipe) -> Recipe:
    """The recipe of a network that shows that all works."""
    return replace(recipe, epochs=min(recipe.epochs, QUICK_EPOCHS), size_px=min(recipe.size_px, QUICK_PX))


def origin(model: str, weights: Path | str | None) -> Path | str:
    """Where the weights come from that a training of ``model`` starts with."""
    return weights or (HUB if model == DINO else NONE)


def check_no_network(weights: Path | str, *, frozen: bool, seeds: int) -> None:
    """Refuse what means nothing without a network."""
    for name, given, usual in (("weights", weights, NONE), ("frozen", frozen, False), ("seeds", seeds, 1)):
        if given != usual:
            raise BadParameter(f"{name}: {given} belongs to networks; name one by model, for example resnet18")


def described(recipe: Recipe, start: str, seeds: int) -> str:
    """A network in two lines of a card; ``start`` says where its weights are from."""
    return (
        f"{recipe.model} ({start}), {seeds} network(s) of {recipe.epochs} epochs at {recipe.size_px} px, changes of pictures:\n"
        f"{recipe.augment}. It sees the middle square of an image, the print filled with the specimen's texture."
    )
