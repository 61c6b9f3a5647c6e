"""Discs that touch, overlap and carry rims, told from each other."""

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.measure import particles, splitting
from morphoscope.measure.particles import Settings
from morphoscope.physics import particle_field

PLACES = np.array([[30.0, 30], [30, 75], [75, 40], [80, 90], [40, 120]])
SIZES = np.array([14.0, 18, 22, 16, 20])
SHAPE = (110, 150)


@pytest.mark.parametrize("scale", [1, 2])
def test_a_neck_is_cut_by_its_share_at_every_size(scale):
    y, x = np.mgrid[: 100 * scale, : 160 * scale] / scale
    pair = (np.hypot(y - 50, x - 50) < 30) | (np.hypot(y - 50, x - 98) < 30)  # the neck is 0.6 of the width
    assert splitting.split(pair, share=0.25).max() == 2
    assert splitting.split(pair, share=0.6).max() == 1
    assert splitting.split(pair, share=0).max() == 1
    assert splitting.split(pair, share=0, height_px=5 * scale).max() == 2
    assert splitting.split(pair, share=0, height_px=15 * scale).max() == 1


@pytest.mark.parametrize("bright", [True, False])
@pytest.mark.parametrize("seeds", ["log", "hessian"])
def test_blobs_are_discs_of_both_polarities(seeds, bright):
    plane = particle_field.signal(PLACES, SIZES, SHAPE)
    look = particle_field.Look(bright=bright, noise=0.03)
    grey = particle_field.seen(plane, look, rng=np.random.default_rng(1))
    found = particles.find(grey, settings=Settings(seeds=seeds, smallest_px=8.0, largest_px=40.0))
    assert found.count == len(SIZES)
    near = found.labels[tuple(PLACES.astype(int).T)]
    assert (near > 0).all()
    assert np.sqrt(4 / np.pi * np.bincount(found.labels.ravel())[near]) == pytest.approx(SIZES, rel=0.1)


def test_bubbles_that_share_rims_are_counted_by_their_cores():
    y, x = np.mgrid[:140, :180]
    centres = [(70, 40), (70, 81), (70, 122)]
    far = np.min([np.hypot(y - cy, x - cx) for cy, cx in centres], axis=0)
    grey = 0.3 + 0.4 * ndimage.gaussian_filter(((far < 23) & (far > 18)).astype(float), 1)
    grey = grey + 0.02 * np.random.default_rng(0).standard_normal(grey.shape)
    found = particles.find(grey, settings=Settings(polarity="bright"))
    assert found.count == 3
    assert len({found.labels[place] for place in centres}) == 3


def test_a_core_is_no_particle_within_its_shell():
    plane = particle_field.signal(np.array([[50.0, 50], [50, 110]]), np.array([44.0, 40]), SHAPE)
    core = particle_field.signal(np.array([[50.0, 50], [50, 110]]), np.array([26.0, 22]), SHAPE)
    grey = 0.7 - 0.2 * ndimage.gaussian_filter(plane, 1) - 0.25 * ndimage.gaussian_filter(core, 1)
    found = particles.find(np.clip(grey + 0.01 * np.random.default_rng(0).standard_normal(grey.shape), 0, 1))
    assert found.count == 2
    assert np.sqrt(4 / np.pi * np.bincount(found.labels.ravel())[1:]) == pytest.approx([44, 40], abs=1.5)


def test_only_an_enclosed_label_joins_its_shell():
    labels = np.zeros((20, 30), np.int32)
    labels[2:18, 2:18] = 1
    labels[6:10, 6:10] = 2
    labels[2:18, 18:26] = 3
    labels[9:12, 16:20] = 4  # between two
    joined = splitting.without_enclosed(labels)
    assert joined[7, 7] == 1
    assert joined[10, 17] == 4
    assert splitting.only(joined, np.array([True, False, True, False])).max() == 2
