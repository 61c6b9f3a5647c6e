"""Fracture relief: its scaling, its height, and how it shows in a micrograph."""

import numpy as np
import pytest

from morphoscope.errors import BadParameter
from morphoscope.physics import fracture, sem


@pytest.mark.parametrize("hurst", [0.4, 0.8])
def test_height_differences_grow_as_the_hurst_exponent(hurst):
    steps = np.array([2, 3, 4, 6, 8])
    maps = [fracture.relief(np.random.default_rng(k), size_px=512, hurst=hurst, plain_px=512) for k in range(4)]
    rough = [np.mean([np.square(np.roll(h, step, axis) - h).mean() for h in maps for axis in (0, 1)]) for step in steps]
    slope = np.polyfit(np.log(steps), np.log(rough), 1)[0]
    assert slope / 2 == pytest.approx(hurst, abs=0.1)


def test_the_standard_deviation_is_what_was_asked(rng):
    heights = fracture.relief(rng, size_px=64, rms=3.0)
    assert heights.std() == pytest.approx(3.0)
    assert heights.mean() == pytest.approx(0.0, abs=1e-9)


def test_slopes_are_bright_in_the_micrograph(rng):
    heights = 20 * fracture.relief(rng, size_px=128, rms=1.0)
    look = sem.Imaging(dose=1e5, blur_nm=0.0, charging=0.0, jitter_px=0.0, shading=0.0)
    grey = sem.render(np.full((128, 128), 0.5), pixel_nm=10.0, imaging=look, height_nm=heights).pixels
    steep = np.hypot(*np.gradient(heights))
    assert np.corrcoef(grey.ravel(), steep.ravel())[0, 1] > 0.8


def test_wrong_reliefs_are_refused(rng):
    with pytest.raises(BadParameter, match=r"hurst=1\.5"):
        fracture.relief(rng, size_px=64, hurst=1.5)
    with pytest.raises(BadParameter, match=r"height_nm of shape \(3, 3\)"):
        sem.render(np.zeros((4, 4)), pixel_nm=1.0, imaging=sem.Imaging(), height_nm=np.zeros((3, 3)))
