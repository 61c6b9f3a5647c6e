"""
Networks as learners: one training for each cut and seed, followed epoch by epoch, resumed after a kill.

What counts as held-out evidence comes from the epoch with the lowest loss on a validation part, which is cut by
groups from the training part; the test part chooses nothing. Beside it stand the last epoch and the best epoch on the test
part, which is what the paper reports.
"""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import learn
from ..core import Curve, Figure, Model, Report, Run
from ..errors import InputError
from ..learn.epochs import Followed, Parts, Pictures, Scale, scale
from ..learn.judge import Held
from ..learn.recipe import Recipe
from ..measure import scores
from .evaluation import NAMES, Descriptors, Material, guard
from .network_pictures import pictures

CHECKPOINT_EVERY_S = 20.0
RULES = ("best on test", "last", "chosen on validation")
EPOCHS = "epochs.csv"
FIGURES = {"epochs": Figure("line", ("training", "test"), "Share of right answers against epoch, mean of all trainings")}


@dataclass(frozen=True, eq=False)
class Trained:
    """One training: on which cut, with which seed, what happened, and the weights of the chosen epoch."""

    cut: int
    seed: int
    parts: Parts
    followed: Followed
    scale: Scale
    state: dict[str, np.ndarray]


class Networks:
    """A network of one kind, trained with ``seeds`` seeds on each cut; evidence is the mean over the seeds."""

    def __init__(self, recipe: Recipe, *, seeds: int, validation: float, once: bool) -> None:
        self.recipe, self.seeds, self.validation, self.once = recipe, seeds, validation, once
        self.name = f"{recipe.model}, {_origin(recipe)}"
        self.trained: list[Trained] = []
        self.final: list[Trained] = []
        self.beside: Held | None = None

    def answer(self, run: Run, material: Material) -> Held:
        """Evidence of each image from networks that never saw its group; familiarity comes from the descriptors."""
        self.beside = Descriptors().answer(run, material)
        grey = pictures([s.files["image"] for s in material.samples], size_px=self.recipe.size_px, progress=run.progress)
        course = _Course(run, self, material, grey)
        shape = (1 + max(repeat for repeat, _, _ in material.cuts), len(material.samples))
        several = () if len(material.classes) == 2 else (len(material.classes),)
        logits, seen = np.full(shape + several, np.nan), np.zeros(shape + (1,) * len(several))
        for number, (repeat, train, test) in enumerate(material.cuts):
            for seed in range(self.seeds):
                one = course.train(number, seed, self._parts(run, material, train, test, seed))
                outputs = one.followed.test[one.followed.chosen(course.codes[one.parts.validation])]
                before = np.where(seen[repeat, test] == 0, 0.0, logits[repeat, test])
                logits[repeat, test] = before + one.scale.evidence(outputs) / self.seeds
                seen[repeat, test] += 1
                self.trained.append(one)
        self.final = self.trained if self.once else [
            course.train(len(material.cuts), seed, self._parts(run, material, np.arange(len(grey.grey)), np.zeros(0, int), seed))
            for seed in range(self.seeds)
        ]  # fmt: skip
        return Held(logits, self.beside.novelty, self.beside.base_rate)

    def _parts(self, run: Run, material: Material, train: np.ndarray, test: np.ndarray, seed: int) -> Parts:
        """``train`` without a validation part of whole groups."""
        if not self.validation:
            return Parts(train, np.zeros(0, int), test)
        rows = {material.samples[k].key: int(k) for k in train}
        whole = replace(material.dataset, samples=tuple(material.samples[k] for k in train))
        wrong = InputError(
            f"a training part of {len(train)} images in {len(whole.groups)} groups cannot give {self.validation:.0%} for "
            "validation and keep every class without dividing a group; choose another share, or validation 0"
        )
        try:
            rest, held = whole.split(self.validation, seed=run.seed + seed)
        except InputError:
            raise wrong from None
        if len({sample.label for sample in rest}) < len(material.classes):
            raise wrong
        return Parts(np.array([rows[s.key] for s in rest]), np.array([rows[s.key] for s in held]), test)

    def model(self, run: Run, material: Material, held: Held, settings: dict[str, Any], card: str) -> Model:
        """The networks of all seeds, and a guard on descriptors."""
        judge = learn.network.NetworkJudge(
            replace(guard(run, material, held), redrawn=None, permuted=None, apart=None), self.recipe.model, self.recipe.size_px,
            tuple(one.state for one in self.final), tuple(one.scale for one in self.final),
        )  # fmt: skip
        return judge.to_model(settings, card)  # type: ignore[no-any-return]

    def tell(self, report: Report, material: Material) -> Report:
        """Curves over epochs, and each way to choose an epoch beside the others."""
        codes = codes_of(material)
        rows = [row for seed in range(self.seeds) for row in self._rules(codes, material, seed)]
        beside = {"model": Descriptors().name, **_mean_scores(material.truth, self.beside)} if self.beside else {}
        models = [report.tables["models"][0], beside, *report.tables["models"][1:]]
        return replace(
            report,
            curves={**report.curves, **self.curves(codes)},
            tables={**report.tables, "models": models, "epoch_chosen": rows},
            figures={**report.figures, **FIGURES},
            files={**report.files, "epochs": EPOCHS},
            notes=(*report.notes, *self.notes),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What was trained, and how its table of epochs is to be read."""
        return (
            f"{self.name}: {len(self.trained)} trainings of up to {self.recipe.epochs} epochs; "
            f"the epoch is chosen on {self.validation:.0%} of the training part, cut by groups",
            "best on test chooses the epoch by the test part itself, as published tables do; it is no held-out figure",
        )

    def chosen(
        self, codes: np.ndarray, seed: int
    ) -> Iterator[tuple[str, np.ndarray, list[tuple[np.ndarray, Scale]], dict[str, float]]]:
        """For each rule that chooses an epoch: the test rows of all cuts, their outputs then, and how training stood."""
        mine = [one for one in self.trained if one.seed == seed]
        rows = np.concatenate([one.parts.test for one in mine])
        for rule in RULES:
            at = [_epoch(rule, one, codes) for one in mine]
            outputs = [(one.followed.test[k], one.scale) for one, k in zip(mine, at, strict=True)]
            hits = float(np.mean([one.followed.hits[k] for one, k in zip(mine, at, strict=True)]))
            yield rule, rows, outputs, {"train_accuracy": hits, "epoch": float(np.mean(at)) + 1}

    def _rules(self, codes: np.ndarray, material: Material, seed: int) -> Iterator[dict[str, Any]]:
        """Counts over all cuts for each rule that chooses an epoch, at the larger of the two outputs."""
        for rule, rows, outputs, stood in self.chosen(codes, seed):
            truth, raw = material.truth[rows], np.concatenate([one for one, _ in outputs])
            fair = np.concatenate([scale.evidence(one) for one, scale in outputs])
            count = scores.counts(truth, raw[:, 1] > raw[:, 0])
            low, high = scores.wilson(count.tp + count.tn, truth.size)
            yield {
                "epoch_rule": rule, "seed": seed, "tp": count.tp, "fp": count.fp, "fn": count.fn, "tn": count.tn,
                "accuracy": count.accuracy, "accuracy_low": low, "accuracy_high": high, "precision": count.precision,
                "recall": count.recall, "specificity": count.specificity, "f1": count.f1,
                "auroc": scores.auroc(truth, fair), **stood,
            }  # fmt: skip

    def curves(self, codes: np.ndarray) -> dict[str, Curve]:
        """Share of right answers against epoch, mean of all trainings."""
        longest = max(len(one.followed) for one in self.trained)
        train, test = np.full((2, len(self.trained), longest), np.nan)
        for k, one in enumerate(self.trained):
            train[k, : len(one.followed)] = one.followed.hits
            test[k, : len(one.followed)] = (one.followed.test.argmax(axis=2) == codes[one.parts.test]).mean(axis=1)
        epoch = np.arange(1.0, longest + 1)
        return {
            name: Curve(epoch, np.nanmean(values, axis=0), "epoch", "share of right answers")
            for name, values in (("training", train), ("test", test))
        }


class _Course:
    """The trainings of one run in their order, with checkpoints and a table of epochs that grows."""

    def __init__(self, run: Run, learner: Networks, material: Material, grey: Pictures) -> None:
        self.run, self.learner, self.grey = run, learner, grey
        self.codes, self.classes = codes_of(material), len(material.classes)
        self.cuts = [repeat for repeat, _, _ in material.cuts]
        self.total = learner.seeds * (len(self.cuts) + (0 if learner.once else 1))
        arrays, state = run.restore() or ({}, {})
        self.finished = {name: array for name, array in arrays.items() if not name.startswith("now/")}
        self.now = {name.removeprefix("now/"): array for name, array in arrays.items() if name.startswith("now/")}
        self.current, self.done, self.saved = state.get("now", ""), 0, time.monotonic()
        self.table: list[dict[str, Any]] = []

    def train(self, number: int, seed: int, parts: Parts) -> Trained:
        """From the checkpoint where it is finished there, otherwise computed, going on where it stopped."""
        name, recipe = f"{number}.{seed}", self.learner.recipe
        kept = {key.removeprefix(f"{name}/"): array for key, array in self.finished.items() if key.startswith(f"{name}/")}
        if kept:
            followed = Followed.of(kept)
            state = {key.removeprefix("state."): array for key, array in kept.items() if key.startswith("state.")}
        else:
            state, followed = learn.fitting.fit(
                self.grey, self.codes, parts, recipe, classes=self.classes, seed=self.run.seed + seed, device=self.run.device,
                saved=self.now if self.current == name else None, save=self._saver(name, number, seed, parts),
                tell=self._teller(),
            )  # fmt: skip
            if number < len(self.cuts) and not self.learner.once:
                state = {}  # only the networks of the model's folder are kept
            self.finished |= {f"{name}/{key}": array for key, array in followed.arrays().items()}
            self.finished |= {f"{name}/state.{key}": array for key, array in state.items()}
            self.run.checkpoint(self.finished, {"now": ""})
            self.saved = time.monotonic()
        self.table += self._rows(number, seed, parts, followed)
        self._write(self.table)
        self.done += 1
        shown = learn.fitting.repeats(self.codes[parts.train], paper=recipe.augment == "paper")
        scaled = scale(
            followed, self.codes[parts.validation], self.codes[parts.train], shown, classes=self.classes,
        )  # fmt: skip
        return Trained(number, seed, parts, followed, scaled, state)

    def _saver(self, name: str, number: int, seed: int, parts: Parts) -> Callable[[Callable[[], dict[str, np.ndarray]]], None]:
        def save(make: Callable[[], dict[str, np.ndarray]]) -> None:
            if time.monotonic() - self.saved < CHECKPOINT_EVERY_S:
                return
            arrays = make()
            self._write([*self.table, *self._rows(number, seed, parts, Followed.of(arrays))])
            self.run.checkpoint(self.finished | {f"now/{key}": array for key, array in arrays.items()}, {"now": name})
            self.saved = time.monotonic()

        return save

    def _teller(self) -> Callable[[int, str], None]:
        epochs = self.learner.recipe.epochs

        def tell(epoch: int, note: str) -> None:
            what = f"training {self.done + 1} of {self.total}, epoch {epoch} of {epochs}: {note}"
            self.run.progress(self.done * epochs + epoch, self.total * epochs, what)

        return tell

    def _rows(self, number: int, seed: int, parts: Parts, followed: Followed) -> list[dict[str, Any]]:
        held, test = self.codes[parts.validation], self.codes[parts.test]
        losses = followed.validation_loss(held) if held.size else np.full(len(followed), math.nan)
        return [
            {
                "cut": number if number < len(self.cuts) else "all", "seed": seed, "epoch": k + 1,
                "train_loss": f"{followed.loss[k]:.5g}", "train_accuracy": f"{followed.hits[k]:.5g}",
                "validation_loss": f"{losses[k]:.5g}",
                "validation_accuracy": f"{_share(followed.validation[k], held):.5g}",
                "test_accuracy": f"{_share(followed.test[k], test):.5g}",
            }
            for k in range(len(followed))
        ]  # fmt: skip

    def _write(self, rows: list[dict[str, Any]]) -> None:
        with open(self.run.file(EPOCHS), "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def codes_of(material: Material) -> np.ndarray:
    """The class of each image as its place among the classes."""
    return np.array([material.classes.index(label) for label in material.labels])


def _epoch(rule: str, one: Trained, codes: np.ndarray) -> int:
    if rule == RULES[0]:
        return one.followed.best_on_test(codes[one.parts.test])
    return len(one.followed) - 1 if rule == RULES[1] else one.followed.chosen(codes[one.parts.validation])


def _share(outputs: np.ndarray, codes: np.ndarray) -> float:
    return float((outputs.argmax(axis=1) == codes).mean()) if codes.size else math.nan


def _mean_scores(truth: np.ndarray, held: Held) -> dict[str, float]:
    used = ~np.isnan(held.logits[0])
    each = [scores.summary(truth[used], logits[used], base_rate=held.base_rate) for logits in held.logits]
    return {name: float(np.mean([one[name] for one in each])) for name in NAMES}


def _origin(recipe: Recipe) -> str:
    known = {"none": "from scratch", "hub": "weights of the hub"}.get(
        str(recipe.weights), f"weights of {Path(recipe.weights).name}"
    )
    return f"{known}, backbone frozen" if recipe.frozen else known
