r"""
A two-phase crop as some six hundred numbers, from which one like it can be asked for.

Blocks, each of statistics that stand elsewhere in this package: the two-point correlation S2(r) of every radius up to half
the side, the lineal path of both phases along columns and rows, six descriptors (``crop_statistics``), and S2 of every
second displacement up to 20 pixels, which is the crop's own scattering pattern, transformed.

Blocks are made comparable by ``weights``: over a set of crops, each block's numbers together have the variance 1.

Checked against: the statistics they consist of, and crops of known stripes, in tests/measure/test_fingerprint.py.
"""

from __future__ import annotations

import numpy as np

from .correlation import correlation_map
from .crop_statistics import crop_statistics
from .lineal_path import lineal_path

LAG_PX = 20


def fingerprints(phases: np.ndarray) -> np.ndarray:
    """The numbers of each crop (count, side, side), true or above one half where bright."""
    return np.concatenate(_parts(phases), axis=1)


def blocks(side_px: int) -> dict[str, slice]:
    """Where each block lies in the fingerprint of a square crop."""
    sizes = {name: part.shape[1] for name, part in zip(NAMES, _parts(np.eye(side_px)[None] > 0), strict=True)}
    ends = np.cumsum(list(sizes.values()))
    return {name: slice(int(end) - size, int(end)) for (name, size), end in zip(sizes.items(), ends, strict=True)}


def weights(rows: np.ndarray, *, side_px: int) -> np.ndarray:
    """What each number of ``rows`` of fingerprints counts, so that each block counts the same."""
    found = np.ones(rows.shape[1])
    for block in blocks(side_px).values():
        found[block] = 1 / np.sqrt(max(float(rows[:, block].var(axis=0).sum()), 1e-12))
    return found


def one_sense(rows: np.ndarray, *, side_px: int) -> np.ndarray:
    """
    The fingerprints of the same crops, those that lean to the left seen in a mirror.

    A mirror of the columns changes the map alone. A crop leans to where S2 of the shortest diagonals is larger.
    """
    found, block, lag = rows.copy(), blocks(side_px)["map"], _lag(side_px)
    maps = found[:, block].reshape(len(rows), lag // 2 + 1, -1)
    middle = maps.shape[2] // 2
    near = slice(1, 3)
    lean = (maps[:, near, middle + 1 : middle + 3] - maps[:, near, middle - 2 : middle][:, :, ::-1]).sum((1, 2))
    found[:, block] = np.where((lean < 0)[:, None, None], maps[:, :, ::-1], maps).reshape(len(rows), -1)
    return found


def _lag(side_px: int) -> int:
    return min(LAG_PX, side_px // 4) // 2 * 2


NAMES = ("s2", "lineal", "dark", "descriptors", "map")


def _parts(phases: np.ndarray) -> list[np.ndarray]:
    found = crop_statistics(phases)
    bright = [np.asarray(phase > 0.5) for phase in phases]
    longest = phases.shape[1] // 4
    lag = _lag(phases.shape[1])
    dark = [np.concatenate([lineal_path(~one, direction=way, z_max=longest).value for way in ((1, 0), (0, 1))]) for one in bright]
    around = [correlation_map(one, lag_px=(lag, lag))[::2, ::2].ravel() for one in bright]
    return [found.s2, found.lineal, np.stack(dark), found.descriptors, np.stack(around)]
