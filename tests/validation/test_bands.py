"""Bands of pair curves: blocks add up to the whole, and intervals cover what is known or the mean of many pictures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.measure import bootstrap
from morphoscope.measure.cluster import two_point_cluster
from morphoscope.measure.correlation import cross_correlation, directional
from morphoscope.measure.pairs import available, correlate, fold, whole


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("shape", [(40, 33), (12, 17, 14)])
def test_blocks_add_up_to_the_whole(shape, folded, periodic):
    rng = np.random.default_rng(0)
    one, other = rng.random(shape) < 0.4, rng.random(shape) < 0.6
    lag = tuple(n // 3 for n in shape)
    tiling, _ = bootstrap.blocks(shape, length_px=3)
    given = {"lag_px": lag, "periodic": periodic, "folded": folded}
    for first, second in ((one, one), (one, other)):
        parts = sum(correlate(first, second, block=block, **given) for block in tiling)
        np.testing.assert_array_equal(parts, correlate(first, second, block=whole(shape), **given))
    full = available(shape, block=whole(shape), **given)
    np.testing.assert_array_equal(sum(available(shape, block=block, **given) for block in tiling), full)
    np.testing.assert_array_equal(full, correlate(np.ones(shape, bool), np.ones(shape, bool), block=whole(shape), **given))


def test_folding_adds_both_signs():
    rng = np.random.default_rng(1)
    field = rng.random((7, 11, 9)) < 0.5
    plain = correlate(field, field, lag_px=(3, 4, 2), block=whole(field.shape), periodic=False)
    folded = correlate(field, field, lag_px=(3, 4, 2), block=whole(field.shape), periodic=False, folded=True)
    np.testing.assert_array_equal(folded, fold(fold(plain, 1), 2))
    assert folded[2, 3, 1] == sum(plain[2, 4 + 3 * s, 2 + t] for s in (1, -1) for t in (1, -1))


@pytest.mark.parametrize("shape", [(900, 1100), (1024, 40)])
def test_single_precision_counts_are_whole_numbers(shape):
    """Every count equals that of a transform in double precision, for a full, a sparse and a coarse phase."""
    rng = np.random.default_rng(2)
    coarse = ndimage.gaussian_filter(rng.standard_normal(shape), 20) > 0
    for phase in (np.ones(shape, bool), rng.random(shape) < 0.01, coarse):
        lengths = [2 * n for n in shape]
        power = np.abs(np.fft.rfft2(phase, lengths)) ** 2
        exact = np.rint(np.fft.irfft2(power, lengths))[:31, :31]
        found = correlate(phase, phase, lag_px=(30, 30), block=whole(shape), periodic=False)
        np.testing.assert_array_equal(found[:, 30:], exact)


@pytest.mark.parametrize("periodic", [False, True])
def test_clusters_belong_to_blocks_by_the_first_pixel(periodic):
    """A band of one draw of every block is the curve itself; clusters across borders and blocks included."""
    rng = np.random.default_rng(3)
    phase = ndimage.gaussian_filter(rng.standard_normal((60, 45)), 2, mode="wrap") > 0.3
    mask = rng.random(phase.shape) < 0.95
    banded = two_point_cluster(phase, r_max=12, mask=mask, periodic=periodic, rng=rng)
    plain = two_point_cluster(phase, r_max=12, mask=mask, periodic=periodic)
    np.testing.assert_array_equal(banded.value, plain.value)
    assert (banded.low <= banded.value).all()
    assert (banded.value <= banded.high).all()
    assert (banded.high - banded.low)[0] > 0.01


def test_bands_cover_uncorrelated_pixels():
    rng, p = np.random.default_rng(8), 0.5
    covered = np.zeros(2)
    for _ in range(40):
        phase = rng.random((60, 60)) < p
        along = directional(phase, r_max=3, direction=(0, 1), rng=rng)
        cross = cross_correlation(phase, ~phase, r_max=3, rng=rng)
        covered += [along.low[2] <= p**2 <= along.high[2], cross.low[2] <= p * (1 - p) <= cross.high[2]]
    assert covered.min() >= 35


def test_bands_of_clusters_cover_the_mean_of_many_pictures():
    rng = np.random.default_rng(9)
    found = []
    for _ in range(40):
        phase = ndimage.gaussian_filter(rng.standard_normal((96, 96)), 1.5, mode="wrap") > 0.15
        found.append(two_point_cluster(phase, r_max=4, rng=rng))
    true = np.mean([one.value for one in found], axis=0)
    covered = np.mean([(one.low <= true) & (true <= one.high) for one in found], axis=0)
    assert covered.min() >= 0.82
    assert covered.mean() > 0.87
