"""Where the outline lies, and which of several candidates looks like particles."""

import numpy as np
import pytest

from morphoscope.measure import foreground, particles
from morphoscope.measure.particle_shapes import shapes
from morphoscope.physics import particle_field
from morphoscope.physics.particle_field import Look

PLACES = np.array([[40.0, 40], [40, 110], [110, 40], [105, 120]])


def measured(sizes, look, profile):
    plane = particle_field.signal(PLACES, sizes, (150, 160), profile=profile)
    grey = particle_field.seen(plane, look, rng=np.random.default_rng(2))
    found = particles.find(grey)
    assert found.ground.bright == look.bright
    return np.sort([shape.diameter for shape in shapes(found.labels, grey=grey, blur_px=found.outline_px)])


@pytest.mark.parametrize("profile", ["flat", "ball"])
@pytest.mark.parametrize("look", [Look(), Look(bright=False, contrast=0.15), Look(slope=0.15, contrast=0.35)])
def test_diameters_of_discs_and_of_spheres_seen_in_transmission(profile, look):
    sizes = np.array([20.0, 28, 36, 44])
    # a sphere gets thin towards its outline, and all the blur together hides the last pixels
    assert measured(sizes, look, profile) == pytest.approx(sizes, abs=0.7 if profile == "flat" else 3.6)


def test_the_outline_moves_to_the_steepest_place_and_keeps_small_pieces():
    plane = particle_field.signal(np.array([[40.0, 40], [15, 80]]), np.array([30.0, 7]), (80, 100))
    smooth = particle_field.seen(plane, Look(noise=0, blur_px=1.5), rng=np.random.default_rng(0))
    thin = smooth > 0.72
    moved = foreground.at_steepest(thin, foreground.steepness(smooth), np.ones(thin.shape, bool))
    assert moved[15, 80]
    assert moved.sum() == pytest.approx(np.pi * (15**2 + 3.5**2), rel=0.05)
    assert thin.sum() < 0.95 * moved.sum()


def test_print_is_a_piece_that_is_mostly_print():
    inside = np.zeros((40, 60), bool)
    inside[5:15, 5:15] = inside[20:36, 20:50] = True
    printed = np.zeros(inside.shape, bool)
    printed[4:16, 4:16] = printed[20:26, 20:30] = True
    left = foreground.without_print(inside, printed)
    assert not left[:16, :16].any()
    assert left[20:36, 20:50].all()


def test_nothing_and_everything_are_not_plausible():
    steep = np.ones((30, 30))
    everywhere = np.ones((30, 30), bool)
    assert foreground.plausibility(everywhere, everywhere, steep) == 0
    assert foreground.plausibility(~everywhere, everywhere, steep) == 0
