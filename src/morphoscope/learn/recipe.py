"""How a network is trained: everything but the pictures. Plain values, so that naming a recipe loads no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

AUGMENTATIONS = ("physical", "paper", "none")
DINO = "dinov2"
PAPER = ("vgg16", "resnet18", "densenet121")
"""The networks of the miscibility paper, with its heads; every other name is one of timm's."""
NONE, HUB = "none", "hub"
"""What ``weights`` may be besides a file or a folder."""


@dataclass(frozen=True)
class Recipe:
    """
    ``weights`` are none, hub, or the path of a file or folder. ``size_px`` is the side of what the network sees.

    ``frozen`` trains the head alone. ``patience`` is the number of epochs without a better validation loss after
    which training ends; 0 never ends early.
    """

    model: str = "resnet18"
    weights: str | Path = NONE
    frozen: bool = False
    epochs: int = 40
    size_px: int = 128
    batch: int = 32
    rate: float = 2e-4
    optimiser: str = "adamw"
    schedule: str = "cosine"
    augment: str = "physical"
    patience: int = 0
    precision: str = "auto"
