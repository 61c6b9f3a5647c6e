r"""
Particles in a micrograph, told from the ground and from each other without training.

1. The background is flattened and the image smoothed, more where it is noisier (normalised by the mask).
2. A level divides particles from ground (``threshold.py``); whether particles are bright or dark is
   judged by which side leaves fewer pixels on the rim of the image and is made of fuller, rounder pieces.
3. Convex holes (a pale core, a hollow shell) are filled; gaps between touching particles are not.
4. Touching particles are cut along watersheds of the distance to the ground, :math:`d`. Two maxima of
   ``d`` are two particles where the neck between them is narrower than a share of the smaller,

   .. math:: d_\mathrm{neck} < (1 - s)\, \min(d_1, d_2),

   that is, where :math:`\ln d` has a dynamic [1]_ above :math:`-\ln(1 - s)`: the same shape is cut the
   same way at every magnification.
5. What is smaller than ``smallest_px`` across or than a share of the typical particle, or stands out less
   than a share of the usual contrast, is no particle.

Lengths are in pixels; labels run from 1, and 0 is ground or excluded.

References
----------
.. [1] M. Grimaud, Proc. SPIE 1769, 292 (1992), doi 10.1117/12.60650; L. Vincent, P. Soille, IEEE Trans.
   Pattern Anal. Mach. Intell. 13, 583 (1991), doi 10.1109/34.87344.

Checked against: discs of known size and place, apart and touching, bright and dark, with noise, gradients
and masks, in tests/measure/test_particles.py; published instance maps, in tests/validation/test_particle_maps.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.measure import label as label_pieces
from skimage.morphology import disk, local_maxima, reconstruction
from skimage.segmentation import watershed

from ..errors import BadParameter, InputError
from . import shading, threshold
from .particle_shapes import hull_area

POLARITIES = ("auto", "bright", "dark")
METHODS = ("auto", *threshold.METHODS)
AUTO = ("otsu", "li", "triangle", "edge")
EIGHT = np.ones((3, 3), bool)
SMOOTHINGS = (1.0, 2.0, 4.0)
GOOD_ENOUGH = 0.85
"""The least smoothing counts whose score reaches this share of the best."""

EXTREME, PRINTED = 6 / 255, 0.5
LARGEST_PRINT = 0.03
"""Share of the image above which a black or white piece is no print. ``EXTREME`` is how near to black or white
print is, ``PRINTED`` the share of a piece's pixels that make it print."""

CONVEX_HOLE = 0.88
"""Solidity above which a hole is a particle's own, not a gap between several."""


@dataclass(frozen=True)
class Settings:
    """
    How to look for particles.

    ``split`` is the share by which a neck must be narrower than the particles it joins (0 never cuts),
    ``smooth_px`` the Gaussian's sigma (None: by the noise), ``smallest_px`` the least diameter,
    ``faintest`` the least contrast as a share of the median particle's, ``debris`` the least diameter as a
    share of the typical one, ``grooves`` the depth of dark grooves that divide, as a share of the contrast.
    """

    method: str = "auto"
    polarity: str = "auto"
    background: str = "none"
    smooth_px: float | None = None
    split: float = 0.15
    smallest_px: float = 5.0
    faintest: float = 0.25
    fill_holes: bool = True
    grooves: float = 0.2
    debris: float = 0.15
    window_px: int = 15
    offset: float = 2 / 255

    def __post_init__(self) -> None:
        for name, value, allowed in (("method", self.method, METHODS), ("polarity", self.polarity, POLARITIES)):
            if value not in allowed:
                raise BadParameter(f"{name}={value!r} is not one of {', '.join(allowed)}")
        if not 0 <= self.split < 1:
            raise BadParameter(f"split={self.split:g} must be at least 0 and below 1")


@dataclass(frozen=True, eq=False)
class Found:
    """``labels`` (row, column), and how they were come by."""

    labels: np.ndarray
    bright: bool
    method: str
    smooth_px: float
    level: float | None

    @property
    def count(self) -> int:
        """Number of particles, those at the rim included."""
        return int(self.labels.max(initial=0))


def find(grey: np.ndarray, *, mask: np.ndarray | None = None, settings: Settings | None = None) -> Found:
    """Every particle of a grey image in [0, 1], where ``mask`` is True."""
    how = settings or Settings()
    valid = shading.counted(grey, mask)
    low, high = float(grey[valid].min()), float(grey[valid].max())
    if low == high:
        what = "black" if high == 0 else "white" if low == 1 else f"of one grey level ({low:.3g})"
        raise InputError(f"the image is all {what}, so there are no particles to find")
    flat = shading.flatten(grey, method=how.background, mask=valid, dark=how.polarity == "dark")
    printed = ndimage.binary_opening(np.minimum(grey, 1 - grey) < EXTREME, np.ones((2, 2), bool))
    best = None
    for sigma in SMOOTHINGS if how.smooth_px is None else (how.smooth_px,):
        tried = _best_of(shading.blur(flat, sigma, mask=valid), valid, printed, sigma, how)
        if best is not None and tried.score * GOOD_ENOUGH <= best.score:
            break
        best = tried
    if best is None:
        raise InputError("no smoothing was tried")
    inside = _cleaned(best.inside, how)
    smooth = shading.blur(flat, best.sigma, mask=valid)
    grooves = dark_grooves(smooth if best.bright else -smooth, inside, how.grooves)
    labels = split(inside, share=how.split, smallest_px=how.smallest_px, grooves=grooves)
    labels = without_small(labels, how.debris * typical_diameter(labels))
    if how.method == "auto":
        labels = without_small(trimmed(labels, smooth if best.bright else 1 - smooth, valid), how.smallest_px)
    return Found(_without_faint(labels, smooth, valid, how), best.bright, best.method, best.sigma, best.level)


@dataclass(frozen=True, eq=False)
class _Try:
    """One threshold of one smoothing, and how plausible its particles are."""

    score: float
    inside: np.ndarray
    bright: bool
    method: str
    sigma: float
    level: float | None


def _best_of(smooth: np.ndarray, valid: np.ndarray, printed: np.ndarray, sigma: float, how: Settings) -> _Try:
    """The most plausible of the thresholds and polarities allowed."""
    steep = np.hypot(*np.gradient(smooth))
    print_near = ndimage.binary_dilation(printed, EIGHT, iterations=1 + round(sigma)) & valid
    tries = []
    for method in AUTO if how.method == "auto" else (how.method,):
        for bright in (True, False) if how.polarity == "auto" else (how.polarity == "bright",):
            inside, level = _foreground(smooth, valid, bright, method, how)
            pure = without_print(inside, print_near)
            score = plausibility(pure, valid, steep) if pure.any() else 0.5 * plausibility(inside, valid, steep)
            tries.append(_Try(score, pure if pure.any() else inside, bright, method, sigma, level))
    return max(tries, key=lambda tried: tried.score)


def without_print(inside: np.ndarray, printed: np.ndarray) -> np.ndarray:
    """``inside`` without small pieces that are mostly pure black or white, as letters and scale bars are."""
    pieces, _ = ndimage.label(inside, EIGHT)
    area = np.bincount(pieces.ravel())
    share = np.bincount(pieces.ravel(), weights=printed.ravel()) / np.maximum(area, 1)
    kept = (share < PRINTED) | (area > LARGEST_PRINT * inside.size)
    kept[0] = False
    return np.asarray(kept[pieces])


def _foreground(
    smooth: np.ndarray, valid: np.ndarray, bright: bool, method: str, how: Settings
) -> tuple[np.ndarray, float | None]:
    sign = smooth if bright else 1 - smooth
    if method == "adaptive":
        return threshold.adaptive_mean(sign, mask=valid, window_px=how.window_px, offset=-how.offset, smoothing_px=1), None
    level = threshold.level(sign, method=method, mask=valid)
    return (sign > level) & valid, level if bright else 1 - level


def plausibility(inside: np.ndarray, valid: np.ndarray, steep: np.ndarray) -> float:
    """
    How much ``inside`` looks like particles: compact pieces with sharp edges, away from the image's rim.

    The product of the pieces' mean solidity, the share of the rim that is ground and the steepness of
    the image, ``steep``, on the contour relative to that everywhere.
    """
    share = float(inside[valid].mean())
    if not 1e-4 < share < 0.95:
        return 0.0
    rim = valid & ~ndimage.binary_erosion(valid, EIGHT, iterations=2)
    on_rim = float(inside[rim].mean()) if rim.any() else 0.0
    distance = ndimage.distance_transform_edt(inside)
    thick = 4 * float(distance[inside].mean())
    contour = inside & (distance <= 1.5)
    edges = float(steep[contour].mean()) / max(float(np.sqrt((steep[valid] ** 2).mean())), 1e-12)
    pieces, count = ndimage.label(ndimage.binary_opening(inside, EIGHT))
    if count == 0:
        return 0.0
    area = np.bincount(pieces.ravel(), minlength=count + 1)[1:]
    largest = np.argsort(area)[::-1][:40]
    boxes = ndimage.find_objects(pieces)
    solid = [(area[i], area[i] / hull_area(pieces[boxes[i]] == i + 1)) for i in largest if area[i] > 8]
    if not solid:
        return 0.0
    fullness = sum(a * s for a, s in solid) / sum(a for a, _ in solid)
    return float(fullness * (1 - on_rim) * edges * min(1.0, thick / 6))


def _cleaned(inside: np.ndarray, how: Settings) -> np.ndarray:
    """``inside`` without specks and hairs, with its own holes filled."""
    opened = ndimage.binary_opening(inside, ndimage.generate_binary_structure(2, 1))
    return fill_own_holes(opened, how.smallest_px) if how.fill_holes else opened


def fill_own_holes(inside: np.ndarray, smallest_px: float) -> np.ndarray:
    """Fill holes that are small or convex; star-shaped gaps between touching particles stay open."""
    holes, _ = ndimage.label(ndimage.binary_fill_holes(inside) & ~inside)
    filled = inside.copy()
    for index, box in enumerate(ndimage.find_objects(holes), start=1):
        hole = holes[box] == index
        if hole.sum() <= math.pi * smallest_px**2 / 4 or hole.sum() / hull_area(hole) > CONVEX_HOLE:
            filled[box] |= hole
    return filled


def dark_grooves(grey: np.ndarray, inside: np.ndarray, depth: float) -> np.ndarray:
    """Valleys of ``grey`` inside particles, deeper than ``depth`` of the contrast to the ground (0: none)."""
    if depth <= 0 or not inside.any() or inside.all():
        return np.zeros(inside.shape, bool)
    contrast = float(np.median(grey[inside]) - np.median(grey[~inside]))
    closed = ndimage.grey_closing(grey, footprint=disk(4), mode="nearest")
    return np.asarray(inside & (closed - grey > depth * contrast))


def split(inside: np.ndarray, *, share: float, smallest_px: float = 0.0, grooves: np.ndarray | None = None) -> np.ndarray:
    """Label the pieces of ``inside``, cut where a neck is narrower by ``share`` than the particles it joins."""
    open_ground = inside if grooves is None else inside & ~grooves
    padded = np.pad(open_ground, 1, mode="edge")  # a particle cut by the rim goes on beyond it
    distance = ndimage.distance_transform_edt(padded)[1:-1, 1:-1]
    if share <= 0 or not inside.any():
        labels = ndimage.label(inside, EIGHT)[0]
    else:
        soft = ndimage.gaussian_filter(distance, 1.0) * inside
        log = np.where(inside, np.log(np.maximum(soft, 0.5)), -1.0)
        raised = reconstruction(log + math.log(1 - share), log)
        peaks = label_pieces(local_maxima(raised) & inside, connectivity=2)
        labels = watershed(-soft, peaks, mask=inside)
    return without_small(labels, smallest_px)


def without_small(labels: np.ndarray, smallest_px: float) -> np.ndarray:
    """``labels`` without those of less area than a disc ``smallest_px`` across, renumbered from 1."""
    area = np.bincount(labels.ravel())
    kept = area >= math.pi * smallest_px**2 / 4
    kept[0] = False
    numbers = np.cumsum(kept) * kept
    return np.asarray(numbers[labels], dtype=np.int32)


def trimmed(labels: np.ndarray, grey: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """``labels`` without rim pixels, at most two deep, below half of their particle's own height over the ground."""
    ground = valid & ~ndimage.binary_dilation(labels > 0, EIGHT, iterations=3)
    if not labels.any() or not ground.any():
        return labels
    inner = np.where(ndimage.distance_transform_edt(labels > 0) > 2, labels, 0)
    names = np.arange(1, int(labels.max()) + 1)
    height = np.nan_to_num(np.asarray(ndimage.median(grey, inner, names)), nan=-np.inf)
    half = np.concatenate([[0.0], (height + np.median(grey[ground])) / 2])
    return np.where((inner == 0) & (grey < half[labels]), 0, labels)


def typical_diameter(labels: np.ndarray) -> float:
    """Diameter of the particle in which half of the particles' area is reached, from small to large; 0 without any."""
    area = np.sort(np.bincount(labels.ravel())[1:])
    if not area.sum():
        return 0.0
    return math.sqrt(4 / math.pi * float(area[np.searchsorted(np.cumsum(area), area.sum() / 2)]))


def _without_faint(labels: np.ndarray, grey: np.ndarray, valid: np.ndarray, how: Settings) -> np.ndarray:
    """Drop labels whose mean differs from the ground's median by less than a share of the median difference."""
    count = int(labels.max(initial=0))
    ground = valid & (labels == 0)
    if count == 0 or not ground.any():
        return labels
    contrast = np.abs(ndimage.mean(grey, labels, np.arange(1, count + 1)) - np.median(grey[ground]))
    kept = np.concatenate([[False], contrast >= how.faintest * np.median(contrast)])
    return np.asarray((np.cumsum(kept) * kept)[labels], dtype=np.int32)
