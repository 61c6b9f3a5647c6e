"""Shells of known thickness."""

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.measure import core_shell

Y, X = np.mgrid[:90, :90]
FAR = np.hypot(Y - 44.6, X - 45.2)


@pytest.mark.parametrize("levels", [(0.2, 0.5, 0.8), (0.2, 0.8, 0.2), (0.7, 0.4, 0.2)])
@pytest.mark.parametrize("thick", [6.0, 10.0, 15.0])
def test_thickness(levels, thick):
    ground, shell, core = levels
    grey = np.where(30 - thick < FAR, shell, core) * (FAR < 30) + ground * (FAR >= 30)
    grey = ndimage.gaussian_filter(grey, 1.0) + 0.02 * np.random.default_rng(0).standard_normal(grey.shape)
    labels = (FAR < 30).astype(np.int32)
    assert core_shell.thicknesses(labels, grey, ground=ground) == [pytest.approx(thick, abs=0.6)]


def test_even_shaded_and_small_particles_have_none():
    noise = 0.03 * np.random.default_rng(1).standard_normal(FAR.shape)
    even = ndimage.gaussian_filter(0.2 + 0.5 * (FAR < 30), 1.0) + noise
    tilted = even + 0.004 * X
    labels = (FAR < 30).astype(np.int32)
    assert core_shell.thicknesses(labels, even, ground=0.2) == [None]
    assert core_shell.thicknesses(labels, tilted, ground=0.3) == [None]
    assert core_shell.thicknesses((FAR < 4).astype(np.int32), even, ground=0.2) == [None]
