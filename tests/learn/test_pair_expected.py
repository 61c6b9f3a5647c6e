"""The pattern expected of a crop follows the stripes that the crop shows."""

import numpy as np

from morphoscope.learn import pair_expected
from pairs_of_stripes import SIDE, stripes


def drawn(pairs, count, seed):
    rows = np.repeat(np.arange(len(pairs)), count)
    made = pairs.crops(rows, rng=np.random.default_rng(seed), size_px=SIDE)
    return made.reshape(len(pairs), count, SIDE, SIDE)


def test_new_crops_have_the_expected_pattern():
    pairs, others = stripes(32), stripes(8, seed=1)
    fitted = pair_expected.fit(drawn(pairs, 4, 0), pairs.saxs, pairs.mask)
    found = fitted(drawn(others, 1, 1)[:, 0], side_px=SIDE)
    mean = pairs.saxs.mean(0)
    ours, plain = (np.abs(one - others.saxs)[others.mask].mean() for one in (found, mean))
    assert ours < 0.85 * plain
    back = pair_expected.Expected.of(fitted.arrays())
    assert np.array_equal(back(drawn(others, 1, 1)[:, 0], side_px=SIDE), found)


def test_pixels_that_were_not_counted_change_nothing():
    pairs = stripes(12)
    crops = drawn(pairs, 2, 0)
    one, other = (
        pair_expected.fit(crops, saxs, pairs.mask)(crops[:, 0], side_px=SIDE)
        for saxs in (pairs.saxs, np.where(pairs.mask, pairs.saxs, 0.9))
    )
    assert np.array_equal(one, other)
