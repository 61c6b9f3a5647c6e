r"""
Boosted trees as arrays: LightGBM grows them, numpy alone evaluates them.

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
from typing import Any

import numpy as np

from ..errors import MissingDependency

TREES, LEAVES = 120, 7
SETTINGS = {
    "objective": "binary", "num_leaves": LEAVES, "learning_rate": 0.05, "min_data_in_leaf": 10, "feature_fraction": 0.15,
    "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 5.0, "seed": 0, "deterministic": True, "force_col_wise": True,
    "num_threads": 1, "verbose": -1,
}  # fmt: skip
"""As they were first tried on these descriptors; nothing was tuned."""


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


def grow(rows: np.ndarray, positive: np.ndarray) -> Forest:
    """Trees that tell ``positive`` rows from the others."""
    try:
        import lightgbm
    except ImportError:
        raise MissingDependency("lightgbm", "ml", "grow trees") from None
    booster = lightgbm.train(SETTINGS, lightgbm.Dataset(rows, np.asarray(positive, int)), TREES)
    return _as_arrays([tree["tree_structure"] for tree in booster.dump_model()["tree_info"]])


def _as_arrays(trees: list[dict[str, Any]]) -> Forest:
    shape = (len(trees), LEAVES - 1)
    feature, left, right = (np.zeros(shape, int) for _ in range(3))
    threshold, value = np.full(shape, np.inf), np.zeros((len(trees), LEAVES))
    left -= 1  # a tree of one leaf goes there at once
    for t, tree in enumerate(trees):
        _fill(tree, feature[t], threshold[t], left[t], right[t], value[t])
    return Forest(feature, threshold, left, right, value)


def _fill(
    node: dict[str, Any], feature: np.ndarray, threshold: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray
) -> int:
    """Write ``node`` and what is below it; its number as a child."""
    if "split_index" not in node:
        leaf = int(node.get("leaf_index", 0))
        value[leaf] = node["leaf_value"]
        return -leaf - 1
    at = int(node["split_index"])
    feature[at], threshold[at] = node["split_feature"], node["threshold"]
    left[at] = _fill(node["left_child"], feature, threshold, left, right, value)
    right[at] = _fill(node["right_child"], feature, threshold, left, right, value)
    return at
