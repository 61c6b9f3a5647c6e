r"""
Grad-CAM: the parts of an image that a layer of a network turned into its answer.

With the layer's maps :math:`A_k` and the answer y, each map counts by the mean of its gradient,

.. math:: L = \mathrm{ReLU} \sum_k ( \frac{1}{N} \sum_{ij} \frac{\partial y}{\partial A_{k, ij}} ) A_k

and L is enlarged to the size of the image [1]_. Without the ReLU (``signed``) it also shows what speaks against.

References
----------
.. [1] R. R. Selvaraju et al., ICCV (2017), arXiv 1610.02391.

Checked against: a network whose answer and maps are known in closed form, in tests/learn/test_saliency.py.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError


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
        if len(kept) != 1 or kept[0].ndim != 4:
            raise InputError("Grad-CAM needs a layer that is used once and gives maps; choose a convolution")
        chosen = out[int(out.argmax()) if answer is None else answer]
        (gradient,) = torch.autograd.grad(chosen, kept[0])
    finally:
        hook.remove()
        model.train(training)
    maps = kept[0].detach()
    found = (gradient.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1, keepdim=True)
    found = found if signed else found.clamp(min=0)
    large = nn.functional.interpolate(found, size=image.shape[1:], mode="bilinear", align_corners=False)
    return np.asarray(large[0, 0].cpu().numpy())
