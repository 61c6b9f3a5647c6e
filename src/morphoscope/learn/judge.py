"""
A judgement from descriptors: evidence, probability, grade, and whether to answer at all.

``Judge`` joins the logistic regression, the cuts between grades and the limit of novelty, and becomes a Model folder.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import Model
from . import logistic, novelty, spread
from .conformal import Conformal
from .forest import Forest

KIND = "descriptor judgement"
NETWORK_KIND = "network judgement"
"""The kind of ``network.NetworkJudge``, which has a Judge as its guard."""


def fingerprint(group: str) -> str:
    """What a model remembers of an article or specimen, to notice it again without naming it."""
    return hashlib.sha256(group.encode()).hexdigest()[:12]


@dataclass(frozen=True, eq=False)
class Judge:
    """
    ``cuts`` are logits between grades, low to high; ``limit`` is the novelty from which no judgement is given.

    ``redrawn`` are weights and bias (last) of fits to redrawn groups, ``permuted`` those of fits to permuted labels, a row each,
    ``apart`` the differences of ``spread``; ``conformal`` is the calibration of the sets. ``forest`` gives the share ``trees`` of
    the evidence, the logistic regression the rest. A judge of more than two classes has none of them.
    """

    logistic: logistic.Logistic
    familiar: novelty.Familiar
    limit: float
    grades: tuple[str, ...] = ()
    cuts: tuple[float, ...] = ()
    redrawn: np.ndarray | None = None
    permuted: np.ndarray | None = None
    apart: np.ndarray | None = None
    conformal: Conformal | None = None
    forest: Forest | None = None
    trees: float = 0.0

    def logits(self, rows: np.ndarray) -> np.ndarray:
        """The evidence of each row: a logit, or one column for each of more than two classes."""
        linear = self.logistic.logits(rows)
        return linear if self.forest is None else (1 - self.trees) * linear + self.trees * self.forest.logits(rows)

    def interval(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """
        Ends of the interval that holds the logits of 95 of 100 judges of other groups; None where that is not known.

        ``spread`` tells how it is made.
        """
        if self.apart is None:
            return None
        logits, half = self.logistic.logits(rows), spread.half_width(self.logistic.standardised(rows), self.apart)
        return logits - half, logits + half

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
            "trees": self.trees,
        }
        arrays = {
            "mean": fit.mean,
            "scale": fit.scale,
            "weights": fit.weights,
            "bias": fit.bias,
            "axes": known.axes,
            "variances": known.variances,
        }
        for name, weights in (("redrawn", self.redrawn), ("permuted", self.permuted), ("apart", self.apart)):
            if weights is not None:
                arrays[name] = weights
        if self.forest is not None:
            arrays |= self.forest.arrays()
        if self.conformal is not None:
            arrays["conformal"] = np.stack([self.conformal.logits, self.conformal.positive, self.conformal.weights])
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
        kept = arrays.get("conformal")
        return cls(
            fit,
            known,
            float(told["limit"]),
            tuple(told["grades"]),
            tuple(told["cuts"]),
            arrays.get("redrawn"),
            arrays.get("permuted"),
            arrays.get("apart"),
            None if kept is None else Conformal(kept[0], kept[1] > 0.5, kept[2]),
            Forest.of(arrays),
            float(told.get("trees", 0.0)),
        )


@dataclass(frozen=True, eq=False)
class Held:
    """What fits that never saw an image's group said of it: logits (repeats, n[, classes]), novelty (n,), base rates."""

    logits: np.ndarray
    novelty: np.ndarray
    base_rate: float
