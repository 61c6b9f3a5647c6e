"""
Where a network judge looks: the signed Grad-CAM maps of its evidence, and the same of networks that learnt nothing.

A map is true to the network if it changes with the weights: drawn anew, in the head alone or everywhere, they must give
another map [1]_.

References
----------
.. [1] J. Adebayo et al., NeurIPS (2018), arXiv 1810.03292.

Checked against: a network whose one map is the answer, in tests/learn/test_saliency.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from . import augment
from .backbones import Network
from .epochs import Scale
from .network import NetworkJudge
from .saliency import deepest_maps, grad_cam


class Evidence(nn.Module):
    """The log odds of the second of two classes as the only output of a network."""

    def __init__(self, network: nn.Module, scale: Scale) -> None:
        super().__init__()
        self.network, self.temperature = network, scale.temperature

    def forward(self, grey: Tensor) -> Tensor:
        outputs: Tensor = self.network(grey)
        return (outputs[:, 1] - outputs[:, 0]) / self.temperature


def layer_of(network: Network, scale: Scale, square: np.ndarray) -> str:
    """Name of the layer whose maps are used, for squares like ``square``."""
    return deepest_maps(Evidence(network, scale), _seen(network, square))


def evidence_map(network: Network, scale: Scale, square: np.ndarray, layer: str) -> np.ndarray:
    """What each place of an 8-bit ``square`` adds to the evidence, above 0 where it speaks for the second class."""
    asked = Evidence(network, scale)
    return grad_cam(asked, _seen(network, square), dict(asked.named_modules())[layer], signed=True)


def unlearnt_maps(
    judge: NetworkJudge, square: np.ndarray, layer: str, *, rng: np.random.Generator, draws: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The maps with weights drawn anew, each time first in the head alone and then everywhere."""
    for seed in rng.integers(2**31, size=draws).tolist():
        one = judge.fresh(seed)
        everywhere = evidence_map(one, judge.scales[0], square, layer)
        backbone = {name: array for name, array in judge.states[0].items() if name.startswith("backbone.")}
        one.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in backbone.items()}, strict=False)
        yield evidence_map(one, judge.scales[0], square, layer), everywhere


def _seen(network: Network, square: np.ndarray) -> Tensor:
    at = next(network.parameters()).device
    return augment.views(torch.from_numpy(square[None]).to(at))[0]
