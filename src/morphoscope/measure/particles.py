r"""
Particles in a micrograph, told from the ground and from each other without training.

1. The background is flattened; smoothing, level and polarity are chosen, and the outline is moved to the
   steepest place nearby (``foreground.py``).
2. Convex holes (a pale core, a hollow shell) are filled; gaps between touching particles are not. Rims
   around many holes, as of bubbles, belong to the nearest hole.
3. Touching particles are cut at necks, grooves and inner edges, or grown from blobs (``splitting.py``).
4. What is smaller than ``smallest_px`` across or than a share of the typical particle, stands out less
   than a share of the usual contrast, or has a much softer outline than usual, is no particle.

``variants`` looks again with other choices that are as defensible: how much its answers differ is the
uncertainty of the segmentation.

Lengths are in pixels; labels run from 1, and 0 is ground or excluded.

References
----------
.. [1] L. Vincent, P. Soille, IEEE Trans. Pattern Anal. Mach. Intell. 13, 583 (1991), doi 10.1109/34.87344.

Checked against: discs of known size and place, apart and touching, bright and dark, with noise, gradients
and masks, in tests/measure/test_particles.py; published instance maps, in tests/validation/test_particle_maps.py;
simulated micrographs of known sizes, in tests/validation/test_particle_coverage.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from ..errors import BadParameter, InputError
from . import foreground, shading, splitting, threshold
from .foreground import EIGHT, FOUR, Ground

POLARITIES = ("auto", "bright", "dark")
METHODS = ("auto", *threshold.METHODS)
OUTLINE_PX = 1.5
"""Least Gaussian with which an outline is moved to the steepest place."""
VARIED = ({"split": 1 / 3}, {"split": 5 / 3}, {"grooves": 0.9}, {"grooves": 1.1})
"""Factors by which ``variants`` changes a setting."""


@dataclass(frozen=True)
class Settings:
    """
    How to look for particles.

    ``split`` is the share by which a neck must be narrower than the particles it joins (0 never cuts),
    ``height_px`` the height for h-maxima, ``smooth_px`` the Gaussian's sigma (None: by the noise),
    ``smallest_px`` and ``largest_px`` bound the diameter (the latter for blobs only), ``faintest`` the least
    contrast as a share of the median particle's, ``softest`` the same of its outline's steepness, ``debris``
    the least diameter as a share of the typical one, ``grooves`` the depth of grooves that divide, as a share
    of the contrast, ``blob_contrast`` the least response of a blob as a share of the range of grey.
    """

    method: str = "auto"
    polarity: str = "auto"
    background: str = "none"
    smooth_px: float | None = None
    seeds: str = "necks"
    split: float = 0.2
    height_px: float = 1.0
    smallest_px: float = 5.0
    largest_px: float = 60.0
    faintest: float = 0.25
    softest: float = 0.4
    fill_holes: bool = True
    grooves: float = 0.2
    debris: float = 0.2
    blob_contrast: float = 0.1
    window_px: int = 15
    offset: float = 2 / 255

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("method", self.method, METHODS),
            ("polarity", self.polarity, POLARITIES),
            ("seeds", self.seeds, splitting.SEEDS),
        ):
            if value not in allowed:
                raise BadParameter(f"{name}={value!r} is not one of {', '.join(allowed)}")
        if not 0 <= self.split < 1:
            raise BadParameter(f"split={self.split:g} must be at least 0 and below 1")
        if self.seeds in ("log", "hessian") and self.smallest_px >= self.largest_px:
            raise BadParameter(f"smallest_px={self.smallest_px:g} is not below largest_px={self.largest_px:g}")


@dataclass(frozen=True, eq=False)
class Found:
    """
    ``labels`` (row, column), and how they were come by; ``cores`` are holes that were filled, ``rims`` what divides them.

    ``dropped_px`` is the diameter below which debris
    went, ``outline_px`` the width of the Gaussian that the outlines were found with.
    """

    labels: np.ndarray
    ground: Ground
    cores: np.ndarray
    rims: np.ndarray
    dropped_px: float
    outline_px: float = 0.0

    @property
    def count(self) -> int:
        """Number of particles, those at the rim included."""
        return int(self.labels.max(initial=0))


def find(
    grey: np.ndarray, *, mask: np.ndarray | None = None, printed: np.ndarray | None = None, settings: Settings | None = None
) -> Found:
    """Every particle of a grey image in [0, 1] where ``mask`` is True; pieces that are mostly ``printed`` are none."""
    how = settings or Settings()
    valid = shading.counted(grey, mask)
    low, high = float(grey[valid].min()), float(grey[valid].max())
    if low == high:
        what = "black" if high == 0 else "white" if low == 1 else f"of one grey level ({low:.3g})"
        raise InputError(f"the image is all {what}, so there are no particles to find")
    printed = np.zeros(grey.shape, bool) if printed is None else printed
    flat = shading.flatten(grey, method=how.background, mask=valid, dark=how.polarity == "dark")
    chosen = foreground.choose(
        flat,
        valid,
        printed,
        method=how.method,
        polarity=how.polarity,
        smooth_px=how.smooth_px,
        window_px=how.window_px,
        offset=how.offset,
    )
    inside, cores, rims = _cleaned(chosen.inside, how)
    outline = chosen.sigma_px
    if how.method == "auto" and inside.any():
        outline = max(OUTLINE_PX, chosen.sigma_px)
        softer = shading.blur(flat, outline, mask=valid & ~printed)
        inside, more, _ = _cleaned(foreground.at_steepest(inside, foreground.steepness(softer), valid), how)
        cores = inside & (cores | more)
    chosen = replace(chosen, inside=inside)
    return replace(_labelled(chosen, cores, rims, valid, printed, how), outline_px=outline)


def variants(found: Found, *, valid: np.ndarray, settings: Settings | None = None) -> Iterator[np.ndarray]:
    """Labels of the same foreground, divided more and less readily than ``settings`` say."""
    how = settings or Settings()
    if how.seeds != "necks" or how.split <= 0:
        return
    none = np.zeros(valid.shape, bool)
    for change in VARIED:
        other = {name: factor * getattr(how, name) for name, factor in change.items()}
        yield _labelled(found.ground, found.cores, found.rims, valid, none, replace(how, **other)).labels


def _labelled(
    ground: Ground, cores: np.ndarray, rims: np.ndarray, valid: np.ndarray, printed: np.ndarray, how: Settings
) -> Found:
    """The foreground divided, without what is too small, faint or soft to be a particle."""
    if how.seeds in ("log", "hessian"):
        sizes = {"smallest_px": how.smallest_px, "largest_px": how.largest_px, "noise": how.blob_contrast}
        labels = splitting.blobs(ground.height, valid & ~printed, method=how.seeds, **sizes)
        labels = splitting.without_small(labels, how.smallest_px)
    else:
        grooves = splitting.grooves(ground.height, ground.inside, how.grooves, blur_px=ground.sigma_px)
        around = 2 * (3 + math.ceil(ground.sigma_px)) + 1
        dark = rims | grooves & ~ndimage.maximum_filter(cores, around) if cores.any() else grooves
        rule = {"share": how.split} if how.seeds == "necks" else {"share": 0.0, "height_px": how.height_px}
        labels = splitting.split(ground.inside, smallest_px=how.smallest_px, grooves=dark, **rule)
    floor = how.debris * typical_diameter(labels)
    labels = splitting.without_small(labels, floor)
    steep = foreground.steepness(ground.smooth)
    labels = _without_soft(labels, steep, how.softest)
    return Found(_without_faint(labels, ground.smooth, valid, how.faintest), ground, cores, rims, floor)


def _cleaned(inside: np.ndarray, how: Settings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``inside`` without specks and hairs, with its own holes filled, these, and the rims around them."""
    opened = ndimage.binary_opening(inside, FOUR)
    if not how.fill_holes:
        none = np.zeros(inside.shape, bool)
        return opened, none, none
    return splitting.fill_own_holes(opened, how.smallest_px)


def typical_diameter(labels: np.ndarray) -> float:
    """Diameter of the particle in which half of the particles' area is reached, from small to large; 0 without any."""
    area = np.sort(np.bincount(labels.ravel())[1:])
    if not area.sum():
        return 0.0
    return math.sqrt(4 / math.pi * float(area[np.searchsorted(np.cumsum(area), area.sum() / 2)]))


def _without_soft(labels: np.ndarray, steep: np.ndarray, softest: float) -> np.ndarray:
    """Drop labels whose outline against the ground is less steep than a share of the median one."""
    inside = labels > 0
    contour = inside & ~ndimage.binary_erosion(inside, EIGHT, border_value=1)
    if not contour.any():
        return labels
    names = np.where(contour, labels, 0).ravel()
    length = np.bincount(names, minlength=int(labels.max()) + 1)[1:]
    total = np.bincount(names, weights=steep.ravel(), minlength=int(labels.max()) + 1)[1:]
    seen = length > 0  # a particle among others has no outline of its own
    mean = total / np.maximum(length, 1)
    return splitting.only(labels, ~seen | (mean >= softest * np.median(mean[seen])))


def _without_faint(labels: np.ndarray, grey: np.ndarray, valid: np.ndarray, faintest: float) -> np.ndarray:
    """Drop labels whose mean differs from the ground's median by less than a share of the median difference."""
    ground = valid & (labels == 0)
    if not labels.any() or not ground.any():
        return labels
    names = np.arange(1, int(labels.max()) + 1)
    contrast = np.abs(ndimage.mean(grey, labels, names) - np.median(grey[ground]))
    return splitting.only(labels, contrast >= faintest * np.median(contrast))
