"""Networks as classifiers: trained on the same cuts as the descriptors, and reported beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core import Report, Run
from ..learn.judge import Held
from ..learn.model_folder import write_model
from ..measure import class_scores, scores
from . import evaluation
from .class_material import Material
from .class_scoring import NAMES, Cut
from .evaluation import Descriptors
from .networks import EPOCHS, FIGURES, Networks, codes_of


class Trainings:
    """The networks of ``learner`` on the ``parts`` of ``material``; ``held`` is their evidence."""

    def __init__(self, run: Run, learner: Networks, material: Material, parts: list[Cut], classes: tuple[str, ...]) -> None:
        self.run, self.learner = run, learner
        self.material = evaluation.Material(
            material.dataset, tuple(material.dataset), material.names, material.rows, tuple(parts), classes
        )  # fmt: skip
        self.codes = codes_of(self.material)
        self.held: Held = learner.answer(run, self.material)

    def write(self, settings: dict[str, Any], card: str) -> None:
        """The folder of the networks trained on all images."""
        write_model(self.learner.model(self.run, self.material, self.held, settings, card), self.run.file("model"))

    def beside(self) -> list[dict[str, Any]]:
        """The scores of the descriptors on the same cuts, as a row of the table."""
        if self.learner.beside is None:
            return []
        each = [class_scores.summary(self.codes, class_scores.columns(one)) for one in self.learner.beside.logits]
        return [{"model": Descriptors().name, **{name: float(np.mean([one[name] for one in each])) for name in NAMES}}]

    def told(self) -> dict[str, Any]:
        """What a report holds besides: curves over epochs, and each way to choose an epoch."""
        rows = [row for seed in range(self.learner.seeds) for row in self._rules(seed)]
        return {
            "curves": self.learner.curves(self.codes), "tables": {"epoch_chosen": rows}, "figures": FIGURES,
            "files": {"epochs": EPOCHS}, "notes": self.learner.notes,
        }  # fmt: skip

    def _rules(self, seed: int) -> Iterator[dict[str, Any]]:
        for rule, rows, outputs, stood in self.learner.chosen(self.codes, seed):
            evidence = np.concatenate([class_scores.columns(scale.evidence(one)) for one, scale in outputs])
            found = class_scores.summary(self.codes[rows], evidence)
            low, high = scores.wilson(round(found["accuracy"] * rows.size), rows.size)
            yield {
                "epoch_rule": rule, "seed": seed, "images": rows.size, "accuracy": found["accuracy"], "accuracy_low": low,
                "accuracy_high": high, "balanced_accuracy": found["balanced_accuracy"],
                "macro_auroc": found["macro_auroc"], **stood,
            }  # fmt: skip


def joined(report: Report, told: dict[str, Any]) -> dict[str, Any]:
    """The fields of ``report`` with those of ``told`` added."""
    return {
        name: (*getattr(report, name), *more) if name == "notes" else {**getattr(report, name), **more}
        for name, more in told.items()
    }
