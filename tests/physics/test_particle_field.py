"""Fields of particles keep their distances and their sizes."""

import math

import numpy as np
import pytest
from scipy.spatial import KDTree

from morphoscope.errors import BadParameter
from morphoscope.physics import particle_field
from morphoscope.physics.particle_field import Look


@pytest.mark.parametrize("overlap, gap", [(0.0, 3.0), (0.2, 0.0)])
def test_sizes_and_distances(overlap, gap):
    field = particle_field.scatter(
        np.random.default_rng(1), side_px=1000, median_px=20, sigma=0.25, covered=0.2, overlap=overlap, gap_px=gap
    )
    assert field.diameters_px.mean() == pytest.approx(20 * math.exp(0.25**2 / 2), rel=0.02)
    assert (math.pi / 4 * field.diameters_px**2).sum() == pytest.approx(0.2 * 1000**2, rel=0.06)
    tree = KDTree(field.centres_px, boxsize=1000)
    pairs = tree.query_pairs(60, output_type="ndarray")
    apart = np.abs(field.centres_px[pairs[:, 0]] - field.centres_px[pairs[:, 1]])
    apart = np.hypot(*np.minimum(apart, 1000 - apart).T)
    least = (1 - overlap) * field.diameters_px[pairs].sum(axis=1) / 2 + gap
    assert (apart >= least - 1e-9).all()
    assert (apart < least + 1).any()


def test_windows_wrap_and_pixels_are_shared():
    field = particle_field.Field(200.0, np.array([[2.0, 198.0], [100.0, 100.0]]), np.array([20.0, 30.0]))
    centres, sizes = particle_field.window(field, top_px=190, left_px=180, shape=(40, 50))
    assert centres.tolist() == [[12.0, 18.0]]
    plane = particle_field.signal(centres, sizes, (40, 50))
    assert plane.sum() == pytest.approx(math.pi * 100, rel=0.005)
    ball = particle_field.signal(centres, sizes, (40, 50), profile="ball")
    assert ball.sum() == pytest.approx(math.pi * 100 * 2 / 3, rel=0.01)
    grey = particle_field.seen(plane, Look(bright=False, noise=0.0), rng=np.random.default_rng(0))
    assert (grey.min(), grey.max()) == pytest.approx((0.2, 0.5), abs=1e-3)


def test_wrong_input_is_one_sentence():
    rng = np.random.default_rng(0)
    with pytest.raises(BadParameter, match=r"covered=1\.2 must lie between 0 and 1"):
        particle_field.scatter(rng, side_px=100, median_px=10, sigma=0.1, covered=1.2)
    with pytest.raises(BadParameter, match="particles do not fit; cover less"):
        particle_field.scatter(rng, side_px=100, median_px=10, sigma=0.1, covered=0.9)
    with pytest.raises(BadParameter, match="profile='cube' is not one of flat, ball"):
        particle_field.signal(np.zeros((1, 2)), np.ones(1), (5, 5), profile="cube")
