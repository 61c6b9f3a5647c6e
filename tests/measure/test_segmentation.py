"""Grey images of known phases, divided in every way, with masks, shading and noise."""

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.errors import BadParameter, InputError
from morphoscope.measure.segmentation import METHODS, Recipe, segment


def two_phases(shape=(96, 120), noise=0.03, seed=0):
    rng = np.random.default_rng(seed)
    inside = ndimage.gaussian_filter(rng.standard_normal(shape), 5) > 0
    grey = ndimage.gaussian_filter(0.35 + 0.3 * inside, 1.0) + noise * rng.standard_normal(shape)
    return grey.clip(0, 1), inside


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_both_phases(method):
    grey, inside = two_phases()
    recipe = Recipe(method=method, window_px=61, offset=0.0, smoothing_px=3)
    found = segment(grey, recipe=recipe)
    assert set(np.unique(found.labels)) == {1, 2}
    assert found.labels.dtype == np.uint8
    assert np.mean((found.labels == 2) == inside) > (0.8 if method in ("adaptive", "triangle") else 0.93)
    assert len(found.levels) == len(found.level_errors) == (0 if method == "adaptive" else 1)
    assert 0 < found.fraction_errors[1] < (0.4 if method == "triangle" else 0.12)  # the triangle looks for a tail


@pytest.mark.parametrize("method", METHODS)
def test_excluded_pixels_change_nothing(method):
    grey, _ = two_phases()
    mask = np.ones(grey.shape, bool)
    mask[:, 90:] = False
    dirty = grey.copy()
    dirty[:, 90:] = np.random.default_rng(1).random((96, 30))
    recipe = Recipe(method=method, background="plane", denoise="gaussian", window_px=31)
    one, other = (segment(image, recipe=recipe, mask=mask) for image in (grey, dirty))
    assert np.array_equal(one.labels, other.labels)
    assert (one.labels[:, 90:] == 0).all()
    assert (one.labels[:, :90] > 0).all()
    assert one.fraction_errors == pytest.approx(other.fraction_errors)


@pytest.mark.parametrize("method", ["otsu", "walk"])
def test_three_phases(method):
    rng = np.random.default_rng(2)
    truth = 1 + np.digitize(ndimage.gaussian_filter(rng.standard_normal((90, 110)), 6), [-0.02, 0.02])
    grey = 0.25 * truth + 0.03 * rng.standard_normal(truth.shape)
    found = segment(grey, recipe=Recipe(method=method, classes=3))
    assert np.mean(found.labels == truth) > 0.97
    assert len(found.levels) == 2
    assert set(found.fraction_errors) == {1, 2, 3}


def test_shading_is_taken_off_plane_by_plane_and_noise_removed():
    _, inside = two_phases((64, 64), noise=0)
    y, x = np.mgrid[:64, :64] / 64 - 0.5
    slices = [0.4 + 0.1 * inside + tilt * x - tilt * y for tilt in (0.5, -0.3, 0.0)]
    volume = np.stack(slices) + 0.03 * np.random.default_rng(0).standard_normal((3, 64, 64))
    plain = segment(volume)
    flat = segment(volume, recipe=Recipe(background="plane", denoise="median"))
    assert np.mean((plain.labels == 2) == inside) < 0.8
    assert np.mean((flat.labels == 2) == inside) > 0.93


def test_the_error_grows_with_blur_and_noise():
    _, inside = two_phases((128, 128))
    rare = ndimage.binary_erosion(inside, iterations=3)
    errors = {}
    for blur, noise in ((0.7, 0.02), (2.5, 0.02), (0.7, 0.15)):
        grey = ndimage.gaussian_filter(0.3 + 0.4 * rare, blur) + noise * np.random.default_rng(3).standard_normal(rare.shape)
        errors[blur, noise] = segment(grey).fraction_errors[2]
    assert errors[0.7, 0.02] < 0.02
    assert errors[2.5, 0.02] > 1.5 * errors[0.7, 0.02]
    assert errors[0.7, 0.15] > 3 * errors[0.7, 0.02]


def test_a_level_by_hand():
    grey, _ = two_phases()
    found = segment(grey, recipe=Recipe(level=0.5))
    assert found.levels == (0.5,)
    assert np.array_equal(found.labels == 2, grey > 0.5)
    with pytest.raises(BadParameter, match=r"level=2 leaves one phase only; grey levels run from"):
        segment(grey, recipe=Recipe(level=2.0))


def test_wrong_input_is_one_sentence():
    grey, _ = two_phases()
    with pytest.raises(InputError, match=r"all pixels have the same grey level \(0\), so there are no two phases"):
        segment(np.zeros((20, 20)))
    with pytest.raises(InputError, match="a mask of 3 x 3 on an image of 96 x 120 pixels"):
        segment(grey, mask=np.ones((3, 3), bool))
    for recipe, message in (
        (Recipe(method="magic"), "method='magic' is not one of otsu, li"),
        (Recipe(classes=9), "classes=9 must lie between 2 and 5"),
        (Recipe(method="li", classes=3), "method='li' makes two phases; for 3 classes take otsu or walk"),
        (Recipe(level=0.4, classes=3), "a level by hand divides in two"),
        (Recipe(method="adaptive", window_px=4), "window_px=4 must be an odd number"),
    ):
        with pytest.raises(BadParameter, match=message):
            segment(grey, recipe=recipe)
