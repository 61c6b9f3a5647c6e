"""Interfaces, triple points and lines, and contiguity of structures known exactly."""

import math

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.errors import InputError
from morphoscope.measure import boundaries


def faces(labels, **how):
    return {(pair.label_a, pair.label_b): pair.faces for pair in boundaries.boundaries(labels, **how)}


def smooth(labels, **how):
    return sum(pair.smooth for pair in boundaries.boundaries(labels, **how) if 1 in (pair.label_a, pair.label_b))


def triple(labels, **how):
    return boundaries.triple_density(labels, **how).value


def grid(*shape):
    return np.meshgrid(*(np.arange(n) + 0.5 for n in shape), indexing="ij")


def quadrants(n=40):
    labels = np.ones((n, n), int)
    labels[: n // 2, n // 2 :], labels[n // 2 :, : n // 2], labels[n // 2 :, n // 2 :] = 2, 3, 4
    return labels


def test_stripes():
    labels = np.zeros((30, 40), int)
    labels[:, 10:20] = 1
    assert faces(labels) == {(0, 1): pytest.approx(2 * 30 / 1200)}
    assert triple(labels) == 0


def test_checkerboard_counts_every_face():
    rows, cols = np.indices((20, 20))
    assert faces((rows + cols) % 2)[0, 1] == pytest.approx(2 * 20 * 19 / 400)


def test_length_of_a_disc_and_area_of_a_ball():
    y, x = grid(200, 200)
    disc = (np.hypot(y - 100, x - 100) < 60).astype(int)
    assert smooth(disc) == pytest.approx(2 * math.pi * 60 / 200**2, rel=0.01)
    assert faces(disc)[0, 1] == pytest.approx(8 * 60 / 200**2, rel=0.01)  # 4/pi too long
    z, y, x = grid(64, 64, 64)
    ball = (np.sqrt((z - 32) ** 2 + (y - 32) ** 2 + (x - 32) ** 2) < 24).astype(int)
    assert smooth(ball) == pytest.approx(4 * math.pi * 24**2 / 64**3, rel=0.035)
    assert faces(ball)[0, 1] == pytest.approx(6 * math.pi * 24**2 / 64**3, rel=0.02)  # 3/2 too large


def test_faces_belong_to_pairs_and_add_up():
    found = faces(quadrants())
    assert found == {pair: pytest.approx(20 / 1600 if pair in ((1, 2), (1, 3), (2, 4), (3, 4)) else 0) for pair in found}
    assert boundaries.interface_intervals(quadrants())[1].value == pytest.approx(40 / 1600)


def test_triple_points_and_lines():
    assert triple(quadrants()) == pytest.approx(1 / 1600)
    volume = np.repeat(quadrants(20)[None], 7, axis=0)
    assert triple(volume) == pytest.approx(7 / volume.size)
    assert triple(np.moveaxis(volume, 0, 2)) == pytest.approx(7 / volume.size)


def test_triple_count_by_brute_force():
    labels = np.random.default_rng(4).integers(0, 4, (12, 13))
    brute = sum(len({*labels[i : i + 2, j : j + 2].ravel()}) >= 3 for i in range(11) for j in range(12))
    assert triple(labels) == pytest.approx(brute / labels.size)


def test_masked_pixels_count_nowhere():
    labels, mask = quadrants(), np.ones((40, 40), bool)
    mask[20:] = False
    assert faces(labels, mask=mask) == {(1, 2): pytest.approx(20 / 800)}
    assert smooth(labels, mask=mask) == pytest.approx(smooth(labels[:20]))
    mask[:] = True
    mask[18:22, 18:22] = False
    assert triple(labels, mask=mask) == 0


def test_contiguity_of_grains():
    grains = np.repeat(np.repeat(np.array([[1, 2], [3, 4]]), 5, 0), 5, 1)
    assert boundaries.contiguity(grains, {1: 0, 2: 0, 3: 1, 4: 1}) == {0: pytest.approx(0.5), 1: pytest.approx(0.5)}
    assert boundaries.contiguity(grains, {1: 0, 2: 1, 3: 1, 4: 0}) == {0: 0.0, 1: 0.0}
    with pytest.raises(InputError, match="grain 4 has no phase"):
        boundaries.contiguity(grains, {1: 0, 2: 0, 3: 1})


def test_smooth_interface_belongs_to_pairs():
    """A disc half in one matrix and half in another: each half of the rim, and the line between the matrices."""
    y, x = grid(200, 200)
    labels = np.where(np.hypot(y - 100, x - 100) < 60, 1, np.where(x < 100, 0, 2))
    found = {(pair.label_a, pair.label_b): pair.smooth * 200**2 for pair in boundaries.boundaries(labels)}
    assert found[0, 1] == pytest.approx(math.pi * 60, rel=0.03)
    assert found[1, 2] == pytest.approx(math.pi * 60, rel=0.03)
    assert found[0, 2] == pytest.approx(80, rel=0.08)  # a straight line along an axis is 5 % too long in 4 directions


def test_oblong_voxels():
    y, x = np.meshgrid(3 * (np.arange(80) + 0.5), np.arange(240) + 0.5, indexing="ij")
    disc = (np.hypot(y - 120, x - 120) < 80).astype(int)
    assert smooth(disc, pixel=(3.0, 1.0)) == pytest.approx(2 * math.pi * 80 / 240**2, rel=0.02)
    corner = quadrants(40)
    assert triple(corner, pixel=(3.0, 2.0)) == pytest.approx(1 / 1600 / 6)
    lines = np.repeat(quadrants(20)[None], 7, axis=0)
    assert triple(lines, pixel=(5.0, 3.0, 2.0)) == pytest.approx(7 * 5 / (lines.size * 30))


def test_edges_that_triple_lines_may_take():
    assert boundaries.edges_counted((4, 5)) == pytest.approx(3 * 4 / 20)
    assert boundaries.edges_counted((4, 5, 6)) * 120 == pytest.approx(6 * 3 * 4 + 4 * 4 * 5 + 5 * 3 * 5)


def test_intervals_hold_the_faces_of_a_random_field():
    rng, hits = np.random.default_rng(5), {"faces": 0, "triple": 0}
    fields = [three_phases(rng, 192)[32:160, 32:160] for _ in range(60)]
    densities = [(boundaries.interface_intervals(f)[1], boundaries.triple_density(f)) for f in fields]
    truth = np.mean([[one.value, other.value] for one, other in densities], axis=0)
    for one, other in densities:
        hits["faces"] += one.low <= truth[0] <= one.high
        hits["triple"] += other.low <= truth[1] <= other.high
    assert 52 <= hits["faces"] <= 60
    assert 52 <= hits["triple"] <= 60


def three_phases(rng, size):
    fields = [ndimage.gaussian_filter(rng.standard_normal((size, size)), 3) for _ in range(3)]
    return np.argmax(fields, axis=0)
