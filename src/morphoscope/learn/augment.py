r"""
Other pictures of the same specimen: the paper's offline copies, and what another session at the microscope would change.

``paper`` makes copies before training: a turn by 0 to 360 degrees, a shift, flips, and a square of 256 pixels of the
original picture [1]_. ``physical`` changes pictures as they are drawn: magnification, direction and field of view (turn,
shift, flip, zoom); brightness, contrast and gamma of the detector; blur of the beam; shading of the field and stripes of
charged scan lines; and the noise of a finite number of electrons, of variance signal / dose. Fields outside the picture
are its mirror image. The random numbers are drawn first, for the whole batch, from one generator.

Pictures come as 8-bit squares twice as wide as the network's, and are averaged 2 x 2 at the end, so that turning
costs no sharpness.

References
----------
.. [1] Z. Liang et al., Automatically predict material properties with microscopic image: example polymer miscibility.

Checked against: known turns and flips, the variance of the noise, and the same seed, in tests/learn/test_augment.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

CROP_PX = 256
"""The paper's crop."""
RARE, USUAL = 12, 3
"""The paper's copies of an image of the rare and of the frequent class."""
SHIFT = 0.1
"""Largest shift, in parts of the side."""


@dataclass(frozen=True)
class Physics:
    """Ranges of what changes from one session to another; shares are of full scale, lengths of the side."""

    zoom: tuple[float, float] = (0.7, 1.3)
    contrast: tuple[float, float] = (0.7, 1.3)
    brightness: float = 0.1
    gamma: tuple[float, float] = (0.7, 1.4)
    blur_px: float = 1.2
    shading: float = 0.15
    stripes: float = 0.04
    dose: tuple[float, float] = (50.0, 2000.0)


def views(grey: Tensor) -> Tensor:
    """What the network sees of 8-bit squares (n, side, side) that are left as they are: floats (n, 1, side/2, side/2)."""
    return nn.functional.avg_pool2d(_floats(grey), 2)


def copies(grey: Tensor, shorter_px: Tensor, *, generator: torch.Generator) -> Tensor:
    """
    One copy in the paper's way of each of the 8-bit squares, as 8-bit pictures of half the side.

    ``shorter_px`` is the shorter side that the picture had in its file, of which the crop takes 256 pixels.
    """
    n = len(grey)
    share = (CROP_PX / shorter_px.to(torch.float32)).clamp(max=1.0).to(grey.device)
    moved = _moved(_floats(grey), _uniform(n, 0, 2 * math.pi, generator), share, generator)
    return (nn.functional.avg_pool2d(moved, 2)[:, 0] * 255).round().to(torch.uint8)


def physical(grey: Tensor, *, generator: torch.Generator, ranges: Physics | None = None) -> Tensor:
    """Another session's picture of each of the 8-bit squares, for the network."""
    known = ranges or Physics()
    n = len(grey)
    zoom = _spread(n, known.zoom, generator)
    plane = nn.functional.avg_pool2d(_moved(_floats(grey), _uniform(n, 0, 2 * math.pi, generator), 1 / zoom, generator), 2)
    plane = blurred(plane, _uniform(n, 0.05, known.blur_px, generator))
    plane = _detector(plane, known, generator)
    plane = plane + _shading(plane, known, generator) + _stripes(plane, known, generator)
    return noisy(plane, _spread(n, known.dose, generator), generator=generator)


def noisy(plane: Tensor, dose: Tensor, *, generator: torch.Generator) -> Tensor:
    """As seen with ``dose`` electrons at a white pixel: normal noise of the Poisson variance."""
    plane = plane.clamp(0, 1)
    noise = torch.randn(plane.shape, generator=generator, device=generator.device).to(plane.device)
    return (plane + noise * (plane / dose.view(-1, 1, 1, 1)).sqrt()).clamp(0, 1)


def blurred(plane: Tensor, sigma_px: Tensor) -> Tensor:
    """Each picture (n, 1, h, w) under its own Gaussian."""
    n, reach = len(plane), max(1, math.ceil(3 * float(sigma_px.max())))
    x = torch.arange(-reach, reach + 1, device=plane.device, dtype=plane.dtype)
    kernel = torch.exp(-0.5 * (x / sigma_px[:, None]) ** 2)
    kernel = kernel / kernel.sum(1, keepdim=True)
    flat = nn.functional.pad(plane.transpose(0, 1), (reach,) * 4, mode="reflect")
    flat = nn.functional.conv2d(flat, kernel.view(n, 1, 1, -1), groups=n)
    return nn.functional.conv2d(flat, kernel.view(n, 1, -1, 1), groups=n).transpose(0, 1)


def generator_of(device: torch.device, *words: int) -> torch.Generator:
    """A generator for ``words``, for example (seed, epoch)."""
    seed = int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> np.uint64(1))
    return torch.Generator(device=device).manual_seed(seed)


def _floats(grey: Tensor) -> Tensor:
    return grey[:, None].to(torch.float32) / 255


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.rand(n, generator=generator, device=generator.device) * (high - low) + low


def _spread(n: int, ends: tuple[float, float], generator: torch.Generator) -> Tensor:
    """Numbers between ``ends``, even in their logarithm."""
    return torch.exp(_uniform(n, math.log(ends[0]), math.log(ends[1]), generator))


def _moved(plane: Tensor, angle: Tensor, share: Tensor, generator: torch.Generator) -> Tensor:
    """Turned by ``angle``, shifted and flipped at random; the side shows ``share`` of the picture's."""
    n = len(plane)
    flip = torch.where(_uniform(n, 0, 1, generator) < 0.5, -1.0, 1.0)
    room = (1 - share).clamp(min=SHIFT)
    shift = torch.stack([_uniform(n, -1, 1, generator) * room, _uniform(n, -1, 1, generator) * room], 1)
    cos, sin = share * angle.cos(), share * angle.sin()
    turn = torch.stack([torch.stack([cos * flip, -sin], 1), torch.stack([sin * flip, cos], 1)], 1)
    grid = nn.functional.affine_grid(torch.cat([turn, shift[:, :, None]], 2), list(plane.shape), align_corners=False)
    return nn.functional.grid_sample(plane, grid.to(plane.device), padding_mode="reflection", align_corners=False)


def _detector(plane: Tensor, known: Physics, generator: torch.Generator) -> Tensor:
    """Contrast and brightness about the mean, then gamma."""
    n = len(plane)
    contrast = _uniform(n, *known.contrast, generator).view(-1, 1, 1, 1)
    offset = _uniform(n, -known.brightness, known.brightness, generator).view(-1, 1, 1, 1)
    gamma = _spread(n, known.gamma, generator).view(-1, 1, 1, 1)
    mean = plane.mean((1, 2, 3), keepdim=True)
    return ((plane - mean) * contrast + mean + offset).clamp(1e-4, 1) ** gamma


def _shading(plane: Tensor, known: Physics, generator: torch.Generator) -> Tensor:
    """A slope of brightness in a random direction."""
    n, _, height, width = plane.shape
    angle, height_of = _uniform(n, 0, 2 * math.pi, generator), _uniform(n, 0, known.shading, generator)
    y = torch.linspace(-1, 1, height, device=plane.device).view(1, 1, -1, 1)
    x = torch.linspace(-1, 1, width, device=plane.device).view(1, 1, 1, -1)
    across, along = (height_of * angle.cos()).view(-1, 1, 1, 1), (height_of * angle.sin()).view(-1, 1, 1, 1)
    return across * x + along * y


def _stripes(plane: Tensor, known: Physics, generator: torch.Generator) -> Tensor:
    """Lines along the fast scan, brighter and darker by charge that leaks away over a few lines."""
    n, _, height, _ = plane.shape
    depth = _uniform(n, 0, known.stripes, generator).view(-1, 1, 1, 1)
    lines = torch.randn((n, 1, height + 6, 1), generator=generator, device=generator.device).to(plane.device)
    decay = torch.exp(-torch.arange(7, device=plane.device, dtype=plane.dtype) / 2).flip(0)
    charge = nn.functional.conv2d(lines, (decay / decay.square().sum().sqrt()).view(1, 1, -1, 1))
    return depth * charge
