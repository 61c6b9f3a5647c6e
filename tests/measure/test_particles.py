"""Discs of known size and place, found as they are."""

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.errors import BadParameter, InputError
from morphoscope.measure import particles
from morphoscope.measure.instances import agreement
from morphoscope.measure.particles import Settings

Y, X = np.mgrid[:160, :180]
APART = [(30, 30, 12), (30, 90, 16), (100, 40, 20), (110, 120, 24), (40, 150, 9)]
TOUCHING = [(60, 40, 18), (60, 74, 18), (110, 100, 20), (110, 134, 15), (20, 140, 12)]


def drawn(discs):
    labels = np.zeros(Y.shape, int)
    for number, (y, x, r) in enumerate(discs, start=1):
        labels[(np.hypot(Y - y, X - x) < r) & (labels == 0)] = number
    return labels


def seen(labels, *, bright=True, noise=0.05, contrast=0.4, slope=0.0, seed=0):
    sharp = ndimage.gaussian_filter((labels > 0).astype(float), 1.0)
    grey = 0.3 + contrast * sharp + slope * X / X.max()
    grey = grey + noise * np.random.default_rng(seed).standard_normal(grey.shape)
    return np.clip(grey if bright else 1 - grey, 0, 1)


@pytest.mark.parametrize("bright", [True, False])
@pytest.mark.parametrize("discs", [APART, TOUCHING])
def test_bright_and_dark_apart_and_touching(discs, bright):
    found = particles.find(seen(drawn(discs), bright=bright))
    assert found.ground.bright == bright
    assert found.count == len(discs)
    match = agreement(found.labels, drawn(discs))
    assert match.f1 == 1
    assert match.mean_iou > 0.9
    sizes = sorted(2 * np.sqrt(np.bincount(found.labels.ravel())[1:] / np.pi))
    assert sizes == pytest.approx(sorted(2 * r for *_, r in discs), rel=0.03, abs=1.1)


@pytest.mark.parametrize("noise, contrast", [(0.15, 0.4), (0.2, 0.3)])
def test_noise_is_smoothed_away(noise, contrast):
    found = particles.find(seen(drawn(APART[:4]), noise=noise, contrast=contrast))
    assert found.ground.sigma_px > 1
    assert agreement(found.labels, drawn(APART[:4])).f1 > 0.85


def test_a_gradient_needs_its_background_taken_off():
    grey = seen(drawn(APART), contrast=0.15, slope=0.45, noise=0.01)
    flat = particles.find(grey, settings=Settings(background="plane"))
    assert agreement(flat.labels, drawn(APART)).f1 == 1


def test_excluded_areas_hold_no_particles():
    grey, mask = seen(drawn(APART)), np.ones(Y.shape, bool)
    mask[:, 130:] = False
    grey[~mask] = 1.0
    found = particles.find(grey, mask=mask)
    assert not found.labels[~mask].any()
    assert found.count == 4  # the fifth lies outside, the fourth is cut


def test_hollow_particles_are_filled_and_gaps_between_four_are_not():
    ring = drawn([(80, 80, 40)]) * (drawn([(80, 80, 25)]) == 0)
    assert particles.find(seen(ring)).labels[80, 80] > 0
    assert particles.find(seen(ring), settings=Settings(fill_holes=False, polarity="bright")).labels[80, 80] == 0
    four = drawn([(50, 55, 27), (50, 108, 27), (103, 55, 27), (103, 108, 27)])
    gap = particles.find(seen(four, noise=0.01))
    assert gap.count == 4
    assert gap.labels[76, 81] == 0


def test_a_rod_stays_whole():
    rod = (abs(Y - 80) < 8) & (abs(X - 90) < 60)
    assert particles.find(seen(rod.astype(int))).count == 1


def test_a_dark_groove_divides_where_no_neck_does():
    block = (abs(Y - 80) < 25) & (abs(X - 90) < 40)
    grey = np.where(block, 0.8, 0.3)
    grey[block & (abs(X - 90) < 2)] = 0.55
    assert particles.find(grey).count == 2
    assert particles.find(grey, settings=Settings(grooves=0)).count == 1


def test_small_and_faint_pieces_are_dropped():
    labels = drawn([*APART, (140, 20, 2)])
    assert particles.find(seen(labels, noise=0.01)).count == 5
    assert particles.find(seen(labels, noise=0.01), settings=Settings(smallest_px=20)).count == 4
    faint = seen(drawn(APART), noise=0.0) + 0.06 * (drawn([(140, 70, 8)]) > 0)
    assert particles.find(faint, settings=Settings(method="mean", polarity="bright")).count == 5


def test_letters_of_print_are_no_particles():
    grey = seen(drawn(APART), noise=0.02)
    printed = np.zeros(grey.shape, bool)
    printed[140:155, 5:9] = printed[140:144, 5:25] = printed[150:154, 60:110] = True
    grey[printed] = 1.0
    assert particles.find(grey).count > 5
    assert particles.find(grey, printed=printed).count == 5


def test_wrong_input_is_one_sentence():
    with pytest.raises(InputError, match="the image is all black, so there are no particles"):
        particles.find(np.zeros((50, 50)))
    with pytest.raises(InputError, match=r"all of one grey level \(0\.5\)"):
        particles.find(np.full((50, 50), 0.5))
    with pytest.raises(InputError, match="a mask of 5 x 5 on an image of 50 x 50"):
        particles.find(np.zeros((50, 50)), mask=np.ones((5, 5), bool))
    with pytest.raises(BadParameter, match="method='magic' is not one of auto, otsu"):
        Settings(method="magic")
    with pytest.raises(BadParameter, match="split=1 must be at least 0 and below 1"):
        Settings(split=1.0)
