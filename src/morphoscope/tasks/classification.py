"""Classes of any labelled images: the judge's machinery with as many classes as there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from scipy import special

from .. import learn
from ..core import Curve, Dataset, Figure, Param, Quantity, Report, Run
from ..datasets import attributes, labelled, protocols
from ..datasets.corrected import corrected
from ..errors import BadParameter
from ..learn.judge import Held, Judge
from ..learn.model_folder import write_model
from ..learn.recipe import DINO, PAPER, Recipe
from ..measure import class_scores
from . import attribute_training, class_scoring, field_scale
from .class_material import Material, gather
from .class_networks import Trainings, joined
from .class_scoring import NAMES
from .datasets import CORRECTIONS
from .few_shots import learning_curve
from .network_parameters import (
    QUICK_FOLDS,
    Augment,
    Batch,
    Epochs,
    Frozen,
    Patience,
    Precision,
    Quick,
    Rate,
    Repeats,
    Seeds,
    SizePx,
    Validation,
    Weights,
    check_no_network,
    described,
    origin,
    quickened,
)
from .networks import Networks
from .rows import write_rows

PROTOCOLS = ("grouped", "random")
DESCRIPTORS, OWN = "descriptors", "descriptors, logistic regression"
MADE_OF = (
    "Logistic regression on descriptors of blobs, domains, waves and texture; print is left out and every picture is\n"
    "brought to one size. No network, no pixel of any image inside."
)
FIGURES = {
    "confusion": Figure("confusion", ("confusion",), "Held-out answers of the first cut: true class against answer"),
    "reliability": Figure("line", ("reliability",), "Share of right answers against their probability, held out"),
}


def train(
    run: Run,
    *,
    data: Annotated[
        Path,
        Param(
            "folder with one folder for each class, or CSV with columns file and label; several labels joined by ;", accepts="any"
        ),
    ],
    protocol: Annotated[str, Param("how training and test parts are cut", choices=PROTOCOLS)] = "grouped",
    folds: Annotated[int, Param("parts", low=2, high=20)] = 5,
    repeats: Repeats = None,
    group_pattern: Annotated[str, Param("regular expression; files it matches alike stay together")] = "",
    corrections: Annotated[Path | None, CORRECTIONS] = None,
    same_place: Annotated[
        str, Param("pictures that show the same place: one group, or not looked for", choices=("together", "ignored"))
    ] = "together",
    shots: Annotated[tuple[int, ...], Param("also the accuracy after so few images of each class", low=1)] = (),
    model: Annotated[str, Param(f"{DESCRIPTORS}, or a network: {', '.join(PAPER)}, {DINO}, or any name of timm")] = DESCRIPTORS,
    weights: Weights = None,
    frozen: Frozen = False,
    seeds: Seeds = 1,
    epochs: Epochs = 40,
    size_px: SizePx = 128,
    augment: Augment = "physical",
    batch: Batch = 32,
    rate: Rate = 2e-4,
    validation: Validation = 0.15,
    patience: Patience = 0,
    precision: Precision = "auto",
    quick: Quick = False,
) -> Report:
    """
    Learn the classes of labelled images, and score the answers on images whose group was never seen.

    Descriptors of blobs, domains, waves and texture, print left out, go into a regularised logistic regression with any
    number of classes, whose probabilities are stretched by one factor to fit the held-out answers. The model in this run's
    folder is fitted on all images; its scores are those of the held-out parts.

    A CSV whose labels are joined by ``;``, or that has columns of 0 and 1 in place of a label, gives an image several
    attributes, each of which gets a regression and a score of its own.

    With ``model`` a network learns the classes from grey squares whose print is filled, on the same cuts; the descriptors
    stand beside it in the table.
    """
    several = attributes.several(data)
    recipe = Recipe(
        model, origin(model, weights), frozen, epochs, size_px, batch, rate, augment=augment, patience=patience,
        precision=precision,
    )  # fmt: skip
    if model == DESCRIPTORS:
        check_no_network(recipe.weights, frozen=frozen, seeds=seeds)
    elif several or shots:
        raise BadParameter("a network learns one label an image and no curve of shots here; leave model at descriptors for these")
    if quick:
        recipe, folds, repeats = quickened(recipe), min(folds, QUICK_FOLDS), 1
    if several and (corrections is not None or shots):
        raise BadParameter("corrections and shots are for one label an image; this table has several")
    if several:
        dataset, known = attributes.load(data, group_pattern=group_pattern)
    else:
        dataset = labelled.load(data, group_pattern=group_pattern)
        dataset = dataset if corrections is None else corrected(dataset, corrections)
    learner, made_of = None, MADE_OF
    if model != DESCRIPTORS:
        start = learn.fitting.rehearse(recipe, classes=len({sample.label for sample in dataset}), device=run.device)
        learner, made_of = Networks(recipe, seeds=seeds, validation=validation, once=False), described(recipe, start, seeds)
    material = gather(run, dataset, look_alike=same_place == "together")
    again = repeats or (5 if learner is None else 1)
    if several:
        return attribute_training.train(run, material, known, protocol=protocol, folds=folds, repeats=again)
    cuts = material.cuts(material.dataset, protocol, folds=folds, repeats=again, seed=run.seed)
    report = _classes(run, material, cuts, learner, protocol=protocol, shots=shots, card=partial(_card, made_of))
    return replace(report, notes=("quick: these scores say nothing about the network", *report.notes)) if quick else report


def _classes(
    run: Run,
    material: Material,
    cuts: list[protocols.Split],
    learner: Networks | None,
    *,
    protocol: str,
    shots: tuple[int, ...],
    card: Callable[[Dataset, str], str],
) -> Report:
    dataset, rows = material.dataset, material.rows
    parts = class_scoring.places(dataset, cuts)
    labels = [str(sample.label) for sample in dataset]
    classes = tuple(sorted(set(labels)))
    code = np.array([classes.index(label) for label in labels])
    networks = None if learner is None else Trainings(run, learner, material, parts, classes)
    held = _held(run, material, labels, classes, parts) if networks is None else networks.held
    raw = [class_scores.columns(logits) for logits in held.logits]
    evidence = learn.temperature.stretched(code, raw, parts) if networks is None else raw
    found = class_scoring.intervals(run, code, evidence, [sample.group for sample in dataset])
    tables, curve = _told(run, dataset, evidence[0], held.novelty, classes)
    own = {"model": OWN if learner is None else learner.name, **{name: found[name].value for name in NAMES}}
    beside = [] if networks is None else networks.beside()
    tables = {"models": [own, *beside, *class_scoring.baselines(rows, code, parts, len(classes))], **tables}
    curves, figures = {"reliability": curve}, dict(FIGURES)
    if shots:
        curves["few_shots"], tables["few_shots"] = learning_curve(run, rows, labels, classes, parts, shots)
        figures["few_shots"] = Figure("band", ("few_shots",), "After few images of each class; 95 % of 20 draws lie in the band")
    honest = _sentence(found, protocol, dataset)
    settings = {"name": f"{dataset.name}, {protocol}", "honest": honest, "seed": run.seed, "images": len(dataset)}
    settings |= field_scale.learnt(material.widths_nm)
    if networks is None:
        factor = learn.temperature.factor(np.tile(code, len(raw)), np.concatenate(raw))
        judge = _stretched(learn.training.whole(rows, labels, held, names=material.names, classes=classes), factor)
        write_model(judge.to_model(settings, card(dataset, honest)), run.file("model"))
    else:
        networks.write(settings, card(dataset, honest))
    report = Report(
        title=f"{len(classes)} classes learnt from {len(dataset)} images: {honest}",
        values={"images": Quantity(len(dataset)), "classes": Quantity(len(classes)), **found},
        curves=curves,
        tables=tables | {"left_out": material.unread()},
        figures=figures,
        files={"model": "model/model.json", "card": "model/card.md", "held_out": "held_out.csv"},
        notes=class_scoring.notes(dataset, cuts, material.pairs),
        cites=() if dataset.licence == labelled.UNKNOWN else (dataset.cite,),
    )
    return report if networks is None else replace(report, **joined(report, networks.told()))


def _held(run: Run, material: Material, labels: list[str], classes: tuple[str, ...], parts: list[class_scoring.Cut]) -> Held:
    """What regressions on descriptors that never saw an image's group say of it."""
    return learn.training.cross_validated(  # type: ignore[no-any-return]
        material.rows, labels, parts, classes=classes,
        progress=lambda done: run.progress(done, len(parts), f"fold {done + 1} of {len(parts)}"),
    )  # fmt: skip


def _told(
    run: Run, dataset: Dataset, evidence: np.ndarray, novelty: np.ndarray, classes: tuple[str, ...]
) -> tuple[dict[str, list[dict[str, Any]]], Curve]:
    """Tables and reliability of the held-out ``evidence`` of one cut, which is written as held_out.csv."""
    code = np.array([classes.index(str(sample.label)) for sample in dataset])
    p = special.softmax(evidence, axis=1)
    answer = p.argmax(axis=1)
    held_out = [
        {"file": s.key, "label": s.label, "group": s.group, "answer": classes[a], "p": float(row[a]), "novelty": float(n)}
        | {f"p_{name}": float(x) for name, x in zip(classes, row, strict=True)}
        for s, a, row, n in zip(dataset, answer, p, novelty, strict=True)
    ]
    write_rows(run.file("held_out.csv"), held_out)
    tables = {
        "by_class": class_scoring.by_class(code, evidence, classes),
        "confusion": class_scoring.confusion(code, evidence, classes),
    }
    return tables, class_scoring.reliability(p.max(axis=1), answer == code)


def _stretched(judge: Judge, factor: float) -> Judge:
    """``judge`` with probabilities as sure as its held-out answers were right."""
    fit = judge.logistic
    return replace(judge, logistic=replace(fit, weights=factor * fit.weights, bias=factor * fit.bias))


def _sentence(found: dict[str, Quantity], protocol: str, dataset: Dataset) -> str:
    value = found["accuracy"]
    how = f"by group ({len(dataset.groups)})" if protocol == "grouped" else "by random folds"
    return (
        f"accuracy {value.value:.3f} [{value.low:.3f}, {value.high:.3f}], macro AUROC {found['macro_auroc'].value:.3f}, "
        f"held out {how}"
    )


def _card(made_of: str, dataset: Dataset, honest: str) -> str:
    counts = Counter(str(sample.label) for sample in dataset)
    return (
        f"# {', '.join(sorted(counts))}\n\n"
        f"{made_of}\n\n"
        f"- Trained on {dataset.name}: {len(dataset)} images of {len(dataset.groups)} groups, "
        f"{', '.join(f'{count} {label}' for label, count in sorted(counts.items()))}.\n"
        f"- Honest score: {honest}.\n"
        f"- It knows these classes alone, and withholds its answer from images unlike those of training.\n"
    )
