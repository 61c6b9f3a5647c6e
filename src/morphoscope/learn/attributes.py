"""
Several labels an image: one logistic regression for each attribute, against the rest.

Attributes do not exclude each other, so their probabilities do not sum to one.

Checked against: made images that show each, both or neither of two things, in tests/tasks/test_attributes.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from ..core import Model
from . import novelty
from .logistic import CUT

KIND = "descriptor attributes"


@dataclass(frozen=True, eq=False)
class Attributes:
    """Weights and bias of each attribute (rows) on standardised descriptors; ``limit`` is the novelty without answer."""

    names: tuple[str, ...]
    attributes: tuple[str, ...]
    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    familiar: novelty.Familiar
    limit: float

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        """One column for each attribute."""
        return np.asarray(special.expit(self._standardised(rows) @ self.weights.T + self.bias))

    def novelty(self, rows: np.ndarray) -> np.ndarray:
        """How unlike the training images each row is."""
        return self.familiar.novelty(self._standardised(rows))

    def _standardised(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(np.clip((rows - self.mean) / self.scale, -CUT, CUT))

    def to_model(self, settings: dict[str, Any], card: str) -> Model:
        """As numbers and JSON."""
        told = {"names": list(self.names), "classes": list(self.attributes), "limit": self.limit}
        told["residual"] = self.familiar.residual
        arrays = {"mean": self.mean, "scale": self.scale, "weights": self.weights, "bias": self.bias}
        arrays |= {"axes": self.familiar.axes, "variances": self.familiar.variances}
        return Model(KIND, {**settings, **told}, {name: np.asarray(a, np.float32) for name, a in arrays.items()}, card)

    @classmethod
    def from_model(cls, model: Model) -> Attributes:
        """The inverse of ``to_model``."""
        told, arrays = model.settings, {name: array.astype(float) for name, array in model.arrays.items()}
        known = novelty.Familiar(arrays["axes"], arrays["variances"], float(told["residual"]))
        mean, scale, weights, bias = (arrays[name] for name in ("mean", "scale", "weights", "bias"))
        return cls(tuple(told["names"]), tuple(told["classes"]), mean, scale, weights, bias, known, float(told["limit"]))
