r"""
Training a backbone without labels: two pictures of one specimen should look alike to it, those of two specimens not.

Each picture is changed twice as another session at the microscope would change it (``augment.physical``). A projection of
the backbone's features is brought to unit length, and the loss of a batch of n pictures is that of SimCLR [1]_,

.. math:: -\frac{1}{2n} \sum_i \ln \frac{e^{z_i \cdot z_{i'} / \tau}}{\sum_{k \ne i} e^{z_i \cdot z_k / \tau}}, \qquad \tau = 0.2,

where i' is the other picture of i's specimen. Afterwards the projection is thrown away. ``recognised`` is the share of
validation pictures whose other picture is the nearest of all, by chance 1 / (2n - 1).

References
----------
.. [1] T. Chen et al., arXiv 2002.05709 (2020).

Checked against: the loss of known vectors, its fall on gratings, and a resumed training, in
tests/learn/test_pretraining.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from . import augment, weights
from .backbones import Network, backbone_of
from .epochs import Pictures
from .fitting import OPTIMISERS, Save, Tell, device_of, load_optimiser, mixed, moments_of, named, rate_at, state_of, word
from .recipe import Recipe

TEMPERATURE = 0.2
PROJECTED = 64


def contrastive(
    pictures: Pictures,
    train: np.ndarray,
    validation: np.ndarray,
    recipe: Recipe,
    *,
    seed: int,
    device: str = "auto",
    saved: Mapping[str, np.ndarray] | None = None,
    save: Save = lambda arrays: None,
    tell: Tell = lambda epoch, note: None,
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Weights of the last epoch, and after each epoch the mean loss and the share of ``validation`` that is recognised."""
    at = device_of(device)
    network = _network(recipe, seed)
    if saved:
        network.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in named(saved, "network.").items()})
    else:
        weights.start(network, recipe)
    network.to(at)
    optimiser = OPTIMISERS[recipe.optimiser](network.parameters(), lr=recipe.rate)
    losses, shares = (list(saved[name]) for name in ("losses", "shares")) if saved else ([], [])
    if saved:
        load_optimiser(optimiser, saved)
    grey = torch.from_numpy(pictures.grey).to(at)
    for epoch in range(len(losses), recipe.epochs):
        random = augment.generator_of(at, seed, epoch)
        order = torch.from_numpy(train).to(at)[torch.randperm(len(train), generator=random, device=at)]
        total, seen = 0.0, 0
        network.train()
        with torch.random.fork_rng(devices=[at] if at.type == "cuda" else []):
            torch.manual_seed(word(seed, epoch))
            for k, rows in enumerate(torch.split(order, recipe.batch)):
                if len(rows) < 2:
                    continue
                for group in optimiser.param_groups:
                    group["lr"] = rate_at(recipe, epoch + k * recipe.batch / len(order))
                with torch.autocast(at.type, torch.bfloat16, enabled=mixed(recipe, at)):
                    outputs = network(_two_of_each(grey[rows], random))
                loss = contrast(outputs.float())
                optimiser.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                total, seen = total + float(loss.detach()) * len(rows), seen + len(rows)
        losses.append(total / max(seen, 1))
        shares.append(recognised(network, grey[torch.from_numpy(validation).to(at)], seed))
        save(partial(_checkpoint, network, optimiser, losses, shares))
        tell(epoch + 1, f"loss {losses[-1]:.3f}, recognised {shares[-1]:.0%}")
    return state_of(network), np.array(losses), np.array(shares)


def contrast(outputs: Tensor, *, temperature: float = TEMPERATURE) -> Tensor:
    """The loss of (2n, width) outputs whose rows k and n + k belong together."""
    alike = _similar(outputs) / temperature
    half = len(outputs) // 2
    partner = torch.arange(len(outputs), device=outputs.device).roll(half)
    return nn.functional.cross_entropy(alike, partner)


def recognised(network: nn.Module, grey: Tensor, seed: int) -> float:
    """Share of ``grey`` whose changed picture is nearest to its other one; NaN for fewer than two pictures."""
    if len(grey) < 2:
        return float("nan")
    network.eval()
    random = augment.generator_of(grey.device, seed, 10**6)
    with torch.inference_mode():
        alike = _similar(network(_two_of_each(grey, random)).float())
    partner = torch.arange(len(alike), device=grey.device).roll(len(grey))
    return float((alike.argmax(1) == partner).float().mean())


def _similar(outputs: Tensor) -> Tensor:
    """Cosines of all pairs, and nothing with itself."""
    unit = nn.functional.normalize(outputs, dim=1)
    return (unit @ unit.T).masked_fill(torch.eye(len(unit), dtype=torch.bool, device=unit.device), -torch.inf)


def _two_of_each(grey: Tensor, random: torch.Generator) -> Tensor:
    return torch.cat([augment.physical(grey, generator=random), augment.physical(grey, generator=random)])


def _network(recipe: Recipe, seed: int) -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        backbone, width = backbone_of(recipe.model, size_px=recipe.size_px)
        projection = nn.Sequential(nn.Linear(width, 2 * PROJECTED), nn.ReLU(), nn.Linear(2 * PROJECTED, PROJECTED))
    return Network(backbone, projection)


def _checkpoint(
    network: nn.Module, optimiser: torch.optim.Optimizer, losses: list[float], shares: list[float]
) -> dict[str, np.ndarray]:
    arrays = {f"network.{name}": value for name, value in state_of(network).items()}
    return arrays | moments_of(optimiser) | {"losses": np.array(losses), "shares": np.array(shares)}
