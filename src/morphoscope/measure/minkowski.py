r"""
Minkowski functionals of a phase per area or volume: fraction, interface, and Euler number.

.. math:: \chi = V - E + F - C

vertices, edges, faces and voxels of the union of closed pixels, counted at each lattice point from the 2 x 2
(2 x 2 x 2) pixels that meet there [1]_: a point's edges are shared by two points, its faces by four, its
voxels by eight. Pixels that meet at a corner are then one piece (``corners=True``); for the phase whose
pixels join through edges (faces) only, pixels are the vertices and the same is counted the other way round.
One histogram of configurations gives everything. Points at which a pixel outside the image or mask meets do
not count, so densities are unbiased for a stationary structure; ``euler_of_the_set`` counts the set as it
lies, with nothing outside. Interfaces are Crofton's (surface.py). In a plane the Euler number is pieces
minus holes, in a volume pieces minus tunnels plus cavities.

References
----------
.. [1] J. Ohser, F. Muecklich, Statistical Analysis of Microstructures (2000), chapter 3.

Checked against: pieces and holes counted by labelling, discs with known numbers, balls, tori and the mean of
uncorrelated pixels, in tests/validation/test_shape_measures.py.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np

from . import bootstrap, surface
from .bootstrap import Block
from .pairs import check_phase, unit_pixel, whole


@dataclass(frozen=True)
class Minkowski:
    """
    Densities of one phase, each with its 95 % interval where asked for.

    ``fraction`` of area or volume, ``interface`` per area or volume, ``euler`` number per area or volume.
    """

    fraction: float
    interface: float
    euler: float
    fraction_interval: tuple[float, float] | None = None
    interface_interval: tuple[float, float] | None = None
    euler_interval: tuple[float, float] | None = None
    blocks: int = 0


def minkowski(
    phase: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    pixel: tuple[float, ...] | None = None,
    periodic: bool = False,
    corners: bool = True,
    rng: np.random.Generator | None = None,
    length_px: float = math.inf,
    draws: int = 400,
) -> Minkowski:
    """
    Densities of the Minkowski functionals of ``phase``.

    With ``rng`` also their intervals, from blocks a few ``length_px`` (the correlation length) wide.
    """
    pixel = unit_pixel(phase.ndim, pixel)
    check_phase(phase, mask, pixel)
    counted = phase if mask is None else phase & mask
    crofton = surface.crofton_weights(pixel)
    unit = math.prod(pixel)

    def sums(block: Block) -> np.ndarray:
        inside = int(np.count_nonzero(counted[block]))
        area = math.prod(s.stop - s.start for s in block) if mask is None else int(np.count_nonzero(mask[block]))
        euler, points = _euler_sum(counted, mask, block, periodic, corners)
        mixed, near = surface.mixed_pairs(counted, mask, block=block, periodic=periodic)
        return np.concatenate([[inside, area, euler, points], mixed, near])

    def densities(total: np.ndarray) -> np.ndarray:
        half = 4 + len(crofton)
        fraction = total[..., 0] / np.maximum(total[..., 1], 1)
        euler = total[..., 2] / np.maximum(total[..., 3], 1) / unit
        return np.stack([fraction, (total[..., 4:half] / np.maximum(total[..., half:], 1)) @ crofton, euler], axis=-1)

    full = densities(sums(whole(phase.shape)))
    if rng is None:
        return Minkowski(float(full[0]), float(full[1]), float(full[2]))
    tiling, _ = bootstrap.blocks(phase.shape, length_px=length_px)
    tallies = np.array([tally for tally in map(sums, tiling) if tally[1] > 0])
    drawn = densities(bootstrap.redraw(len(tallies), rng=rng, draws=draws) @ tallies)
    low, high = bootstrap.interval(drawn, full, count=len(tallies))
    bounds = [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    bounds[0], bounds[1] = (max(0.0, bounds[0][0]), min(1.0, bounds[0][1])), (max(0.0, bounds[1][0]), bounds[1][1])
    return Minkowski(float(full[0]), float(full[1]), float(full[2]), bounds[0], bounds[1], bounds[2], len(tallies))


def euler_of_the_set(phase: np.ndarray, *, corners: bool = True) -> int:
    """Euler number of the set as it lies in the image, with nothing outside: an exact whole number."""
    check_phase(phase, None, unit_pixel(phase.ndim, None))
    padded = np.pad(phase, 1)
    return round(_euler_sum(padded, None, whole(padded.shape), False, corners)[0])


def _euler_sum(phase: np.ndarray, mask: np.ndarray | None, block: Block, periodic: bool, corners: bool) -> tuple[float, int]:
    """Sum of the lattice points' shares of the Euler number, and how many points were counted."""
    code = _codes(phase, block, periodic)
    if mask is not None:
        full = _codes(mask, block, periodic)
        code = code[full == full.dtype.type(2**2**phase.ndim - 1)]
    tally = np.bincount(code.ravel(), minlength=2**2**phase.ndim)
    return float(tally @ _euler_shares(phase.ndim, corners)), int(tally.sum())


def _codes(field: np.ndarray, block: Block, periodic: bool) -> np.ndarray:
    """Configuration number of the 2 x 2 (x 2) pixels at each lattice point whose first pixel is in ``block``."""
    if periodic:
        field = np.pad(field, [(0, 1)] * field.ndim, mode="wrap")
    stops = [min(part.stop, n - 1) for part, n in zip(block, field.shape, strict=True)]
    code = np.zeros([max(0, stop - part.start) for part, stop in zip(block, stops, strict=True)], np.uint8)
    for bit, corner in enumerate(itertools.product((0, 1), repeat=field.ndim)):
        at = tuple(slice(p.start + k, max(p.start, stop) + k) for p, stop, k in zip(block, stops, corner, strict=True))
        code += field[at].astype(np.uint8) << np.uint8(bit)
    return code


@functools.cache
def _euler_shares(ndim: int, corners: bool) -> np.ndarray:
    """What each configuration adds to the Euler number."""
    sites = list(itertools.product((0, 1), repeat=ndim))
    codes = np.arange(2 ** len(sites))
    on = {site: (codes >> bit & 1).astype(bool) for bit, site in enumerate(sites)}
    if not corners:
        on = {site: ~filled for site, filled in on.items()}
    share = np.zeros(len(codes))
    for fixed in itertools.product((None, 0, 1), repeat=ndim):  # None: both sides of the point along that axis
        cell = [on[site] for site in sites if all(f is None or f == s for f, s in zip(fixed, site, strict=True))]
        dimension = sum(f is not None for f in fixed)  # of the part of a closed pixel that these pixels share
        share += (-1) ** dimension / 2**dimension * np.any(cell, axis=0)
    # the pixels joined through faces are what the closed pixels of the other phase leave: chi(X) = -(-1)^d chi(not X)
    return share if corners else -((-1) ** ndim) * (share - share[0])
