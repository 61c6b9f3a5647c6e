"""Ranks against scipy, pairs by hand."""

import numpy as np
import pytest
from scipy import stats

from morphoscope.measure import grades


def test_spearman_is_scipys(rng):
    rank = rng.integers(3, size=80)
    evidence = np.round(rank + rng.standard_normal(80), 1)
    assert grades.spearman(rank, evidence) == pytest.approx(stats.spearmanr(rank, evidence).statistic)
    assert np.isnan(grades.spearman(np.zeros(5), np.arange(5.0)))


def test_concordance_counts_pairs_of_one_group():
    rank = np.array([0, 1, 2, 0, 2])
    evidence = np.array([0.0, 2.0, 1.0, 5.0, 5.0])
    share, pairs = grades.concordance(rank, evidence, ["a", "a", "a", "b", "b"])
    assert pairs == 4
    assert share == pytest.approx((1 + 1 + 0 + 0.5) / 4)
    assert grades.concordance(rank, evidence, list("abcde"))[1] == 0
