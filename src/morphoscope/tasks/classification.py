"""Classes of any labelled images: the judge's machinery with as many classes as there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from .. import learn
from ..core import Dataset, Figure, Micrograph, Param, Quantity, Report, Run
from ..datasets import attributes, labelled, protocols, twins
from ..datasets.corrected import corrected
from ..errors import BadParameter, InputError
from ..learn.judge import Held
from ..learn.model_folder import write_model
from ..measure import class_scores
from . import attribute_training, class_scoring, field_scale
from .class_scoring import NAMES
from .datasets import CORRECTIONS
from .descriptors import described
from .few_shots import learning_curve
from .rows import write_rows

PROTOCOLS = ("grouped", "random")


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
    repeats: Annotated[int, Param("how often the parts are cut anew", low=1, high=50)] = 5,
    group_pattern: Annotated[str, Param("regular expression; files it matches alike stay together")] = "",
    corrections: Annotated[Path | None, CORRECTIONS] = None,
    same_place: Annotated[
        str, Param("pictures that show the same place: one group, or not looked for", choices=("together", "ignored"))
    ] = "together",
    shots: Annotated[tuple[int, ...], Param("also the accuracy after so few images of each class", low=1)] = (),
) -> Report:
    """
    Learn the classes of labelled images, and score the answers on images whose group was never seen.

    Descriptors of blobs, domains, waves and texture, print left out, go into a regularised logistic regression with any
    number of classes. The model in this run's folder is fitted on all images; its scores are those of the held-out parts.

    A CSV whose labels are joined by ``;``, or that has columns of 0 and 1 in place of a label, gives an image several
    attributes, each of which gets a regression and a score of its own.
    """
    several = attributes.several(data)
    if several and (corrections is not None or shots):
        raise BadParameter("corrections and shots are for one label an image; this table has several")
    dataset, known = (
        attributes.load(data, group_pattern=group_pattern) if several else (_loaded(data, group_pattern, corrections), ())
    )
    names, dataset, rows, left_out, widths = readable(run, dataset)
    pairs = twins.find(dataset, rows, progress=run.progress) if same_place == "together" else []
    dataset = twins.together(dataset, pairs)
    if several:
        return attribute_training.train(
            run, dataset, known, (names, rows, left_out, widths), protocol=protocol, folds=folds, repeats=repeats, pairs=pairs
        )
    cuts = _cuts(run, dataset, protocol, folds, repeats, pairs)
    labels = [str(sample.label) for sample in dataset]
    classes = tuple(sorted(set(labels)))
    held = learn.training.cross_validated(
        rows, labels, class_scoring.places(dataset, cuts), classes=classes,
        progress=lambda done: run.progress(done, len(cuts), f"fold {done + 1} of {len(cuts)}"),
    )  # fmt: skip
    found, tables, curve = _scored(run, dataset, rows, held, cuts, classes)
    curves, figures = {"reliability": curve}, dict[str, Figure]()
    if shots:
        curves["few_shots"], tables["few_shots"] = learning_curve(
            run, rows, labels, classes, class_scoring.places(dataset, cuts), shots
        )
        figures["few_shots"] = Figure(
            "band", ("few_shots",), "After so few images of each class; 95 % of 20 draws lie in the band"
        )
    honest = _sentence(found, protocol, dataset)
    settings = {"name": f"{dataset.name}, {protocol}", "honest": honest, "seed": run.seed, "images": len(dataset)}
    judge = learn.training.whole(rows, labels, held, names=names, classes=classes)
    write_model(judge.to_model(settings | field_scale.learnt(widths), _card(dataset, honest)), run.file("model"))
    return Report(
        title=f"{len(classes)} classes learnt from {len(dataset)} images: {honest}",
        values={"images": Quantity(len(dataset)), "classes": Quantity(len(classes)), **found},
        curves=curves,
        tables=tables | {"left_out": [{"file": path.name, "reason": reason} for path, reason in left_out]},
        figures={
            "confusion": Figure("confusion", ("confusion",), "Held-out answers of the first cut: true class against answer"),
            "reliability": Figure("line", ("reliability",), "Share of right answers against their probability, held out"),
            **figures,
        },
        files={"model": "model/model.json", "card": "model/card.md", "held_out": "held_out.csv"},
        notes=class_scoring.notes(dataset, cuts, pairs),
        cites=() if dataset.licence == labelled.UNKNOWN else (dataset.cite,),
    )


def _loaded(data: Path, group_pattern: str, corrections: Path | None) -> Dataset:
    dataset = labelled.load(data, group_pattern=group_pattern)
    return dataset if corrections is None else corrected(dataset, corrections)


def _cuts(
    run: Run, dataset: Dataset, protocol: str, folds: int, repeats: int, pairs: Sequence[twins.Pair]
) -> list[protocols.Split]:
    try:
        return list(protocols.splits(dataset, protocol, folds=folds, repeats=repeats, seed=run.seed))
    except InputError as error:
        if not pairs:
            raise
        raise InputError(
            f"{error}; {len(pairs)} pair(s) of pictures that show the same place were put together, which "
            "same_place=ignored undoes (periodic patterns all look like one place)"
        ) from None


def readable(
    run: Run, dataset: Dataset
) -> tuple[tuple[str, ...], Dataset, np.ndarray, list[tuple[Path, str]], list[float | None]]:
    """Names of descriptors; the samples that can be read, a row for each; what cannot; and the width of each field."""
    by_path = {sample.files["image"]: sample for sample in dataset}
    widths = list[float | None]()

    def seen(path: Path, micrograph: Micrograph) -> None:
        widths.append(field_scale.width_nm(micrograph))

    names, read, rows, left_out = described(list(by_path), progress=run.progress, seen=seen)
    kept = replace(dataset, samples=tuple(by_path[path] for path in read))
    if len({sample.label for sample in kept}) < 2:
        raise InputError(f"{dataset.name}: {len(kept)} of {len(dataset)} images can be read, too few to learn two classes")
    return names, kept, rows, left_out, widths


def _scored(
    run: Run, dataset: Dataset, rows: np.ndarray, held: Held, cuts: Sequence[protocols.Split], classes: tuple[str, ...]
) -> tuple[dict[str, Quantity], dict[str, list[dict[str, Any]]], Any]:
    """Scores with intervals, the tables, and the curve of reliability; writes what was held out."""
    code = np.array([classes.index(str(sample.label)) for sample in dataset])
    evidence = [class_scores.columns(logits) for logits in held.logits]
    found = class_scoring.intervals(run, code, evidence, [sample.group for sample in dataset])
    first = evidence[0]
    p = np.exp(first - np.logaddexp.reduce(first, axis=1)[:, None])
    answer = p.argmax(axis=1)
    held_out = [
        {"file": s.key, "label": s.label, "group": s.group, "answer": classes[a], "p": float(row[a]), "novelty": float(n)}
        | {f"p_{name}": float(x) for name, x in zip(classes, row, strict=True)}
        for s, a, row, n in zip(dataset, answer, p, held.novelty, strict=True)
    ]
    write_rows(run.file("held_out.csv"), held_out)
    own = {"model": "descriptors, logistic regression", **{name: found[name].value for name in NAMES}}
    tables = {
        "models": [own, *class_scoring.baselines(rows, code, class_scoring.places(dataset, cuts), len(classes))],
        "by_class": class_scoring.by_class(code, first, classes),
        "confusion": class_scoring.confusion(code, first, classes),
    }
    return found, tables, class_scoring.reliability(p.max(axis=1), answer == code)


def _sentence(found: dict[str, Quantity], protocol: str, dataset: Dataset) -> str:
    value = found["accuracy"]
    how = f"by group ({len(dataset.groups)})" if protocol == "grouped" else "by random folds"
    return (
        f"accuracy {value.value:.3f} [{value.low:.3f}, {value.high:.3f}], macro AUROC {found['macro_auroc'].value:.3f}, "
        f"held out {how}"
    )


def _card(dataset: Dataset, honest: str) -> str:
    counts = Counter(str(sample.label) for sample in dataset)
    return (
        f"# {', '.join(sorted(counts))}\n\n"
        f"Logistic regression on descriptors of blobs, domains, waves and texture; print is left out and every picture is\n"
        f"brought to one size. No network, no pixel of any image inside.\n\n"
        f"- Trained on {dataset.name}: {len(dataset)} images of {len(dataset.groups)} groups, "
        f"{', '.join(f'{count} {label}' for label, count in sorted(counts.items()))}.\n"
        f"- Honest score: {honest}.\n"
        f"- It knows these classes alone, and withholds its answer from images unlike those of training.\n"
    )
