"""Fractions with their intervals, and what goes through."""

import math

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.errors import InputError
from morphoscope.measure import phases


def gaussian_field(rng, size, width):
    return ndimage.gaussian_filter(rng.standard_normal((size, size)), width, mode="wrap")


def test_uncorrelated_pixels_have_the_binomial_interval():
    labels = (np.random.default_rng(0).random((200, 200)) < 0.3).astype(int)
    found = phases.fraction(labels, 1)
    assert found.value == labels.mean()
    assert found.high - found.low == pytest.approx(2 * 1.96 * math.sqrt(0.21 / 40000), rel=0.15)


@pytest.mark.slow
def test_intervals_of_fractions_hold_the_truth_for_correlated_fields():
    rng, hit = np.random.default_rng(1), 0
    for _ in range(200):
        labels = (gaussian_field(rng, 256, 4)[:128, :128] > 0.5 * 0.0705).astype(int)
        found = phases.fraction(labels, 1)
        truth = 1 - 0.5 * (1 + math.erf(0.5 / math.sqrt(2)))
        hit += found.low <= truth <= found.high
    assert 0.90 <= hit / 200 <= 0.99


def test_correlation_widens_the_interval():
    rng = np.random.default_rng(2)
    fine, coarse = (phases.fraction((gaussian_field(rng, 256, w) > 0).astype(int), 1) for w in (1, 8))
    assert coarse.high - coarse.low > 4 * (fine.high - fine.low)


def test_a_volume_is_coarsened_without_losing_its_variance():
    noise = np.random.default_rng(3).standard_normal((110, 60, 60))
    labels = (ndimage.gaussian_filter(noise, 3) > 0).astype(np.uint8)
    step2, whole = phases.fraction(labels, 1), phases.fraction(labels[:95], 1)
    assert step2.independent / 110 == pytest.approx(whole.independent / 95, rel=0.25)


def test_what_goes_through():
    inside = np.zeros((10, 12), bool)
    inside[2], inside[5, :6] = True, True
    share, where = phases.through(inside, axis=1)
    assert share == pytest.approx(12 / 18)
    assert where.sum() == 12
    assert phases.through(inside, axis=0)[0] == 0
    diagonal = np.eye(8, dtype=bool)
    assert phases.through(diagonal, axis=0)[0] == 0  # corners do not join


def test_the_error_of_the_division_widens_the_interval():
    labels = (np.random.default_rng(0).random((200, 200)) < 0.3).astype(int)
    alone, both = phases.fraction(labels, 1), phases.fraction(labels, 1, segmentation=0.05)
    assert alone.segmentation_error == 0
    assert both.high - both.low == pytest.approx(2 * 1.96 * 0.05, rel=0.05)
    assert (both.value, both.sampling_error) == (alone.value, alone.sampling_error)


def test_the_largest_piece():
    inside = np.zeros((10, 12), bool)
    inside[2], inside[5, :4] = True, True
    assert phases.pieces_of(inside).largest == pytest.approx(12 / 16)
    assert phases.pieces_of(np.zeros((3, 3), bool)).largest == 0


def test_masked_pixels_are_no_phase():
    labels, mask = np.repeat([[1], [2], [3], [3]], 10, axis=1), np.ones((4, 10), bool)
    mask[2:] = False
    assert phases.present(labels, mask) == [1, 2]
    assert phases.fraction(labels, 1, mask=mask).value == 0.5


def test_wrong_input_is_one_sentence():
    with pytest.raises(InputError, match=r"there is one phase only \(label 3\)"):
        phases.present(np.full((5, 5), 3))
    with pytest.raises(InputError, match="a mask of 4 x 5 on labels of 5 x 5 pixels"):
        phases.present(np.eye(5, dtype=int), np.ones((4, 5), bool))
    with pytest.raises(InputError, match="the mask excludes every pixel"):
        phases.present(np.eye(5, dtype=int), np.zeros((5, 5), bool))
