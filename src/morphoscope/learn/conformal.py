r"""
Sets of classes that hold the true one with a promised share, also for images of an article never seen.

Each calibration image i of class k has a nonconformity s, its evidence against k, from a fit that never saw its group. For
a new image the p-value of class k is

.. math:: p_k = \frac{1 + \sum_{g=1}^{G_k} \frac{1}{n_g} \#\{i \in g: s_i \ge s\}}{G_k + 1}

over the :math:`G_k` groups that hold class k, each counting once however many images it has [1]_. The set holds every class
with :math:`p_k > \alpha`, so of the images of class k in new groups at least :math:`1 - \alpha` keep their class, whichever
class is rare [2]_. The evidence comes from fits on parts of the groups and the new image's from a fit on all (cross-conformal):
the promise then holds nearly, and the coverage is therefore measured, each group against the others.

References
----------
.. [1] R. Dunn, L. Wasserman, A. Ramdas, J. Am. Stat. Assoc. 118, 2491 (2023), doi 10.1080/01621459.2022.2060112.
.. [2] V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World, Springer (2005), section 4.5.

Checked against: the coverage in simulated groups with their own offsets, in tests/learn/test_conformal.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Conformal:
    """Held-out logits of the calibration images, whether each is of the second class, and its weight, 1 over n_g."""

    logits: np.ndarray
    positive: np.ndarray
    weights: np.ndarray

    def p_values(self, logits: np.ndarray) -> np.ndarray:
        """One column for each of the two classes."""
        against = np.stack([logits, -logits], axis=1)
        columns = []
        for code in (0, 1):
            of = self.positive == bool(code)
            known, weight = (self.logits if code == 0 else -self.logits)[of], self.weights[of]
            order = np.argsort(known)
            above = np.append(np.cumsum(weight[order][::-1])[::-1], 0.0)
            columns.append((1 + above[np.searchsorted(known[order], against[:, code], side="left")]) / (weight.sum() + 1))
        return np.stack(columns, axis=1)

    def sets(self, logits: np.ndarray, classes: Sequence[str], *, alpha: float) -> list[tuple[str, ...]]:
        """The classes that cannot be ruled out for each logit: one, both, or none where it fits neither."""
        kept = self.p_values(logits) > alpha
        return [tuple(name for name, keep in zip(classes, row, strict=True) if keep) for row in kept]


def calibrated(logits: np.ndarray, positive: np.ndarray, groups: Sequence[str]) -> Conformal:
    """From held-out evidence."""
    cells = np.array([f"{int(sure)}{group}" for sure, group in zip(positive, groups, strict=True)])
    _, inverse, counts = np.unique(cells, return_inverse=True, return_counts=True)
    return Conformal(logits, positive, 1 / counts[inverse])


def held_out_p_values(logits: np.ndarray, positive: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """The p-values of each calibration image against the images of all other groups."""
    names = np.asarray(groups)
    found = np.zeros((logits.size, 2))
    for name in np.unique(names):
        own = names == name
        found[own] = calibrated(logits[~own], positive[~own], names[~own].tolist()).p_values(logits[own])
    return found
