r"""
Potentials in a network of conductances on a grid, by multigrid.

At every point the currents to its neighbours and to two electrodes, held at 1 and 0, add up to nothing:

.. math:: \sum_j g_{ij} (c_i - c_j) + g_i c_i = s_i

Points are gathered, level by level, in cells of 2 x 2 (x 2), where only those that are joined inside the
cell become one point of the next level, so that pieces that merely lie near each other stay apart; its
conductances are the sums of theirs. On each level the points of even and of odd cells are relaxed in turn
(Gauss-Seidel), and the next one is asked through two steps of conjugate gradients (the K-cycle [1]_ [2]_),
which makes the number of steps nearly independent of the size. The levels are held in single precision;
around them the imbalance of the currents is computed in double precision and the potential corrected until
it is as small as asked. Potentials and conductances are relative, hence without units.

References
----------
.. [1] Y. Notay, P. S. Vassilevski, Numer. Linear Algebra Appl. 15, 473 (2008), doi 10.1002/nla.542.
.. [2] Y. Notay, Electron. Trans. Numer. Anal. 37, 123 (2010).

Checked against: a direct solution of random media, in tests/measure/test_tortuosity.py.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

COARSEST = 20_000
"""Most points that are solved directly."""

INNER = 1e-3
"""Reduction of the imbalance in single precision before it is computed anew in double."""

STEPS = 15
CORRECTIONS = 12
ENOUGH = 0.25
"""Reduction of the imbalance by the first step of a K-cycle that makes a second one needless."""

EXACT = 1e-12
"""Imbalance, relative to the source, that is nothing but rounding."""

PIECE = 65536

Vector = np.ndarray


@dataclass(frozen=True, eq=False)
class Network:
    """
    Points with the cell each lies in, even cells first; joints from even (``here``) to odd (``there``) ones.

    ``there`` counts from the first odd point; ``ground`` is each point's conductance to the electrodes.
    """

    cells: tuple[np.ndarray, ...]
    even: int
    here: np.ndarray
    there: np.ndarray
    weight: np.ndarray
    ground: np.ndarray

    @property
    def size(self) -> int:
        """Number of points."""
        return len(self.ground)


@dataclass(frozen=True, eq=False)
class _Level:
    """The equations of a network, and the point of the next level each point belongs to."""

    even: int
    forth: Any
    back: Any
    degree: Vector
    parent: np.ndarray
    coarse: int
    direct: Callable[[Vector], Vector] | None

    def apply(self, x: Vector) -> Vector:
        """Current out of each point."""
        out = self.degree * x
        out[: self.even] -= self.forth @ x[self.even :]
        out[self.even :] -= self.back @ x[: self.even]
        return np.asarray(out)


def network(cluster: np.ndarray, joins: list[float]) -> tuple[Network, np.ndarray]:
    """
    The voxels of ``cluster`` as points joined over faces by ``joins`` (one for each axis), and their flat indices.

    Voxels at both ends of axis 0 are joined to an electrode there, half a voxel away.
    """
    flat = np.flatnonzero(cluster)
    cells = np.unravel_index(flat, cluster.shape)
    odd = _odd(cells)
    flat = np.concatenate([flat[~odd], flat[odd]])
    cells = tuple(cell.astype(np.int32) for cell in np.unravel_index(flat, cluster.shape))
    even = int(len(odd) - np.count_nonzero(odd))
    number = np.full(cluster.shape, -1, np.int32)
    number.ravel()[flat] = np.arange(len(flat), dtype=np.int32)
    here, there, weight = [], [], []
    for axis, join in enumerate(joins):
        ahead = np.moveaxis(number, axis, 0)
        both = (ahead[:-1] >= 0) & (ahead[1:] >= 0)
        one, other = ahead[:-1][both], ahead[1:][both]
        here.append(np.minimum(one, other))
        there.append(np.maximum(one, other) - np.int32(even))
        weight.append(np.full(len(one), join, np.float32))
    ground = (2 * joins[0] * ((cells[0] == 0).astype(np.float32) + (cells[0] == len(cluster) - 1))).astype(np.float32)
    return Network(cells, even, np.concatenate(here), np.concatenate(there), np.concatenate(weight), ground), flat


def _odd(cells: Sequence[np.ndarray]) -> np.ndarray:
    """Which cells are the odd ones of a checkerboard."""
    return np.asarray(functools.reduce(np.add, cells) & 1).astype(bool)


def _coarsen(net: Network) -> tuple[np.ndarray, Network]:
    """The point of the next level for each point, and that level's network."""
    cells = [cell >> 1 for cell in net.cells]
    there = net.there + np.int32(net.even)
    same = np.ones(len(there), bool)
    for cell in cells:
        same &= cell[net.here] == cell[there]
    ones: Any = np.ones(int(same.sum()), np.int8)
    inner = sparse.coo_array((ones, (net.here[same], there[same])), shape=(net.size, net.size))
    count, piece = connected_components(inner, directed=False)
    member = np.zeros(count, np.int64)
    member[piece] = np.arange(net.size)
    cells = [cell[member] for cell in cells]
    odd = _odd(cells)
    order = np.concatenate([np.flatnonzero(~odd), np.flatnonzero(odd)])
    place = np.empty(count, np.int32)
    place[order] = np.arange(count, dtype=np.int32)
    parent = place[piece]
    even = int(count - np.count_nonzero(odd))
    one, other = parent[net.here[~same]], parent[there[~same]]
    ends = (np.minimum(one, other), np.maximum(one, other) - np.int32(even))
    joints = sparse.coo_array((net.weight[~same], ends), shape=(even, count - even)).tocsr().tocoo()
    ground = np.bincount(parent, weights=net.ground, minlength=count).astype(np.float32)
    points = tuple(cell[order] for cell in cells)
    return parent, Network(points, even, joints.row.astype(np.int32), joints.col.astype(np.int32), joints.data, ground)


def _levels(net: Network) -> list[_Level]:
    levels = []
    while True:
        forth = sparse.coo_array((net.weight, (net.here, net.there)), shape=(net.even, net.size - net.even)).tocsr()
        back = forth.T.tocsr()
        own = [np.asarray(part.sum(axis=1)).ravel() for part in (forth, back)]
        degree = np.concatenate(own).astype(np.float32) + net.ground
        if net.size <= COARSEST or not len(net.weight):
            whole = sparse.block_array([[None, forth], [back, None]]) if len(net.weight) else sparse.csc_array((net.size,) * 2)
            matrix = sparse.diags_array(degree.astype(float)) - whole.astype(float)
            levels.append(_Level(net.even, forth, back, degree, np.empty(0, np.int32), 0, splu(sparse.csc_array(matrix)).solve))
            return levels
        parent, net_below = _coarsen(net)
        levels.append(_Level(net.even, forth, back, degree, parent, net_below.size, None))
        net = net_below


def _cycle(levels: list[_Level], depth: int, f: Vector) -> Vector:
    """About the potential that balances the currents ``f``; a symmetric, positive operation."""
    level = levels[depth]
    if level.direct is not None:
        return np.asarray(level.direct(f.astype(float))).astype(f.dtype)
    n, degree, x = level.even, level.degree, np.empty_like(f)
    x[:n] = f[:n] / degree[:n]
    x[n:] = (f[n:] + level.back @ x[:n]) / degree[n:]
    parent = level.parent
    left = np.bincount(parent[:n], weights=level.forth @ x[n:], minlength=level.coarse).astype(f.dtype)
    x[:n] += _inner(levels, depth + 1, left)[parent[:n]]
    x[n:] = (f[n:] + level.back @ x[:n]) / degree[n:]  # odd points follow from even ones
    x[:n] = (f[:n] + level.forth @ x[n:]) / degree[:n]
    return x


def _inner(levels: list[_Level], depth: int, f: Vector) -> Vector:
    """Up to two steps of conjugate gradients with the cycle of this level."""
    level, real = levels[depth], f.dtype.type
    first = _cycle(levels, depth, f)
    if level.direct is not None:
        return first
    image = level.apply(first)
    energy, work = _dot(first, image), _dot(first, f)
    if not energy > 0:
        return first
    rest = f - real(work / energy) * image
    if _dot(rest, rest) <= ENOUGH**2 * _dot(f, f):
        return np.asarray(real(work / energy) * first)
    second = _cycle(levels, depth, rest)
    along = _dot(second, image)
    second -= real(along / energy) * first
    energy2 = _dot(second, level.apply(second))
    if not energy2 > 0:
        return np.asarray(real(work / energy) * first)
    return np.asarray(real(work / energy) * first + real(_dot(second, rest) / energy2) * second)


@dataclass(frozen=True, eq=False)
class Balance:
    """Potential of each point, the rms imbalance over the rms source, and the steps it took."""

    potential: np.ndarray
    residual: float
    steps: int


def balance(
    net: Network, source: Vector, *, start: Vector, residual: float, tell: Callable[[int], None] | None = None
) -> Balance:
    """
    The potential at which all currents balance, from ``start`` until the rms imbalance fell by ``residual``.

    ``tell`` hears the number of each step.
    """
    levels = _levels(net)
    x, steps, norm = start.astype(float), 0, math.inf
    scale, first = math.sqrt(_dot(source, source)), 0.0
    for _ in range(CORRECTIONS):
        rest = source - levels[0].apply(x)
        norm = math.sqrt(_dot(rest, rest))
        first = first or norm
        if norm <= max(residual * first, EXACT * scale):
            break
        change, steps = _correction(levels, (rest / norm).astype(np.float32), steps, tell)
        x += norm * change.astype(float)
    return Balance(x, norm / scale, steps)


def _correction(levels: list[_Level], rest: Vector, steps: int, tell: Callable[[int], None] | None) -> tuple[Vector, int]:
    """Flexible conjugate gradients in single precision for currents ``rest`` of norm 1."""
    level, real = levels[0], rest.dtype.type
    x, direction, old, before = np.zeros_like(rest), np.zeros_like(rest), 1.0, np.zeros_like(rest)
    for _ in range(STEPS):
        scaled = _cycle(levels, 0, rest)
        work = _dot(rest, scaled)
        turn = (work - _dot(before, scaled)) / old
        direction *= real(turn)
        direction += scaled
        image = level.apply(direction)
        energy = _dot(direction, image)
        if not (work > 0 and energy > 0):
            break
        length = real(_dot(rest, direction) / energy)
        x += length * direction
        before, old = rest.copy(), work
        rest = rest - length * image
        steps += 1
        if tell is not None:
            tell(steps)
        if _dot(rest, rest) <= INNER**2:
            break
    return x, steps


def _dot(a: Vector, b: Vector) -> float:
    """Scalar product, summed in double precision piece by piece."""
    return sum(float(np.dot(a[i : i + PIECE], b[i : i + PIECE])) for i in range(0, len(a), PIECE))
