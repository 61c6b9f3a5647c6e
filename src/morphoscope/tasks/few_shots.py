"""How many labelled images a class needs: accuracy against their number, with a band over draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import learn
from ..core import Curve, Run
from ..errors import BadParameter
from ..measure import class_scores
from .class_scoring import Cut

DRAWS = 20


def learning_curve(
    run: Run, rows: np.ndarray, labels: Sequence[str], classes: Sequence[str], cuts: Sequence[Cut], shots: Sequence[int]
) -> tuple[Curve, list[dict[str, Any]]]:
    """
    Accuracy on a test part after ``shots`` images of each class, drawn anew for each of DRAWS trials.

    The band holds 95 % of the trials: it is the luck of the draw, not the error of the mean.
    """
    y = np.array([list(classes).index(label) for label in labels])
    rng = run.rng("few shots")
    least = min(int(np.bincount(y[train], minlength=len(classes)).min()) for _, train, _ in cuts)
    if max(shots) > least:
        raise BadParameter(f"shots={max(shots)}: a training part holds {least} images of the rarest class; ask for at most that")
    table = []
    for k, count in enumerate(sorted(set(shots))):
        run.progress(k, len(shots), f"{count} images a class")
        trials = [_trial(rows, y, classes, cuts[draw % len(cuts)], count, rng) for draw in range(DRAWS)]
        accuracy, balanced = (np.array([trial[name] for trial in trials]) for name in ("accuracy", "balanced_accuracy"))
        low, high = np.percentile(accuracy, [2.5, 97.5])
        table.append(
            {
                "images_a_class": count,
                "accuracy": float(accuracy.mean()),
                "low": float(low),
                "high": float(high),
                "balanced_accuracy": float(balanced.mean()),
                "trials": DRAWS,
            }
        )
    x, middle, low, high = (
        np.array([row[name] for row in table], float) for name in ("images_a_class", "accuracy", "low", "high")
    )
    return Curve(x, middle, "labelled images a class", "accuracy", y_low=low, y_high=high), table


def _trial(
    rows: np.ndarray, y: np.ndarray, classes: Sequence[str], cut: Cut, count: int, rng: np.random.Generator
) -> dict[str, float]:
    _, train, test = cut
    drawn = np.concatenate([rng.permutation(train[y[train] == k])[:count] for k in range(len(classes))])
    fitted = learn.training.fit(rows[drawn], [classes[k] for k in y[drawn]], names=(), classes=classes)
    return class_scores.summary(y[test], class_scores.columns(fitted.logits(rows[test])))
