"""Mean lineal intercept of bands and grids of known width, and of an etched steel."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tifffile
from scipy import ndimage

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
    circles = along_circles(bands)  # boundaries per length 2 / (pi width)
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
    assert diagonal.mean == pytest.approx(16 / math.sqrt(2) * 30 / 29, rel=0.02)  # corners cut by less than a pixel are missed


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
    """Segments of 39.52 px on seven lines and circles and 37.18 px on a line grid were published."""
    folder = shared_data / "nist_grain_size" / "ex_segmentation" / "optical_etched"
    grains, _ = ndimage.label(tifffile.imread(folder / "grains_steel_highlighted_segmented.tif") == 0)
    lines, circles = along_lines(grains), along_circles(grains)
    assert lines.mean_segment == pytest.approx(37.18, rel=0.04)
    assert lines.interval[0] < 39.52 < lines.interval[1]
    assert circles.interval[0] < 39.52 < circles.interval[1]
    assert astm_grain_size(lines.mean * 225.2) == pytest.approx(astm_grain_size(39.52 * 225.2), abs=0.2)


def test_wrong_input_is_one_sentence():
    with pytest.raises(InputError, match="grains are a plane of whole numbers"):
        along_lines(np.zeros((20, 20)))
    with pytest.raises(BadParameter, match="does not fit into an image"):
        along_circles(np.ones((20, 20), int), radii_px=(15,))
    with pytest.raises(InputError, match="mask of"):
        along_lines(np.ones((20, 20), int), mask=np.ones((3, 3), bool))
