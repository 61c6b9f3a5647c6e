"""
The loop that every network of ``pairvae`` is trained with, to be read from top to bottom.

What a step draws follows from (seed, step) alone, so that training which goes on from a checkpoint gives the same bits as
training which was never stopped. Beside the weights runs their moving average, which is what is kept.

Checked against: a resumed and an unbroken training, in tests/learn/test_pair_loop.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from .fitting import Save, load_optimiser, moments_of, named, state_of, word

Tell = Callable[[int, float], None]
Show = Callable[[nn.Module], None]
Kind = TypeVar("Kind", bound=nn.Module)
EVERY = 50
"""Steps between two reports, and between two chances to keep a checkpoint."""
WARM = 30
"""Steps in which the rate grows to its full size."""


@dataclass(frozen=True)
class Plan:
    """``steps`` batches of ``batch`` rows; ``memory`` is the moving average's.

    The ``rate`` grows in a moment and ``falls`` to a twentieth, or stays what it is. ``decay`` is that of the weights.
    """

    steps: int
    batch: int = 32
    rate: float = 2e-3
    memory: float = 0.99
    decay: float = 1e-4
    falls: bool = True

    def rate_at(self, step: int) -> float:
        """The learning rate of a step: up in a moment, down along half a cosine."""
        if not self.falls:
            return self.rate
        fall = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / max(self.steps, 1)))
        return self.rate * min(1.0, (step + 1) / WARM) * fall


def train(
    network: Kind,
    loss: Callable[[Kind, np.random.Generator, int], Tensor],
    plan: Plan,
    *,
    seed: int,
    saved: Mapping[str, np.ndarray] | None = None,
    save: Save = lambda arrays: None,
    tell: Tell = lambda step, loss: None,
    show: Show = lambda network: None,
) -> tuple[Kind, np.ndarray]:
    """
    Bring ``loss(network, rng, step)`` down; gives the network with averaged weights, and the mean loss of each ``EVERY`` steps.

    ``save`` is given a function that makes the arrays of a checkpoint; ``saved`` is such arrays, to go on from there.
    ``show`` may draw what the averaged network makes by now.
    """
    weights = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=plan.rate, weight_decay=plan.decay)
    mean = {name: value.detach().clone() for name, value in network.state_dict().items()}
    losses, start = list[float](), 0
    if saved:
        network.load_state_dict(_tensors(saved, "network."))
        mean = _tensors(saved, "mean.")
        load_optimiser(optimiser, saved)
        losses = saved["losses"].tolist()
        start = len(losses) * EVERY
    total = 0.0
    for step in range(start, plan.steps):
        network.train()
        for group in optimiser.param_groups:
            group["lr"] = plan.rate_at(step)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(word(seed, step))
            found = loss(network, np.random.default_rng([seed, step]), step)
        optimiser.zero_grad(set_to_none=True)
        found.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        _follow(mean, network, min(plan.memory, (step + 1) / (step + 10)))
        total += float(found.detach())
        if (step + 1) % EVERY == 0:
            losses.append(total / EVERY)
            total = 0.0
            tell(step + 1, losses[-1])
            _shown(network, mean, show)
            save(partial(_checkpoint, network, mean, optimiser, losses))
    network.load_state_dict(mean)
    return network.eval(), np.array(losses)


def pixels(array: np.ndarray) -> Tensor:
    """Planes (n, h, w) or (n, channels, h, w) as the networks take them."""
    found = torch.from_numpy(np.ascontiguousarray(array, np.float32))
    return (found[:, None] if found.ndim == 3 else found).contiguous(memory_format=torch.channels_last)


def filled(network: Kind, arrays: Mapping[str, np.ndarray]) -> Kind:
    """``network`` with the weights ``arrays``, ready for use."""
    network.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()})
    return network.eval()


def half() -> torch.autocast:
    """Arithmetic in bfloat16 where the processor has it, several times faster there; float32 elsewhere."""
    return torch.autocast("cpu", torch.bfloat16, enabled=_fast_half())


def _fast_half() -> bool:
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


@torch.no_grad()
def _follow(mean: dict[str, Tensor], network: nn.Module, memory: float) -> None:
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            mean[name].lerp_(value, 1 - memory)
        else:
            mean[name].copy_(value)


def _shown(network: nn.Module, mean: Mapping[str, Tensor], show: Show) -> None:
    """Let ``show`` see the averaged weights, and put the others back."""
    own = {name: value.detach().clone() for name, value in network.state_dict().items()}
    network.load_state_dict(mean)
    network.eval()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        show(network)
    network.load_state_dict(own)


def _checkpoint(
    network: nn.Module, mean: Mapping[str, Tensor], optimiser: torch.optim.Optimizer, losses: list[float]
) -> dict[str, np.ndarray]:
    arrays = {f"network.{name}": value for name, value in state_of(network).items()}
    arrays |= {f"mean.{name}": value.numpy().copy() for name, value in mean.items()}
    return arrays | moments_of(optimiser) | {"losses": np.array(losses)}


def _tensors(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.array(array)) for name, array in named(arrays, prefix).items()}
