"""Scores of predicted distributions on curves whose differences are known."""

from __future__ import annotations

import numpy as np
import pytest

from morphoscope.measure import rdf_scores

R = (np.arange(100) + 0.5) * 0.1


def peaked(at, height):
    return np.where(at - 0.3 > R, 0.0, 1 + (height - 1) * np.exp(-(((R - at) / 0.15) ** 2)))


def test_equal_curves_have_no_error():
    g = np.array([peaked(3.05, 20), peaked(4.05, 5)])
    s = rdf_scores.compare(R, g, g, diameter=np.array([3.0, 3.0]), band=(g, g))
    assert s.log_error.tolist() == [0, 0]
    assert s.peak_g.tolist() == [0, 0]
    assert s.state.tolist() == [1, 1]
    assert s.covered.tolist() == [1, 1]
    assert s.r2 == 1


def test_a_known_difference_is_found():
    g = np.array([peaked(3.05, 20)])
    s = rdf_scores.compare(R, g, np.array([peaked(3.25, 10)]))
    assert s.peak_r[0] == pytest.approx(0.2)
    assert s.peak_g[0] == pytest.approx(0.5)
    assert np.isnan(s.state[0])
    half = rdf_scores.compare(R, g, (g + 0.02) * np.e - 0.02)
    assert half.log_error[0] == pytest.approx(1, abs=0.02)  # empty bins: 0.02 e - 0.02 counts as particles


def test_empty_bins_and_unknown_bins_count_for_nothing():
    g = np.array([peaked(3.05, 20)])
    other = g.copy()
    other[:, :20] = 0.01
    assert rdf_scores.compare(R, g, other).log_error[0] == 0
    unknown = g.copy()
    unknown[:, 90:] = np.nan
    assert rdf_scores.compare(R, unknown, g * np.where(R > 9, 5, 1)).log_error[0] == 0


def test_a_band_that_holds_half_the_bins():
    g = np.array([np.ones(100)])
    low, high = g * 0.9, np.where(R < 5, 1.1, 0.95)[None] * g
    assert rdf_scores.compare(R, g, g, band=(low, high)).covered[0] == pytest.approx(0.5)


def test_intervals_hold_the_middle():
    values = np.random.default_rng(0).normal(5, 1, 200)
    middle, low, high = rdf_scores.interval(values, rng=np.random.default_rng(1), mean=True)
    assert low < middle < high
    assert high - low == pytest.approx(4 / np.sqrt(200), rel=0.15)
    assert np.isnan(rdf_scores.interval(np.array([np.nan]), rng=np.random.default_rng(1))).all()
