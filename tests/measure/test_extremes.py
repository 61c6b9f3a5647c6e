"""Against scipy and numpy, at every edge."""

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.measure.extremes import dilated, eroded, largest_near, percentiles, smallest_near, weighed


@pytest.mark.parametrize("size", [1, 3, 5, 7, 9, 13])
def test_they_are_scipys(rng, size):
    plane = rng.integers(0, 255, (40, 56)).astype(np.uint8)
    assert (largest_near(plane, size, beyond="wrap") == ndimage.maximum_filter(plane, size, mode="wrap")).all()
    assert (smallest_near(plane, size, beyond="symmetric") == ndimage.minimum_filter(plane, size, mode="reflect")).all()
    grey = rng.standard_normal((33, 64)).astype(np.float32)
    assert (largest_near(grey, size, beyond="wrap") == ndimage.maximum_filter(grey, size, mode="wrap")).all()


def test_crosses_are_scipys(rng):
    mask = rng.random((40, 56)) < 0.8
    assert (dilated(mask) == ndimage.binary_dilation(mask)).all()
    for beyond in (False, True):
        assert (eroded(mask, beyond=beyond) == ndimage.binary_erosion(mask, border_value=beyond)).all()


def test_filters_of_weights_are_scipys(rng):
    plane = rng.standard_normal((33, 64)).astype(np.float32)
    bell = np.exp(-0.5 * (np.arange(6) / 1.2) ** 2)
    expected = ndimage.gaussian_filter(plane, 1.2, truncate=4)
    assert weighed(plane, bell / (2 * bell.sum() - 1)) == pytest.approx(expected, abs=1e-6)
    twice = ndimage.uniform_filter(ndimage.uniform_filter(plane, 5), 5)
    assert weighed(plane, np.arange(5, 0, -1) / 25) == pytest.approx(twice, abs=1e-6)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_percentiles_are_numpys(rng, size):
    values = rng.standard_normal(size)
    wanted = (0, 1, 37.3, 50, 90, 99.9, 100)
    assert percentiles(values, wanted) == pytest.approx(np.percentile(values, wanted).tolist())
