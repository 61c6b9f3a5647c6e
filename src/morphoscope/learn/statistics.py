r"""
S2 and the power spectrum in torch: the numbers of measure/, with gradients, for batches and on any device.

.. math:: S_2(r) = \frac{\sum_{|\mathbf d| = r} \sum_{\mathbf x} I(\mathbf x) I(\mathbf x + \mathbf d)}
          {\sum_{|\mathbf d| = r} \sum_{\mathbf x} M(\mathbf x) M(\mathbf x + \mathbf d)}, \qquad
          S(\mathbf q) = \frac{V_1 |\sum w (f - \bar f) e^{-i \mathbf q \cdot \mathbf x}|^2}{\sum w^2}

as measure/correlation.py and measure/spectrum.py define them, with the same bins. ``I`` may take any value from 0
to 1, so that a network's soft phase has a statistic and a loss on it a gradient [1]_. Leading axes are the batch; the
last ``axes`` (2 or 3) are those of the picture or volume. Lengths are in the unit of ``pixel``. Nothing is rounded:
double precision agrees with the exact counts to 1e-10, single precision to 1e-6 of full scale.

References
----------
.. [1] M. Sadeghkhani, B. Bostani, arXiv 2310.01429 (2023), for networks trained on statistical descriptors.

Checked against: the numpy engine in planes and volumes, with masks and batches, and numerical derivatives, in
tests/learn/test_torch_statistics.py.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..errors import BadParameter, InputError


@dataclass(frozen=True, eq=False)
class Radial:
    """``value`` at each radius or wave number ``x`` (last axis), and the ``weight`` (pairs or modes) of each."""

    x: Tensor
    value: Tensor
    weight: Tensor


def two_point(
    phase: Tensor,
    *,
    r_max: float,
    mask: Tensor | None = None,
    pixel: tuple[float, ...] | None = None,
    periodic: bool = False,
    axes: int = 2,
) -> Radial:
    """
    S2 of ``phase`` averaged over directions, for each member of the batch.

    ``mask`` is True where pixels count; it has the shape of the picture, or of the whole batch. Bins in which no
    member has a pair are left out; where only some have none, their value is 0 and their weight 0.
    """
    shape, sides = _sides(phase, pixel, axes)
    if not r_max >= min(sides):
        raise BadParameter(f"r_max={r_max:g} is shorter than one pixel ({min(sides):g}); make it longer")
    lengths, index, bins, distance = _displacements(shape, float(r_max), sides, periodic)
    at, of = (torch.from_numpy(field).to(phase.device) for field in (index, bins))
    count = int(bins.max()) + 1

    def by_radius(field: Tensor, weight: Tensor | None = None) -> Tensor:
        power = torch.fft.rfftn(field, s=lengths, dim=tuple(range(-axes, 0))).abs().square()
        sums = torch.fft.irfftn(power, s=lengths, dim=tuple(range(-axes, 0))).flatten(-axes)[..., at]
        sums = sums if weight is None else sums.round() * weight
        found: Tensor = sums.new_zeros((*sums.shape[:-1], count)).index_add(-1, of, sums)
        return found

    counted = torch.ones(shape, dtype=torch.float64, device=phase.device) if mask is None else _counted(phase, mask, axes)
    length = torch.from_numpy(distance).to(phase.device)
    pairs = by_radius(counted, torch.ones_like(length))
    far = by_radius(counted, length)
    hits = by_radius(phase if mask is None else phase * counted.to(phase.dtype))
    kept = (pairs.reshape(-1, count) > 0).any(0)
    pairs, far, hits = pairs[..., kept], far[..., kept], hits[..., kept]
    floor = pairs.clamp(min=1)
    return Radial(far / floor, hits / floor.to(hits.dtype), pairs)


def power_spectrum(
    grey: Tensor, *, pixel: tuple[float, ...] | None = None, mask: Tensor | None = None, window: str = "hann", axes: int = 2
) -> Tensor:
    """S(q) of each member of the batch with its mean removed, zero frequency in the middle."""
    shape, sides = _sides(grey, pixel, axes)
    if window not in ("hann", "none"):
        raise BadParameter(f"window={window!r} is not known; allowed: hann, none")
    weight = torch.ones(shape, dtype=grey.dtype, device=grey.device)
    if window == "hann":
        for axis, n in enumerate(shape):
            taper = torch.hann_window(n, periodic=True, dtype=grey.dtype, device=grey.device)
            weight = weight * taper.reshape([n if k == axis else 1 for k in range(axes)])
    if mask is not None:
        weight = weight * _counted(grey, mask, axes).to(grey.dtype)
    over = tuple(range(-axes, 0))
    mean = (weight * grey).sum(over, keepdim=True) / weight.sum(over, keepdim=True)
    power = torch.fft.fftn(weight * (grey - mean), dim=over).abs().square()
    found: Tensor = torch.fft.fftshift(power * math.prod(sides) / weight.square().sum(over, keepdim=True), dim=over)
    return found


def radial_spectrum(power: Tensor, *, pixel: tuple[float, ...] | None = None, axes: int = 2) -> Radial:
    """S averaged over directions, up to the shortest axis' Nyquist frequency, without q = 0."""
    shape, sides = _sides(power, pixel, axes)
    index, bins, q, modes = _rings(shape, sides)
    at, of = (torch.from_numpy(field).to(power.device) for field in (index, bins))
    chosen = power.flatten(-axes)[..., at]
    sums = chosen.new_zeros((*chosen.shape[:-1], len(q))).index_add(-1, of, chosen)
    weight = torch.from_numpy(modes).to(power.device)
    return Radial(torch.from_numpy(q).to(power.device), sums / weight.to(power.dtype), weight)


def _sides(field: Tensor, pixel: tuple[float, ...] | None, axes: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Shape of one picture and the sides of its pixels."""
    if axes not in (2, 3) or field.ndim < axes or not field.is_floating_point():
        raise InputError(
            f"expected real numbers on 2 or 3 axes behind those of the batch, not {field.dtype} of {tuple(field.shape)}"
        )
    sides = (1.0,) * axes if pixel is None else tuple(float(side) for side in pixel)
    if len(sides) != axes:
        raise BadParameter(f"{len(sides)} pixel lengths for pictures of {axes} axes; give one for each axis")
    return tuple(field.shape[-axes:]), sides


def _counted(field: Tensor, mask: Tensor, axes: int) -> Tensor:
    """``mask`` as numbers, of the shape of one picture or of the batch."""
    if mask.shape not in (field.shape, field.shape[-axes:]):
        raise InputError(f"mask of {tuple(mask.shape)} on {tuple(field.shape)}")
    counted = mask.to(device=field.device, dtype=torch.float64)
    if not bool((counted.flatten(-axes).sum(-1) > 0).all()):
        raise InputError("no pixel is left outside the mask; nothing can be counted")
    return counted


@functools.lru_cache(maxsize=16)
def _displacements(
    shape: tuple[int, ...], r_max: float, sides: tuple[float, ...], periodic: bool
) -> tuple[tuple[int, ...], np.ndarray, np.ndarray, np.ndarray]:
    """Sides of the padded transform; place in it, radial bin and length of every displacement up to ``r_max``."""
    furthest = [n // 2 if periodic else n - 1 for n in shape]
    lags = [min(far, math.floor(r_max / side * (1 + 1e-12))) for far, side in zip(furthest, sides, strict=True)]
    lengths = tuple(n if periodic else _smooth(n + lag) for n, lag in zip(shape, lags, strict=True))
    shifts = np.ix_(*(np.arange(-lag, lag + 1) for lag in lags))
    distance = np.sqrt(functools.reduce(np.add, ((d * side) ** 2 for d, side in zip(shifts, sides, strict=True))))
    inside = distance <= r_max * (1 + 1e-12)
    place = np.ravel_multi_index(np.broadcast_arrays(*(d % n for d, n in zip(shifts, lengths, strict=True))), lengths)
    return lengths, place[inside], np.rint(distance[inside] / min(sides)).astype(np.int64), distance[inside]


def _smooth(n: int) -> int:
    """The next even number without prime factors above 5, which transforms fast."""
    for length in range(n + n % 2, 2 * n + 4, 2):
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
    return n + n % 2


@functools.lru_cache(maxsize=16)
def _rings(shape: tuple[int, ...], sides: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Place and ring of each wave vector that belongs to one; mean length and number in each ring."""
    parts = [2 * np.pi * np.fft.fftshift(np.fft.fftfreq(n, side)) for n, side in zip(shape, sides, strict=True)]
    q = np.sqrt(functools.reduce(np.add, (part**2 for part in np.ix_(*parts)))).ravel()
    step = max(abs(part[1] - part[0]) for part in parts)
    ring = np.rint(q / step).astype(np.int64)
    place = np.flatnonzero((ring > 0) & (ring < int(min(-part[0] for part in parts) / step) + 1))
    names, bins, modes = np.unique(ring[place], return_inverse=True, return_counts=True)
    return place, bins.astype(np.int64), np.bincount(bins, q[place], len(names)) / modes, modes.astype(float)
