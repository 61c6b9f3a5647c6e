"""What a window says of all particles, and what each interval is made of."""

import math

import numpy as np
import pytest

from morphoscope.measure import population
from morphoscope.measure.population import OUTLINE_PX, Window

VALID = np.ones((400, 400), bool)


@pytest.fixture
def whole():
    rng = np.random.default_rng(1)
    return rng.lognormal(math.log(30), 0.2, 80), np.full(80, 1.1)


def ask(whole, **known):
    centres = np.random.default_rng(2).random((len(whole[0]), 2)) * 400
    options = {"window": Window(VALID), "limit": 30.0} | known
    window = options.pop("window")
    return population.estimated(whole, centres, window, rng=np.random.default_rng(3), draws=500, **options)


def test_kinds_join_in_quadrature(whole):
    plain = ask(whole)
    known = ask(whole, window=Window(VALID, (2.0, 2.0), 0.03), others=[(1.05 * whole[0], whole[1]), (0.95 * whole[0], whole[1])])
    half = known.budget["mean"]
    assert half["calibration"] == pytest.approx(1.96 * 0.03 * known.estimates["mean"].value)
    assert half["outline"] == pytest.approx(1.96 * OUTLINE_PX * 2)
    assert half["dividing"] == pytest.approx(1.96 * 0.05 * known.estimates["mean"].value, rel=1e-6)
    assert half["counting"] == pytest.approx(plain.budget["mean"]["counting"])
    mean = known.estimates["mean"]
    assert (mean.high - mean.low) / 2 == pytest.approx(math.hypot(*half.values()), rel=0.02)
    assert plain.budget["mean"]["dividing"] == 0


def test_density_counts_order(whole):
    window = Window(VALID, (1.0, 1.0), 0.02)
    known = ask(whole, window=window)
    assert known.estimates["per_area"].value == pytest.approx(88 / 400**2)
    assert known.budget["per_area"]["calibration"] == pytest.approx(1.96 * 0.04 * 88 / 400**2)
    grid = np.stack(np.meshgrid(np.arange(20, 400, 45.0), np.arange(20, 400, 45.0), indexing="ij"), -1).reshape(-1, 2)
    even = population.estimated(
        (np.full(len(grid), 20.0), np.ones(len(grid))), grid, window, rng=np.random.default_rng(0), draws=100
    )
    assert even.dispersion < 0.2
    assert even.budget["per_area"]["counting"] < 0.7 * known.budget["per_area"]["counting"]
    assert "below" not in even.estimates
    assert population.hard_discs(0) == 1
    assert population.hard_discs(0.25) == pytest.approx(0.3375)


def test_a_limit_on_the_steep_part_moves_with_the_outline(whole):
    near, far = (ask(whole, limit=limit).budget["below"]["outline"] for limit in (30.0, 200.0))
    assert near > 0
    assert far == 0
    assert 0 <= ask(whole, limit=30.0).estimates["below"].low < ask(whole, limit=30.0).estimates["below"].high <= 1
