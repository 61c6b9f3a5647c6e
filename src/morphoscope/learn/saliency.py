r"""
Grad-CAM: the parts of an image that a layer of a network turned into its answer.

With the layer's maps :math:`A_k` and the answer y, each map counts by the mean of its gradient,

.. math:: L = \mathrm{ReLU} \sum_k ( \frac{1}{N} \sum_{ij} \frac{\partial y}{\partial A_{k, ij}} ) A_k

and L is enlarged to the size of the image [1]_. Without the ReLU (``signed``) it also shows what speaks against. The tokens of
a vision transformer are laid out as the square they came from.

References
----------
.. [1] R. R. Selvaraju et al., ICCV (2017), arXiv 1610.02391.

Checked against: a network whose answer and maps are known in closed form, in tests/learn/test_saliency.py.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError

LEAST_MAP = 6
"""Fields along the side of maps that still show where something is."""


def grad_cam(model: nn.Module, image: Tensor, layer: nn.Module, *, answer: int | None = None, signed: bool = False) -> np.ndarray:
    """
    The map of one ``image`` (channels, height, width), of its height and width.

    ``layer`` is a part of ``model`` whose output has maps (a convolution). ``answer`` is the output that is explained, the
    largest by default; a model with one output explains that. Weights, their gradients and the mode of the model stay as
    they were.
    """
    if image.ndim != 3:
        raise InputError(f"Grad-CAM explains one image of (channels, height, width), not {tuple(image.shape)}")
    kept: list[Tensor] = []
    hook = layer.register_forward_hook(lambda _module, _given, made: kept.append(made))
    training = model.training
    model.eval()
    try:
        with torch.enable_grad():
            out = model(image[None].requires_grad_(True)).reshape(-1)
        if len(kept) != 1 or kept[0].ndim not in (3, 4):
            raise InputError("Grad-CAM needs a layer that is used once and gives maps; choose a convolution")
        chosen = out[int(out.argmax()) if answer is None else answer]
        (slope,) = torch.autograd.grad(chosen, kept[0])
    finally:
        hook.remove()
        model.train(training)
    maps, gradient = fields(kept[0].detach()), fields(slope)
    found = (gradient.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1, keepdim=True)
    found = found if signed else found.clamp(min=0)
    large = nn.functional.interpolate(found, size=image.shape[1:], mode="bilinear", align_corners=False)
    return np.asarray(large[0, 0].cpu().numpy())


def deepest_maps(model: nn.Module, image: Tensor, *, least: int = LEAST_MAP) -> str:
    """
    Name of the last layer of ``model`` whose square maps are ``least`` fields wide and from which the answer follows.

    Layers behind it are coarser; pooling that enlarges coarse maps again does not count.
    """
    made: list[tuple[str, Tensor]] = []
    hooks = [
        module.register_forward_hook(lambda _module, _given, out, name=name: made.append((name, out)))
        for name, module in model.named_modules()
        if not any(isinstance(part, nn.AdaptiveAvgPool2d) for part in module.modules())
    ]
    kinds = dict(model.named_modules())
    training = model.training
    model.eval()
    try:
        with torch.enable_grad():
            out = model(image[None].requires_grad_(True)).reshape(-1)
            wide = [(name, maps) for name, maps in made if _wide(maps, kinds[name], least)]
            slopes = torch.autograd.grad(out.max(), [maps for _, maps in wide], allow_unused=True) if wide else ()
    finally:
        for hook in hooks:
            hook.remove()
        model.train(training)
    for (name, _), slope in zip(reversed(wide), reversed(slopes), strict=True):
        if slope is not None and bool(fields(slope).any()):
            return name
    raise InputError(f"no layer of this network has maps at least {least} fields wide; Grad-CAM cannot show where it looks")


def _wide(made: object, layer: nn.Module, least: int) -> bool:
    if not isinstance(made, Tensor) or not (made.ndim == 4 or (made.ndim == 3 and isinstance(layer, nn.LayerNorm))):
        return False
    height, width = fields(made).shape[2:]
    return height == width >= least


def fields(made: Tensor) -> Tensor:
    """Maps (1, channels, height, width) as they are; tokens (1, count, channels) as a square, without the leading ones."""
    if made.ndim == 4:
        return made
    side = math.isqrt(made.shape[1])
    return made[:, made.shape[1] - side * side :].transpose(1, 2).reshape(1, made.shape[2], side, side)
