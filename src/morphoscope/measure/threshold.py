r"""
From grey levels to phases: where a pixel is brighter than a level, than its surroundings, or more like a seed.

============ =====================================================================================
otsu         maximal variance between two classes [1]_
li           minimal cross-entropy, iterated [2]_
triangle     farthest point of the histogram from the line peak to tail: few particles [3]_
isodata      level halfway between the means of both sides [4]_
yen          maximal correlation of the two classes [5]_
mean         the mean level
edge         level at which the image is steepest on average: contours lie on edges
adaptive     brighter than the mean of a square window by less than an offset, after smoothing;
             the PairVAE recipe is window 15, offset 2/255, smoothing window 5
multi-otsu   Otsu's criterion for several classes
hysteresis   above a high level, or above a low one and joined to such a place
random walk  the seed that a walker, slowed down by edges, reaches first [6]_
============ =====================================================================================

Grey levels and offsets are in the unit of the image, [0, 1] for a micrograph; windows are in pixels.
Excluded pixels (``mask`` False) neither shape a level nor belong to a phase.

References
----------
.. [1] N. Otsu, IEEE Trans. Syst. Man Cybern. 9, 62 (1979), doi 10.1109/TSMC.1979.4310076.
.. [2] C. H. Li, P. K. S. Tam, Pattern Recognit. Lett. 19, 771 (1998), doi 10.1016/S0167-8655(98)00057-9.
.. [3] G. W. Zack, W. E. Rogers, S. A. Latt, J. Histochem. Cytochem. 25, 741 (1977), doi 10.1177/25.7.70454.
.. [4] T. W. Ridler, S. Calvard, IEEE Trans. Syst. Man Cybern. 8, 630 (1978), doi 10.1109/TSMC.1978.4310039.
.. [5] J.-C. Yen, F.-J. Chang, S. Chang, IEEE Trans. Image Process. 4, 370 (1995), doi 10.1109/83.366472.
.. [6] L. Grady, IEEE Trans. Pattern Anal. Mach. Intell. 28, 1768 (2006), doi 10.1109/TPAMI.2006.233.

Checked against: two-level images of known truth with noise, gradients and masks, and the window's mean by
brute force, in tests/measure/test_threshold.py.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from scipy import ndimage
from skimage import filters
from skimage.segmentation import random_walker

from ..errors import BadParameter, InputError
from .shading import counted

LEVELS: dict[str, Callable[[np.ndarray], float]] = {
    "otsu": filters.threshold_otsu,
    "li": filters.threshold_li,
    "triangle": filters.threshold_triangle,
    "isodata": filters.threshold_isodata,
    "yen": filters.threshold_yen,
    "mean": filters.threshold_mean,
}
"""Methods that look at the histogram alone."""

METHODS = (*LEVELS, "edge", "adaptive")
EDGE_BINS = 128


def level(grey: np.ndarray, *, method: str = "otsu", mask: np.ndarray | None = None) -> float:
    """The grey level that divides ``grey`` in two by a global ``method``."""
    valid = counted(grey, mask)
    values = grey[valid]
    low, high = float(values.min()), float(values.max())
    if low == high:
        raise InputError(f"all pixels have the same grey level ({low:.3g}), so there are no two phases")
    if method == "edge":
        return _steepest(np.asarray(grey, float), valid)
    if method not in LEVELS:
        raise BadParameter(f"threshold={method!r} is no global method; they are {', '.join((*LEVELS, 'edge'))}")
    found = float(LEVELS[method](values))
    return min(max(found, low), float(np.nextafter(high, low)))


def _steepest(grey: np.ndarray, valid: np.ndarray) -> float:
    """The level whose pixels have the largest mean gradient, among levels between the 1st and 99.9th percentile."""
    steep = np.sqrt(sum(np.square(slope) for slope in np.gradient(grey)))
    inner = ndimage.binary_erosion(valid, np.ones((3,) * grey.ndim, bool), border_value=1)
    low, high = np.percentile(grey[valid], [0.5, 99.9])
    if high <= low or not inner.any():
        return float(filters.threshold_otsu(grey[valid]))
    bins = np.clip(((grey[inner] - low) / (high - low) * EDGE_BINS).astype(int), -1, EDGE_BINS)
    used = (bins >= 0) & (bins < EDGE_BINS)
    pixels = np.bincount(bins[used], minlength=EDGE_BINS).astype(float)
    total = np.bincount(bins[used], weights=steep[inner][used], minlength=EDGE_BINS)
    pixels, total = (ndimage.gaussian_filter1d(a, 3, mode="nearest") for a in (pixels, total))
    mean = np.where(pixels > 1e-4 * pixels.sum(), total / np.maximum(pixels, 1e-9), 0.0)
    edge = EDGE_BINS // 16
    best = edge + int(np.argmax(mean[edge:-edge]))
    return float(low + (best + 0.5) / EDGE_BINS * (high - low))


def above(grey: np.ndarray, *, method: str = "otsu", mask: np.ndarray | None = None) -> np.ndarray:
    """Where ``grey`` is brighter than a global level; False where excluded."""
    return np.asarray((grey > level(grey, method=method, mask=mask)) & counted(grey, mask))


def adaptive_mean(
    grey: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    window_px: int = 15,
    offset: float = 2 / 255,
    smoothing_px: int = 5,
) -> np.ndarray:
    """
    Where ``grey``, smoothed by a box, exceeds the mean of a square window less ``offset``.

    Windows count only pixels the mask allows, and repeat the edge pixel outside. ``smoothing_px`` of 1
    smooths nothing.
    """
    for name, width in (("window_px", window_px), ("smoothing_px", smoothing_px)):
        if width < 1 or width % 2 == 0:
            raise BadParameter(f"{name}={width} must be an odd number of pixels")
    valid = counted(grey, mask)
    smooth = box_mean(grey, smoothing_px, valid)
    return np.asarray((smooth > box_mean(smooth, window_px, valid) - offset) & valid)


def box_mean(grey: np.ndarray, width_px: int, valid: np.ndarray) -> np.ndarray:
    """Mean over a square window of the pixels that count; 0 where none does."""
    weight = ndimage.uniform_filter(valid.astype(float), width_px, mode="nearest")
    total = ndimage.uniform_filter(np.where(valid, grey, 0.0).astype(float), width_px, mode="nearest")
    return np.asarray(np.divide(total, weight, out=np.zeros(grey.shape), where=weight > 1e-9))


def multi_otsu(grey: np.ndarray, *, classes: int = 3, mask: np.ndarray | None = None) -> tuple[np.ndarray, tuple[float, ...]]:
    """Labels 1 (darkest) to ``classes``, 0 where excluded, and the levels between them."""
    if not 2 <= classes <= 5:
        raise BadParameter(f"classes={classes} must lie between 2 and 5")
    valid = counted(grey, mask)
    found = len(np.unique(grey[valid]))
    if found < classes:
        raise InputError(f"the image has {found} grey level(s), too few for {classes} phases")
    levels = filters.threshold_multiotsu(grey[valid], classes=classes)
    return np.where(valid, np.digitize(grey, levels) + 1, 0), tuple(float(x) for x in levels)


def hysteresis(grey: np.ndarray, *, low: float, high: float, mask: np.ndarray | None = None) -> np.ndarray:
    """Where ``grey`` exceeds ``low`` and is joined (8 neighbours) to a place above ``high``."""
    if low > high:
        raise BadParameter(f"low={low:g} lies above high={high:g}; exchange them")
    valid = counted(grey, mask)
    return np.asarray(filters.apply_hysteresis_threshold(np.where(valid, grey, -np.inf), low, high) & valid)


def walk(grey: np.ndarray, seeds: np.ndarray, *, mask: np.ndarray | None = None, stiffness: float = 130.0) -> np.ndarray:
    """
    Each pixel gets the label of the seed that a random walker from it most likely meets first.

    ``seeds`` holds labels of 1 and more where they are known, 0 elsewhere; ``stiffness`` is the weight
    of grey differences. Excluded pixels stay 0.
    """
    valid = counted(grey, mask)
    if seeds.shape != grey.shape:
        raise InputError(f"seeds of {seeds.shape} on an image of {grey.shape}; give them the same size")
    labels = np.where(valid, seeds.astype(np.int32), -1)
    if len(np.unique(labels[labels > 0])) < 2:
        raise InputError("a random walker needs seeds of at least two labels")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it advises on optional solvers
        found = random_walker(np.asarray(grey, float), labels, beta=stiffness, mode="cg_j", tol=1e-4)
    return np.asarray(np.where(found > 0, found, 0))
