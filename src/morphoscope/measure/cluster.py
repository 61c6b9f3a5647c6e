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

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .correlation import PairCounter, Radial
from .pairs import correlate, shifts, whole


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
) -> Radial:
    """C2 of ``phase`` up to ``r_max``, of the pixels where ``mask`` is True; bins as those of S2."""
    counter = PairCounter(phase, mask, r_max, pixel, periodic)
    labels, _ = clusters(counter.phase, periodic=periodic, corners=corners)
    hits = np.zeros(np.broadcast_shapes(*(d.shape for d in shifts(counter.lag))))
    centre = (0, *counter.lag[1:])
    for piece in _pieces(labels, periodic):
        if piece.size == 1:
            hits[centre] += 1
            continue
        whole_axis = periodic and any(2 * n > full for n, full in zip(piece.shape, labels.shape, strict=True))
        piece = _laid_out(piece, labels.shape) if whole_axis else piece
        lag = tuple(min(far, n // 2 if whole_axis else n - 1) for far, n in zip(counter.lag, piece.shape, strict=True))
        own = correlate(piece, piece, lag_px=lag, block=whole(piece.shape), periodic=whole_axis)
        hits[(slice(0, lag[0] + 1), *(slice(c - k, c + k + 1) for c, k in zip(counter.lag[1:], lag[1:], strict=True)))] += own
    return counter.radial(hits, counter.available(whole(phase.shape)), np.ones(counter.length.shape, bool))


def _laid_out(piece: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    field = np.zeros(shape, bool)
    field[tuple(slice(0, n) for n in piece.shape)] = piece
    return field


def _pieces(labels: np.ndarray, periodic: bool) -> list[np.ndarray]:
    """Each cluster in its bounding box; one that crosses a periodic border is turned until it does not, where it can."""
    found: list[np.ndarray] = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        crosses = periodic and any(part.start == 0 and part.stop == n for part, n in zip(box, labels.shape, strict=True))
        piece = labels[box] == number
        found.append(_gathered(piece) if crosses else piece)
    return found


def _gathered(piece: np.ndarray) -> np.ndarray:
    """``piece`` rolled so that the gap, on each axis that has one, is at the end, and cut off."""
    for axis in range(piece.ndim):
        used = np.asarray(piece.any(axis=tuple(k for k in range(piece.ndim) if k != axis)))
        gaps = np.flatnonzero(~used)
        if len(gaps) and used[0] and used[-1]:
            n = len(used)
            doubled = np.flatnonzero(np.concatenate([used, used]))
            longest = int(np.argmax(np.diff(doubled)))
            start = int(doubled[longest + 1]) % n
            length = n - int(np.diff(doubled)[longest]) + 1
            piece = np.take(np.roll(piece, -start, axis), np.arange(length), axis)
    return piece
