r"""
Two-point cluster function: the chance that both ends of a needle land in one connected piece of the phase.

.. math:: C_2(r) = \sum_k \langle I_k(\mathbf x)\, I_k(\mathbf x + \mathbf r) \rangle_{|\mathbf r| = r} \le S_2(r)

``I_k`` marks cluster k [1]_. It is phi at r = 0, tends to 0 when every cluster is finite, and to the square
of the spanning cluster's share when one spans the material: the two-point statistic that sees percolation.
Clusters touch through edges (faces in a volume), or also through corners with ``corners=True``. Each cluster
is correlated in its own bounding box; pairs are exact, as in correlation.py. Two parts of one cluster that
meet only outside the image or below the mask count as two.

References
----------
.. [1] S. Torquato, J. D. Beasley, Y. C. Chiew, J. Chem. Phys. 88, 6540 (1988), doi 10.1063/1.454440.

Checked against: pair counting by brute force, single discs and separate discs, in tests/validation/test_cluster.py.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .bootstrap import Block
from .correlation import Tell, length_px
from .pairs import PairCounter, Radial, banded, correlate, whole


def clusters(phase: np.ndarray, *, periodic: bool = False, corners: bool = False) -> tuple[np.ndarray, int]:
    """Connected pieces of ``phase`` numbered from 1, and their number; across the borders where it is periodic."""
    structure = ndimage.generate_binary_structure(phase.ndim, phase.ndim if corners else 1)
    labels, count = ndimage.label(phase, structure)
    if not periodic or count < 2:
        return np.asarray(labels), int(count)
    links = [_across(labels, axis, structure) for axis in range(phase.ndim)]
    one, other = np.concatenate(links, axis=1)
    graph = coo_matrix((np.ones(len(one)), (one, other)), shape=(count + 1, count + 1))
    _, merged = connected_components(graph, directed=False)
    _, numbers = np.unique(merged, return_inverse=True)  # 0 has no links and stays the first
    return numbers[labels], int(numbers.max())


def _across(labels: np.ndarray, axis: int, structure: np.ndarray) -> np.ndarray:
    """Pairs of labels that touch through the border across ``axis``."""
    last, first = np.take(labels, -1, axis), np.take(labels, 0, axis)
    reach = np.argwhere(np.take(structure, 2, axis)) - 1
    found = []
    for shift in reach:
        other = np.roll(first, tuple(-shift), axis=tuple(range(first.ndim)))
        touching = (last > 0) & (other > 0)
        found.append(np.stack([last[touching], other[touching]]))
    return np.concatenate(found, axis=1)


def two_point_cluster(
    phase: np.ndarray,
    *,
    r_max: float,
    mask: np.ndarray | None = None,
    pixel: tuple[float, ...] | None = None,
    periodic: bool = False,
    corners: bool = False,
    rng: np.random.Generator | None = None,
    draws: int = 400,
    tell: Tell | None = None,
) -> Radial:
    """
    C2 of ``phase`` up to ``r_max``, of the pixels where ``mask`` is True; bins as those of S2.

    With ``rng`` also its 95 % interval (measure/bootstrap.py): a pair belongs to the block of its first pixel.
    """
    counter = PairCounter(phase, mask, r_max, pixel, periodic)
    labels, _ = clusters(counter.phase, periodic=periodic, corners=corners)
    pieces = _pieces(labels, periodic)

    def tally(block: Block) -> np.ndarray:
        hits = np.zeros([lag + 1 for lag in counter.lag])
        for piece in pieces:
            piece.add_pairs(hits, counter.lag, block)
        return counter.by_radius(hits, counter.available(block, folded=True))

    scale = math.inf if rng is None else length_px(counter)
    return banded(tally, phase.shape, rng=rng, length_px=scale, draws=draws, tell=tell)


@dataclass(frozen=True, eq=False)
class _Piece:
    """
    One cluster in its bounding box, which begins at the pixel ``origin`` of an image of ``shape``.

    A ``whole`` one is laid out over a periodic image that it may span.
    """

    field: np.ndarray
    origin: tuple[int, ...]
    shape: tuple[int, ...]
    whole: bool = False

    def add_pairs(self, hits: np.ndarray, lag_px: tuple[int, ...], block: Block) -> None:
        """Add its folded pairs that begin in ``block`` to ``hits``."""
        spans = tuple(zip(self.origin, self.field.shape, self.shape, block, strict=True))
        if any(start + count <= n and (start >= part.stop or start + count <= part.start) for start, count, n, part in spans):
            return
        sides = []
        for start, count, n, part in spans:
            at = (start + np.arange(count)) % n
            sides.append((at >= part.start) & (at < part.stop))
        if not all(side.any() for side in sides):
            return
        first = self.field if all(side.all() for side in sides) else self.field & functools.reduce(np.logical_and.outer, sides)
        if self.field.size == 1:
            hits[(0,) * hits.ndim] += 1
            return
        lag = tuple(min(far, n // 2 if self.whole else n - 1) for far, n in zip(lag_px, self.field.shape, strict=True))
        box = whole(self.field.shape)
        hits[tuple(slice(0, k + 1) for k in lag)] += correlate(
            first, self.field, lag_px=lag, block=box, periodic=self.whole, folded=True
        )


def _pieces(labels: np.ndarray, periodic: bool) -> list[_Piece]:
    """The clusters; one that crosses a periodic border is turned until it does not, where it can."""
    found: list[_Piece] = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        field, origin = labels[box] == number, tuple(part.start for part in box)
        if periodic and any(part.start == 0 and part.stop == n for part, n in zip(box, labels.shape, strict=True)):
            field, origin = _gathered(field, origin)
        spans = periodic and any(2 * n > full for n, full in zip(field.shape, labels.shape, strict=True))
        if spans:
            field = np.pad(field, [(0, full - n) for n, full in zip(field.shape, labels.shape, strict=True)])
        found.append(_Piece(field, origin, labels.shape, spans))
    return found


def _gathered(piece: np.ndarray, origin: tuple[int, ...]) -> tuple[np.ndarray, tuple[int, ...]]:
    """``piece`` rolled so that the gap, on each axis that has one, is at the end, and cut off; and where it begins now."""
    begin = list(origin)
    for axis in range(piece.ndim):
        used = np.asarray(piece.any(axis=tuple(k for k in range(piece.ndim) if k != axis)))
        if used.all() or not (used[0] and used[-1]):
            continue
        n = len(used)
        doubled = np.flatnonzero(np.concatenate([used, used]))
        longest = int(np.argmax(np.diff(doubled)))
        start = int(doubled[longest + 1]) % n
        length = n - int(np.diff(doubled)[longest]) + 1
        piece = np.take(np.roll(piece, -start, axis), np.arange(length), axis)
        begin[axis] += start
    return piece, tuple(begin)
