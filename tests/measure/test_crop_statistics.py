"""Statistics of pictures, and the distance between sets of them."""

import numpy as np
import pytest

from morphoscope.errors import BadParameter
from morphoscope.measure import correlation
from morphoscope.measure.crop_statistics import crop_statistics, dominant_period, frechet

ROWS, COLUMNS = np.indices((96, 96))
LINES = COLUMNS % 12 < 6
DOTS = (ROWS % 12 < 6) & (COLUMNS % 12 < 6)


def test_lines_and_dots_have_the_numbers_they_were_drawn_with():
    found = crop_statistics(np.stack([LINES, DOTS]))
    assert found.descriptors[0, :3] == pytest.approx([0.5, 8 / 50, 8 / 50])
    assert found.descriptors[1, :3] == pytest.approx([0.25, 64 / 50, 1 / 50])
    assert found.descriptors[0, 3:5] == pytest.approx([0, 2 * 15 / 95])
    assert found.descriptors[0, 5] == pytest.approx((8**2 + 24**2 / 27) / (8 + 24 / 27) / 16, rel=0.06)  # a ninth on a ring of 3
    assert found.euler.tolist() == [8, 64]
    assert found.regions.tolist() == [8, 64]


def test_the_curves_are_those_of_the_measuring_tasks():
    found = crop_statistics(LINES[None])
    assert found.s2.shape == (1, 48)
    assert found.s2[0] == pytest.approx(correlation.two_point(LINES, r_max=48).s2[:48])
    down, across = np.split(found.lineal[0], 2)
    assert down == pytest.approx(np.full(48, 0.5))
    assert across[:7] == pytest.approx([0.5, 40 / 95, 32 / 94, 24 / 93, 16 / 92, 8 / 91, 0])


def test_the_dominant_period_is_the_one_drawn():
    assert dominant_period(np.stack([LINES, LINES.T, DOTS])) == pytest.approx(12)


def test_sets_of_known_gaussians_have_their_distance():
    rng = np.random.default_rng(0)
    first = rng.standard_normal((20000, 2)) * [1.0, 2.0]
    second = rng.standard_normal((20000, 2)) * [3.0, 2.0] + [0.0, 1.0]
    assert frechet(first, second) == pytest.approx(1 + (3 - 1) ** 2, rel=0.05)
    assert frechet(first, first) == pytest.approx(0, abs=1e-9)


def test_rows_can_be_laid_out_and_picked():
    found = crop_statistics(np.stack([LINES, DOTS, DOTS, LINES])).shaped(2, 2)
    assert found.s2.shape == (2, 2, 48)
    assert found.where(np.array([1])).euler.tolist() == [[64, 8]]


def test_what_are_no_pictures_is_refused():
    with pytest.raises(BadParameter, match="squares of at least 16 pixels"):
        crop_statistics(np.zeros((2, 20, 30)))
    with pytest.raises(BadParameter, match="at least two pictures"):
        frechet(np.zeros((1, 6)), np.zeros((4, 6)))
