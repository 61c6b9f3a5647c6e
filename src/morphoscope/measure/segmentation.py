r"""
A grey image or volume divided into phases, and how far the division itself may be off.

Shading is taken off (slice by slice in a volume), noise is removed, and every pixel gets a label from 1
(darkest) to n (brightest), 0 where it is excluded. Excluded pixels enter no step. The methods are those of
``threshold``; hysteresis and the random walker start from the levels of Otsu: a place is sure where it is
further from every level than ``margin`` of the way to the mean of its class; hysteresis gives the rest to
the brighter phase where it is joined to a sure place of it, the walker to the sure place that it reaches first.

Nobody knows the true level, so three things that shift it, or act as if, make up its standard error:

=========== ========================================================================================
methods     rms distance of the level used from two other readings of the same boundary: halfway between the
            means of the two classes, and where the image is steepest between these means (1 px blur)
sampling    jackknife of the level over the image in 4 x 4 (4 x 4 x 4) blocks
noise       with overlap :math:`\epsilon = \Phi(-\Delta m / 2 \sigma)` of two classes that lie
            :math:`\Delta m` apart under noise of deviation :math:`\sigma`, one loses the share
            :math:`\epsilon` of its pixels and gains that of the other's: a net
            :math:`\epsilon\,(\phi_{k+1} - \phi_k)` at every boundary
=========== ========================================================================================

The first two, in quadrature, move the level: the image is divided anew at the level plus and minus one standard
error, and half the difference of the fractions is theirs; the third adds in quadrature, and for hysteresis and
the walker the difference between their fraction and that of the level alone. The result is the standard error of
each fraction. Grey levels are in the unit of the image, lengths in pixels.

Checked against: how often intervals hold the true fraction of blurred, noisy images of random structures, in
tests/validation/test_fraction_intervals.py.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats
from skimage import filters

from ..errors import BadParameter, InputError
from . import shading, threshold

METHODS = ("otsu", "li", "triangle", "isodata", "yen", "mean", "edge", "adaptive", "hysteresis", "walk")
MOST_CLASSES = 5
BLOCKS = 4
BINS = 64


@dataclass(frozen=True)
class Recipe:
    """
    How an image is divided.

    ``level`` sets the level by hand. More than two ``classes`` go with Otsu's method and the walker.
    ``window_px``, ``offset`` and ``smoothing_px`` belong to the adaptive mean, ``margin`` to hysteresis and the
    walker.
    """

    method: str = "otsu"
    classes: int = 2
    level: float | None = None
    background: str = "none"
    background_px: float | None = None
    divide: bool = False
    denoise: str = "none"
    denoise_px: float = 1.0
    window_px: int = 15
    offset: float = 2 / 255
    smoothing_px: int = 5
    margin: float = 0.3


@dataclass(frozen=True, eq=False)
class Segmented:
    """
    Labels, the levels between them and their standard errors, and the standard error of each label's fraction.

    ``grey`` is the image as it was divided, without shading and noise. Levels are empty for the adaptive mean.
    """

    labels: np.ndarray
    grey: np.ndarray
    levels: tuple[float, ...]
    level_errors: tuple[float, ...]
    fraction_errors: dict[int, float]


def segment(grey: np.ndarray, *, recipe: Recipe | None = None, mask: np.ndarray | None = None) -> Segmented:
    """Divide ``grey`` by ``recipe``, Otsu's method unless given."""
    recipe = recipe or Recipe()
    _check(recipe)
    valid = shading.counted(grey, mask)
    values = grey[valid]
    if float(values.min()) == float(values.max()):
        raise InputError(f"all pixels have the same grey level ({float(values.min()):.3g}), so there are no two phases")
    clean = prepared(grey, recipe=recipe, mask=valid)
    levels = levels_of(clean, recipe=recipe, mask=valid)
    labels = divide(clean, recipe=recipe, levels=levels, mask=valid)
    found = np.unique(labels[valid])
    if len(found) < 2:
        raise InputError("the division leaves one phase only; try another method or level")
    errors = _level_errors(clean, labels, levels, recipe, valid)
    fraction_errors = _fraction_errors(
        clean, labels, valid, errors, functools.partial(_fractions_at, clean, recipe, levels, valid)
    )
    shown = () if recipe.method == "adaptive" else levels
    return Segmented(labels, clean, shown, errors if shown else (), fraction_errors)


def _check(recipe: Recipe) -> None:
    if recipe.method not in METHODS:
        raise BadParameter(f"method={recipe.method!r} is not one of {', '.join(METHODS)}")
    if not 2 <= recipe.classes <= MOST_CLASSES:
        raise BadParameter(f"classes={recipe.classes} must lie between 2 and {MOST_CLASSES}")
    if recipe.classes > 2 and recipe.method not in ("otsu", "walk"):
        raise BadParameter(f"method={recipe.method!r} makes two phases; for {recipe.classes} classes take otsu or walk")
    if recipe.level is not None and (recipe.classes > 2 or recipe.method == "adaptive"):
        raise BadParameter("a level by hand divides in two; leave classes at 2 and take a method with one level")


def prepared(grey: np.ndarray, *, recipe: Recipe, mask: np.ndarray) -> np.ndarray:
    """``grey`` without shading (slice by slice) and noise."""
    flat = np.asarray(grey, float)
    if recipe.background != "none":
        take = functools.partial(shading.flatten, method=recipe.background, width_px=recipe.background_px, divide=recipe.divide)
        if grey.ndim == 2:
            flat = take(flat, mask=mask)
        else:
            flat = np.stack([take(plane, mask=part) if part.any() else plane for plane, part in zip(flat, mask, strict=True)])
    return shading.denoise(flat, method=recipe.denoise, width_px=recipe.denoise_px, mask=mask)


def levels_of(grey: np.ndarray, *, recipe: Recipe, mask: np.ndarray) -> tuple[float, ...]:
    """The levels between the classes; of the adaptive mean, hysteresis and the walker those of Otsu."""
    if recipe.level is not None:
        low, high = float(grey[mask].min()), float(grey[mask].max())
        if not low <= recipe.level < high:
            raise BadParameter(f"level={recipe.level:g} leaves one phase only; grey levels run from {low:.3g} to {high:.3g}")
        return (recipe.level,)
    if recipe.classes > 2:
        return threshold.multi_otsu(grey, classes=recipe.classes, mask=mask)[1]
    global_method = recipe.method in threshold.METHODS and recipe.method != "adaptive"
    return (threshold.level(grey, method=recipe.method if global_method else "otsu", mask=mask),)


def divide(grey: np.ndarray, *, recipe: Recipe, levels: tuple[float, ...], mask: np.ndarray, shift: float = 0.0) -> np.ndarray:
    """Labels of ``grey`` at ``levels``; ``shift`` raises the local level of the adaptive mean."""
    if recipe.method == "adaptive":
        bright = threshold.adaptive_mean(
            grey, mask=mask, window_px=recipe.window_px, offset=recipe.offset - shift, smoothing_px=recipe.smoothing_px
        )
        return np.where(mask, 1 + bright, 0).astype(np.uint8)
    plain = np.where(mask, np.searchsorted(levels, grey, side="left") + 1, 0).astype(np.uint8)
    if recipe.method == "hysteresis" and len(levels) == 1:
        means = _means(grey, plain, len(levels) + 1)
        low, high = (levels[0] + recipe.margin * (mean - levels[0]) for mean in means)
        return np.where(mask, 1 + threshold.hysteresis(grey, low=low, high=high, mask=mask), 0).astype(np.uint8)
    if recipe.method == "walk":
        return threshold.walk(grey, _seeds(grey, plain, levels, recipe.margin), mask=mask).astype(np.uint8)
    return np.asarray(plain)


def _means(grey: np.ndarray, labels: np.ndarray, count: int) -> list[float]:
    """Mean grey level of each class; NaN where it is empty."""
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sums = np.bincount(labels.ravel(), weights=grey.ravel(), minlength=count + 1)
    return [float(total / size) if size else math.nan for total, size in zip(sums[1:], sizes[1:], strict=True)]


def _seeds(grey: np.ndarray, labels: np.ndarray, levels: tuple[float, ...], margin: float) -> np.ndarray:
    """The labels of pixels that are sure, 0 elsewhere."""
    sure = labels > 0
    means = _means(grey, labels, len(levels) + 1)
    for k, level in enumerate(levels):
        low, high = (level + margin * (mean - level) for mean in means[k : k + 2])
        sure &= ~((grey > low) & (grey < high))
    return np.where(sure, labels, 0)


def _level_errors(
    grey: np.ndarray, labels: np.ndarray, levels: tuple[float, ...], recipe: Recipe, mask: np.ndarray
) -> tuple[float, ...]:
    """Standard error of each level: distance from other readings, and the jackknife over blocks."""
    plain = np.where(mask, np.searchsorted(levels, grey, side="left") + 1, 0)
    means = _means(grey, plain, len(levels) + 1)
    readings = []
    slope = _slope(grey, mask)
    for level, low, high in zip(levels, means[:-1], means[1:], strict=True):
        halfway, steepest = (low + high) / 2, _steepest_between(grey[mask], slope[mask], low, high)
        others = np.array([halfway, steepest if math.isfinite(steepest) else halfway])
        readings.append(float(np.sqrt(np.mean((others - level) ** 2))))
    jack = np.zeros(len(levels)) if recipe.level is not None else _jackknife(grey, recipe, mask, len(levels))
    return tuple(math.hypot(a, float(b)) for a, b in zip(readings, jack, strict=True))


def _slope(grey: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Gradient of the image blurred by a pixel."""
    smooth = shading.blur(grey, 1.0, mask=mask)
    return np.asarray(np.sqrt(sum(np.square(part) for part in np.gradient(smooth))))


def _steepest_between(values: np.ndarray, slope: np.ndarray, low: float, high: float) -> float:
    """The level between two class means at which the slope is largest on average."""
    between = (values > low) & (values < high)
    if np.count_nonzero(between) < BINS or not high > low:
        return math.nan
    bins = ((values[between] - low) / (high - low) * BINS).astype(int).clip(0, BINS - 1)
    pixels = np.bincount(bins, minlength=BINS).astype(float)
    total = np.bincount(bins, weights=slope[between], minlength=BINS)
    pixels, total = (np.convolve(part, np.ones(9), "same") for part in (pixels, total))
    return low + (int(np.argmax(total / np.maximum(pixels, 1))) + 0.5) / BINS * (high - low)


def _jackknife(grey: np.ndarray, recipe: Recipe, mask: np.ndarray, count: int) -> np.ndarray:
    """Standard error of the levels from leaving out one block of the image at a time."""
    places = [np.arange(n) * BLOCKS // n for n in grey.shape]
    block = functools.reduce(lambda a, b: a[..., None] * BLOCKS + b, places)[mask]
    values = grey[mask]
    if values.size > 2_000_000:  # levels of a large volume rest on a regular part of it
        values, block = values[:: values.size // 1_000_000], block[:: values.size // 1_000_000]
    estimate = _level_estimator(recipe)
    found = []
    for name in np.unique(block):
        rest = values[block != name]
        if len(np.unique(rest[:1000])) > count:
            found.append(estimate(rest))
    if len(found) < 2:
        return np.zeros(count)
    many = np.array(found, float).reshape(len(found), -1)
    return np.asarray(np.sqrt((len(many) - 1) / len(many) * ((many - many.mean(axis=0)) ** 2).sum(axis=0)))


def _level_estimator(recipe: Recipe) -> Callable[[np.ndarray], np.ndarray]:
    """The level or levels of a flat list of grey values by the recipe's method."""
    if recipe.classes > 2:
        return lambda values: np.asarray(filters.threshold_multiotsu(values, classes=recipe.classes))
    method = threshold.LEVELS.get(recipe.method, filters.threshold_otsu)
    return lambda values: np.atleast_1d(method(values))


def _fractions_at(
    grey: np.ndarray, recipe: Recipe, levels: tuple[float, ...], mask: np.ndarray, number: int, by: float
) -> np.ndarray:
    """Fraction of every label when level ``number`` is moved ``by``."""
    moved = tuple(level + (by if k == number else 0.0) for k, level in enumerate(levels))
    plain = recipe if recipe.method == "adaptive" else replace(recipe, method="otsu")
    labels = divide(grey, recipe=plain, levels=tuple(sorted(moved)), mask=mask, shift=by)
    return np.bincount(labels[mask], minlength=len(levels) + 2)[1:] / np.count_nonzero(mask)


def _fraction_errors(
    grey: np.ndarray,
    labels: np.ndarray,
    mask: np.ndarray,
    errors: tuple[float, ...],
    shift: Callable[[int, float], np.ndarray],
) -> dict[int, float]:
    """Standard error of each label's fraction from those of the levels and from noise."""
    count = len(errors) + 1
    share = np.bincount(labels[mask], minlength=count + 1)[1:] / np.count_nonzero(mask)
    here = shift(0, 0.0)
    means = _means(grey, labels, count)
    sigma = noise_level(grey, mask)
    variance = (share - here) ** 2  # nothing but for methods that go beyond a level
    for k, error in enumerate(errors):
        variance += ((shift(k, error) - shift(k, -error)) / 2) ** 2
        apart = means[k + 1] - means[k]
        if sigma > 0 and math.isfinite(apart):
            net = float(stats.norm.cdf(-abs(apart) / (2 * sigma))) * (share[k + 1] - share[k])
            variance[k : k + 2] += net**2
    return {k + 1: math.sqrt(float(v)) for k, v in enumerate(variance) if share[k] > 0}


def noise_level(grey: np.ndarray, mask: np.ndarray) -> float:
    """Standard deviation of white noise; of a volume that of its middle slice."""
    middle = len(grey) // 2
    return shading.noise_of(grey, mask) if grey.ndim == 2 else shading.noise_of(grey[middle], mask[middle])
