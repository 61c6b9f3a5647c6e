"""The block bootstrap: blocks that tile, intervals that cover, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from morphoscope.errors import InputError
from morphoscope.measure import bootstrap


@pytest.mark.parametrize("shape, length, across", [
    ((90, 200), 2, 6), ((90, 200), 9, 3), ((90, 91), math.inf, 3), ((30, 40, 50), 2, 3),
])  # fmt: skip
def test_blocks_tile_the_image(shape, length, across):
    blocks, side = bootstrap.blocks(shape, length_px=length)
    seen = np.zeros(shape, int)
    for block in blocks:
        seen[block] += 1
    assert (seen == 1).all()
    assert side == min(shape) // across


def test_redrawn_blocks_add_up():
    weights = bootstrap.redraw(9, rng=np.random.default_rng(0), draws=50)
    assert weights.shape == (50, 9)
    assert (weights.sum(axis=1) == 9).all()
    with pytest.raises(InputError, match="too small, or too much of it is masked"):
        bootstrap.redraw(1, rng=np.random.default_rng(0), draws=50)


def test_intervals_of_a_mean_cover_in_95_percent():
    rng, covered = np.random.default_rng(1), 0
    for _ in range(400):
        values = rng.standard_normal(9)
        drawn = bootstrap.redraw(9, rng=rng, draws=300) @ values / 9
        low, high = bootstrap.interval(drawn, values.mean(), count=9)
        covered += low <= 0 <= high
    assert 0.91 <= covered / 400 <= 0.99


def test_what_is_unknown_has_no_interval():
    sample = np.full(100, np.nan)
    assert np.isnan(bootstrap.positive_interval(sample, 3.0, count=9)).all()
    assert np.isnan(bootstrap.positive_interval(np.arange(100.0), math.nan, count=9)).all()
    low, high = bootstrap.positive_interval(np.linspace(-1, 3, 100), 1.0, count=9)
    assert low == 0
    assert high > 3
