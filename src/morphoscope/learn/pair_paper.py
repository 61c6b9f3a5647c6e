r"""
The published PairVAE: two variational autoencoders whose latent planes of 6 x 6 x 32 are brought together.

An encoder (ResNet50 with frozen weights, or a compact one that is trained) brings 192 x 192 pixels to 6 x 6; one
convolution each gives mean and log variance of 32 channels. Decoders are transposed convolutions of stride 2, four with
8 filters and kernel 5 (patterns) or 32 filters and kernel 15 (micrographs), each with batch normalisation and ReLU, and a
last one to one channel. Alone, each minimises the mean squared difference (patterns, where they were counted) or the Bernoulli
likelihood (micrographs) plus 1e-6 of the divergence. Together,

.. math:: L = 0.005\, L_{z} + 0.04\, L_{XX} + 0.4\, L_{XE} + 0.04\, L_{EE} + 1\, L_{EX} + 10^{-6} D

with X the pattern and E the micrograph, and :math:`L_z` the loss of Barlow Twins, mean of :math:`(1 - C_{kk})^2` plus 0.005
of the mean of the other :math:`C_{kl}^2`, C the correlation of latent numbers over the batch, or that of SimCLR at temperature
0.1 [1]_. Adam with 1e-3, batches of 8; the first epochs see a new crop each, the rest the last of these.

Patterns here have one channel, the logarithm of the intensity, where the paper's pictures have three colours.

References
----------
.. [1] S. Lu, A. Jayaraman, JACS Au 3, 2510 (2023).

Checked against: both similarities of known vectors, shapes, losses that fall and a resumed training, in
tests/learn/test_pair_paper.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from . import weights
from .backbones import COLOURS, GREY_DEVIATION, GREY_MEAN, Network, backbone_of
from .fitting import named, state_of
from .pair_layers import conv
from .pair_loop import Plan, filled, half, pixels, train
from .pretraining import contrast
from .recipe import NONE, Recipe

CHANNELS, STAGES = 32, 5
SAXS_DECODER, SEM_DECODER = (8, 5), (32, 15)
"""Filters and kernel."""
COMPACT = (24, 32, 48, 64, 96)
SIMILAR, SAXS_SAXS, SAXS_SEM, SEM_SEM, SEM_SAXS, DIVERGENCE = 5e-3, 0.04, 0.4, 0.04, 1.0, 1e-6
REDUNDANT = 0.005
BATCH, RATE = 8, 1e-3
SOLO_SAXS, SOLO_SEM, PAIR = 500, 1000, 1100
"""Epochs."""
NEW_CROPS = {"one": 1, "ten": 10, "hundred": 100, "all": 10**9}
"""Epochs from the start that draw new crops."""


class Half(nn.Module):
    """The autoencoder of one technique."""

    def __init__(self, encoder: nn.Module, width: int, *, filters: int, kernel: int, frozen: bool) -> None:
        super().__init__()
        self.encoder, self.frozen = encoder, frozen
        self.narrow = nn.Conv2d(width, CHANNELS, 1)
        self.mean, self.log = nn.Conv2d(CHANNELS, CHANNELS, 1), nn.Conv2d(CHANNELS, CHANNELS, 1)
        up, before = list[nn.Module](), CHANNELS
        for _ in range(STAGES - 1):
            up += [_doubling(before, filters, kernel), nn.BatchNorm2d(filters), nn.ReLU()]
            before = filters
        self.decoder = nn.Sequential(*up, _doubling(before, 1, kernel))
        if frozen:
            encoder.requires_grad_(False)

    def encode(self, grey: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the latent plane."""
        h = self.narrow(self.encoder(grey))
        return self.mean(h).float(), self.log(h).float().clamp(-12, 6)

    def decode(self, z: Tensor) -> Tensor:
        """Outputs before the sigmoid."""
        return self.decoder(z).float()  # type: ignore[no-any-return]

    def train(self, mode: bool = True) -> Half:
        """As in torch, but a frozen encoder goes on as it was, its normalisation included."""
        super().train(mode)
        if self.frozen:
            self.encoder.eval()
        return self


class Both(nn.Module):
    """The two autoencoders."""

    def __init__(self, saxs: Half, sem: Half) -> None:
        super().__init__()
        self.saxs, self.sem = saxs, sem


class Deep(nn.Module):
    """The planes before the pooling of a network of timm."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, grey: Tensor) -> Tensor:
        """Planes 32 times smaller."""
        colours = ((grey - GREY_MEAN) / GREY_DEVIATION).expand(-1, COLOURS, -1, -1)
        return self.backbone.forward_features(colours.contiguous(memory_format=torch.channels_last))  # type: ignore[operator,no-any-return]


def build(encoder: str, *, start: str | Path = NONE, size_px: int, seed: int) -> Both:
    """Both autoencoders before training; ``encoder`` is compact or a network of timm, with the weights ``start``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        halves = []
        for filters, kernel in (SAXS_DECODER, SEM_DECODER):
            body, width = _encoder(encoder, start, size_px)
            halves.append(Half(body, width, filters=filters, kernel=kernel, frozen=start != NONE))
        return Both(*halves).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _encoder(name: str, start: str | Path, size_px: int) -> tuple[nn.Module, int]:
    if name == "compact":
        steps = [conv(a, b, 2) for a, b in zip((1, *COMPACT[:-1]), COMPACT, strict=True)]
        return nn.Sequential(*steps), COMPACT[-1]
    backbone, width = backbone_of(name, size_px=size_px)
    weights.start(Network(backbone, nn.Identity()), Recipe(name, start, size_px=size_px))
    return Deep(backbone), width


def _doubling(into: int, out: int, kernel: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(into, out, kernel, stride=2, padding=kernel // 2, output_padding=1)


class Lessons:
    """Batches: patterns with masks, and of each epoch one crop a micrograph."""

    def __init__(self, pairs: Any, *, size_px: int, seed: int, new_crops: str) -> None:
        self.pairs, self.size_px, self.seed, self.fresh = pairs, size_px, seed, NEW_CROPS[new_crops]

    def per_epoch(self, rows: np.ndarray) -> int:
        """Batches in an epoch."""
        return max(1, len(rows) // BATCH)

    def batch(self, rows: np.ndarray, step: int) -> tuple[np.ndarray, int]:
        """The rows of a step, and its epoch."""
        epoch, place = divmod(step, self.per_epoch(rows))
        order = np.random.default_rng([self.seed, epoch]).permutation(rows)
        return order[place * BATCH : (place + 1) * BATCH], epoch

    def crops(self, rows: np.ndarray, epoch: int) -> Tensor:
        """The crops of this epoch."""
        which = min(epoch, self.fresh - 1)
        made = [self.pairs.crops([k], rng=np.random.default_rng([self.seed, which, int(k)]), size_px=self.size_px) for k in rows]
        return pixels(np.concatenate(made))

    def patterns(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Patterns, zero where nothing was counted, and where they were."""
        seen = self.pairs.mask[rows].astype(np.float32)
        return pixels(self.pairs.saxs[rows] * seen), pixels(seen)


def plan(epochs: int, batches: int) -> Plan:
    """The paper's Adam: no decay, a constant rate, no moving average."""
    return Plan(steps=epochs * batches, batch=BATCH, rate=RATE, memory=0.0, decay=0.0, falls=False)


def train_solo(
    both: Both, lessons: Lessons, rows: np.ndarray, *, epochs: int, side: str, seed: int, **loop: Any
) -> tuple[Half, np.ndarray]:
    """One autoencoder alone, ``side`` saxs or sem."""

    def loss(one: Half, rng: np.random.Generator, step: int) -> Tensor:
        some, epoch = lessons.batch(rows, step)
        if side == "saxs":
            shown, seen = lessons.patterns(some)
        else:
            shown, seen = lessons.crops(some, epoch), None
        with half():
            mean, log = one.encode(shown)
            back = one.decode(_drawn(mean, log))
        return _missed(back, shown, seen) + DIVERGENCE * _divergence(mean, log)

    return train(getattr(both, side), loss, plan(epochs, lessons.per_epoch(rows)), seed=seed, **loop)


def train_pair(
    both: Both, lessons: Lessons, rows: np.ndarray, *, epochs: int, similarity: str, seed: int, **loop: Any
) -> tuple[Both, np.ndarray]:
    """Both together; ``similarity`` is barlow or simclr."""

    def loss(two: Both, rng: np.random.Generator, step: int) -> Tensor:
        some, epoch = lessons.batch(rows, step)
        (shown, seen), crops = lessons.patterns(some), lessons.crops(some, epoch)
        with half():
            mean_x, log_x = two.saxs.encode(shown)
            mean_e, log_e = two.sem.encode(crops)
            x, e = _drawn(mean_x, log_x), _drawn(mean_e, log_e)
            back = {
                name: h.decode(z)
                for name, h, z in (("xx", two.saxs, x), ("ex", two.saxs, e), ("xe", two.sem, x), ("ee", two.sem, e))
            }
        alike = (barlow if similarity == "barlow" else simclr)(x.flatten(1), e.flatten(1))
        total: Tensor = (
            SIMILAR * alike
            + SAXS_SAXS * _missed(back["xx"], shown, seen)
            + SAXS_SEM * _missed(back["xe"], crops, None)
            + SEM_SEM * _missed(back["ee"], crops, None)
            + SEM_SAXS * _missed(back["ex"], shown, seen)
            + DIVERGENCE * (_divergence(mean_x, log_x) + _divergence(mean_e, log_e))
        )
        return total

    return train(both, loss, plan(epochs, lessons.per_epoch(rows)), seed=seed, **loop)


def barlow(one: Tensor, other: Tensor) -> Tensor:
    """Zero where each latent number of one agrees with its own of the other, over the batch, and with no other number."""
    a, b = ((z - z.mean(0)) / (z.std(0, unbiased=False) + 1e-4) for z in (one, other))
    c = a.T @ b / len(a)
    own = c.diagonal()
    others = (c.square().sum() - own.square().sum()) / max(c.numel() - len(own), 1)
    return (1 - own).square().mean() + REDUNDANT * others


def simclr(one: Tensor, other: Tensor) -> Tensor:
    """The contrastive loss of the pairs of a batch."""
    return contrast(torch.cat([one, other]), temperature=0.1)


@torch.no_grad()
def latents(one: Half, planes: np.ndarray) -> np.ndarray:
    """Mean latent plane of each picture."""
    with half():
        return np.concatenate([one.encode(part)[0].numpy() for part in torch.split(pixels(planes), 32)])


@torch.no_grad()
def decoded(one: Half, z: np.ndarray) -> np.ndarray:
    """What a decoder makes of latent planes, between 0 and 1."""
    with half():
        return np.concatenate([torch.sigmoid(one.decode(part))[:, 0].numpy() for part in torch.split(pixels(z), 32)])


def arrays_of(both: Both) -> dict[str, np.ndarray]:
    """The weights by name."""
    return {f"both.{name}": value for name, value in state_of(both).items()}


def of_arrays(arrays: Mapping[str, np.ndarray], *, encoder: str, size_px: int) -> Both:
    """The inverse of ``arrays_of``."""
    return filled(build(encoder, size_px=size_px, seed=0), named(arrays, "both."))


def _drawn(mean: Tensor, log: Tensor) -> Tensor:
    return mean + torch.randn_like(mean) * (0.5 * log).exp()


def _divergence(mean: Tensor, log: Tensor) -> Tensor:
    """Of a batch: per picture, summed over its latent numbers."""
    return 0.5 * (mean.square() + log.exp() - 1 - log).sum((1, 2, 3)).mean()


def _missed(back: Tensor, shown: Tensor, seen: Tensor | None) -> Tensor:
    if seen is None:
        return functional.binary_cross_entropy_with_logits(back, shown)
    return ((torch.sigmoid(back) - shown).square() * seen).sum() / seen.sum().clamp(min=1)
