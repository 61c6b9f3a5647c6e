"""Thresholds on images of known truth, with masks."""

import numpy as np
import pytest

from morphoscope.errors import BadParameter, InputError
from morphoscope.measure import threshold


@pytest.fixture
def truth():
    y, x = np.mgrid[:90, :100]
    return np.hypot(y - 45, x - 40) < 22


@pytest.fixture
def grey(truth):
    return np.clip(np.where(truth, 0.7, 0.3) + 0.05 * np.random.default_rng(0).standard_normal(truth.shape), 0, 1)


@pytest.mark.parametrize("method", ["otsu", "li", "isodata", "yen", "mean", "triangle", "edge"])
def test_every_global_method_divides_two_levels(grey, truth, method):
    assert 0.32 < threshold.level(grey, method=method) < 0.68
    assert np.mean(threshold.above(grey, method=method) == truth) > (0.85 if method in ("mean", "triangle", "yen") else 0.98)


@pytest.mark.parametrize("method", ["otsu", "li", "edge"])
def test_excluded_pixels_shape_no_level(grey, truth, method):
    spoiled, mask = grey.copy(), np.ones(grey.shape, bool)
    spoiled[70:], mask[70:] = 1.0, False
    assert threshold.level(spoiled, method=method, mask=mask) == pytest.approx(0.5, abs=0.12)
    assert not threshold.above(spoiled, method=method, mask=mask)[70:].any()


def test_adaptive_mean_is_the_windows_mean_by_brute_force():
    grey = np.random.default_rng(1).random((20, 21))
    mask = np.random.default_rng(2).random((20, 21)) < 0.8
    found = threshold.adaptive_mean(grey, mask=mask, window_px=5, offset=0.02, smoothing_px=1)
    padded, known = np.pad(grey, 2, mode="edge"), np.pad(mask, 2, mode="edge")
    for i in range(20):
        for j in range(21):
            window = known[i : i + 5, j : j + 5]
            mean = padded[i : i + 5, j : j + 5][window].mean() if window.any() else 0
            assert found[i, j] == (mask[i, j] and grey[i, j] > mean - 0.02)


def test_adaptive_mean_follows_a_gradient():
    y, x = np.mgrid[:120, :120]
    stripes = (x // 8) % 2 == 0
    grey = 0.1 + 0.6 * y / 120 + 0.15 * stripes
    found = threshold.adaptive_mean(grey, window_px=33, offset=0.0, smoothing_px=1)
    assert np.mean(found == stripes) > 0.95
    assert np.mean(threshold.above(grey) == stripes) < 0.75
    with pytest.raises(BadParameter, match="window_px=14 must be an odd number"):
        threshold.adaptive_mean(grey, window_px=14)


def test_multi_otsu_labels_three_phases():
    labels = np.repeat([[1, 2, 3]], 30, axis=0).repeat(20, axis=1)
    grey = labels / 4 + 0.03 * np.random.default_rng(3).standard_normal(labels.shape)
    mask = np.ones(labels.shape, bool)
    mask[:5] = False
    found, levels = threshold.multi_otsu(grey, classes=3, mask=mask)
    assert np.mean(found[5:] == labels[5:]) > 0.99
    assert not found[:5].any()
    assert levels == pytest.approx((0.375, 0.625), abs=0.05)
    with pytest.raises(InputError, match="2 grey level"):
        threshold.multi_otsu(labels % 2, classes=3)
    with pytest.raises(BadParameter, match="classes=9"):
        threshold.multi_otsu(grey, classes=9)


def test_hysteresis_keeps_what_is_joined_to_a_peak():
    grey = np.full((10, 30), 0.1)
    grey[5, 3:12], grey[5, 5], grey[5, 20:25] = 0.5, 0.9, 0.5
    found = threshold.hysteresis(grey, low=0.4, high=0.8)
    assert found.sum() == 9
    mask = np.ones(grey.shape, bool)
    mask[5, 8] = False
    assert threshold.hysteresis(grey, low=0.4, high=0.8, mask=mask).sum() == 5
    with pytest.raises(BadParameter, match=r"low=0\.9 lies above high=0\.2"):
        threshold.hysteresis(grey, low=0.9, high=0.2)


def test_random_walk_fills_from_seeds(grey, truth):
    seeds = np.zeros(grey.shape, int)
    seeds[45, 40], seeds[2, 2] = 2, 1
    found = threshold.walk(grey, seeds, stiffness=2000)
    assert np.mean((found == 2) == truth) > 0.97
    mask = np.ones(grey.shape, bool)
    mask[:, 90:] = False
    assert not threshold.walk(grey, seeds, mask=mask)[:, 90:].any()
    with pytest.raises(InputError, match="at least two labels"):
        threshold.walk(grey, np.zeros(grey.shape, int))


def test_wrong_input_is_one_sentence(grey):
    with pytest.raises(InputError, match=r"all pixels have the same grey level \(0\)"):
        threshold.level(np.zeros((5, 5)))
    with pytest.raises(BadParameter, match="threshold='magic' is no global method"):
        threshold.level(grey, method="magic")
    with pytest.raises(InputError, match="a mask of 3 x 3 on an image of 90 x 100 pixels"):
        threshold.level(grey, mask=np.ones((3, 3), bool))
    with pytest.raises(InputError, match="the mask excludes every pixel"):
        threshold.level(grey, mask=np.zeros(grey.shape, bool))
