"""Several labels an image: one-vs-rest logistic regressions, each scored on groups it has not seen."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from scipy import special

from .. import learn
from ..core import Dataset, Figure, Quantity, Report, Run
from ..datasets import attributes
from ..errors import InputError
from ..learn import novelty
from ..learn.attributes import Attributes
from ..learn.logistic import Logistic
from ..learn.model_folder import write_model
from ..measure import scores
from . import class_scoring, field_scale
from .class_material import Material
from .rows import write_rows

YES_NO = ("no", "yes")
NAMES = ("macro_auroc", "macro_f1", "accuracy", "exact_match")


def train(run: Run, material: Material, known: tuple[str, ...], *, protocol: str, folds: int, repeats: int) -> Report:
    """Fit and score the attributes ``known`` of the ``material``."""
    dataset, rows = material.dataset, material.rows
    truth = attributes.matrix(dataset, known)
    _check(dataset, known, truth)
    cuts = material.cuts(_as_one(dataset), protocol, folds=folds, repeats=repeats, seed=run.seed)
    logits, unlike = _held_out(run, rows, truth, known, class_scoring.places(dataset, cuts))
    found, table = _scores(run, truth, logits, known, [sample.group for sample in dataset])
    value = found["macro_auroc"]
    honest = (
        f"macro AUROC {value.value:.3f} [{value.low:.3f}, {value.high:.3f}], held out ({protocol}, {len(dataset.groups)} groups)"
    )
    settings = {"name": f"{dataset.name}, {protocol}", "honest": honest, "seed": run.seed, "images": len(dataset)}
    model = _whole(rows, truth, material.names, known, float(np.percentile(unlike, learn.training.UNLIKE_PERCENTILE)))
    write_model(
        model.to_model(settings | field_scale.learnt(material.widths_nm), _card(dataset, known, honest)), run.file("model")
    )
    p = special.expit(logits.mean(axis=0))
    columns = [f"p_{name}" for name in known]
    held_out = [
        {"file": s.key, "group": s.group, "label": s.label, "novelty": float(n), **dict(zip(columns, row, strict=True))}
        for s, n, row in zip(dataset, unlike, p.tolist(), strict=True)
    ]
    write_rows(run.file("held_out.csv"), held_out)
    return Report(
        title=f"{len(known)} attributes learnt from {len(dataset)} images: {honest}",
        values={"images": Quantity(len(dataset)), "attributes": Quantity(len(known)), **found},
        tables={"by_attribute": table, "left_out": material.unread()},
        figures={"auroc": Figure("forest", ("by_attribute:auroc",), "AUROC of each attribute, held out")},
        files={"model": "model/model.json", "card": "model/card.md", "held_out": "held_out.csv"},
        notes=class_scoring.notes(dataset, cuts, material.pairs),
    )


def _check(dataset: Dataset, known: tuple[str, ...], truth: np.ndarray) -> None:
    for name, column in zip(known, truth.T, strict=True):
        for count, what in ((int(column.sum()), "has"), (int((~column).sum()), "lacks")):
            if count < 2:
                raise InputError(
                    f"{dataset.name}: {'one image' if count else 'no image'} {what} the attribute {name!r}; "
                    "it cannot be both learned and tested"
                )


def _as_one(dataset: Dataset) -> Dataset:
    """The set for the folds: mixtures of one or two groups count as one kind, which need not be in each part."""
    groups = defaultdict[str, set[str]](set)
    for sample in dataset:
        groups[sample.label or ""].add(sample.group)
    rare = {group for found in groups.values() if len(found) < 3 for group in found}
    instead = "rare" if len(rare) > 1 else max(groups, key=lambda label: len(groups[label]))
    return attributes.relabelled(dataset, lambda label: label if len(groups[label]) > 2 else instead)


def _held_out(
    run: Run, rows: np.ndarray, truth: np.ndarray, known: tuple[str, ...], cuts: list[class_scoring.Cut]
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (repeats, images, attributes) of fits that never saw an image's group, and its novelty."""
    each, unlike = [], np.zeros(len(rows))
    for k, name in enumerate(known):
        run.progress(k, len(known), name)
        labels = [YES_NO[int(has)] for has in truth[:, k]]
        try:
            held = learn.training.cross_validated(rows, labels, cuts, classes=YES_NO)
        except InputError:
            raise InputError(
                f"{name}: a training part where all images have this attribute, or none; give more images of both kinds"
            ) from None
        each.append(held.logits)
        unlike = held.novelty
    return np.stack(each, axis=2), unlike


def _scores(
    run: Run, truth: np.ndarray, logits: np.ndarray, known: tuple[str, ...], groups: list[str]
) -> tuple[dict[str, Quantity], list[dict[str, Any]]]:
    def score(rows: np.ndarray) -> dict[str, float]:
        sure = truth[rows]
        found: dict[str, list[float]] = {name: [] for name in (*NAMES, *(f"auroc {k}" for k in known))}
        for one in logits[:, rows]:
            ranks = [scores.auroc(sure[:, k], one[:, k]) for k in range(len(known))]
            counted = [scores.counts(sure[:, k], one[:, k] > 0) for k in range(len(known))]
            found["macro_auroc"].append(float(np.nanmean(ranks)))
            found["macro_f1"].append(float(np.mean([count.f1 for count in counted])))
            found["accuracy"].append(float(((one > 0) == sure).mean()))
            found["exact_match"].append(float(((one > 0) == sure).all(axis=1).mean()))
            for name, rank in zip(known, ranks, strict=True):
                found[f"auroc {name}"].append(rank)
        return {name: float(np.mean(values)) for name, values in found.items()}

    members = groups if len(set(groups)) > 2 else [str(k) for k in range(len(groups))]
    ends = scores.by_group(score, members, rng=run.rng("intervals"), draws=class_scoring.DRAWS)
    middle = score(np.arange(len(truth)))
    table = []
    for k, name in enumerate(known):
        count = scores.counts(truth[:, k], logits[0, :, k] > 0)
        low, high = ends[f"auroc {name}"]
        table.append(
            {
                "attribute": name,
                "images": int(truth[:, k].sum()),
                "auroc": middle[f"auroc {name}"],
                "auroc_low": low,
                "auroc_high": high,
                "precision": count.precision,
                "recall": count.recall,
                "f1": count.f1,
            }
        )
    return {name: Quantity(middle[name], low=ends[name][0], high=ends[name][1]) for name in NAMES}, table


def _whole(rows: np.ndarray, truth: np.ndarray, names: tuple[str, ...], known: tuple[str, ...], limit: float) -> Attributes:
    """Fitted on all rows; standardisation is the same for each attribute."""
    fits: list[Logistic] = [
        learn.training.fit(rows, [YES_NO[int(has)] for has in column], names=names, classes=YES_NO) for column in truth.T
    ]
    familiar = novelty.learn(fits[0].standardised(rows))
    weights, bias = np.concatenate([fit.weights for fit in fits]), np.concatenate([fit.bias for fit in fits])
    return Attributes(names, known, fits[0].mean, fits[0].scale, weights, bias, familiar, limit)


def _card(dataset: Dataset, known: tuple[str, ...], honest: str) -> str:
    return (
        f"# {', '.join(known)}\n\n"
        f"One logistic regression an attribute, on descriptors of blobs, domains, waves and texture; print is left out.\n\n"
        f"- Trained on {dataset.name}: {len(dataset)} images of {len(dataset.groups)} groups.\n"
        f"- Honest score: {honest}.\n"
        f"- It knows these attributes alone, and withholds its answer from images unlike those of training.\n"
    )
