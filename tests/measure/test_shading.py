"""Backgrounds and noise of known shape and width, with particles and excluded areas on them."""

import numpy as np
import pytest

from morphoscope.errors import BadParameter, InputError
from morphoscope.measure import shading

Y, X = np.mgrid[:120, :140]
DISCS = sum(np.hypot(Y - cy, X - cx) < 7 for cy in (20, 60, 100) for cx in (20, 70, 120)) > 0
PLANE = 0.2 + 0.002 * X + 0.001 * Y
BOWL = 0.2 + 2e-5 * ((X - 70) ** 2 + (Y - 60) ** 2)


@pytest.mark.parametrize("method, ground", [("plane", PLANE), ("quadratic", BOWL), ("quadratic", PLANE)])
@pytest.mark.parametrize("sign", [1, -1])
def test_polynomials_ignore_particles(method, ground, sign):
    assert np.abs(shading.background(ground + 0.15 * sign * DISCS, method=method) - ground).max() < 0.005


def test_excluded_pixels_have_no_say():
    spoiled, mask = PLANE.copy(), np.ones(PLANE.shape, bool)
    spoiled[90:], mask[90:] = 1.0, False
    for method in ("plane", "quadratic"):
        assert np.abs(shading.background(spoiled, method=method, mask=mask) - PLANE)[:90].max() < 1e-6
    constant = np.where(mask, 0.4, 1.0)
    assert shading.blur(constant, 5, mask=mask)[:90] == pytest.approx(0.4)
    for method in ("gaussian", "median", "nonlocal", "variation"):
        assert np.abs(shading.denoise(constant, method=method, mask=mask)[:85] - 0.4).max() < 0.02


@pytest.mark.parametrize("dark", [False, True])
def test_rolling_leaves_particles_standing(dark):
    grey = BOWL + (-0.1 if dark else 0.1) * DISCS
    found = shading.background(grey, method="rolling", width_px=20, dark=dark)
    assert np.abs(found - BOWL).mean() < 0.02
    flat = shading.flatten(grey, method="rolling", width_px=20, dark=dark)
    assert np.median(flat[DISCS]) - np.median(flat[~DISCS]) == pytest.approx(-0.1 if dark else 0.1, abs=0.03)


def test_flattening_subtracts_or_divides_and_keeps_the_mean():
    shaded = PLANE * (1 + 0.5 * DISCS)
    divided = shading.flatten(shaded, method="plane", divide=True)
    assert divided[DISCS].std() / divided[DISCS].mean() < 0.01
    assert divided[~DISCS].mean() == pytest.approx(PLANE.mean(), rel=0.02)
    assert shading.flatten(PLANE, method="plane") == pytest.approx(PLANE.mean())
    assert shading.flatten(PLANE, method="none") == pytest.approx(PLANE)
    with pytest.raises(InputError, match="falls to zero"):
        shading.flatten(PLANE - 0.3, method="plane", divide=True)


@pytest.mark.parametrize("method", ["gaussian", "median", "nonlocal", "variation"])
def test_denoising_lowers_noise_and_keeps_edges(method):
    clean = 0.3 + 0.4 * DISCS
    noisy = clean + 0.05 * np.random.default_rng(0).standard_normal(clean.shape)
    found = shading.denoise(noisy, method=method)
    assert np.sqrt(np.mean((found - clean) ** 2)) < 0.75 * 0.05
    assert np.median(found[DISCS]) > 0.65
    assert shading.denoise(noisy, method="none") == pytest.approx(noisy)


def test_noise_width_is_found():
    noisy = PLANE + 0.03 * np.random.default_rng(1).standard_normal(PLANE.shape)
    assert shading.noise_of(noisy, np.ones(PLANE.shape, bool)) == pytest.approx(0.03, rel=0.05)


def test_wrong_input_is_one_sentence():
    with pytest.raises(BadParameter, match="background='bumpy' is not one of none, plane"):
        shading.background(PLANE, method="bumpy")
    with pytest.raises(BadParameter, match="denoise='hope' is not one of"):
        shading.denoise(PLANE, method="hope")
    with pytest.raises(BadParameter, match="width_px=-3 must be a positive length"):
        shading.background(PLANE, method="gaussian", width_px=-3)
