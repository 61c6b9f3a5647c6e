r"""
Tortuosity of a phase: how much longer, and narrower, the way through it is than through a free space.

Steady diffusion in the voxels of the phase, between two opposite faces of the box held at c = 1 and 0, with no
flux through any other surface:

.. math:: \nabla \cdot (D_0 \nabla c) = 0, \qquad \tau = \phi\, \frac{D_0}{D_\mathrm{eff}}, \qquad
          D_\mathrm{eff} = \frac{Q L}{A\, \Delta c}

with :math:`\phi` the phase's fraction, Q the flux, L the length and A the cross section of the box (the
tortuosity factor of [1]_, equal to :math:`\phi` times the MacMullin number). Neighbouring voxels of the phase
are joined by the conductance :math:`D_0`, voxels at the two faces by :math:`2 D_0` to these. Voxels are cubes;
one that is longer along an axis enters with ``pixel``. The linear equations are solved by conjugate
gradients, preconditioned on two levels; Q is the dissipated power, whose error is of second order in that
of c and which falls towards the exact value. It is dimensionless, 1 for straight pores.

References
----------
.. [1] S. J. Cooper et al., SoftwareX 5, 203 (2016), doi 10.1016/j.softx.2016.09.002.

Checked against: straight and inclined channels, stripes, a plate with a hole in series, and a dense direct
solution of random media, in tests/measure/test_tortuosity.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from ..errors import InputError
from .phases import through

PRECISION = 2e-4
WINDOW = 10
LONGEST = 5000
DOUBLE = 2_000_000
"""Fewest unknowns that are solved in single precision."""

PIECE = 65536
CUBES = 12_000
"""About how many cubes the coarse problem has."""


def tortuosity(
    inside: np.ndarray,
    *,
    axis: int,
    pixel: tuple[float, ...] | None = None,
    tell: Callable[[int], None] | None = None,
    precision: float = PRECISION,
) -> float | None:
    """
    Tortuosity of the phase ``inside`` along ``axis``; None where nothing of it goes through.

    ``pixel`` holds the voxel's sides; ``tell`` hears the number of each iteration; ``precision`` is the
    relative change of the flux over the last iterations at which it is taken as found.
    """
    sides = (1.0,) * inside.ndim if pixel is None else pixel
    if len(sides) != inside.ndim:
        raise InputError(f"{len(sides)} voxel sides for {inside.ndim} axes")
    share, spanning = through(inside, axis=axis)
    if share == 0:
        return None
    fraction = float(np.count_nonzero(inside)) / inside.size
    order = [axis, *(k for k in range(inside.ndim) if k != axis)]
    cluster = np.ascontiguousarray(np.transpose(spanning, order))
    flux = _flux(cluster, [(sides[axis] / sides[k]) ** 2 for k in order], tell, precision)
    return float(fraction / (flux * cluster.shape[0] / math.prod(cluster.shape[1:])))


def _flux(cluster: np.ndarray, joins: list[float], tell: Callable[[int], None] | None, precision: float) -> float:
    """Flux along axis 0 in units of one link's, by conjugate gradients on the unknowns of the cluster."""
    links = _links(cluster, joins)
    real = links.dtype.type
    ends = [np.flatnonzero(_depth(cluster) == depth) for depth in (0, cluster.shape[0] - 1)]
    degree = np.asarray(links.sum(axis=1)).ravel().astype(real)
    for end in ends:
        degree[end] += 2
    source = np.zeros_like(degree)
    source[ends[0]] = 2
    c = (1 - (_depth(cluster) + 0.5) / cluster.shape[0]).astype(real)
    applied = degree * c - links @ c
    residual = source - applied
    history = [2.0 * len(ends[0]) - 2 * _dot(source, c) + _dot(c, applied)]
    precondition = _two_level(cluster, links, degree)
    direction = precondition(residual)
    product = _dot(residual, direction)
    for count in range(LONGEST):
        if product <= 0 or _settled(history, precision):
            break
        applied = degree * direction - links @ direction
        step = product / _dot(direction, applied)
        c += real(step) * direction
        residual -= real(step) * applied
        history.append(history[-1] - step * product)
        scaled = precondition(residual)
        product, old = _dot(residual, scaled), product
        direction *= real(product / old)
        direction += scaled
        if tell is not None:
            tell(count + 1)
    return history[-1]


def _depth(cluster: np.ndarray) -> np.ndarray:
    """Position along axis 0 of each voxel of the cluster, in the order of the unknowns."""
    return np.repeat(np.arange(cluster.shape[0]), np.count_nonzero(cluster.reshape(cluster.shape[0], -1), axis=1))


def _two_level(cluster: np.ndarray, links: sparse.csr_array, degree: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Jacobi's step plus the exact answer on cubes of voxels with one value each, which carries far."""
    side = max(2, math.ceil((cluster.size / CUBES) ** (1 / cluster.ndim)))
    places = [axis // side for axis in np.ogrid[tuple(slice(n) for n in cluster.shape)]]
    counts = [-(-n // side) for n in cluster.shape]
    code = np.zeros(cluster.shape, np.int32)
    for place, count in zip(places, counts, strict=True):
        code = code * np.int32(count) + place.astype(np.int32)
    names, cube = np.unique(code[cluster], return_inverse=True)
    cube = cube.astype(np.int32)
    rows = np.repeat(cube, np.diff(links.indptr))
    across = rows != cube[links.indices]
    pair = (rows[across], cube[links.indices[across]])
    coarse = sparse.csr_array((links.data[across].astype(float), pair), shape=(len(names), len(names)))
    outside = np.bincount(cube, weights=degree - links.sum(axis=1), minlength=len(names))
    solve = splu(sparse.csc_array(sparse.diags_array(coarse.sum(axis=1) + outside) - coarse)).solve

    def precondition(residual: np.ndarray) -> np.ndarray:
        far = solve(np.bincount(cube, weights=residual, minlength=len(names))).astype(residual.dtype)
        return np.asarray(residual / degree + far[cube])

    return precondition


def _links(cluster: np.ndarray, joins: list[float]) -> sparse.csr_array:
    """Conductance between each two voxels of the cluster that share a face, as a symmetric matrix."""
    size = int(np.count_nonzero(cluster))
    real = np.float64 if size < DOUBLE else np.float32
    number = np.full(cluster.shape, -1, np.int32)
    number[cluster] = np.arange(size, dtype=np.int32)
    total: Any = sparse.csr_array((size, size), dtype=real)
    for axis, join in enumerate(joins):
        ahead = np.moveaxis(number, axis, 0)
        both = (ahead[:-1] >= 0) & (ahead[1:] >= 0)
        here, there = ahead[:-1][both], ahead[1:][both]
        weights: Any = np.full(len(here), join, real)
        total = total + sparse.csr_array((weights, (here, there)), shape=(size, size))
    return sparse.csr_array(total + total.T)


def _settled(history: list[float], precision: float) -> bool:
    """Whether the power fell by less than ``precision`` over the last iterations, twice as many as one tenth of all."""
    back = max(WINDOW, len(history) // 5)
    return len(history) > back and history[-1 - back] - history[-1] < precision * history[-1]


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    """Scalar product, summed in double precision piece by piece."""
    return sum(float(np.dot(a[i : i + PIECE], b[i : i + PIECE])) for i in range(0, len(a), PIECE))
