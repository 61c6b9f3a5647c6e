r"""
Groups of images compared in one quantity: means and medians, differences, effect sizes, a test.

The unit is the image, or the specimen where several images show one: ``unit_means`` averages these first. With
:math:`n_i` units of mean :math:`m_i` and standard deviation :math:`s_i` in group i, for two groups:

.. math:: d = \frac{m_2 - m_1}{s_p}, \quad s_p^2 = \frac{(n_1-1)s_1^2 + (n_2-1)s_2^2}{\nu}, \quad \nu = n_1+n_2-2, \quad
          g = d\, \frac{\Gamma(\nu/2)}{\sqrt{\nu/2}\,\Gamma((\nu-1)/2)}

.. math:: \delta = P(x_2 > x_1) - P(x_2 < x_1)

g is Hedges' standardised difference [1]_; its interval is that of the non-central t, exact for normal values of equal
spread. Cliff's :math:`\delta` [2]_ asks for neither; its interval is Newcombe's score interval [3]_. The difference of means
has Welch's interval. All groups at once are tested by Kruskal and Wallis's H, by exact permutation where there are few
arrangements and by random ones otherwise, so that for two groups it is the test of Mann and Whitney; p is
corrected over the quantities by Holm's method [4]_. Intervals are 95 %; those of means and medians come from the
bootstrap over units, widened as in ``bootstrap.py``. Values keep the unit they come in.

References
----------
.. [1] L. V. Hedges, J. Educ. Stat. 6, 107 (1981), doi 10.3102/10769986006002107.
.. [2] N. Cliff, Psychol. Bull. 114, 494 (1993), doi 10.1037/0033-2909.114.3.494.
.. [3] R. G. Newcombe, Stat. Med. 25, 559 (2006), doi 10.1002/sim.2324, method 5.
.. [4] S. Holm, Scand. J. Stat. 6, 65 (1979).

Checked against: closed forms, scipy's tests, and how often the intervals hold the truth, in tests/measure/test_groups.py.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from ..errors import InputError
from .bootstrap import interval, redraw
from .size_distribution import Estimate

DRAWS = 2000
MOST_ARRANGEMENTS = 20_000
Z = 1.959963984540054
CLOSE = 1e-9
"""Statistics closer than this count as equal."""


@dataclass(frozen=True)
class Summary:
    """One group: ``count`` units, their mean and median with intervals, and their standard deviation."""

    count: int
    mean: Estimate
    median: Estimate
    sd: float | None


def unit_means(values: np.ndarray, units: Sequence[str]) -> np.ndarray:
    """Mean of the finite ``values`` of each unit, in the order in which units first appear."""
    if len(values) != len(units):
        raise InputError(f"{len(values)} values cannot belong to {len(units)} units")
    kept: dict[str, list[float]] = {}
    for value, unit in zip(np.asarray(values, float), units, strict=True):
        if math.isfinite(value):
            kept.setdefault(unit, []).append(float(value))
    return np.array([np.mean(found) for found in kept.values()])


def summary(values: np.ndarray, *, rng: np.random.Generator, draws: int = DRAWS) -> Summary:
    """Mean and median of one group; a single value has no interval."""
    x = _finite(values)
    if len(x) == 0:
        return Summary(0, Estimate(None), Estimate(None), None)
    mean, median = float(x.mean()), float(np.median(x))
    if len(x) == 1:
        return Summary(1, Estimate(mean), Estimate(median), None)
    counts = redraw(len(x), rng=rng, draws=draws).astype(int)
    again = np.sort(x)[np.stack([np.repeat(np.arange(len(x)), row) for row in counts])]
    bounds = [
        interval(sample, value, count=len(x))
        for sample, value in ((again.mean(axis=1), mean), (np.median(again, axis=1), median))
    ]
    made = [Estimate(v, float(low), float(high)) for v, (low, high) in zip((mean, median), bounds, strict=True)]
    return Summary(len(x), made[0], made[1], float(x.std(ddof=1)))


def difference(first: np.ndarray, second: np.ndarray) -> Estimate:
    """Mean of ``second`` less mean of ``first``, with Welch's interval where both have two values or more."""
    a, b = _finite(first), _finite(second)
    if len(a) == 0 or len(b) == 0:
        return Estimate(None)
    value = float(b.mean() - a.mean())
    if min(len(a), len(b)) < 2 or a.std() + b.std() == 0:
        return Estimate(value)
    low, high = stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    return Estimate(value, float(low), float(high))


def hedges_g(first: np.ndarray, second: np.ndarray) -> Estimate:
    """Hedges' g, positive where ``second`` is larger; None where a group has one value or nothing varies."""
    a, b = _finite(first), _finite(second)
    if min(len(a), len(b)) < 2:
        return Estimate(None)
    freedom = len(a) + len(b) - 2
    spread = math.sqrt((float(((a - a.mean()) ** 2).sum()) + float(((b - b.mean()) ** 2).sum())) / freedom)
    if spread <= CLOSE * max(abs(a).max(), abs(b).max()):
        return Estimate(None)
    d = float(b.mean() - a.mean()) / spread
    unbiased = math.exp(special.gammaln(freedom / 2) - special.gammaln((freedom - 1) / 2)) / math.sqrt(freedom / 2)
    step = math.sqrt(1 / len(a) + 1 / len(b))
    low, high = (_noncentral(d / step, freedom, share) for share in (0.975, 0.025))
    g = d * unbiased if freedom > 1 else 0.0
    if low is None or high is None:
        return Estimate(g)
    return Estimate(g, low * step, high * step)


def _noncentral(t: float, freedom: int, share: float) -> float | None:
    """The non-centrality for which ``share`` of the t distribution lies below ``t``."""

    def excess(centre: float) -> float:
        return float(stats.nct.cdf(t, freedom, centre)) - share

    way = -1 if excess(t) < 0 else 1  # the share falls as the centre moves up
    inner = t
    step = 1 + abs(t) / math.sqrt(2 * freedom)
    for _ in range(40):
        outer = inner + way * step
        found = excess(outer)
        if not math.isfinite(found):
            return None
        if found * way <= 0:
            return float(optimize.brentq(excess, min(inner, outer), max(inner, outer)))
        inner = outer
    return None


def cliffs_delta(first: np.ndarray, second: np.ndarray) -> Estimate:
    """Cliff's delta, from -1 (every value of ``second`` is smaller) to 1 (every one is larger)."""
    a, b = _finite(first), _finite(second)
    if len(a) == 0 or len(b) == 0:
        return Estimate(None)
    delta = float(np.sign(b[:, None] - a[None, :]).mean())
    if min(len(a), len(b)) < 2:
        return Estimate(delta)
    low, high = _score_interval((delta + 1) / 2, len(a), len(b))
    return Estimate(delta, 2 * low - 1, 2 * high - 1)


def _score_interval(theta: float, m: int, n: int) -> tuple[float, float]:
    """Newcombe's interval of P(larger) about ``theta``, by the variance of Hanley and McNeil at the bound itself."""
    half = (m + n) / 2 - 1

    def excess(t: float) -> float:
        variance = t * (1 - t) / (m * n) * (1 + half * (1 - t) / (2 - t) + half * t / (1 + t))
        return (theta - t) ** 2 - Z**2 * variance

    inside = min(max(theta, CLOSE), 1 - CLOSE)  # at 0 and 1 the variance vanishes, which is no bound
    low = 0.0 if theta <= 0 else float(optimize.brentq(excess, 0.0, inside))
    high = 1.0 if theta >= 1 else float(optimize.brentq(excess, inside, 1.0))
    return low, high


def rank_test(groups: Sequence[np.ndarray], *, rng: np.random.Generator) -> float | None:
    """p of Kruskal and Wallis's H over permutations; None with fewer than two groups that hold values."""
    held = [x for x in map(_finite, groups) if len(x)]
    if len(held) < 2:
        return None
    sizes = [len(x) for x in held]
    ranks = stats.rankdata(np.concatenate(held))
    seen = _spread(_sums(ranks, sizes)[None], sizes)[0]
    if arrangements(sizes) <= MOST_ARRANGEMENTS:
        sums = np.array(list(_arranged(ranks, tuple(range(len(ranks))), sizes)))
        return float(np.mean(_spread(sums, sizes) >= seen - CLOSE))
    mixed = rng.permuted(np.tile(ranks, (MOST_ARRANGEMENTS, 1)), axis=1)
    sums = np.add.reduceat(mixed, np.concatenate([[0], np.cumsum(sizes)[:-1]]), axis=1)
    return float((1 + np.sum(_spread(sums, sizes) >= seen - CLOSE)) / (1 + MOST_ARRANGEMENTS))


def smallest_p(sizes: Sequence[int], *, rng: np.random.Generator) -> float | None:
    """The p of groups of these ``sizes`` that do not overlap at all: no difference can give a smaller one."""
    ends = np.cumsum(sizes)
    return rank_test([np.arange(end - size, end, dtype=float) for size, end in zip(sizes, ends, strict=True)], rng=rng)


def arrangements(sizes: Sequence[int]) -> int:
    """In how many ways units can be dealt to groups of these ``sizes``."""
    return math.factorial(sum(sizes)) // math.prod(math.factorial(size) for size in sizes)


def _arranged(ranks: np.ndarray, left: tuple[int, ...], sizes: Sequence[int]) -> Iterator[list[float]]:
    """The sums of ranks of every way to deal the units ``left``."""
    if len(sizes) == 1:
        yield [float(ranks[list(left)].sum())]
        return
    for chosen in itertools.combinations(left, sizes[0]):
        rest = tuple(sorted(set(left) - set(chosen)))
        head = float(ranks[list(chosen)].sum())
        for tail in _arranged(ranks, rest, sizes[1:]):
            yield [head, *tail]


def _sums(ranks: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    return np.asarray([part.sum() for part in np.split(ranks, np.cumsum(sizes)[:-1])])


def _spread(sums: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """The part of H that depends on the arrangement."""
    return np.asarray((sums**2 / np.array(sizes)).sum(axis=1))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """``p_values`` corrected for their number; None stays None and is not counted."""
    known = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    least = 0.0
    for place, (p, index) in enumerate(known):
        least = max(least, min(1.0, (len(known) - place) * p))
        corrected[index] = least
    return corrected


def _finite(values: np.ndarray) -> np.ndarray:
    x = np.asarray(values, float)
    return np.asarray(x[np.isfinite(x)])
