"""Points whose order is known."""

import numpy as np
import pytest

from morphoscope.errors import InputError
from morphoscope.measure import point_pattern

WHOLE = np.ones((300, 400), bool)


def scattered(rng, n, valid=WHOLE):
    points = rng.random((4 * n, 2)) * valid.shape
    return points[valid[tuple(points.astype(int).T)]][:n]


@pytest.mark.parametrize("hole", [False, True])
def test_points_without_order(hole):
    valid = WHOLE.copy()
    if hole:
        valid[100:220, 150:300] = False
    rng, r = np.random.default_rng(3), np.linspace(0, 60, 7)
    runs = [point_pattern.pair_functions(scattered(rng, 300, valid), valid, pixel=(1.0, 1.0), r=r) for _ in range(20)]
    g, ripley = np.mean([g for g, _ in runs], axis=0), np.mean([length for _, length in runs], axis=0)
    assert g[1:] == pytest.approx(1, abs=0.06)
    assert ripley == pytest.approx(r[1:], rel=0.04)
    spread = [point_pattern.dispersion(scattered(rng, 300, valid), valid)[0] for _ in range(40)]
    assert np.mean(spread) == pytest.approx(1, abs=0.12)


def test_a_lattice_and_pairs():
    rng = np.random.default_rng(4)
    lattice = np.stack(np.meshgrid(np.arange(10, 300, 20.0), np.arange(10, 400, 20.0), indexing="ij"), -1).reshape(-1, 2)
    lattice = lattice + rng.normal(0, 1, lattice.shape)
    g, _ = point_pattern.pair_functions(lattice, WHOLE, pixel=(1.0, 1.0), r=np.array([5.0, 14, 17, 23]))
    assert g[0] == 0
    assert g[2] > 1.5
    assert point_pattern.clark_evans(lattice, area=WHOLE.size, perimeter=1400) > 1.7
    assert point_pattern.dispersion(lattice, WHOLE)[0] < 0.1
    first = scattered(rng, 100)
    pairs = np.concatenate([first, first + rng.normal(0, 2, first.shape)])
    assert point_pattern.clark_evans(pairs, area=WHOLE.size, perimeter=1400) < 0.5
    assert point_pattern.dispersion(pairs, WHOLE)[0] > 1.4


def test_the_window_meets_itself_as_counted_by_hand():
    valid = np.ones((30, 40), bool)
    valid[10:20, 5:15] = False
    meets = point_pattern.overlap(valid, pixel=(2.0, 3.0))
    by_hand = [(valid[4:, 7:] & valid[:-4, :-7]).sum(), (valid[4:, :-7] & valid[:-4, 7:]).sum()]
    assert meets((8.0, 21.0)) == pytest.approx(6 * np.mean(by_hand))
    assert meets((0.0, 0.0)) == pytest.approx(6 * valid.sum())


def test_ratio_without_order_and_too_few_points():
    rng = np.random.default_rng(5)
    ratios = [point_pattern.clark_evans(scattered(rng, 80), area=WHOLE.size, perimeter=1400) for _ in range(100)]
    assert np.mean(ratios) == pytest.approx(1, abs=0.02)
    assert point_pattern.clark_evans(np.zeros((1, 2)), area=1.0, perimeter=4.0) is None
    assert point_pattern.dispersion(np.zeros((2, 2)), WHOLE) == (1.0, 0)
    with pytest.raises(InputError, match="5 points are too few for a pair correlation; 10 are the least"):
        point_pattern.pair_functions(rng.random((5, 2)), WHOLE, pixel=(1.0, 1.0), r=np.array([0.0, 1]))
