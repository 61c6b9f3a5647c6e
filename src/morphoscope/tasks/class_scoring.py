"""The honest score of a classifier: held-out answers, intervals by group, baselines, each class by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core import Curve, Dataset, Quantity, Run
from ..datasets.protocols import Split
from ..measure import class_scores, scores

NAMES = ("accuracy", "balanced_accuracy", "macro_f1", "macro_auroc", "ece")
DRAWS = 300
Cut = tuple[int, np.ndarray, np.ndarray]


def places(dataset: Dataset, cuts: Sequence[Split]) -> list[Cut]:
    """The cuts as (repeat, training rows, test rows)."""
    place = {sample.key: k for k, sample in enumerate(dataset)}

    def rows(part: Dataset) -> np.ndarray:
        return np.array([place[sample.key] for sample in part])

    return [(cut.repeat, rows(cut.train), rows(cut.test)) for cut in cuts]


def intervals(run: Run, code: np.ndarray, evidence: Sequence[np.ndarray], groups: Sequence[str]) -> dict[str, Quantity]:
    """Mean over the repeats of each score, with its interval by redrawn groups (by redrawn images where groups are too few)."""
    members = groups if len(set(groups)) > 2 else [str(k) for k in range(code.size)]

    def score(rows: np.ndarray) -> dict[str, float]:
        each = [class_scores.summary(code[rows], one[rows]) for one in evidence]
        return {name: float(np.mean([one[name] for one in each])) for name in NAMES}

    run.progress(0, 1, "intervals")
    ends = scores.by_group(score, members, rng=run.rng("intervals"), draws=DRAWS)
    middle = score(np.arange(code.size))
    if middle["accuracy"] in (0.0, 1.0):  # redrawing says nothing where all answers are alike; groups are the trials
        ends["accuracy"] = scores.wilson(round(middle["accuracy"] * len(set(members))), len(set(members)))
    return {name: Quantity(middle[name], low=ends[name][0], high=ends[name][1]) for name in NAMES}


def baselines(rows: np.ndarray, code: np.ndarray, cuts: Sequence[Cut], classes: int) -> list[dict[str, Any]]:
    """The commonest class of the training part, and the class of the nearest training image."""
    z = np.clip((rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), 1e-9), -4, 4)
    table: dict[str, list[dict[str, float]]] = {"majority class": [], "nearest neighbour": []}
    repeats = sorted({repeat for repeat, _, _ in cuts})
    for wanted in repeats:
        share, near = (np.zeros((code.size, classes)) for _ in range(2))
        for repeat, train, test in cuts:
            if repeat == wanted:
                share[test] = np.log(np.maximum(np.bincount(code[train], minlength=classes) / train.size, 1e-3))
                distance = np.stack([np.square(z[train] - row).sum(axis=1) for row in z[test]])
                near[test, code[train][distance.argmin(axis=1)]] = np.log(99.0 * max(1, classes - 1))
        table["majority class"].append(class_scores.summary(code, share))
        table["nearest neighbour"].append(class_scores.summary(code, near))
    return [
        {"model": name, **{score: float(np.mean([one[score] for one in each])) for score in NAMES}}
        for name, each in table.items()
    ]


def by_class(code: np.ndarray, evidence: np.ndarray, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Images, precision, recall with Wilson's interval, F1 and AUROC of each class."""
    answer = evidence.argmax(axis=1)
    table = []
    for k, (name, found) in enumerate(zip(classes, class_scores.per_class(code, evidence), strict=True)):
        low, high = scores.wilson(int(((code == k) & (answer == k)).sum()), int((code == k).sum()))
        table.append(
            {
                "class": name,
                "images": int((code == k).sum()),
                "precision": found["precision"],
                "recall": found["recall"],
                "recall_low": low,
                "recall_high": high,
                "f1": found["f1"],
                "auroc": found["auroc"],
            }
        )
    return table


def confusion(code: np.ndarray, evidence: np.ndarray, classes: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each true class."""
    counts = class_scores.confusion(code, evidence.argmax(axis=1), len(classes))
    return [{"true": name, **dict(zip(classes, row.tolist(), strict=True))} for name, row in zip(classes, counts, strict=True)]


def reliability(sure: np.ndarray, right: np.ndarray) -> Curve:
    """Share of right answers against their probability, in groups of equal number."""
    order = np.array_split(np.argsort(sure, kind="stable"), min(10, max(2, sure.size // 10)))
    x, y = (np.array([values[part].mean() for part in order]) for values in (sure, right.astype(float)))
    ends = [scores.wilson(int(right[part].sum()), part.size) for part in order]
    low, high = np.array(ends).T
    return Curve(x, y, "probability of the answer", "share of right answers", y_low=low, y_high=high)


def notes(dataset: Dataset, cuts: Sequence[Split], pairs: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """What is in the set, and what its scores must be read with."""
    counts = Counter(str(sample.label) for sample in dataset)
    said = [f"{', '.join(f'{count} {label}' for label, count in sorted(counts.items()))}; {len(dataset.groups)} groups"]
    if pairs:
        one, other = (dataset.samples[k].key for k in pairs[0])
        said.append(f"{len(pairs)} pair(s) of pictures show the same place ({one} and {other}); each pair is one group")
    shared = sum(len({s.key for s in cut.test if s.group in set(cut.train.groups)}) for cut in cuts if cut.repeat == 0)
    if shared:
        said.append(f"{shared} of {len(dataset)} test images share a group with training, so these scores are too good")
    return (*said, *dataset.notes)
