"""
Runs of a phase along a direction, for every pixel at once.

``remaining`` counts, at each pixel, the pixels from it to the end of its run, itself included. From these
numbers follow the lineal path (how many start points still lie in the phase z steps on) and the chords (the
number at the first pixel of a run), without a loop over lines. A direction is a step to a neighbour: along
any axis, or in a plane along a diagonal.

References
----------
.. [1] S. Torquato, B. Lu, Phys. Rev. E 47, 2950 (1993), doi 10.1103/PhysRevE.47.2950.

Checked against: walking along every line by brute force, in tests/validation/test_lineal_path.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import BadParameter


def check_direction(direction: Sequence[int], ndim: int) -> tuple[int, ...]:
    """``direction`` as a step of whole pixels: one axis, or in a plane a diagonal."""
    step = tuple(int(k) for k in direction)
    axes = sum(k != 0 for k in step)
    if len(step) != ndim or any(k not in (-1, 0, 1) for k in step) or not (axes == 1 or (axes == 2 and ndim == 2)):
        allowed = "(0, 1), (1, 0), (1, 1) or (1, -1)" if ndim == 2 else "(0, 0, 1), (0, 1, 0) or (1, 0, 0)"
        raise BadParameter(f"direction={tuple(direction)} is not one of the steps {allowed}")
    return step


def remaining(field: np.ndarray, *, direction: Sequence[int], periodic: bool = False) -> np.ndarray:
    """
    Pixels from each True pixel along ``direction`` to the end of its run, itself included; 0 where False.

    Where the image is periodic a run that meets itself counts the pixels of one turn; diagonals of a
    periodic image must close after one turn, so its sides have to be equal.
    """
    step = check_direction(direction, field.ndim)
    axes = [axis for axis, k in enumerate(step) if k]
    if len(axes) == 1:
        found = _to_the_end(np.moveaxis(_towards(field, step), axes[0], -1), periodic)
        return _towards(np.moveaxis(found, -1, axes[0]), step)
    turned = _towards(field, step)
    if periodic:
        if turned.shape[0] != turned.shape[1]:
            raise BadParameter("diagonals of a periodic image that is not square do not close; take a direction along its sides")
        rows = np.arange(turned.shape[0])[:, None]
        cols = (np.arange(turned.shape[1])[None, :] + rows) % turned.shape[1]
        found = np.empty(turned.shape, np.int32)
        found[rows, cols] = _to_the_end(turned[rows, cols].T, True).T
    else:
        found = _along_diagonals(turned)
    return _towards(found, step)


def _towards(field: np.ndarray, step: tuple[int, ...]) -> np.ndarray:
    """``field`` flipped along the axes on which ``step`` runs backwards."""
    return field[tuple(slice(None, None, -1 if k < 0 else 1) for k in step)]


def _to_the_end(lines: np.ndarray, periodic: bool) -> np.ndarray:
    """The same along the last axis."""
    n = lines.shape[-1]
    if periodic:
        lines = np.concatenate([lines, lines], axis=-1)
    long = lines.shape[-1]
    at = np.arange(long, dtype=np.int32)
    stops = np.where(lines, np.int32(long), at)
    ends = np.minimum.accumulate(stops[..., ::-1], axis=-1)[..., ::-1]
    return np.minimum((ends - at)[..., :n], np.int32(n))


def _along_diagonals(plane: np.ndarray) -> np.ndarray:
    """Along (1, 1): with a False column on the right, pixels one diagonal step apart are width + 2 apart in memory."""
    height, width = plane.shape
    flat = np.zeros(-(-height * (width + 1) // (width + 2)) * (width + 2), bool)
    flat[: height * (width + 1)] = np.pad(plane, ((0, 0), (0, 1))).ravel()
    lines = flat.reshape(-1, width + 2).T
    found = _to_the_end(np.pad(lines, ((0, 0), (0, 1))), False)[:, :-1]
    return np.asarray(found.T.ravel()[: height * (width + 1)].reshape(height, width + 1)[:, :width])


def room(shape: tuple[int, ...], mask: np.ndarray | None, *, direction: Sequence[int], periodic: bool) -> np.ndarray:
    """Pixels from each pixel along ``direction`` to where the image or its mask ends."""
    step = check_direction(direction, len(shape))
    axes = [axis for axis, k in enumerate(step) if k]
    if mask is not None or len(axes) > 1:
        return remaining(np.ones(shape, bool) if mask is None else mask, direction=step, periodic=periodic)
    n = shape[axes[0]]
    line = np.full(n, n, np.int32) if periodic else np.arange(n, 0, -1, dtype=np.int32)
    line = line if step[axes[0]] > 0 else line[::-1]
    return np.broadcast_to(line.reshape([n if axis == axes[0] else 1 for axis in range(len(shape))]), shape)


def previous(field: np.ndarray, *, direction: Sequence[int], periodic: bool) -> np.ndarray:
    """The value one step back along ``direction``; False outside the image."""
    step = check_direction(direction, field.ndim)
    before = np.roll(field, step, axis=tuple(range(field.ndim)))
    if not periodic:
        for axis, k in enumerate(step):
            if k:
                edge = [slice(None)] * field.ndim
                edge[axis] = slice(0, 1) if k > 0 else slice(-1, None)
                before[tuple(edge)] = False
    return before
