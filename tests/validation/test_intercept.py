"""Mean lineal intercept of bands and grids of known width, and of an etched steel."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tifffile
from scipy import ndimage
from scipy.spatial import cKDTree

from morphoscope.errors import BadParameter, InputError
from morphoscope.measure.intercept import along_circles, along_lines, astm_grain_size


def test_bands_across_along_and_on_circles():
    bands = np.broadcast_to(np.arange(800) // 20 + 1, (600, 800))
    across = along_lines(bands, angles_deg=(0,), pixel=(3.0, 2.0))
    assert across.mean_segment == pytest.approx(40, abs=1e-9)
    assert across.mean == pytest.approx(40 * 799 / 800 / 39 * 40, rel=1e-3)  # 39 boundaries in 40 bands
    tilted = along_lines(bands, angles_deg=(60,))
    assert tilted.mean == pytest.approx(20 / math.cos(math.radians(60)) * 40 / 39, rel=0.01)
    with pytest.raises(InputError, match="cross no grain boundary"):
        along_lines(bands, angles_deg=(90,))
    circles = along_circles(bands, rng=np.random.default_rng(0))  # boundaries per length 2 / (pi width)
    assert circles.mean == pytest.approx(math.pi * 20 / 2, rel=0.05)
    assert circles.interval[0] < circles.mean < circles.interval[1]


def test_boundary_pixels_are_one_crossing_however_wide():
    grid = (np.arange(480) // 16)[:, None] * 100 + (np.arange(480) // 16)[None, :] + 1
    drawn = grid.copy()
    for k in range(16, 480, 16):
        drawn[k - 1 : k + 2] = 0
        drawn[:, k - 1 : k + 2] = 0
    one, other = (along_lines(g, angles_deg=(0, 90), spacing_px=16) for g in (grid, drawn))
    assert one.crossings == other.crossings == 2 * 29 * 30
    assert one.mean == pytest.approx(other.mean)
    same = np.where(drawn > 0, 7, 0)  # grains need not have numbers of their own where the boundary is drawn
    assert along_lines(same, angles_deg=(0, 90), spacing_px=16).crossings == one.crossings
    diagonal = along_lines(grid, angles_deg=(45.0,), spacing_px=3.3)
    assert diagonal.mean == pytest.approx(16 / math.sqrt(2) * 30 / 29, rel=0.03)  # corners cut by less than a pixel are missed


def test_masked_stretches_do_not_count():
    bands = np.broadcast_to(np.arange(400) // 20 + 1, (100, 400))
    mask = np.ones(bands.shape, bool)
    mask[:, 95:305] = False
    found = along_lines(bands, angles_deg=(0,), mask=mask)
    lines, rest = divmod(found.crossings, 8)  # at columns 20, 40, 60, 80 and 320, 340, 360, 380
    assert (lines, rest) == (5, 0)
    assert found.length == pytest.approx(lines * (94 + 94), rel=0.02)


def test_grain_size_number():
    """ASTM E112: an intercept of 0.32 mm is G = 0, and each G halves the square of it."""
    assert astm_grain_size(0.32e6) == pytest.approx(0, abs=0.01)
    assert astm_grain_size(8.9e3) - astm_grain_size(8.9e3 * math.sqrt(2)) == pytest.approx(1, abs=1e-5)
    with pytest.raises(BadParameter, match="positive length"):
        astm_grain_size(0)


def test_published_intercepts_of_a_steel(shared_data):
    """Segments of 39.52 px on seven lines and circles, and of 37.18 px inside the grains on a line grid, were published."""
    folder = shared_data / "nist_grain_size" / "ex_segmentation" / "optical_etched"
    grains, _ = ndimage.label(tifffile.imread(folder / "grains_steel_highlighted_segmented.tif") == 0)
    lines, circles = (along(grains, rng=np.random.default_rng(0)) for along in (along_lines, along_circles))
    assert lines.mean_segment * (grains > 0).mean() == pytest.approx(37.18, rel=0.01)
    assert circles.mean_segment == pytest.approx(39.52, rel=0.02)
    assert circles.interval[0] < 39.52 < circles.interval[1]
    assert astm_grain_size(circles.mean * 225.2) == pytest.approx(astm_grain_size(39.52 * 225.2), abs=0.2)


def voronoi(rng, shape, density):
    """Grains of a Poisson process of seeds that goes on beyond the borders."""
    beyond = 4 / density ** (1 / len(shape))
    size = np.array(shape) + 2 * beyond
    seeds = rng.random((rng.poisson(density * size.prod()), len(shape))) * size - beyond
    pixels = np.indices(shape).reshape(len(shape), -1).T
    return cKDTree(seeds).query(pixels)[1].reshape(shape) + 1


def test_intervals_cover_the_mean_intercept_of_voronoi_grains():
    """Boundary per area 2 sqrt(density), so a mean intercept of pi / (4 sqrt(density)); chords below a pixel are missed."""
    rng, density = np.random.default_rng(6), 1 / 20**2
    found = [along_lines(voronoi(rng, (220, 240), density), spacing_px=8, rng=rng) for _ in range(40)]
    seen = math.pi / 4 / math.sqrt(density) + 0.25
    assert np.mean([one.mean for one in found]) == pytest.approx(seen, rel=0.01)
    assert sum(one.interval[0] <= seen <= one.interval[1] for one in found) >= 35
    assert 9 <= found[0].blocks <= 49


def test_no_direction_is_preferred():
    """At any angle, and on circles, what is counted too few are the chords shorter than a pixel, and nothing else."""
    rng, size = np.random.default_rng(7), 30
    grains = [voronoi(rng, (240, 240), 1 / size**2) for _ in range(10)]
    along = [np.mean([along_lines(g, spacing_px=6, angles_deg=(a,)).mean for g in grains]) for a in (0, 10, 20, 30, 45, 60, 90)]
    circles = np.mean([along_circles(g, radii_px=range(40, 120, 8)).mean for g in grains])
    np.testing.assert_allclose([*along, circles], np.mean(along), rtol=0.03)


def test_lines_along_the_axes_of_a_volume():
    """Boundary area per volume of Poisson-Voronoi cells is 2.910 density^(1/3), the mean intercept 2 over that."""
    grains = voronoi(np.random.default_rng(2), (90, 100, 80), 1 / 12**3)
    found = along_lines(grains, spacing_px=4, rng=np.random.default_rng(0))
    true = 2 / 2.910 * 12
    assert found.mean == pytest.approx(true + 0.25, rel=0.03)
    layers = np.broadcast_to((np.arange(60) // 10 + 1)[:, None, None], (60, 30, 30))
    one = along_lines(layers, pixel=(2.0, 1.0, 1.0), spacing_px=10)
    assert one.segments == pytest.approx(20)
    with pytest.raises(BadParameter, match="in a volume test lines run along its axes"):
        along_lines(grains, angles_deg=(0,))
    with pytest.raises(InputError, match="take a section"):
        along_circles(grains)


def test_wrong_input_is_one_sentence():
    with pytest.raises(InputError, match="grains are a plane or volume of whole numbers"):
        along_lines(np.zeros((20, 20)))
    with pytest.raises(BadParameter, match="does not fit into an image"):
        along_circles(np.ones((20, 20), int), radii_px=(15,))
    with pytest.raises(InputError, match="mask of"):
        along_lines(np.ones((20, 20), int), mask=np.ones((3, 3), bool))
