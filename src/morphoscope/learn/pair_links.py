r"""
What links the techniques: patterns coded, and crops matched with patterns.

A crop is shown to these networks as the logarithm of its own power spectrum, which is what scatters; where the crop
lies no longer matters. Pixels of a pattern that were not counted are zero, a second channel says which, and they
weigh nothing in any loss.

``train_saxs`` is an autoencoder of patterns (mean absolute difference). ``train_towers`` brings a crop and its pattern to the
same point of a sphere by InfoNCE [1]_ over the pairs of a batch,

.. math:: -\frac{1}{2n} \sum_i \left( \ln \frac{e^{a_i \cdot b_i / \tau}}{\sum_k e^{a_i \cdot b_k / \tau}}
          + \ln \frac{e^{a_i \cdot b_i / \tau}}{\sum_k e^{a_k \cdot b_i / \tau}} \right), \qquad \tau = 0.1

References
----------
.. [1] A. van den Oord et al., Representation learning with contrastive predictive coding, arXiv 1807.03748 (2018).

Checked against: the loss of known vectors, and pairs of gratings, in tests/learn/test_pair_networks.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .pair_layers import Coder, Tower
from .pair_loop import Plan, half, pixels, train

TEMPERATURE = 0.1
DIVERGENCE = 1e-5
SAXS = Plan(steps=400, batch=16, rate=3e-3)
TOWERS = Plan(steps=400, batch=64, rate=2e-3)
SEEN_PX = 96
"""Side of the planes that the towers see."""
STRETCH = 0.06
"""Largest change of the period, as a share, by which learnt pairs are stretched."""
AT_ONCE = 64
Draw = Callable[[np.random.Generator, np.ndarray], np.ndarray]
"""Gives a crop for each of the rows of patterns that it is asked for."""


class Towers(nn.Module):
    """One tower a technique."""

    def __init__(self) -> None:
        super().__init__()
        self.sem, self.saxs = Tower(1, side=SEEN_PX), Tower(2, side=SEEN_PX)


def counted(saxs: np.ndarray, mask: np.ndarray) -> Tensor:
    """Two channels: the pattern where it was counted, and where that is."""
    seen = mask.astype(np.float32)
    return pixels(np.stack([saxs * seen, seen], axis=1))


def small(planes: Tensor) -> Tensor:
    """``counted`` planes brought to ``SEEN_PX``, as means over the pixels that were counted."""
    both = functional.interpolate(planes, (SEEN_PX, SEEN_PX), mode="area")
    return torch.cat([both[:, :1] / both[:, 1:].clamp(min=0.05), both[:, 1:]], 1).contiguous(memory_format=torch.channels_last)


def spectrum(crops: np.ndarray) -> Tensor:
    """Logarithm of the power spectrum of each crop, zero frequency in the middle, its inner ``SEEN_PX`` squared."""
    planes = torch.from_numpy(np.ascontiguousarray(crops, np.float32))
    side = planes.shape[-1]
    window = torch.hann_window(side, periodic=False)
    planes = (planes - planes.mean((1, 2), keepdim=True)) * window[:, None] * window
    power = torch.fft.fftshift(torch.fft.fft2(planes).abs() ** 2, dim=(1, 2))
    power = functional.avg_pool2d(power[:, None], 3, 1, 1) / side**2
    if side >= SEEN_PX:
        edge = (side - SEEN_PX) // 2
        power = power[..., edge : edge + SEEN_PX, edge : edge + SEEN_PX]
    else:
        power = functional.interpolate(power, (SEEN_PX, SEEN_PX), mode="bilinear")
    level: Tensor = torch.log10(power + 1e-3) / 3 + 0.5
    return level.contiguous(memory_format=torch.channels_last)


def new_saxs(*, seed: int) -> Coder:
    """The autoencoder of patterns before training."""
    return _new(lambda: Coder(channels=2, square=4, widths=(48, 64), latent=8), seed)  # type: ignore[return-value]


def new_towers(*, seed: int) -> Towers:
    """Both towers before training."""
    return _new(Towers, seed)  # type: ignore[return-value]


def train_saxs(saxs: np.ndarray, mask: np.ndarray, *, plan: Plan = SAXS, seed: int, **loop: Any) -> tuple[Coder, np.ndarray]:
    """Learn to give patterns back through a small plane of numbers."""
    planes = counted(saxs, mask)

    def loss(coder: Coder, rng: np.random.Generator, step: int) -> Tensor:
        some = _turned(planes[_some(rng, len(planes), plan.batch)], rng)
        with half():
            back, divergence = coder(some)
        total: Tensor = _missed(torch.sigmoid(back), some) + DIVERGENCE * divergence
        return total

    return train(new_saxs(seed=seed), loss, plan, seed=seed, **loop)


def train_towers(
    draw: Draw,
    saxs: np.ndarray,
    mask: np.ndarray,
    *,
    plan: Plan = TOWERS,
    seed: int,
    **loop: Any,
) -> tuple[Towers, np.ndarray]:
    """Match crops and patterns."""
    planes = small(counted(saxs, mask))

    def loss(towers: Towers, rng: np.random.Generator, step: int) -> Tensor:
        rows = rng.permutation(len(planes))[: plan.batch]
        ours, seen = together(spectrum(draw(rng, rows)), planes[torch.from_numpy(rows)], rng)
        seen = seen + 0.03 * torch.randn_like(seen) * torch.tensor([1.0, 0.0])[None, :, None, None]
        with half():
            one, other = towers.sem(ours), towers.saxs(seen)
        return contrast(one, other)

    return train(new_towers(seed=seed), loss, plan, seed=seed, **loop)


def together(ours: Tensor, theirs: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """
    Spectra and patterns mirrored and stretched alike: other specimens that might have been.

    A film seen in a mirror is a film, and one of a slightly other period has its pattern drawn together.
    """
    factor, signs = rng.uniform(1 - STRETCH, 1 + STRETCH, len(ours)), rng.choice([-1.0, 1.0], (len(ours), 2))
    turn = np.zeros((len(ours), 2, 3))
    turn[:, 0, 0], turn[:, 1, 1] = factor * signs[:, 0], factor * signs[:, 1]
    grid = functional.affine_grid(torch.from_numpy(turn).float(), list(ours.shape), align_corners=False)
    both = functional.grid_sample(torch.cat([ours, theirs], 1), grid, padding_mode="border", align_corners=False)
    one, other = (part.contiguous(memory_format=torch.channels_last) for part in torch.split(both, [1, 2], 1))
    return one, other


def contrast(one: Tensor, other: Tensor) -> Tensor:
    """InfoNCE of unit vectors whose rows belong together."""
    alike = one @ other.T / TEMPERATURE
    place = torch.arange(len(one))
    return (functional.cross_entropy(alike, place) + functional.cross_entropy(alike.T, place)) / 2


@torch.no_grad()
def recoded(coder: Coder, saxs: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Patterns after the way through the autoencoder's latent plane."""
    with half():
        found = [torch.sigmoid(coder.decoder(coder.encode(p)[0]).float()) for p in torch.split(counted(saxs, mask), AT_ONCE)]
    return np.asarray(torch.cat(found)[:, 0].numpy())


@torch.no_grad()
def sem_points(towers: Towers, crops: np.ndarray) -> np.ndarray:
    """Where crops lie on the sphere."""
    with half():
        return np.concatenate([towers.sem(part).numpy() for part in torch.split(spectrum(crops), AT_ONCE)])


@torch.no_grad()
def saxs_points(towers: Towers, saxs: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Where patterns lie on the sphere."""
    with half():
        return np.concatenate([towers.saxs(part).numpy() for part in torch.split(small(counted(saxs, mask)), AT_ONCE)])


def _missed(found: Tensor, planes: Tensor) -> Tensor:
    """Mean absolute difference where something was counted."""
    return ((found - planes[:, :1]).abs() * planes[:, 1:]).sum() / planes[:, 1:].sum()


def _some(rng: np.random.Generator, rows: int, count: int) -> Tensor:
    return torch.from_numpy(rng.integers(rows, size=count))


def _turned(planes: Tensor, rng: np.random.Generator) -> Tensor:
    """Half a turn and mirrors, which leave a specimen's pattern a pattern."""
    axes = [axis for axis in (2, 3) if rng.random() < 0.5]
    return planes.flip(axes).contiguous(memory_format=torch.channels_last) if axes else planes


def _new(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make().to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
