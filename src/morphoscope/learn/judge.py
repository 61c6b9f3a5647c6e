"""
A judgement from descriptors: evidence, probability, grade, and whether to answer at all.

``Judge`` joins the logistic regression, the cuts between grades and the limit of novelty, and becomes a Model folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import Model
from . import logistic, novelty

KIND = "descriptor judgement"
NETWORK_KIND = "network judgement"
"""The kind of ``network.NetworkJudge``, which has a Judge as its guard."""


@dataclass(frozen=True, eq=False)
class Judge:
    """``cuts`` are logits between grades, low to high; ``limit`` is the novelty from which no judgement is given."""

    logistic: logistic.Logistic
    familiar: novelty.Familiar
    limit: float
    grades: tuple[str, ...] = ()
    cuts: tuple[float, ...] = ()

    def novelty(self, rows: np.ndarray) -> np.ndarray:
        """How unlike the training images each row is, 1 or so for a usual one."""
        return self.familiar.novelty(self.logistic.standardised(rows))

    def grade(self, logits: np.ndarray) -> list[str]:
        """The grade of each logit, or the likelier class where no grades were learnt."""
        if not self.grades:
            return [self.logistic.classes[int(logit > 0)] for logit in logits]
        return [self.grades[int(np.searchsorted(self.cuts, logit))] for logit in logits]

    def to_model(self, settings: dict[str, Any], card: str) -> Model:
        """As numbers and JSON."""
        fit, known = self.logistic, self.familiar
        described = {
            "names": list(fit.names),
            "classes": list(fit.classes),
            "limit": self.limit,
            "grades": list(self.grades),
            "cuts": list(self.cuts),
            "residual": known.residual,
        }
        arrays = {
            "mean": fit.mean,
            "scale": fit.scale,
            "weights": fit.weights,
            "bias": fit.bias,
            "axes": known.axes,
            "variances": known.variances,
        }
        return Model(KIND, {**settings, **described}, {name: np.asarray(a, np.float32) for name, a in arrays.items()}, card)

    @classmethod
    def from_model(cls, model: Model) -> Judge:
        """The inverse of ``to_model``."""
        told = model.settings
        arrays = {name: array.astype(float) for name, array in model.arrays.items()}
        fit = logistic.Logistic(
            tuple(told["names"]),
            tuple(told["classes"]),
            arrays["mean"],
            arrays["scale"],
            arrays["weights"],
            arrays["bias"],
        )
        known = novelty.Familiar(arrays["axes"], arrays["variances"], float(told["residual"]))
        return cls(fit, known, float(told["limit"]), tuple(told["grades"]), tuple(told["cuts"]))


@dataclass(frozen=True, eq=False)
class Held:
    """What fits that never saw an image's group said of it: logits (repeats, n[, classes]), novelty (n,), base rates."""

    logits: np.ndarray
    novelty: np.ndarray
    base_rate: float
