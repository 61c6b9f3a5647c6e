r"""
Boosted trees as arrays: LightGBM grows them (``growing``), numpy alone evaluates them.

The evidence is a sum over trees of the leaf that a row falls into,

.. math:: f(x) = \sum_t v_{t, \ell_t(x)}, \qquad x_j \le \theta \text{ goes left}

each tree correcting those before it [1]_. A stored forest is numbers only: no code, no pickle.

References
----------
.. [1] G. Ke et al., NeurIPS 30 (2017), LightGBM.

Checked against: LightGBM's own answers, in tests/learn/test_forest.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Forest:
    """
    One row a tree: for each inner node its descriptor, threshold and two children, and the value of each leaf.

    A child of at least 0 is another node, a negative one is leaf ``-child - 1``.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray

    def logits(self, rows: np.ndarray) -> np.ndarray:
        """The sum over the trees, shape (n,)."""
        total = np.zeros(len(rows))
        every = np.arange(len(rows))
        for feature, threshold, left, right, value in zip(
            self.feature, self.threshold, self.left, self.right, self.value, strict=True
        ):
            at = np.zeros(len(rows), int)
            while (inner := at >= 0).any():
                node = at[inner]
                low = rows[every[inner], feature[node]] <= threshold[node]
                at[inner] = np.where(low, left[node], right[node])
            total += value[-at - 1]
        return total

    def arrays(self) -> dict[str, np.ndarray]:
        """By name, as they are stored."""
        names = ("feature", "threshold", "left", "right", "value")
        return {f"forest_{name}": getattr(self, name) for name in names}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Forest | None:
        """The inverse of ``arrays``; None where there is no forest."""
        if "forest_feature" not in arrays:
            return None
        whole = {name: np.asarray(arrays[f"forest_{name}"], int) for name in ("feature", "left", "right")}
        return cls(**whole, threshold=arrays["forest_threshold"], value=arrays["forest_value"])
