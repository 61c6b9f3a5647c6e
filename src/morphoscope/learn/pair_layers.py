r"""
The networks of ``pairvae``, small enough to be trained on a processor in minutes.

``Coder`` is a variational autoencoder that sees a picture in squares of a few pixels (each a set of channels) and gives
squares back, so that no layer works at full size. ``Velocity`` is the field of a flow in its latent space, told a time and
what is wanted. ``Tower`` brings a picture to a point on a sphere.

Checked against: shapes, and losses that fall, in tests/learn/test_pair_networks.py.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional


def conv(into: int, out: int, stride: int = 1) -> nn.Sequential:
    """A 3 x 3 convolution, normalised over the batch, and SiLU."""
    return nn.Sequential(nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.SiLU())


class Coder(nn.Module):
    """Pictures of ``channels`` to a latent plane ``square`` * 2^(len(widths) - 1) times smaller, and one channel back."""

    def __init__(self, *, channels: int, square: int, widths: tuple[int, ...], latent: int) -> None:
        super().__init__()
        down: list[nn.Module] = [nn.PixelUnshuffle(square), conv(channels * square**2, widths[0])]
        for into, out in itertools.pairwise(widths):
            down += [conv(into, out, 2)]
        self.encoder = nn.Sequential(*down, conv(widths[-1], widths[-1]), nn.Conv2d(widths[-1], 2 * latent, 1))
        up: list[nn.Module] = [conv(latent, widths[-1]), conv(widths[-1], widths[-1])]
        for into, out in zip(widths[:0:-1], widths[-2::-1], strict=True):
            up += [nn.Upsample(scale_factor=2), conv(into, out), conv(out, out)]
        self.decoder = nn.Sequential(*up, nn.Conv2d(widths[0], square**2, 3, padding=1), nn.PixelShuffle(square))

    def encode(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of the latent plane."""
        mean, log = self.encoder(pictures).float().chunk(2, 1)
        return mean, log.clamp(-8, 4)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """What comes back from one draw of the latent plane, and the divergence of the planes from a normal one."""
        mean, log = self.encode(pictures)
        drawn = mean + torch.randn_like(mean) * (0.5 * log).exp()
        divergence = 0.5 * (mean**2 + log.exp() - 1 - log).mean()
        return self.decoder(drawn).float(), divergence


class Turned(nn.Module):
    """Two convolutions beside the identity; what is wanted scales and shifts the second's input."""

    def __init__(self, width: int, told: int) -> None:
        super().__init__()
        self.first, self.second = nn.GroupNorm(8, width), nn.GroupNorm(8, width)
        self.one, self.two = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
        self.turn = nn.Linear(told, 2 * width)
        nn.init.zeros_(self.two.weight)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """x and what is added to it."""
        scale, shift = self.turn(told)[:, :, None, None].chunk(2, 1)
        inner = self.one(functional.silu(self.first(x)))
        return x + self.two(functional.silu(self.second(inner) * (1 + scale) + shift))  # type: ignore[no-any-return]


class Velocity(nn.Module):
    """The velocity of a latent plane at a time in [0, 1], given ``wanted`` numbers; it sees the plane in squares of two cells."""

    def __init__(self, *, latent: int, wanted: int, width: int = 128, told: int = 128) -> None:
        super().__init__()
        self.when = nn.Sequential(nn.Linear(32, told), nn.SiLU(), nn.Linear(told, told))
        self.what = nn.Sequential(nn.Linear(wanted, told), nn.SiLU(), nn.Linear(told, told))
        self.enter = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * latent, width, 3, padding=1))
        self.before = nn.ModuleList(Turned(width, told) for _ in range(2))
        self.down = nn.Conv2d(width, width, 3, 2, 1)
        self.middle = nn.ModuleList(Turned(width, told) for _ in range(4))
        self.after = nn.ModuleList(Turned(width, told) for _ in range(2))
        leave = nn.Conv2d(width, 4 * latent, 3, padding=1)
        self.leave = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), leave, nn.PixelShuffle(2))

    def forward(self, z: Tensor, time: Tensor, wanted: Tensor) -> Tensor:
        """Same shape as ``z``."""
        waves = torch.exp(torch.linspace(0, 6, 16))[None] * time[:, None]
        told = functional.silu(self.when(torch.cat([waves.sin(), waves.cos()], 1)) + self.what(wanted))
        h = self.enter(z)
        for block in self.before:
            h = block(h, told)
        kept, h = h, self.down(h)
        for block in self.middle:
            h = block(h, told)
        h = functional.interpolate(h, scale_factor=2) + kept
        for block in self.after:
            h = block(h, told)
        return self.leave(h).float()  # type: ignore[no-any-return]


class Tower(nn.Module):
    """Planes to unit vectors."""

    def __init__(self, channels: int, *, side: int, widths: tuple[int, ...] = (24, 32, 48, 64), size: int = 64) -> None:
        super().__init__()
        steps = [conv(into, out, 2) for into, out in zip((channels, *widths[:-1]), widths, strict=True)]
        left = -(-side // 2 ** len(widths))
        self.body = nn.Sequential(*steps, nn.Flatten(), nn.Dropout(0.2), nn.Linear(widths[-1] * left**2, size))

    def forward(self, planes: Tensor) -> Tensor:
        """One row a picture, of length 1."""
        return functional.normalize(self.body(planes).float(), dim=1)
