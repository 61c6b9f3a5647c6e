"""Figures of merit recover what was put into an image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.core import Micrograph
from morphoscope.measure.quality import noise, quality


def specimen(seed=0, size=256, blur=3.0):
    """Smooth bright domains between 0.3 and 0.7."""
    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((size, size)), 6, mode="wrap")
    return 0.3 + 0.4 * ndimage.gaussian_filter((field > 0).astype(float), blur, mode="wrap")


def noisy(sigma, seed=1, **kwargs):
    clean = specimen(**kwargs)
    return clean + sigma * np.random.default_rng(seed).standard_normal(clean.shape)


@pytest.mark.parametrize("sigma", [0.01, 0.03, 0.08])
def test_noise_recovers_sigma(sigma):
    pixels = noisy(sigma)
    assert noise(pixels, np.ones(pixels.shape, bool)) == pytest.approx(sigma, rel=0.05)


def test_noise_of_an_8_bit_image():
    pixels = np.clip(np.rint(noisy(0.02) * 255), 0, 255).astype(np.uint8)
    assert quality(Micrograph.from_raw(pixels)).noise == pytest.approx(0.02, rel=0.05)


def test_signal_to_noise_recovers_the_ratio():
    ratio = specimen().std() / 0.03
    assert quality(Micrograph(noisy(0.03))).snr == pytest.approx(ratio, rel=0.06)


def test_blur_lowers_sharpness_with_and_without_noise():
    for sigma in (0.0, 0.03):
        sharp = [quality(Micrograph(noisy(sigma, blur=blur))).sharpness for blur in (1.0, 2.0, 4.0)]
        assert sharp[0] > 1.15 * sharp[1] > 1.15**2 * sharp[2]


def test_sharpness_of_a_wave_is_its_wave_number():
    k = 2 * np.pi / 32
    wave = 0.5 + 0.3 * np.sin(k * np.arange(256)) * np.ones((256, 1))
    assert quality(Micrograph(wave)).sharpness == pytest.approx(np.sin(k), rel=0.02)  # central differences


def test_sharpness_does_not_follow_noise():
    quiet, loud = (quality(Micrograph(noisy(sigma))).sharpness for sigma in (0.002, 0.05))
    assert loud == pytest.approx(quiet, rel=0.15)


def test_saturation_counts_the_ends():
    pixels = np.full((100, 100), 128, np.uint8)
    pixels[:10], pixels[10:12] = 0, 255
    found = quality(Micrograph.from_raw(pixels))
    assert (found.saturation_low, found.saturation_high) == (0.1, 0.02)


def test_charging_sees_streaks_and_only_streaks():
    plain = noisy(0.03)
    rng = np.random.default_rng(5)
    streaks = plain + np.where(rng.random(256) < 0.1, 0.08, 0.0)[:, None]
    calm, charged = (quality(Micrograph(p)).charging for p in (plain, streaks))
    assert calm < 0.05
    assert charged > 0.15 > 3 * calm
    assert quality(Micrograph(streaks.T)).charging < 0.05  # along the slow axis it is no streak


def test_data_bar_and_mask_are_left_out():
    pixels = noisy(0.03)
    image = Micrograph(np.vstack([pixels, np.zeros((40, 256))]), data_bar_row_px=256)
    assert quality(image) == quality(Micrograph(pixels))
    scratched = pixels.copy()
    scratched[50:60] = 1.0
    mask = np.ones(pixels.shape, bool)
    mask[48:62] = False
    found = quality(Micrograph(scratched, mask=mask))
    assert found.saturation_high == 0
    assert found.charging < 0.05
    assert found.noise == pytest.approx(0.03, rel=0.05)


def test_nothing_to_judge_by_gives_none():
    flat = quality(Micrograph(np.full((20, 20), 0.5)))
    assert (flat.noise, flat.sharpness, flat.charging) == (0.0, None, None)
    black = quality(Micrograph(np.zeros((20, 20))))
    assert (black.noise, black.saturation_low) == (None, 1.0)
    masked = replace(Micrograph(noisy(0.03)), mask=np.zeros((256, 256), bool))
    assert quality(masked).noise is None
    assert quality(Micrograph(np.full((2, 9), 0.4))).noise is None
