"""Trees grown by LightGBM, and brought into the arrays of a ``Forest``."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import MissingDependency
from .forest import Forest

try:
    import lightgbm
except ImportError:
    INSTALLED = False
else:
    INSTALLED = True

TREES, LEAVES = 120, 7
SETTINGS = {
    "objective": "binary", "num_leaves": LEAVES, "learning_rate": 0.05, "min_data_in_leaf": 10, "feature_fraction": 0.15,
    "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 5.0, "seed": 0, "deterministic": True, "force_col_wise": True,
    "num_threads": 1, "verbose": -1,
}  # fmt: skip
"""As in the first study of these descriptors; one other choice had been tried before and gave the same, worse than none."""


def grow(rows: np.ndarray, positive: np.ndarray) -> Forest:
    """Trees that tell ``positive`` rows from the others."""
    if not INSTALLED:
        raise MissingDependency("lightgbm", "ml", "grow trees")
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
