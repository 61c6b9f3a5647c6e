"""How often the interval of a fraction holds the truth, from the grey image alone."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.stats import norm

from morphoscope.measure import phases
from morphoscope.measure.segmentation import Recipe, segment

IMAGES = 40
CASES = {
    "clean": ((0.3, 1.5, 0.03, 0.0), Recipe()),
    "blurred and rare": ((0.12, 2.0, 0.06, 0.0), Recipe()),
    "very noisy": ((0.3, 1.5, 0.15, 0.0), Recipe()),
    "noise removed": ((0.12, 1.0, 0.15, 0.0), Recipe(denoise="gaussian")),
    "shaded": ((0.3, 1.5, 0.05, 0.2), Recipe(background="plane", denoise="gaussian")),
    "Li": ((0.3, 1.5, 0.05, 0.0), Recipe(method="li")),
    "hysteresis": ((0.3, 1.5, 0.05, 0.0), Recipe(method="hysteresis")),
    "adaptive": ((0.5, 1.5, 0.05, 0.0), Recipe(method="adaptive", window_px=61, offset=0.0, smoothing_px=3)),
}


def micrograph(rng, *, share, blur, noise, shading, size=160, width=3.0):
    """A thresholded Gaussian field, blurred by the beam, shaded, noisy, in 8 bits."""
    field = ndimage.gaussian_filter(rng.standard_normal((size + 128, size + 128)), width)[64:-64, 64:-64]
    inside = field * np.sqrt(4 * np.pi) * width > norm.ppf(1 - share)
    grey = ndimage.gaussian_filter(0.3 + 0.4 * inside, blur) + noise * rng.standard_normal(inside.shape)
    y, x = np.mgrid[:size, :size] / size - 0.5
    return np.round(np.clip(grey + shading * (x + y / 2), 0, 1) * 255) / 255


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_intervals_hold_the_true_fraction(name):
    (share, blur, noise, shading), recipe = CASES[name]
    rng, hits = np.random.default_rng(3), 0
    for _ in range(IMAGES):
        found = segment(micrograph(rng, share=share, blur=blur, noise=noise, shading=shading), recipe=recipe)
        fraction = phases.fraction(found.labels, 2, segmentation=found.fraction_errors[2])
        hits += fraction.low <= share <= fraction.high
    assert hits / IMAGES >= 0.9


@pytest.mark.slow
def test_without_the_error_of_the_division_intervals_miss():
    (share, blur, noise, shading), recipe = CASES["blurred and rare"]
    rng, hits = np.random.default_rng(3), 0
    for _ in range(20):
        found = segment(micrograph(rng, share=share, blur=blur, noise=noise, shading=shading), recipe=recipe)
        fraction = phases.fraction(found.labels, 2)
        hits += fraction.low <= share <= fraction.high
    assert hits < 12
