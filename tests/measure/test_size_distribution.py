"""Sizes of samples whose distribution is known."""

import math

import numpy as np
import pytest

from morphoscope.errors import InputError
from morphoscope.measure import size_distribution as sd


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_plain_moments_and_quantiles(rng):
    found = sd.sizes(np.array([1.0, 2, 3, 4, 5]), rng=rng)
    assert (found.count, found.mean.value, found.sd.value) == (5, 3, pytest.approx(math.sqrt(2.5)))
    assert [q.value for q in found.quantiles["number"]] == [1, 3, 5]
    assert found.mean.low < 3 < found.mean.high


def test_weights_count_like_copies(rng):
    d, w = rng.lognormal(3, 0.4, 30), rng.integers(1, 4, 30)
    weighted, copied = sd.quantiles(d[None], w[None] * 1.0)[0], np.repeat(d, w)
    assert sd.sizes(d, rng=rng, weights=w).mean.value == pytest.approx(copied.mean())
    assert weighted[1] == pytest.approx(np.median(copied), rel=0.05)


def test_area_and_volume_weighting_of_a_lognormal(rng):
    """Hatch and Choate: the median by the k-th power lies at median * exp(k sigma^2)."""
    found = sd.sizes(rng.lognormal(math.log(50), 0.3, 20000), rng=rng, draws=20)
    for name, power in (("number", 0), ("area", 2), ("volume", 3)):
        assert found.quantiles[name][1].value == pytest.approx(50 * math.exp(power * 0.09), rel=0.02)
    assert found.quantiles["number"][0].value == pytest.approx(50 * math.exp(-1.2816 * 0.3), rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("count", [15, 60])
def test_intervals_hold_the_truth(rng, count):
    truth = 50 * math.exp(0.3**2 / 2), 50.0
    hits = np.zeros(2)
    for _ in range(400):
        found = sd.sizes(rng.lognormal(math.log(50), 0.3, count), rng=rng, draws=400)
        for k, (estimate, value) in enumerate(zip((found.mean, found.quantiles["number"][1]), truth, strict=True)):
            hits[k] += estimate.low <= value <= estimate.high
    assert (hits / 400 >= 0.92).all()
    assert (hits / 400 <= 0.985).all()


def test_calibration_widens_in_quadrature(rng):
    d = np.full(50, 10.0)
    found = sd.sizes(d, rng=rng, calibration=0.02)
    assert found.mean.high - found.mean.value == pytest.approx(1.96 * 0.2)


def test_two_particles_make_no_distribution(rng):
    found = sd.sizes(np.array([3.0, 5.0]), rng=rng)
    assert found.mean == sd.Estimate(4.0)
    assert found.sd == sd.Estimate(None)
    assert found.quantiles["number"] == (sd.Estimate(None),) * 3
    assert sd.fits(np.array([3.0, 5.0])) is None
    for wrong in ([], [1.0, -1.0]):
        with pytest.raises(InputError, match="needs at least one size"):
            sd.sizes(np.array(wrong), rng=rng)


def test_share_below_has_wilsons_interval():
    found = sd.share_below(np.array([50.0] * 8 + [150.0] * 2), 100)
    assert (found.value, found.low, found.high) == pytest.approx((0.8, 0.4901625, 0.9433178), abs=1e-6)
    assert sd.share_below(np.full(20, 50.0), 100).low == pytest.approx(0.8389, abs=1e-4)
    assert sd.share_below(np.empty(0), 100) == sd.Estimate(None)


def test_fits_find_what_was_drawn(rng):
    log = sd.fits(rng.lognormal(math.log(40), 0.25, 5000))
    assert (log.lognormal_median, log.lognormal_sigma) == pytest.approx((40, 0.25), rel=0.02)
    assert log.lognormal_distance < 0.02 < log.weibull_distance
    wei = sd.fits(30 * rng.weibull(2.5, 5000))
    assert (wei.weibull_scale, wei.weibull_shape) == pytest.approx((30, 2.5), rel=0.03)
    assert wei.weibull_distance < 0.02 < wei.lognormal_distance
    assert sd.fits(np.full(10, 3.0)) is None


def test_fits_have_intervals(rng):
    found = sd.fits_with_intervals(rng.lognormal(math.log(40), 0.25, 200), rng=rng)
    for name, error in (("lognormal_median", 40 * 0.25 / math.sqrt(200)), ("lognormal_sigma", 0.25 / math.sqrt(400))):
        assert found[name].low < found[name].value < found[name].high
        assert found[name].high - found[name].low == pytest.approx(2 * 1.96 * error, rel=0.3)
    assert found["lognormal_distance"].low is None
    assert sd.fits_with_intervals(np.array([3.0, 5.0]), rng=rng) is None
