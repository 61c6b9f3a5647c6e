r"""
Whether people agree: Fleiss' kappa and Krippendorff's alpha of nominal votes.

With :math:`n_{ik}` votes for class k on item i and :math:`n_i` votes in all, the observed agreement is the share of agreeing
pairs. Kappa compares it with what shares of votes alone would give, every item having the same number of votes [1]_:

.. math:: \kappa = \frac{\bar P - \sum_k p_k^2}{1 - \sum_k p_k^2}, \qquad
          \bar P = \frac1N \sum_i \frac{\sum_k n_{ik}^2 - n}{n (n - 1)}

Alpha does so for any number of votes, votes that are missing included [2]_:

.. math:: \alpha = 1 - \frac{D_o}{D_e}, \qquad D_o = \frac1m \sum_i \frac{n_i^2 - \sum_k n_{ik}^2}{n_i - 1}, \qquad
          D_e = \frac{m^2 - \sum_k m_k^2}{m (m - 1)}

with m votes on items that have at least two, :math:`m_k` of them for class k.

References
----------
.. [1] J. L. Fleiss, Psychol. Bull. 76, 378 (1971), doi 10.1037/h0031619.
.. [2] K. Krippendorff, Content Analysis, Sage (2004), chapter 11.

Checked against: the worked examples of both, in tests/measure/test_agreement.py.
"""

from __future__ import annotations

import math

import numpy as np


def fleiss_kappa(counts: np.ndarray) -> float:
    """
    Kappa from ``counts`` of votes (items, classes).

    Items with fewer votes than the most are left out; NaN where all votes are alike.
    """
    counts = np.asarray(counts, float)
    most = counts.sum(axis=1).max(initial=0)
    whole = counts[counts.sum(axis=1) == most]
    if most < 2:
        return math.nan
    shares = whole.sum(axis=0) / whole.sum()
    observed = float(((np.square(whole).sum(axis=1) - most) / (most * (most - 1))).mean())
    chance = float(np.square(shares).sum())
    return (observed - chance) / (1 - chance) if chance < 1 else math.nan


def krippendorff_alpha(counts: np.ndarray) -> float:
    """Alpha from ``counts`` of votes (items, classes); NaN where all votes are alike or no item has two."""
    counts = np.asarray(counts, float)
    paired = counts[counts.sum(axis=1) >= 2]
    each, total = paired.sum(axis=1), float(paired.sum())
    if total < 2:
        return math.nan
    apart = float(((each**2 - np.square(paired).sum(axis=1)) / (each - 1)).sum()) / total
    expected = (total**2 - float(np.square(paired.sum(axis=0)).sum())) / (total * (total - 1))
    return 1 - apart / expected if expected > 0 else math.nan
