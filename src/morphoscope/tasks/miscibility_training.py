"""Training of the judge of miscibility, scored by article."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

from ..core import Dataset, Param, Report, Run
from ..datasets import labelled, protocols
from ..datasets.corrected import corrected
from ..errors import InputError
from . import evaluation
from .datasets import CORRECTIONS, DATA
from .miscibility import CLASSES, GRADES


def train(
    run: Run,
    *,
    data: Annotated[Path, DATA],
    protocol: Annotated[str, Param("how training and test parts are cut", choices=protocols.PROTOCOLS)] = "grouped",
    folds: Annotated[int, Param("parts of grouped and random", low=2, high=20)] = 5,
    repeats: Annotated[int, Param("how often the parts are cut anew", low=1, high=50)] = 5,
    group_pattern: Annotated[str, Param("regular expression; files it matches alike stay together")] = "",
    corrections: Annotated[Path | None, CORRECTIONS] = None,
) -> Report:
    """
    Train the judge of miscibility without a network, and score it on images of articles it has not seen.

    Descriptors of blobs, domains, waves and texture, print left out, go into a regularised logistic regression whose
    strength is chosen inside each training part. The model in this run's folder is fitted on all images; its scores are
    those of the held-out parts.
    """
    dataset = labelled.load(data, group_pattern=group_pattern)
    labels = {sample.label for sample in dataset}
    if labels != set(CLASSES):
        raise InputError(
            f"{dataset.name}: the labels are {', '.join(sorted(map(str, labels)))}; miscibility needs {' and '.join(CLASSES)}"
        )
    if corrections is not None:
        dataset = corrected(dataset, corrections)
    return evaluation.train(
        run, dataset, protocol=protocol, folds=folds, repeats=repeats, classes=CLASSES, grades=GRADES, card=_card
    )


def _card(dataset: Dataset, honest: str) -> str:
    counts = Counter(sample.label for sample in dataset)
    return (
        f"# Miscibility of polymer blends from SEM images\n\n"
        f"Logistic regression on descriptors of blobs, domains, waves and texture; print is left out and every picture is\n"
        f"brought to one size. No network, no pixel of any image inside.\n\n"
        f"- Trained on {dataset.name}: {len(dataset)} images of {len(dataset.groups)} articles, "
        f"{', '.join(f'{count} {label}' for label, count in sorted(counts.items(), key=str))}.\n"
        f"- Honest score: {honest}.\n"
        f"- It judges what a micrograph looks like. A blend that is miscible at the scale of the picture may be separated at a\n"
        f"  smaller one, and a fracture surface may hide what is beneath.\n"
        f"- It withholds its judgement from images unlike those of training.\n"
        f"- Cite: {dataset.cite}\n"
    )
