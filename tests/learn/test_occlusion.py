"""A map finds the part that carries the score, and its checks tell a true map from a wrong one."""

import numpy as np
import pytest

from morphoscope.learn import occlusion


@pytest.fixture
def carrier():
    weight = np.zeros((occlusion.CELLS, occlusion.CELLS))
    weight[2:4, 6:9] = 1.0
    return weight, lambda hidden: float((weight * ~hidden).sum())


def _map(score, rng):
    patches, halves = np.array(list(occlusion.patches())), np.array(list(occlusion.halves(rng)))
    nothing = np.zeros((occlusion.CELLS,) * 2, bool)
    drops = np.array([score(nothing) - score(grid) for grid in patches])
    return occlusion.joined(patches, drops, halves, np.array([score(grid) for grid in halves]))


def test_the_carrier_is_found(carrier, rng):
    weight, score = carrier
    found = _map(score, rng)
    assert np.corrcoef(found.ravel(), weight.ravel())[0, 1] > 0.75
    assert found.mean() == pytest.approx(0, abs=1e-9)
    assert weight.ravel()[np.argmax(found)] == 1


def test_deletion_and_insertion_tell_a_true_map(carrier, rng):
    weight, score = carrier
    true = occlusion.curves(score, _map(score, rng), rng=rng)
    assert (true.random - true.deletion).mean() > 1
    assert (true.insertion - true.random_insertion).mean() > 1
    wrong = occlusion.curves(score, -weight, rng=rng)
    assert (wrong.random - wrong.deletion).mean() < 0
    assert true.deletion[0] == true.insertion[-1] == weight.sum()


def test_halves_are_complements(rng):
    some = list(occlusion.halves(rng))
    assert len(some) == 2 * occlusion.PAIRS
    assert (some[0] ^ some[1]).all()


def test_the_smooth_map_keeps_values_and_shape():
    grid = np.arange(100.0).reshape(10, 10)
    smooth = occlusion.spread(grid, (200, 320))
    assert smooth.shape == (200, 320)
    assert smooth.min() >= 0
    assert smooth.max() <= 99
    assert smooth[10, 16] == pytest.approx(0, abs=1)
    assert smooth[105, 160] == pytest.approx(np.mean([44, 45, 54, 55]), abs=4)
    cells = occlusion.cell_of((200, 320))
    assert cells.min() == 0
    assert np.bincount(cells.ravel()).tolist() == [20 * 32] * 100
