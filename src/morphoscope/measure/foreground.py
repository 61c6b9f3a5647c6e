r"""
Particles or ground: the smoothing, the level and the polarity whose particles look most like particles.

Each candidate (a Gaussian, a threshold of ``threshold.py``, bright or dark) is scored by

.. math:: p = F\,(1 - \max(0, R - a))\,(1 - 0.7 P)\,\min(1, t / 6)\;
              \left(\frac{s_c}{s}\right)^{2/3} \left(\frac{s_c}{s_g}\right)^{1/3}

with F the mean solidity of its pieces, a and R the shares of the image and of its rim that it takes, P the
share of it in pieces that reach from one side of the image to the other, t its thickness (twice its area
over its contour, px) and s the steepness of the image: on its contour (mean), everywhere and on its ground
(root mean square). So particles are full, do not keep to the rim nor span the image, as grounds do, have
sharp outlines, and leave a ground without edges. The exponents were chosen on nine pictures of the
validation's first half.

The outline is then moved to where the image is steepest nearby: a watershed of the gradient between the
inner parts of the particles and the ground away from them [1]_. This is the outline of a blurred step of
any height, and of a sphere seen in transmission, whose half height would lie inside it.

Lengths are in pixels.

References
----------
.. [1] F. Meyer, S. Beucher, J. Vis. Commun. Image Represent. 1, 21 (1990), doi 10.1016/1047-3203(90)90014-M.

Checked against: discs of both polarities, with noise, gradients, print and masks, in
tests/measure/test_particles.py, and spheres seen in transmission, in tests/measure/test_foreground.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.segmentation import watershed

from . import shading, threshold
from .particle_shapes import hull_area

AUTO = ("otsu", "li", "triangle", "edge")
EIGHT = np.ones((3, 3), bool)
FOUR = ndimage.generate_binary_structure(2, 1)
SMOOTHINGS = (1.0, 2.0, 4.0)
GOOD_ENOUGH = 0.85
"""The least smoothing counts whose score reaches this share of the best."""

PRINTED = 0.5
"""Share of a piece's pixels that makes it print."""
MANY_PIXELS = 1 << 20
"""Pixels from which candidates are compared on every second row and column only."""
SPANNING = 0.7
"""What a foreground loses that spans the image."""
BAND = 0.1
"""How far the outline may move, as a share of the particles' width, and at least 2 px."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Where particles are (``inside``), how they were told from the ground, and the image as it was then seen."""

    inside: np.ndarray
    smooth: np.ndarray
    bright: bool
    method: str
    sigma_px: float
    level: float | None
    score: float = 0.0

    @property
    def height(self) -> np.ndarray:
        """The smoothed image with particles bright."""
        return self.smooth if self.bright else 1 - self.smooth


def choose(
    flat: np.ndarray,
    valid: np.ndarray,
    printed: np.ndarray,
    *,
    method: str = "auto",
    polarity: str = "auto",
    smooth_px: float | None = None,
    window_px: int = 15,
    offset: float = 2 / 255,
) -> Ground:
    """The most plausible foreground of an evenly lit image among the methods, polarities and smoothings allowed."""
    clear = valid & ~printed if (valid & ~printed).any() else valid
    bests = []
    for sigma in SMOOTHINGS if smooth_px is None else (smooth_px,):
        smooth = shading.blur(flat, sigma, mask=clear)
        steep = steepness(smooth)
        tries = []
        for name in AUTO if method == "auto" else (method,):
            for bright in (True, False) if polarity == "auto" else (polarity == "bright",):
                tries.append(_tried(smooth, steep, clear, printed & valid, bright, name, sigma, window_px, offset))
        bests.append(max(tries, key=lambda one: one.score))
    enough = GOOD_ENOUGH * max(one.score for one in bests)
    return next(one for one in bests if one.score >= enough)


def _tried(
    smooth: np.ndarray,
    steep: np.ndarray,
    clear: np.ndarray,
    printed: np.ndarray,
    bright: bool,
    method: str,
    sigma: float,
    window_px: int,
    offset: float,
) -> Ground:
    """One candidate and its score."""
    height, level = smooth if bright else 1 - smooth, None
    if method == "adaptive":
        inside = threshold.adaptive_mean(height, mask=clear, window_px=window_px, offset=-offset, smoothing_px=1)
    else:
        step = 2 if smooth.size > MANY_PIXELS else 1
        level = threshold.level(height[::step, ::step], method=method, mask=_thinned(clear, step))
        inside = (height > level) & clear
    inside = without_print(inside, printed)
    score = plausibility(inside, clear, steep)
    return Ground(inside, smooth, bright, method, sigma, level if level is None or bright else 1 - level, score)


def _thinned(valid: np.ndarray, step: int) -> np.ndarray:
    thin = valid[::step, ::step]
    return thin if thin.any() else np.ones(thin.shape, bool)


def steepness(smooth: np.ndarray) -> np.ndarray:
    """Length of the gradient."""
    return np.asarray(np.hypot(*np.gradient(smooth)))


def without_print(inside: np.ndarray, printed: np.ndarray) -> np.ndarray:
    """``inside`` without pieces that are mostly printed, as letters and scale bars are."""
    if not printed.any():
        return inside
    both, _ = ndimage.label(inside | printed, EIGHT)
    area = np.bincount(both.ravel())
    share = np.bincount(both.ravel(), weights=printed.ravel()) / np.maximum(area, 1)
    kept = share < PRINTED
    kept[0] = False
    return np.asarray(inside & kept[both])


def plausibility(inside: np.ndarray, valid: np.ndarray, steep: np.ndarray) -> float:
    """How much ``inside`` looks like particles on a ground (the score above); 0 where there is nothing to see."""
    step = 2 if inside.size > MANY_PIXELS else 1
    inside, valid, steep = (plane[::step, ::step] for plane in (inside, valid, steep))
    if not valid.any() or not 1e-4 < float(inside[valid].mean()) < 0.95:
        return 0.0
    rim = valid & ~ndimage.binary_erosion(valid, EIGHT, iterations=2)
    on_rim = float(inside[rim].mean()) if rim.any() else 0.0
    contour = inside & ~ndimage.binary_erosion(inside, EIGHT, border_value=1)
    ground = valid & ~ndimage.binary_dilation(inside, EIGHT, iterations=3)
    if not contour.any():
        return 0.0
    on_contour = float(steep[contour].mean())
    everywhere = max(_rms(steep[valid]), 1e-12)
    on_ground = max(_rms(steep[ground]), 1e-3 * everywhere) if ground.any() else everywhere
    edges = (on_contour / everywhere) ** (2 / 3) * (on_contour / on_ground) ** (1 / 3)
    excess = max(0.0, on_rim - float(inside[valid].mean()))
    placed = (1 - excess) * (1 - SPANNING * spanning(inside))
    return float(fullness(inside) * placed * min(1.0, step * width(inside) / 12) * edges)


def _rms(values: np.ndarray) -> float:
    return math.sqrt(float(np.mean(np.square(values))))


def fullness(inside: np.ndarray, most: int = 40) -> float:
    """Mean solidity of the largest pieces by area."""
    pieces, count = ndimage.label(ndimage.binary_opening(inside, EIGHT))
    if count == 0:
        return 0.0
    area = np.bincount(pieces.ravel(), minlength=count + 1)[1:]
    boxes = ndimage.find_objects(pieces)
    largest = [i for i in np.argsort(area)[::-1][:most] if area[i] > 8]
    solid = [(area[i], area[i] / hull_area(pieces[boxes[i]] == i + 1)) for i in largest]
    return float(sum(a * s for a, s in solid) / max(sum(a for a, _ in solid), 1)) if solid else 0.0


def spanning(inside: np.ndarray) -> float:
    """Share of the foreground in pieces that reach from one side of the image to the opposite one."""
    pieces, _ = ndimage.label(inside, EIGHT)
    across = [np.intersect1d(pieces[0], pieces[-1]), np.intersect1d(pieces[:, 0], pieces[:, -1])]
    names = np.union1d(*across)
    return float(np.isin(pieces, names[names > 0]).sum()) / max(int(inside.sum()), 1)


def width(inside: np.ndarray) -> float:
    """Four times area over contour: the diameter, of discs."""
    contour = inside & ~ndimage.binary_erosion(inside, EIGHT, border_value=1)
    return 4 * float(inside.sum()) / max(int(contour.sum()), 1)


def at_steepest(inside: np.ndarray, steep: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """``inside`` with its outline moved, within a band, to where the image is steepest."""
    band = max(2, round(BAND * width(inside)))
    seeds = np.zeros(inside.shape, np.int8)
    seeds[~ndimage.binary_dilation(inside, EIGHT, iterations=band) | ~valid] = 2
    seeds[_middle(inside, band) & valid] = 1
    if not (seeds == 2).any():
        return inside
    open_band = ndimage.binary_dilation(seeds == 0, EIGHT)  # deeper seeds have nothing to flood
    flooded = watershed(steep, seeds * open_band, mask=open_band)
    return np.asarray(np.where(open_band, flooded == 1, seeds == 1) & valid)


def _middle(region: np.ndarray, band: int) -> np.ndarray:
    """What lies deeper than ``band`` in a region, and the deepest parts of what is thinner."""
    depth = ndimage.distance_transform_edt(np.pad(region, 1, mode="edge"))[1:-1, 1:-1]
    deepest = ndimage.maximum_filter(depth, 2 * band + 1)
    return np.asarray(region & ((depth > band) | (depth > 0.7 * np.minimum(band, deepest)) & (depth >= 0.6 * deepest)))
