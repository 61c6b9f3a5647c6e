"""What crops of a pattern should be like: known dependence is found, and the band holds what it says."""

import numpy as np
import pytest

from morphoscope.learn import pair_wanted

SIDE, NUMBERS = 48, 20


def made(count, rng):
    """Patterns of one ring whose size is u; fingerprints follow u, crops differ by a known spread."""
    u = rng.uniform(0, 1, count)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    saxs = np.exp(-(((np.hypot(x, y) - 8 - 8 * u[:, None, None]) / 3) ** 2)) + 0.01 * rng.normal(size=(count, SIDE, SIDE))
    shape = np.sin(np.linspace(0, 3, NUMBERS))
    prints = (u[:, None, None] * shape) + 0.05 * rng.normal(size=(count, 16, 1)) * np.cos(np.linspace(0, 3, NUMBERS))
    return saxs, np.ones(saxs.shape, bool), prints, u[:, None] * shape


@pytest.fixture(scope="module")
def wanted():
    saxs, mask, prints, _ = made(40, np.random.default_rng(0))
    return pair_wanted.fit(pair_wanted.look(saxs, mask), saxs, mask, prints, np.ones(NUMBERS))


def test_the_mean_is_found(wanted):
    saxs, mask, _, mean = made(20, np.random.default_rng(1))
    assert np.abs(wanted.mean(saxs, mask) - mean).mean() < 0.05


def test_the_band_holds_nine_in_ten(wanted):
    saxs, mask, prints, _ = made(40, np.random.default_rng(2))
    low, middle, high = wanted.band(saxs, mask, slice(0, NUMBERS))
    inside = (prints >= low[:, None]) & (prints <= high[:, None])
    assert 0.82 < inside.mean() < 0.98
    assert (low <= middle).all()


def test_samples_differ_by_the_spread(wanted):
    saxs, mask, _, _ = made(3, np.random.default_rng(3))
    rng = np.random.default_rng(4)
    same = wanted.draw(saxs, mask, count=5, spread=0.0, rng=rng)
    other = wanted.draw(saxs, mask, count=5, spread=1.0, rng=rng)
    assert np.allclose(same, same[:, :1])
    assert other.std(axis=1).max() > 0.1


def test_a_way_through_arrays_and_masked_pixels(wanted):
    saxs, mask, _, _ = made(3, np.random.default_rng(5))
    back = pair_wanted.Wanted.of(wanted.arrays())
    assert np.allclose(back.mean(saxs, mask), wanted.mean(saxs, mask), atol=1e-6)
    hidden = mask.copy()
    hidden[:, :10, :10] = False  # the opposite pixels are there
    other = wanted.mean(np.where(hidden, saxs, 5.0), hidden)
    assert np.abs(other - wanted.mean(saxs, mask)).max() < 0.1


def test_patterns_that_lean_tell_a_sense():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    leaning = np.exp(-(((x + y) / 20) ** 2)) + 0.05 * rng.normal(size=(4, SIDE, SIDE))
    mask = np.ones(leaning.shape, bool)
    assert not pair_wanted.symmetric(leaning, mask)
    assert pair_wanted.symmetric(np.exp(-((x / 20) ** 2)) + 0.05 * rng.normal(size=(4, SIDE, SIDE)), mask)
