r"""
How far off another judge would be that learnt in the same way from as many other groups.

Two judges that learn from separate halves of the groups are independent. Their evidence of an image differs by d; the
variance of a judge goes as one over its groups, so that two judges of all of them would differ by :math:`d / \sqrt 2`.
With the mean over many ways to halve the groups, the interval is

.. math:: x \pm t_{0.975} \sqrt{\langle d^2 \rangle / 2}

Each half counts twice, so that the penalty on the weights means the same.

Checked against: judges of many simulated data sets, in tests/learn/test_judge.py; on the real set by
experiments/miscibility/interval.py, where 0.916 were held instead of 0.95.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import special

PAIRS, SURE = 50, 0.95
"""Ways to halve the groups, and the share promised."""

Fit = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Weights and bias (last) from standardised rows, whether each is of the second class, and how often each counts."""


def half_width(z: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Half of the interval of each row of ``z``."""
    differences = z @ apart[:, :-1].T + apart[:, -1]
    return np.asarray(special.stdtrit(len(apart), (1 + SURE) / 2) * np.sqrt(np.square(differences).mean(axis=1)))


def halved(
    z: np.ndarray, positive: np.ndarray, groups: Sequence[str], *, fit: Fit, rng: np.random.Generator, pairs: int = PAIRS
) -> np.ndarray | None:
    """Differences of two judges of separate halves, over the root of two, a row each; None where a class has too few groups."""
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    found = list[np.ndarray]()
    for _ in range(20 * pairs):
        first = (rng.permutation(len(names)) < len(names) // 2)[member]
        if all(some.any() and not some.all() for some in (positive[first], positive[~first])):
            one, other = (fit(z[some], positive[some], np.full(int(some.sum()), 2.0)) for some in (first, ~first))
            found.append((one - other) / np.sqrt(2))
        if len(found) == pairs:
            return np.stack(found)
    return None
