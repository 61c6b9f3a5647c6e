"""Shapes of known figures, and weights that make a window see large particles as often as small ones."""

import math

import numpy as np
import pytest

from morphoscope.measure.particle_shapes import Places, shapes, sizes_only, unblurred


def draw(size, test):
    y, x = np.meshgrid(np.arange(size) + 0.0, np.arange(size) + 0.0, indexing="ij")
    return test(y, x).astype(np.int32)


def one(labels, **known):
    (shape,) = shapes(labels, grey=np.ones(labels.shape), **known)
    return shape


def test_a_disc():
    found = one(draw(121, lambda y, x: np.hypot(y - 60, x - 60) <= 40))
    assert found.diameter == pytest.approx(80, rel=0.005)
    assert (found.feret_max, found.feret_min) == pytest.approx((81, 81), rel=0.01)
    assert found.circularity == pytest.approx(1, abs=0.02)
    assert found.solidity == pytest.approx(1, abs=0.03)
    assert found.aspect == pytest.approx(1, abs=0.02)
    assert (found.row_px, found.col_px) == pytest.approx((60, 60))
    assert not found.at_edge


@pytest.mark.parametrize("angle", [0, 30, 45, 90, -60])
def test_a_rectangle_at_an_angle(angle):
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    found = one(draw(201, lambda y, x: (abs((x - 100) * c - (y - 100) * s) <= 60) & (abs((x - 100) * s + (y - 100) * c) <= 20)))
    assert found.area == pytest.approx(120 * 40, rel=0.04)
    assert found.feret_max == pytest.approx(math.hypot(121, 41), rel=0.02)
    assert found.feret_min == pytest.approx(41, abs=1.6)
    assert math.cos(2 * math.radians(found.orientation_deg - angle)) == pytest.approx(1, abs=1e-3)
    assert found.circularity == pytest.approx(4 * math.pi * 4800 / 320**2, rel=0.13)  # four directions know no corners


def test_a_ring_is_less_solid_than_its_hull():
    found = one(draw(121, lambda y, x: (np.hypot(y - 60, x - 60) <= 40) & (np.hypot(y - 60, x - 60) > 20)))
    assert found.solidity == pytest.approx(0.75, abs=0.03)


def test_oblong_pixels_give_the_same_lengths():
    labels = draw(121, lambda y, x: np.hypot(2 * (y - 60), x - 60) <= 40)
    found = one(labels, pixel=(4.0, 2.0))
    assert found.diameter == pytest.approx(160, rel=0.01)
    assert found.aspect == pytest.approx(1, abs=0.03)
    assert found.circularity is None


def test_edges_of_the_image_and_of_excluded_areas():
    labels = np.zeros((40, 40), np.int32)
    labels[0:5, 10:15], labels[20:25, 20:25], labels[30:35, 5:10] = 1, 2, 3
    mask = np.ones((40, 40), bool)
    mask[25:27, 25] = False  # touches label 2 by a corner only
    found = shapes(labels, grey=np.ones((40, 40)), mask=mask)
    assert [shape.at_edge for shape in found] == [True, True, False]
    assert [shape.weight > 0 for shape in found] == [False, False, True]


def test_neighbours_in_physical_units():
    labels = np.zeros((40, 40), np.int32)
    labels[5, 5], labels[5, 15], labels[35, 15] = 1, 2, 3
    found = shapes(labels, grey=labels / 3, pixel=(2.0, 1.0))
    assert [shape.neighbour for shape in found] == [10, 10, 60]
    assert [shape.mean_grey for shape in found] == pytest.approx([1 / 3, 2 / 3, 1])
    assert shapes(np.zeros((4, 4), np.int32), grey=np.zeros((4, 4))) == []


def test_places_by_brute_force_around_an_excluded_area():
    valid = np.ones((20, 22), bool)
    valid[8:10, 9:12] = False
    fits = sum(valid[i : i + 6, j : j + 5].all() for i in range(15) for j in range(18))
    assert Places(valid).weight(4, 3) == pytest.approx(valid.sum() / fits)
    assert Places(np.ones((20, 22), bool)).weight(4, 3) == pytest.approx(440 / (15 * 18))


def test_the_weights_undo_the_bias_of_the_rim():
    """Squares of 4 and 40 px, as many of each, thrown on a torus: seen whole in a window, weighted equally often."""
    rng, window = np.random.default_rng(0), 100
    places = Places(np.ones((window, window), bool))
    seen = {4: 0.0, 40: 0.0}
    raw = dict(seen)
    for side in seen:
        for _ in range(4000):
            y, x = rng.integers(-40, window, 2)
            if y >= 1 and x >= 1 and y + side <= window - 1 and x + side <= window - 1:
                seen[side] += places.weight(side, side)
                raw[side] += 1
    assert raw[40] < 0.5 * raw[4]
    assert seen[40] == pytest.approx(seen[4], rel=0.08)
    assert seen[4] == pytest.approx(4000 * window**2 / 140**2, rel=0.05)


def test_sizes_only_are_those_of_the_shapes():
    rng = np.random.default_rng(8)
    labels = np.zeros((80, 90), np.int32)
    for name, (row, col) in enumerate([(0, 3), (20, 20), (40, 60), (60, 30), (30, 80)], start=1):
        labels[row : row + rng.integers(5, 14), col : col + rng.integers(5, 14)] = name
    mask = np.ones(labels.shape, bool)
    mask[60:62, 28:30] = False
    for valid in (None, mask):
        rows = [shape for shape in shapes(labels, grey=labels, pixel=(2.0, 2.0), mask=valid, blur_px=1.5) if not shape.at_edge]
        d, w = sizes_only(labels, pixel=(2.0, 2.0), mask=valid, blur_px=1.5)
        assert d == pytest.approx([shape.diameter for shape in rows])
        assert w == pytest.approx([shape.weight for shape in rows])


def test_what_a_blur_took_is_given_back():
    assert unblurred(20.0, 0.0) == 20
    assert unblurred(20.0, 2.0) == 20.4
    assert unblurred(2.0, 5.0) == 2.5
