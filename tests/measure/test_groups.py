"""Group comparisons against closed forms, scipy, brute force, and their coverage."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from morphoscope.errors import InputError
from morphoscope.measure import groups

A = np.array([1.0, 2.0, 3.0, 4.0])
B = np.array([3.0, 5.0, 6.0, 8.0, 9.0])


def test_hedges_g_is_the_difference_over_the_pooled_spread_with_its_exact_correction():
    pooled = math.sqrt((3 * A.var(ddof=1) + 4 * B.var(ddof=1)) / 7)
    gamma = math.gamma(3.5) / (math.sqrt(3.5) * math.gamma(3))
    found = groups.hedges_g(A, B)
    assert found.value == pytest.approx((B.mean() - A.mean()) / pooled * gamma, rel=1e-12)
    assert groups.hedges_g(B, A).value == pytest.approx(-found.value)


def test_the_interval_of_hedges_g_holds_95_percent_of_the_noncentral_t():
    found, step = groups.hedges_g(A, B), math.sqrt(1 / 4 + 1 / 5)
    t = stats.ttest_ind(B, A).statistic
    assert stats.nct.cdf(t, 7, found.low / step) == pytest.approx(0.975, abs=1e-6)
    assert stats.nct.cdf(t, 7, found.high / step) == pytest.approx(0.025, abs=1e-6)


@pytest.mark.parametrize("apart", [0, 10, 1000])
def test_groups_far_apart_have_an_interval_too(apart):
    found = groups.hedges_g(A, A + apart + np.array([0.1, -0.1, 0.2, 0]))
    assert found.low < found.value < found.high


def test_the_difference_has_welchs_interval():
    found = groups.difference(A, B)
    interval = stats.ttest_ind(B, A, equal_var=False).confidence_interval()
    assert (found.value, found.low, found.high) == pytest.approx((3.7, interval.low, interval.high))


def test_cliffs_delta_is_that_of_mann_and_whitney_and_its_bounds_solve_the_score_equation():
    found = groups.cliffs_delta(A, B)
    assert found.value == pytest.approx(2 * stats.mannwhitneyu(B, A).statistic / 20 - 1)
    for bound in (found.low, found.high):
        theta, seen = (bound + 1) / 2, (found.value + 1) / 2
        variance = theta * (1 - theta) / 20 * (1 + 3.5 * (1 - theta) / (2 - theta) + 3.5 * theta / (1 + theta))
        assert (seen - theta) ** 2 == pytest.approx(1.959964**2 * variance, rel=1e-4)


def test_groups_that_do_not_overlap_reach_one_and_keep_a_lower_bound():
    found = groups.cliffs_delta(A, A + 10)
    assert (found.value, found.high) == (1, 1)
    assert 0 < found.low < 1
    assert groups.cliffs_delta(A + 10, A).low == -1


def test_the_rank_test_of_two_groups_is_mann_and_whitneys_exact_one(rng):
    for sizes in ((3, 3), (4, 6), (2, 9)):
        a, b = rng.normal(size=sizes[0]), rng.normal(0.8, 1, sizes[1])
        assert groups.rank_test([a, b], rng=rng) == pytest.approx(stats.mannwhitneyu(a, b, method="exact").pvalue)


def test_the_rank_test_of_three_groups_counts_every_arrangement(rng):
    values = np.array([0.1, 0.4, 0.4, 0.9, 1.3, 0.2])
    seen = stats.kruskal(values[:2], values[2:4], values[4:]).statistic
    orders = [o for o in itertools.permutations(range(6)) if o[0] < o[1] and o[2] < o[3] and o[4] < o[5]]
    larger = [stats.kruskal(*np.split(values[list(order)], 3)).statistic >= seen - 1e-9 for order in orders]
    assert groups.rank_test(np.split(values, 3), rng=rng) == pytest.approx(np.mean(larger))


def test_many_units_are_permuted_at_random_and_agree_with_the_asymptotic_test(rng):
    a, b = rng.normal(size=40), rng.normal(0.45, 1, 40)
    assert groups.rank_test([a, b], rng=rng) == pytest.approx(stats.kruskal(a, b).pvalue, abs=0.012)


def test_the_smallest_p_says_what_so_few_units_can_tell(rng):
    assert groups.smallest_p([3, 3], rng=rng) == pytest.approx(0.1)
    assert groups.smallest_p([4, 4], rng=rng) == pytest.approx(2 / 70)
    assert groups.rank_test([A], rng=rng) is None


def test_holms_correction():
    assert groups.holm([0.01, 0.04, None, 0.03]) == pytest.approx([0.03, 0.06, None, 0.06])
    assert groups.holm([0.6, 0.7]) == [1.0, 1.0]
    assert groups.holm([]) == []


def test_images_of_one_specimen_count_once(rng):
    means = groups.unit_means(np.array([1.0, 3.0, 10.0, np.nan]), ["a", "a", "b", "b"])
    assert means.tolist() == [2.0, 10.0]
    with pytest.raises(InputError, match="2 values cannot belong to 1 units"):
        groups.unit_means(np.zeros(2), ["a"])


def test_a_single_unit_has_a_value_and_no_interval(rng):
    one = groups.summary(np.array([5.0]), rng=rng)
    assert (one.count, one.mean.value, one.mean.low, one.median.low, one.sd) == (1, 5.0, None, None, None)
    assert groups.summary(np.array([np.nan]), rng=rng).mean.value is None
    assert groups.hedges_g(A, np.array([5.0])).value is None
    assert groups.cliffs_delta(A, np.array([5.0])).low is None
    assert groups.hedges_g(np.ones(3), np.ones(3)).value is None


def covered(count: int, repeats: int, rng: np.random.Generator) -> dict[str, float]:
    """Share of simulated pairs of groups whose intervals hold the truth; the second lies one spread higher."""
    truth = {"mean": 0.0, "median": 0.0, "difference": 1.0, "hedges_g": 1.0, "delta": 2 * stats.norm.cdf(math.sqrt(0.5)) - 1}
    hits = dict.fromkeys(truth, 0)
    for _ in range(repeats):
        a, b = rng.normal(0, 1, count), rng.normal(1, 1, count)
        told = groups.summary(a, rng=rng, draws=400)
        found = dict(zip(truth, (told.mean, told.median, groups.difference(a, b), groups.hedges_g(a, b),
                                 groups.cliffs_delta(a, b)), strict=True))  # fmt: skip
        for name, estimate in found.items():
            hits[name] += estimate.low <= truth[name] <= estimate.high
    return {name: hit / repeats for name, hit in hits.items()}


def test_intervals_of_few_images_hold_the_truth(rng):
    assert all(share > 0.87 for share in covered(5, 80, rng).values())


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, 8])
def test_intervals_hold_the_truth_at_the_stated_rate(count, rng):
    for name, share in covered(count, 400, rng).items():
        assert 0.9 < share < 0.985, (name, share)
