r"""
A random forest of several numbers at once, as arrays: scikit-learn grows it, numpy alone evaluates it.

.. math:: f(x) = \frac{1}{T} \sum_t v_{t, \ell_t(x)}, \qquad x_j \le \theta \text{ goes left}

the mean over trees of the values in the leaf that a row falls into [1]_. Numbers and targets are scaled to [0, 1] over the
rows of training, as in the nanoNET paper.

References
----------
.. [1] L. Breiman, Machine Learning 45, 5 (2001).

Checked against: scikit-learn's own answers, in tests/learn/test_rdf_network.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class LatentForest:
    """
    All trees' nodes in one row: what is asked, the threshold, the two children and the values (node, number) of each.

    ``feature`` is negative in leaves; ``roots`` are the nodes the trees begin at. Numbers lie from ``low`` over ``span``,
    targets from ``floor`` over ``height``.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    roots: np.ndarray
    low: np.ndarray
    span: np.ndarray
    floor: np.ndarray
    height: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """The targets of each row of ``x``."""
        rows = ((x - self.low) / self.span).astype(np.float32)  # as scikit-learn compares
        total = np.zeros((len(x), self.value.shape[1]))
        every = np.arange(len(rows))
        for root in self.roots:
            at = np.full(len(rows), root)
            while (inner := self.feature[at] >= 0).any():
                node = at[inner]
                low = rows[every[inner], self.feature[node]] <= self.threshold[node]
                at[inner] = np.where(low, self.left[node], self.right[node])
            total += self.value[at]
        return np.asarray(total / len(self.roots) * self.height + self.floor)

    @classmethod
    def grown(cls, forest: Any, low: np.ndarray, span: np.ndarray, floor: np.ndarray, height: np.ndarray) -> LatentForest:
        """From a fitted forest of scikit-learn."""
        trees = [one.tree_ for one in forest.estimators_]
        roots = np.cumsum([0, *(tree.node_count for tree in trees)])[:-1]

        def joined(name: str, shifted: bool = False) -> np.ndarray:
            parts = [getattr(tree, name) for tree in trees]
            if shifted:
                parts = [np.where(part < 0, -1, part + root) for part, root in zip(parts, roots, strict=True)]
            return np.concatenate(parts)

        value = joined("value")[:, :, 0]
        return cls(
            joined("feature"), joined("threshold"), joined("children_left", True), joined("children_right", True), value,
            roots, low, span, floor, height,
        )  # fmt: skip

    def arrays(self) -> dict[str, np.ndarray]:
        """By name, as they are stored."""
        return {f"forest_{field.name}": np.asarray(getattr(self, field.name), np.float64) for field in fields(self)}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> LatentForest:
        """The inverse of ``arrays``."""
        known = {field.name: np.asarray(arrays[f"forest_{field.name}"]) for field in fields(cls)}
        whole = {name: known[name].astype(int) for name in ("feature", "left", "right", "roots")}
        return cls(**{**known, **whole})
