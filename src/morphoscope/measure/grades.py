r"""
Whether evidence follows grades that it was not taught: rank correlation, and order within an article.

Spearman's rho ranks both with ties at their mean rank [1]_. Concordance is the share of pairs of one group, of different
grades, that stand in the right order, ties counting half:

.. math:: C = \frac{\#\{x_i < x_j\} + \tfrac12 \#\{x_i = x_j\}}{\#\{(i, j): g_i = g_j,\ r_i < r_j\}}

Within an article preparation, microscope and magnification are much the same, so that little but the blend differs.

References
----------
.. [1] C. Spearman, Am. J. Psychol. 15, 72 (1904), doi 10.2307/1412159.

Checked against: scipy's rank correlation and pairs counted by hand, in tests/measure/test_grades.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats


def spearman(rank: np.ndarray, evidence: np.ndarray) -> float:
    """Rank correlation; NaN where either has one value only."""
    a, b = stats.rankdata(rank), stats.rankdata(evidence)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return math.nan
    return float(np.corrcoef(a, b)[0, 1])


def concordance(rank: np.ndarray, evidence: np.ndarray, groups: Sequence[str]) -> tuple[float, int]:
    """Share of pairs of one group in the right order, and the number of such pairs; NaN where there is none."""
    names, right, pairs = np.asarray(groups), 0.0, 0
    for name in np.unique(names):
        own = names == name
        lower = rank[own][:, None] < rank[own][None, :]
        apart = evidence[own][None, :] - evidence[own][:, None]
        pairs += int(lower.sum())
        right += float((apart[lower] > 0).sum() + 0.5 * (apart[lower] == 0).sum())
    return (right / pairs if pairs else math.nan), pairs
