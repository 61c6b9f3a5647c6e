"""
Networks that turn a grey picture into evidence: a backbone with or without earlier training, and a head.

VGG16, ResNet18 and DenseNet121 carry the heads of the miscibility paper [1]_ (25088-1024-100-10-k, 1000-100-10-k and
50176-100-k, dropout 0.3 to 0.5); every other backbone is one of timm's [2]_, with dropout and one layer. ``dinov2`` is
the small vision transformer trained without labels [3]_. The names of the parameters are those of torchvision and timm,
so that published checkpoints fit.

References
----------
.. [1] Z. Liang et al., Automatically predict material properties with microscopic image: example polymer miscibility.
.. [2] R. Wightman, PyTorch Image Models, doi 10.5281/zenodo.4414861.
.. [3] M. Oquab et al., arXiv 2304.07193 (2023).

Checked against: the paper's widths, gradients of frozen and free layers, and repeated seeds, in
tests/learn/test_backbones.py.
"""

from __future__ import annotations

import difflib
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import BadParameter
from .recipe import DINO, PAPER, Recipe
from .vision import timm, torchvision

TIMM_NAMES = {DINO: "vit_small_patch14_dinov2.lvd142m"}
GREY_MEAN, GREY_DEVIATION = 0.45, 0.226
"""Of ImageNet's three colours together; a grey picture fills all three."""
COLOURS = 3


class Network(nn.Module):
    """Grey pictures in [0, 1], shape (n, 1, side, side), to one output for each class."""

    def __init__(self, backbone: nn.Module, head: nn.Module, *, frozen: bool = False) -> None:
        super().__init__()
        self.backbone, self.head, self.patch, self.frozen = backbone, head, _patch(backbone), frozen
        if frozen:
            backbone.requires_grad_(False)

    def features(self, grey: Tensor) -> Tensor:
        """What the backbone makes of ``grey``, one row a picture."""
        side = grey.shape[-1] - grey.shape[-1] % self.patch
        if side != grey.shape[-1]:
            grey = nn.functional.interpolate(grey, (side, side), mode="area")
        colours = ((grey - GREY_MEAN) / GREY_DEVIATION).expand(-1, COLOURS, -1, -1)
        found: Tensor = self.backbone(colours.contiguous(memory_format=torch.channels_last)).flatten(1)
        return found

    def forward(self, grey: Tensor) -> Tensor:
        evidence: Tensor = self.head(self.features(grey))
        return evidence

    def train(self, mode: bool = True) -> Network:
        """As in torch, but a frozen backbone goes on as it was, its normalisation included."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self


class Convolutions(nn.Module):
    """The convolutions of a torchvision network, averaged to 7 x 7 fields, so that any picture fits the paper's heads."""

    def __init__(self, features: nn.Module, *, rectify: bool) -> None:
        super().__init__()
        self.features = features
        self.end = nn.Sequential(nn.ReLU() if rectify else nn.Identity(), nn.AdaptiveAvgPool2d(7))

    def forward(self, colours: Tensor) -> Tensor:
        fields: Tensor = self.end(self.features(colours))
        return fields


def build(recipe: Recipe, *, classes: int, seed: int) -> Network:
    """A fresh network for ``recipe``, without the weights it asks for; the same ``seed`` gives the same numbers."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        backbone, width = backbone_of(recipe.model, size_px=recipe.size_px)
        head = _head(recipe.model, width, classes)
    return Network(backbone, head, frozen=recipe.frozen)


def backbone_of(model: str, *, size_px: int) -> tuple[nn.Module, int]:
    """The backbone called ``model`` and the width of its features."""
    if model == "vgg16":
        return Convolutions(torchvision.models.vgg16(weights=None).features, rectify=False), 512 * 49
    if model == "densenet121":
        return Convolutions(torchvision.models.densenet121(weights=None).features, rectify=True), 1024 * 49
    if model == "resnet18":
        return torchvision.models.resnet18(weights=None), 1000
    name = TIMM_NAMES.get(model, model)
    known = timm.list_models()
    if name.split(".")[0] not in known:
        near = difflib.get_close_matches(name, {*PAPER, DINO, *known}, 2)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise BadParameter(f"model={model!r} is not known; give descriptors, {', '.join(PAPER)}, {DINO} or a name of timm{hint}")
    try:
        backbone = timm.create_model(name, num_classes=0, **_sizes(name, size_px))
    except (RuntimeError, ValueError, AssertionError) as error:
        raise BadParameter(f"model={model!r} cannot be built ({str(error).splitlines()[0]}); choose another") from None
    with torch.no_grad():
        backbone.eval()
        side = size_px - size_px % _patch(backbone)
        try:
            width = backbone(torch.zeros(1, COLOURS, side, side)).flatten(1).shape[1]
        except (RuntimeError, ValueError, AssertionError):
            raise BadParameter(f"model={model!r} does not take pictures of {size_px} px; give another size") from None
    return backbone, int(width)


def _sizes(name: str, size_px: int) -> dict[str, Any]:
    """Transformers are built for one size."""
    if not name.startswith("vit_"):
        return {}
    patch = int(name.split("patch")[1].split("_")[0].split(".")[0]) if "patch" in name else 16
    if size_px < patch:
        raise BadParameter(f"size_px={size_px} is smaller than one patch of {name} ({patch} px)")
    return {"img_size": size_px - size_px % patch}


def _patch(backbone: nn.Module) -> int:
    embedding = getattr(backbone, "patch_embed", None)
    size = getattr(embedding, "patch_size", 1)
    return int(size[0] if isinstance(size, tuple) else size)


def _head(model: str, width: int, classes: int) -> nn.Module:
    if model == "vgg16":
        return _stack((width, 1024, 100, 10, classes), dropout=(0.5, 0.5, 0.3))
    if model == "resnet18":
        return _stack((width, 100, 10, classes), dropout=(0.5, 0.3))
    if model == "densenet121":
        return _stack((width, 100, classes), dropout=(0.5,))
    return nn.Sequential(nn.Dropout(0.3), nn.Linear(width, classes))


def _stack(widths: tuple[int, ...], *, dropout: tuple[float, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for into, out, share in zip(widths[:-2], widths[1:-1], dropout, strict=True):
        layers += [nn.Linear(into, out), nn.ReLU(), nn.Dropout(share)]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))
