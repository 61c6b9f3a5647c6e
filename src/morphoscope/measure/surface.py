r"""
Interface of a phase per area of a plane or per volume, by estimators that are named for what they do.

.. math:: L_A = \frac{\pi}{2} P_L, \qquad S_V = 2 P_L, \qquad P_L = \sum_k w_k \frac{m_k}{n_k d_k}

``crofton`` [1]_: of ``n_k`` pairs of neighbours along direction k, ``d_k`` apart, ``m_k`` are mixed; ``w_k``
is the share of the circle or sphere that lies nearest to that direction (4 directions in a plane, 13 in a
volume, any pixel shape). Without orientation bias beyond these directions; noise counts.
``faces``: pixel edges or voxel faces between the phases, 4/pi (plane) and 3/2 (volume) of the true value for
an isotropic smooth interface, exact for one along the axes. This is what solvers on the voxel grid see.
``mesh``: length or area of the contour at 1/2 through the midpoints [2]_ (marching squares or cubes), of the
part of the interface inside the image; about 5 % (plane) and 8 % (volume) too large for smooth interfaces.

References
----------
.. [1] J. Ohser, F. Muecklich, Statistical Analysis of Microstructures (2000), chapter 3.
.. [2] W. E. Lorensen, H. E. Cline, Computer Graphics 21, 163 (1987), doi 10.1145/37402.37422.

Checked against: discs, balls, lamellae and voxel counting by brute force, in tests/validation/test_shape_measures.py.
"""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
from scipy.spatial import SphericalVoronoi
from skimage import measure

from ..errors import InputError
from .bootstrap import Block
from .pairs import check_phase, unit_pixel, whole

Step = tuple[int, ...]


def steps(ndim: int) -> tuple[Step, ...]:
    """Displacements to half of the neighbours, shortest first: 4 in a plane, 13 in a volume."""
    half = [d for d in itertools.product((-1, 0, 1), repeat=ndim) if d > (0,) * ndim]
    return tuple(sorted(half, key=lambda d: (sum(map(abs, d)), d[0], tuple(-k for k in d))))


def step_lengths(pixel: tuple[float, ...]) -> np.ndarray:
    """Length of each step."""
    return np.asarray(np.linalg.norm(np.array(steps(len(pixel))) * np.array(pixel), axis=1))


@functools.lru_cache(maxsize=64)
def crofton_weights(pixel: tuple[float, ...]) -> np.ndarray:
    """What one mixed pair of each step, of all pairs of that step, adds to the interface per area or volume."""
    vectors = np.array(steps(len(pixel))) * np.array(pixel)
    ways = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    if len(pixel) == 2:
        angle = np.sort(np.mod(np.arctan2(ways[:, 0], ways[:, 1]), math.pi))
        gaps = np.diff(np.append(angle, angle[0] + math.pi))
        share = (gaps + np.roll(gaps, 1)) / 2 / math.pi
        order = np.argsort(np.argsort(np.mod(np.arctan2(ways[:, 0], ways[:, 1]), math.pi)))
        return np.asarray(math.pi / 2 * share[order] / step_lengths(pixel))
    areas = SphericalVoronoi(np.concatenate([ways, -ways])).calculate_areas()
    share = areas[: len(ways)] * 2 / areas.sum()
    return np.asarray(2 * share / step_lengths(pixel))


def neighbours(field: np.ndarray, step: Step, *, block: Block, periodic: bool) -> tuple[np.ndarray, np.ndarray]:
    """Values at the x of ``block`` and at x + step, for every x whose neighbour is in the image."""
    if periodic:
        turned = np.roll(field, tuple(-k for k in step), axis=tuple(range(field.ndim)))
        return field[block], turned[block]
    here = tuple(
        slice(max(part.start, -k if k < 0 else 0), min(part.stop, n - k if k > 0 else n))
        for n, part, k in zip(field.shape, block, step, strict=True)
    )
    there = tuple(slice(part.start + k, max(part.start, part.stop) + k) for part, k in zip(here, step, strict=True))
    return field[here], field[there]


def mixed_pairs(phase: np.ndarray, mask: np.ndarray | None, *, block: Block, periodic: bool) -> tuple[np.ndarray, np.ndarray]:
    """Mixed pairs and all pairs that begin in ``block``, for each step."""
    mixed, near = [], []
    for step in steps(phase.ndim):
        here, there = neighbours(phase, step, block=block, periodic=periodic)
        differ, count = here != there, here.size
        if mask is not None:
            one, other = neighbours(mask, step, block=block, periodic=periodic)
            counted = one & other
            differ, count = differ & counted, int(np.count_nonzero(counted))
        mixed.append(np.count_nonzero(differ))
        near.append(count)
    return np.array(mixed, float), np.array(near, float)


def crofton(
    phase: np.ndarray, *, mask: np.ndarray | None = None, pixel: tuple[float, ...] | None = None, periodic: bool = False
) -> float:
    """Interface per area or volume by mixed neighbours in 4 or 13 directions (Crofton's formula)."""
    pixel = unit_pixel(phase.ndim, pixel)
    check_phase(phase, mask, pixel)
    mixed, near = mixed_pairs(phase, mask, block=whole(phase.shape), periodic=periodic)
    return float(mixed / np.maximum(near, 1) @ crofton_weights(pixel))


def faces(
    phase: np.ndarray, *, mask: np.ndarray | None = None, pixel: tuple[float, ...] | None = None, periodic: bool = False
) -> float:
    """Interface per area or volume as the pixel edges or voxel faces between the phases."""
    pixel = unit_pixel(phase.ndim, pixel)
    check_phase(phase, mask, pixel)
    mixed, near = mixed_pairs(phase, mask, block=whole(phase.shape), periodic=periodic)
    axes = slice(0, phase.ndim)
    return float(np.sum(mixed[axes] / np.maximum(near[axes], 1) / step_lengths(pixel)[axes]))


def mesh(phase: np.ndarray, *, pixel: tuple[float, ...] | None = None) -> float:
    """Interface per area or volume of the contour through the midpoints (marching squares or cubes); no mask."""
    pixel = unit_pixel(phase.ndim, pixel)
    check_phase(phase, None, pixel)
    if phase.all() or not phase.any():
        return 0.0
    extent = float(math.prod((n - 1) * p for n, p in zip(phase.shape, pixel, strict=True)))
    if phase.ndim == 3:
        corners, triangles, _, _ = measure.marching_cubes(phase.astype(np.float32), 0.5, spacing=pixel)
        area: float = measure.mesh_surface_area(corners, triangles)
        return float(area) / extent
    lines = measure.find_contours(phase.astype(float), 0.5)
    lengths = (np.linalg.norm(np.diff(line * np.array(pixel), axis=0), axis=1).sum() for line in lines)
    return float(np.sum(list(lengths))) / extent


def by_each_estimator(
    phase: np.ndarray, *, mask: np.ndarray | None = None, pixel: tuple[float, ...] | None = None, periodic: bool = False
) -> dict[str, float]:
    """Interface per area or volume by each estimator that applies: Crofton, faces and, without a mask, mesh."""
    if not phase.any() or phase.all():
        raise InputError("only one phase is there, so there is no interface")
    found = {
        "crofton": crofton(phase, mask=mask, pixel=pixel, periodic=periodic),
        "faces": faces(phase, mask=mask, pixel=pixel, periodic=periodic),
    }
    return found if mask is not None else {**found, "mesh": mesh(phase, pixel=pixel)}
