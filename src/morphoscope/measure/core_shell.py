r"""
The shell of a particle whose grey level changes a step below its outline: a coating, a rim, a hollow core.

The mean grey at depth x below the outline, f(x), is divided in two by the depth t that leaves the least
variance, weighted by the n pixels at each depth (Otsu's criterion along the profile [1]_):

.. math:: t = \arg\max_x\; \frac{n_s n_c}{(n_s + n_c)^2}\,(\bar f_s - \bar f_c)^2

The outermost 1.5 px and the image's blur below them mix with the ground and do not count. A shell is
reported where the two levels differ by a share of the particle's contrast to the ground and explain most
of the profile's variance; its thickness is then where f crosses the middle of the two levels. Lengths are
in pixels.

References
----------
.. [1] N. Otsu, IEEE Trans. Syst. Man Cybern. 9, 62 (1979), doi 10.1109/TSMC.1979.4310076.

Checked against: discs with shells of known thickness, bright and dark, and discs without, in
tests/measure/test_core_shell.py.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

STEP = 0.25
"""Least difference of the two levels, as a share of the contrast to the ground."""
EXPLAINED = 0.7
"""Least share of the variance along the profile that two levels explain."""
OUTER_PX = 1.5


def thicknesses(labels: np.ndarray, grey: np.ndarray, *, ground: float, blur_px: float = 1.0) -> list[float | None]:
    """Thickness of the shell of each label (1, 2, ...), None where there is none; ``ground`` is the level around."""
    found: list[float | None] = []
    for name, box in enumerate(ndimage.find_objects(labels), start=1):
        found.append(None if box is None else _one(labels[box] == name, grey[box], ground, blur_px))
    return found


def _one(piece: np.ndarray, grey: np.ndarray, ground: float, blur_px: float) -> float | None:
    depth = ndimage.distance_transform_edt(np.pad(piece, 1))[1:-1, 1:-1][piece] - 0.5
    layer = np.floor(depth).astype(int)
    count = np.bincount(layer).astype(float)
    profile = np.bincount(layer, weights=grey[piece]) / np.maximum(count, 1)
    first = int(np.ceil(OUTER_PX - 0.5 + blur_px))
    if len(profile) < first + 4:
        return None
    f, n = profile[first:], count[first:]
    cut, explained = _step(f, n)
    shell, core = (float(np.average(f[part], weights=n[part])) for part in (slice(None, cut), slice(cut, None)))
    contrast = abs(float(np.average(f, weights=n)) - ground)
    if explained < EXPLAINED or abs(shell - core) < STEP * max(contrast, abs(shell - ground)):
        return None
    return float(first + _crossing(f, (shell + core) / 2, cut) + 0.5)


def _step(f: np.ndarray, n: np.ndarray) -> tuple[int, float]:
    """Where the profile is best cut in two (index of the first core layer), and the share of variance this explains."""
    total, mean = n.sum(), float(np.average(f, weights=n))
    variance = float(np.average((f - mean) ** 2, weights=n))
    outer, moment = np.cumsum(n)[:-1], np.cumsum(n * f)[:-1]
    inner = total - outer
    between = outer * inner / total**2 * (moment / outer - (total * mean - moment) / inner) ** 2
    best = int(np.argmax(between))
    return best + 1, float(between[best] / max(variance, 1e-15))


def _crossing(f: np.ndarray, middle: float, near: int) -> float:
    """Where ``f`` crosses ``middle`` closest to ``near``, between its samples."""
    sides = np.flatnonzero((f[:-1] - middle) * (f[1:] - middle) <= 0)
    if len(sides) == 0:
        return near - 0.5
    i = int(sides[np.argmin(np.abs(sides + 0.5 - (near - 0.5)))])
    step = float(f[i + 1] - f[i])
    return i + (0.5 if step == 0 else (middle - float(f[i])) / step)
