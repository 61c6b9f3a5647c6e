"""Against scipy, at every edge."""

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.measure.extremes import largest_near, smallest_near


@pytest.mark.parametrize("size", [1, 3, 5, 7, 9, 13])
def test_they_are_scipys(rng, size):
    plane = rng.integers(0, 255, (40, 56)).astype(np.uint8)
    assert (largest_near(plane, size, beyond="wrap") == ndimage.maximum_filter(plane, size, mode="wrap")).all()
    assert (smallest_near(plane, size, beyond="symmetric") == ndimage.minimum_filter(plane, size, mode="reflect")).all()
    grey = rng.standard_normal((33, 64)).astype(np.float32)
    assert (largest_near(grey, size, beyond="wrap") == ndimage.maximum_filter(grey, size, mode="wrap")).all()
