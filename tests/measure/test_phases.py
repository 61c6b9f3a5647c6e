"""Fractions, interfaces, triple points and lines of structures known exactly."""

import math

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.errors import InputError
from morphoscope.measure import phases


def grid(*shape):
    return np.meshgrid(*(np.arange(n) + 0.5 for n in shape), indexing="ij")


def quadrants(n=40):
    labels = np.ones((n, n), int)
    labels[: n // 2, n // 2 :], labels[n // 2 :, : n // 2], labels[n // 2 :, n // 2 :] = 2, 3, 4
    return labels


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


def test_stripes():
    labels = np.zeros((30, 40), int)
    labels[:, 10:20] = 1
    assert phases.faces(labels) == {(0, 1): pytest.approx(2 * 30 / 1200)}
    assert phases.fraction(labels, 1).value == 0.25
    assert phases.triple_density(labels) == 0


def test_checkerboard_counts_every_face():
    rows, cols = np.indices((20, 20))
    assert phases.faces((rows + cols) % 2)[0, 1] == pytest.approx(2 * 20 * 19 / 400)


def test_length_of_a_disc_and_area_of_a_ball():
    y, x = grid(200, 200)
    disc = (np.hypot(y - 100, x - 100) < 60).astype(int)
    assert phases.smooth_interface(disc, 1) == pytest.approx(2 * math.pi * 60 / 200**2, rel=0.01)
    assert phases.faces(disc)[0, 1] == pytest.approx(8 * 60 / 200**2, rel=0.01)  # 4/pi too long
    z, y, x = grid(64, 64, 64)
    ball = (np.sqrt((z - 32) ** 2 + (y - 32) ** 2 + (x - 32) ** 2) < 24).astype(int)
    assert phases.smooth_interface(ball, 1) == pytest.approx(4 * math.pi * 24**2 / 64**3, rel=0.035)
    assert phases.faces(ball)[0, 1] == pytest.approx(6 * math.pi * 24**2 / 64**3, rel=0.02)  # 3/2 too large


def test_faces_belong_to_pairs_and_add_up():
    found = phases.faces(quadrants())
    assert found == {pair: pytest.approx(20 / 1600 if pair in ((1, 2), (1, 3), (2, 4), (3, 4)) else 0) for pair in found}
    assert phases.faces_of(found, 1) == pytest.approx(40 / 1600)


def test_triple_points_and_lines():
    assert phases.triple_density(quadrants()) == pytest.approx(1 / 1600)
    volume = np.repeat(quadrants(20)[None], 7, axis=0)
    assert phases.triple_density(volume) == pytest.approx(7 / volume.size)
    assert phases.triple_density(np.moveaxis(volume, 0, 2)) == pytest.approx(7 / volume.size)


def test_triple_count_by_brute_force():
    labels = np.random.default_rng(4).integers(0, 4, (12, 13))
    brute = sum(len({*labels[i : i + 2, j : j + 2].ravel()}) >= 3 for i in range(11) for j in range(12))
    assert phases.triple_density(labels) == pytest.approx(brute / labels.size)


def test_masked_pixels_count_nowhere():
    labels, mask = quadrants(), np.ones((40, 40), bool)
    mask[20:] = False
    assert phases.present(labels, mask) == [1, 2]
    assert phases.faces(labels, mask=mask) == {(1, 2): pytest.approx(20 / 800)}
    assert phases.fraction(labels, 1, mask=mask).value == 0.5
    assert phases.smooth_interface(labels, 1, mask=mask) == pytest.approx(phases.smooth_interface(labels[:20], 1))
    mask[:] = True
    mask[18:22, 18:22] = False
    assert phases.triple_density(labels, mask=mask) == 0


def test_contiguity_of_grains():
    grains = np.repeat(np.repeat(np.array([[1, 2], [3, 4]]), 5, 0), 5, 1)
    assert phases.contiguity(grains, {1: 0, 2: 0, 3: 1, 4: 1}) == {0: pytest.approx(0.5), 1: pytest.approx(0.5)}
    assert phases.contiguity(grains, {1: 0, 2: 1, 3: 1, 4: 0}) == {0: 0.0, 1: 0.0}
    with pytest.raises(InputError, match="grain 4 has no phase"):
        phases.contiguity(grains, {1: 0, 2: 0, 3: 1})


def test_layer_thickness():
    labels = np.zeros((50, 60), int)
    labels[10:18] = 1
    labels[10:20, 30:] = 1
    found = phases.layer(labels, 1)
    assert (found.mean_px, found.sd_px, found.least_px, found.share) == pytest.approx((9, 1, 8, 1))
    assert phases.layer(labels, 7) is None
    assert phases.layer(labels[:, :30], 1, axis=1).mean_px == 30


def test_what_goes_through():
    inside = np.zeros((10, 12), bool)
    inside[2], inside[5, :6] = True, True
    share, where = phases.through(inside, axis=1)
    assert share == pytest.approx(12 / 18)
    assert where.sum() == 12
    assert phases.through(inside, axis=0)[0] == 0
    diagonal = np.eye(8, dtype=bool)
    assert phases.through(diagonal, axis=0)[0] == 0  # corners do not join


def test_wrong_input_is_one_sentence():
    with pytest.raises(InputError, match=r"there is one phase only \(label 3\)"):
        phases.present(np.full((5, 5), 3))
    with pytest.raises(InputError, match="a mask of 4 x 5 on labels of 5 x 5 pixels"):
        phases.present(np.eye(5, dtype=int), np.ones((4, 5), bool))
    with pytest.raises(InputError, match="the mask excludes every pixel"):
        phases.present(np.eye(5, dtype=int), np.zeros((5, 5), bool))
