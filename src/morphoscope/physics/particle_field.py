r"""
A wide field of particles of known sizes and places, and micrographs of windows of it.

Diameters are log-normal, :math:`d = d_{50}\,e^{\sigma z}`, cut at four sigma. They are placed on a torus
from the largest to the smallest, each at a uniform place, tried again until it keeps its distance [1]_:

.. math:: |\mathbf x_i - \mathbf x_j| \ge (1 - o)\,\frac{d_i + d_j}{2} + g

with the overlap ``o`` allowed and the gap ``g``. No size is ever given up, so the sizes of the field are a
sample of the distribution asked for, and windows of the field see its number density.

A window is drawn with the outlines' partial pixels, blurred, and put on a ground with a slope:

.. math:: I = b \pm c\,(S * G) + k x + n\,z

with S the share of a pixel that particles cover ("flat") or the chord through the thickest sphere at it,
relative to its own diameter ("ball"), G a Gaussian, ``c`` the contrast and ``n`` the noise. Lengths are in
pixels; grey values lie in [0, 1].

References
----------
.. [1] S. Torquato, Random Heterogeneous Materials (2002), section 3.3, doi 10.1007/978-1-4757-6355-3.

Checked against: moments of the sizes, distances and covered areas, in tests/physics/test_particle_field.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..errors import BadParameter

TRIES = 2000
PROFILES = ("flat", "ball")


@dataclass(frozen=True)
class Look:
    """How a window is seen; ``noise`` is the standard deviation and ``slope`` the change of grey across the window."""

    bright: bool = True
    ground: float = 0.5
    contrast: float = 0.3
    noise: float = 0.03
    blur_px: float = 1.0
    slope: float = 0.0
    profile: str = "flat"


@dataclass(frozen=True, eq=False)
class Field:
    """Particles on a torus of ``side_px``: centres (y, x) and diameters."""

    side_px: float
    centres_px: np.ndarray
    diameters_px: np.ndarray

    @property
    def per_px2(self) -> float:
        """Particles per area."""
        return len(self.diameters_px) / self.side_px**2


def scatter(
    rng: np.random.Generator,
    *,
    side_px: float,
    median_px: float,
    sigma: float,
    covered: float,
    overlap: float = 0.0,
    gap_px: float = 0.0,
) -> Field:
    """A field whose particles would cover the share ``covered`` of it if none overlapped."""
    if not 0 < covered < 1 or not 0 <= overlap < 1:
        raise BadParameter(f"covered={covered:g} must lie between 0 and 1, and overlap={overlap:g} from 0 to below 1")
    mean_area = math.pi / 4 * median_px**2 * math.exp(2 * sigma**2)
    count = max(1, round(covered * side_px**2 / mean_area))
    d = np.sort(median_px * np.exp(sigma * np.clip(rng.standard_normal(count), -4, 4)))[::-1]
    return Field(side_px, _placed(rng, d, side_px, overlap, gap_px), d)


def _placed(rng: np.random.Generator, d: np.ndarray, side: float, overlap: float, gap: float) -> np.ndarray:
    """A place for each diameter, far enough from those before it; cells as wide as the largest hold near ones."""
    cells = max(1, int(side // (float(d[0]) + gap)))
    near: dict[tuple[int, int], list[int]] = {}
    centres = np.zeros((len(d), 2))
    for i, size in enumerate(d):
        for _ in range(TRIES):
            place = rng.random(2) * side
            cell = (int(place[0] / side * cells) % cells, int(place[1] / side * cells) % cells)
            around = {((cell[0] + a) % cells, (cell[1] + b) % cells) for a in (-1, 0, 1) for b in (-1, 0, 1)}
            others = [j for key in around for j in near.get(key, ())]
            apart = np.abs(centres[others] - place)
            apart = np.hypot(*np.minimum(apart, side - apart).T)
            if (apart >= (1 - overlap) * (size + d[others]) / 2 + gap).all():
                break
        else:
            raise BadParameter(f"{len(d)} particles do not fit; cover less, or allow more overlap")
        centres[i] = place
        near.setdefault(cell, []).append(i)
    return centres


def window(field: Field, *, top_px: float, left_px: float, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Centres (in the window's pixels) and diameters of the particles that reach into a window of the torus."""
    half = field.side_px / 2
    middle = np.array([top_px + shape[0] / 2, left_px + shape[1] / 2])
    centres = (field.centres_px - middle + half) % field.side_px - half + np.array(shape) / 2
    reach = field.diameters_px / 2 + 2
    seen = ((centres > -reach[:, None]) & (centres < np.array(shape) + reach[:, None])).all(axis=1)
    return centres[seen], field.diameters_px[seen]


def signal(centres_px: np.ndarray, diameters_px: np.ndarray, shape: tuple[int, int], *, profile: str = "flat") -> np.ndarray:
    """What the particles add at each pixel, in [0, 1]; where they overlap the larger counts."""
    if profile not in PROFILES:
        raise BadParameter(f"profile={profile!r} is not one of {', '.join(PROFILES)}")
    plane = np.zeros(shape)
    for (y, x), d in zip(centres_px, diameters_px, strict=True):
        rows = slice(max(0, math.floor(y - d / 2 - 2)), min(shape[0], math.ceil(y + d / 2 + 2)))
        cols = slice(max(0, math.floor(x - d / 2 - 2)), min(shape[1], math.ceil(x + d / 2 + 2)))
        if rows.start >= rows.stop or cols.start >= cols.stop:
            continue
        far = np.hypot(np.arange(rows.start, rows.stop)[:, None] + 0.5 - y, np.arange(cols.start, cols.stop) + 0.5 - x)
        one = np.clip(d / 2 - far + 0.5, 0, 1) if profile == "flat" else np.sqrt(np.clip(1 - (2 * far / d) ** 2, 0, None))
        plane[rows, cols] = np.maximum(plane[rows, cols], one)
    return plane


def seen(plane: np.ndarray, look: Look, *, rng: np.random.Generator) -> np.ndarray:
    """The micrograph of a ``signal``, grey in [0, 1]."""
    soft = ndimage.gaussian_filter(plane, look.blur_px, mode="nearest")
    grey = look.ground + (1 if look.bright else -1) * look.contrast * soft
    grey = grey + look.slope * (np.arange(plane.shape[1]) / max(plane.shape[1] - 1, 1) - 0.5)
    return np.asarray(np.clip(grey + look.noise * rng.standard_normal(plane.shape), 0, 1))
