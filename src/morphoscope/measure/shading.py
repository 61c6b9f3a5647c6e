r"""
Uneven illumination and noise, removed before a threshold is set; excluded pixels never count.

A background that varies slowly is estimated from the pixels that ``mask`` allows and divided out or
subtracted. Every filter is a normalised convolution [1]_, so that excluded pixels have no weight:

.. math:: \bar I(\mathbf x) = \frac{\sum_{\mathbf y} k(\mathbf x - \mathbf y)\, m(\mathbf y)\, I(\mathbf y)}
                                   {\sum_{\mathbf y} k(\mathbf x - \mathbf y)\, m(\mathbf y)}

``m`` is 1 where a pixel counts. Grey values keep the unit they came in, lengths are in pixels.

============ =====================================================================================
plane        least-squares polynomial of degree 1, refitted without what lies far from it
quadratic    the same of degree 2: one-sided detectors, vignettes
gaussian     normalised Gaussian blur; must be much wider than the particles, which it else eats
rolling      grey opening by a flat disc (closing for dark particles): the rolling ball in its
             morphological form [2]_
============ =====================================================================================

References
----------
.. [1] H. Knutsson, C.-F. Westin, CVPR 1993, p. 515, doi 10.1109/CVPR.1993.341081.
.. [2] S. R. Sternberg, Computer 16(1), 22 (1983), doi 10.1109/MC.1983.1654163.

Checked against: planes, paraboloids and constants with particles and excluded areas on them, and noise of
known width, in tests/measure/test_shading.py.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

from ..errors import BadParameter, InputError

BACKGROUNDS = ("none", "plane", "quadratic", "gaussian", "rolling")
DENOISERS = ("none", "gaussian", "median", "nonlocal", "variation")
REFITS = 8


def counted(grey: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """The mask as booleans: True where a pixel counts. It must have the image's size and allow something."""
    if mask is None:
        return np.ones(grey.shape, bool)
    if mask.shape != grey.shape:
        sizes = " on an image of ".join(" x ".join(map(str, shape)) for shape in (mask.shape, grey.shape))
        raise InputError(f"a mask of {sizes} pixels; give one of the same size")
    if not mask.any():
        raise InputError("the mask excludes every pixel; nothing is left to measure")
    return mask.astype(bool)


def blur(grey: np.ndarray, sigma_px: float, *, mask: np.ndarray | None = None) -> np.ndarray:
    """Normalised Gaussian blur: excluded pixels have no weight, and get the mean of what is near."""
    if sigma_px <= 0:
        return np.asarray(grey, float)
    if mask is None or mask.all():
        return np.asarray(ndimage.gaussian_filter(np.asarray(grey, float), sigma_px, mode="nearest"))
    valid = counted(grey, mask)
    middle = float(grey[valid].mean())
    weight = ndimage.gaussian_filter(valid.astype(float), sigma_px, mode="nearest")
    total = ndimage.gaussian_filter(np.where(valid, grey - middle, 0.0), sigma_px, mode="nearest")
    return np.asarray(middle + np.divide(total, weight, out=np.zeros(grey.shape), where=weight > 1e-6))


def background(
    grey: np.ndarray, *, method: str, mask: np.ndarray | None = None, width_px: float | None = None, dark: bool = False
) -> np.ndarray:
    """
    The slowly varying part of ``grey``; ``width_px`` is the blur's sigma or the disc's radius.

    It is an eighth of the shorter side unless given. ``dark`` says that particles are darker than it.
    """
    valid = counted(grey, mask)
    width = min(grey.shape) / 8 if width_px is None else width_px
    if width_px is not None and not (math.isfinite(width_px) and width_px > 0):
        raise BadParameter(f"width_px={width_px} must be a positive length in pixels")
    if method == "none":
        return np.zeros(grey.shape)
    if method in ("plane", "quadratic"):
        return _polynomial(grey, valid, degree=1 if method == "plane" else 2)
    if method == "gaussian":
        return blur(grey, width, mask=valid)
    if method == "rolling":
        return _rolling(grey, valid, radius=max(1, round(width)), dark=dark)
    raise BadParameter(f"background={method!r} is not one of {', '.join(BACKGROUNDS)}")


def _polynomial(grey: np.ndarray, valid: np.ndarray, *, degree: int) -> np.ndarray:
    """Least squares, refitted without pixels further than 2 robust standard deviations from it."""
    rows, cols = (np.linspace(-1, 1, n) for n in grey.shape)
    y, x = np.meshgrid(rows, cols, indexing="ij")
    terms = np.stack([y**i * x**j for i in range(degree + 1) for j in range(degree + 1 - i)], axis=-1)
    step = max(1, int(math.sqrt(valid.sum() / 4e4)))
    sparse = np.zeros(grey.shape, bool)
    sparse[::step, ::step] = True
    seen = valid & sparse if (valid & sparse).sum() > 20 * terms.shape[-1] else valid
    design, values = terms[seen], np.asarray(grey[seen], float)
    kept = np.ones(len(values), bool)
    fit = np.zeros(terms.shape[-1])
    for _ in range(REFITS):
        fit = np.linalg.lstsq(design[kept], values[kept], rcond=None)[0]
        rest = values - design @ fit
        middle = float(np.median(rest[kept]))
        spread = 1.4826 * float(np.median(np.abs(rest[kept] - middle)))
        near = np.abs(rest - middle) <= 2 * max(spread, 1e-9)
        if near.sum() < 3 * terms.shape[-1] or np.array_equal(near, kept):
            break
        kept = near
    return np.asarray(terms @ fit)


def _rolling(grey: np.ndarray, valid: np.ndarray, *, radius: int, dark: bool) -> np.ndarray:
    """Opening (closing where particles are dark) on a coarser grid, so that a large disc stays cheap."""
    sign = -1.0 if dark else 1.0
    level = sign * np.where(valid, grey, np.median(grey[valid]))
    shrink = max(1, radius // 8)
    coarse = ndimage.uniform_filter(level, shrink, mode="nearest")
    small = ndimage.zoom(coarse, 1 / shrink, order=1, grid_mode=True, mode="nearest")
    span = np.arange(-(radius // shrink) - 1, radius // shrink + 2)
    disc = span[:, None] ** 2 + span**2 <= (radius / shrink) ** 2
    opened = ndimage.grey_opening(small, footprint=disc, mode="nearest")
    ratio = tuple(n / m for n, m in zip(grey.shape, opened.shape, strict=True))
    return np.asarray(sign * ndimage.zoom(opened, ratio, order=1, grid_mode=True, mode="nearest"))


def flatten(
    grey: np.ndarray,
    *,
    method: str,
    mask: np.ndarray | None = None,
    width_px: float | None = None,
    dark: bool = False,
    divide: bool = False,
) -> np.ndarray:
    """``grey`` without its background but with its mean: subtracted, or divided where shading is multiplicative."""
    if method == "none":
        return np.asarray(grey, float)
    ground = background(grey, method=method, mask=mask, width_px=width_px, dark=dark)
    level = float(ground[counted(grey, mask)].mean())
    if not divide:
        return np.asarray(grey - ground + level)
    if float(ground.min()) <= 0:
        raise InputError("the background falls to zero, so it cannot be divided out; subtract it instead")
    return np.asarray(grey * (level / ground))


def denoise(grey: np.ndarray, *, method: str, width_px: float = 1.0, mask: np.ndarray | None = None) -> np.ndarray:
    """
    ``grey`` with less noise: Gaussian, median, non-local means or total variation.

    ``width_px`` is the sigma of the Gaussian and the half-width of the median's window; the other two
    take the noise from the image itself. Excluded pixels give nothing to their neighbours.
    """
    valid = counted(grey, mask)
    if method == "none":
        return np.asarray(grey, float)
    if method == "gaussian":
        return blur(grey, width_px, mask=valid)
    filled = np.where(valid, grey, blur(grey, max(width_px, 2.0), mask=valid))
    if method == "median":
        return np.asarray(ndimage.median_filter(filled, 2 * max(1, round(width_px)) + 1, mode="nearest"))
    sigma = noise_of(filled, valid)
    if method == "nonlocal":
        options = {"patch_size": 5, "patch_distance": 6, "fast_mode": True}
        return np.asarray(denoise_nl_means(filled, h=0.8 * sigma, sigma=sigma, **options)) if sigma > 0 else filled
    if method == "variation":
        return np.asarray(denoise_tv_chambolle(filled, weight=2 * sigma)) if sigma > 0 else filled
    raise BadParameter(f"denoise={method!r} is not one of {', '.join(DENOISERS)}")


def noise_of(grey: np.ndarray, valid: np.ndarray) -> float:
    """Standard deviation of white noise from the median of the differences between diagonal neighbours' sums."""
    if min(grey.shape) < 2:
        return 0.0
    cross = grey[:-1, :-1] + grey[1:, 1:] - grey[1:, :-1] - grey[:-1, 1:]
    whole = valid[:-1, :-1] & valid[1:, 1:] & valid[1:, :-1] & valid[:-1, 1:]
    return float(1.4826 * np.median(np.abs(cross[whole])) / 2) if whole.any() else 0.0
