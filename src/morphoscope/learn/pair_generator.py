r"""
Crops from numbers: an autoencoder of two-phase crops, and a flow in its latent space that is told what is wanted.

The autoencoder is a variational one with a plane of 24 x 24 x 4 numbers for a crop of 192 pixels (binary cross-entropy,
divergence weight 1e-4): a cell of 8 pixels is smaller than a domain, which one of 32 pixels, as published [1]_, is not. The
flow [2]_ turns noise e into a latent plane z along

.. math:: \frac{d z_t}{dt} = v(z_t, t, c), \qquad v = \arg\min \left\langle |v(z_t, t, c) - (z - e)|^2 \right\rangle,
          \quad z_t = (1 - t) e + t z

c are the statistics of the very crop that z came from (whitened principal scores, with a little noise), so every
crop of every specimen teaches what its statistics look like, whether or not its partner is known. A sample takes
``STEPS`` steps of Heun.

References
----------
.. [1] S. Lu, A. Jayaraman, Pair-Variational Autoencoders for linking and cross-reconstruction of characterization data.
.. [2] Y. Lipman et al., Flow matching for generative modeling, arXiv 2210.02747 (2022).

Checked against: crops that come back, and a flow that obeys a wanted area fraction, in tests/learn/test_pair_networks.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .fitting import named, state_of
from .pair_layers import Coder, Velocity
from .pair_loop import Plan, filled, half, pixels, train

SQUARE, WIDTHS, LATENT = 4, (48, 64), 4
DIVERGENCE = 1e-4
BLUR = 0.1
"""Standard deviation of the noise on what is wanted, while learning."""
STEPS = 4
AT_ONCE = 64
CODER = Plan(steps=600, batch=16, rate=3e-3)
FLOW = Plan(steps=2500, batch=32, rate=2e-3, memory=0.995)
Draw = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True, eq=False)
class Generator:
    """``low`` and ``scale`` are the mean and deviation of the latent numbers that the flow was taught."""

    coder: Coder
    velocity: Velocity
    low: Tensor
    scale: Tensor

    @torch.no_grad()
    def sample(self, wanted: np.ndarray, *, side_px: int, rng: np.random.Generator) -> np.ndarray:
        """A crop (0 and 1) for each row of ``wanted``."""
        found, edge = [], side_px // (SQUARE * 2 ** (len(WIDTHS) - 1))
        for rows in np.array_split(wanted, max(1, -(-len(wanted) // AT_ONCE))):
            told = torch.from_numpy(np.ascontiguousarray(rows, np.float32))
            z = pixels(rng.standard_normal((len(rows), LATENT, edge, edge)))
            times = np.linspace(0, 1, STEPS + 1)
            with half():
                for start, end in itertools.pairwise(times):
                    first = self.velocity(z, torch.full((len(rows),), float(start)), told)
                    there = z + (end - start) * first
                    if end < 1:
                        second = self.velocity(there, torch.full((len(rows),), float(end)), told)
                        there = z + (end - start) * (first + second) / 2
                    z = there
                found.append(_bright(self.coder, z * self.scale + self.low))
        return np.concatenate(found)

    def reconstruct(self, crops: np.ndarray) -> np.ndarray:
        """The crops after the way through the latent space."""
        return reconstructed(self.coder, crops)

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights by name."""
        kept = {f"coder.{name}": value for name, value in state_of(self.coder).items()}
        kept |= {f"velocity.{name}": value for name, value in state_of(self.velocity).items()}
        return kept | {"latent.low": self.low.numpy().copy(), "latent.scale": self.scale.numpy().copy()}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Generator:
        """The inverse of ``arrays``."""
        coder = filled(new_coder(seed=0), named(arrays, "coder."))
        wanted = arrays["velocity.what.0.weight"].shape[1]
        velocity = filled(new_velocity(wanted, seed=0), named(arrays, "velocity."))
        low, scale = (torch.from_numpy(np.array(arrays[f"latent.{name}"])) for name in ("low", "scale"))
        return cls(coder, velocity, low, scale)


def new_coder(*, seed: int) -> Coder:
    """The autoencoder before training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Coder(channels=1, square=SQUARE, widths=WIDTHS, latent=LATENT).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def new_velocity(wanted: int, *, seed: int) -> Velocity:
    """The flow before training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Velocity(latent=LATENT, wanted=wanted)
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def train_coder(draw: Draw, *, plan: Plan = CODER, seed: int, **loop: Any) -> tuple[Coder, np.ndarray]:
    """Learn the crops that ``draw(rng, count)`` gives."""

    def loss(coder: Coder, rng: np.random.Generator, step: int) -> Tensor:
        crops = pixels(draw(rng, plan.batch))
        with half():
            back, divergence = coder(crops)
        missed: Tensor = functional.binary_cross_entropy_with_logits(back, crops) + DIVERGENCE * divergence
        return missed

    return train(new_coder(seed=seed), loss, plan, seed=seed, **loop)


def train_velocity(
    latents: np.ndarray, wanted: np.ndarray, *, plan: Plan = FLOW, seed: int, **loop: Any
) -> tuple[Velocity, np.ndarray]:
    """Learn the flow to scaled ``latents`` (n, channels, h, w), each with its numbers ``wanted`` (n, k)."""
    planes, told = pixels(latents), torch.from_numpy(np.ascontiguousarray(wanted, np.float32))

    def loss(velocity: Velocity, rng: np.random.Generator, step: int) -> Tensor:
        rows = torch.from_numpy(rng.integers(len(planes), size=plan.batch))
        z, c = planes[rows], told[rows]
        noise, time = torch.randn_like(z), torch.sigmoid(torch.randn(len(rows)))
        t = time[:, None, None, None]
        with half():
            found = velocity((1 - t) * noise + t * z, time, c + BLUR * torch.randn_like(c))
        return functional.mse_loss(found, z - noise)

    return train(new_velocity(wanted.shape[1], seed=seed), loss, plan, seed=seed, **loop)


@torch.no_grad()
def latents_of(coder: Coder, crops: np.ndarray) -> np.ndarray:
    """The mean latent plane of each crop."""
    found = []
    for rows in np.array_split(crops, max(1, -(-len(crops) // AT_ONCE))):
        with half():
            found.append(coder.encode(pixels(rows))[0].numpy())
    return np.concatenate(found)


@torch.no_grad()
def reconstructed(coder: Coder, crops: np.ndarray) -> np.ndarray:
    """The crops (0 and 1) after the way through the latent space, drawn from its middle."""
    with half():
        return np.concatenate(
            [_bright(coder, pixels(part)) for part in np.array_split(latents_of(coder, crops), -(-len(crops) // AT_ONCE))]
        )


def _bright(coder: Coder, z: Tensor) -> np.ndarray:
    found = coder.decoder(z.contiguous(memory_format=torch.channels_last))[:, 0] > 0
    return np.asarray(found.numpy().astype(np.uint8))
