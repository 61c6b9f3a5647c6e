r"""
How well evidence tells any number of classes apart.

``evidence`` has one column a class, ``code`` is the number of the true one. Probabilities are the softmax of the
evidence; the answer is the likeliest class. Balanced accuracy, F1 and AUROC are means over the classes that occur, each
against the rest [1]_. The expected calibration error is the mean distance between the probability of the given answer
and the share of right answers, in ten bins:

.. math:: \mathrm{ECE} = \sum_b \frac{n_b}{n} \left| \bar p_b - \bar h_b \right|

References
----------
.. [1] M. Sokolova, G. Lapalme, Inf. Process. Manag. 45, 427 (2009), doi 10.1016/j.ipm.2009.03.002.

Checked against: scikit-learn's figures in tests/measure/test_class_scores.py.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from . import scores


def columns(logits: np.ndarray) -> np.ndarray:
    """Evidence with one column a class, also of two classes that have one logit between them."""
    return np.stack([np.zeros_like(logits), logits], axis=1) if logits.ndim == 1 else logits


def confusion(code: np.ndarray, answer: np.ndarray, classes: int) -> np.ndarray:
    """Counts: a row for each true class, a column for each answer."""
    return np.bincount(code * classes + answer, minlength=classes**2).reshape(classes, classes)


def per_class(code: np.ndarray, evidence: np.ndarray) -> list[dict[str, float]]:
    """Precision, recall, F1 and AUROC of each class against the rest; NaN where a class does not occur."""
    answer = evidence.argmax(axis=1)
    p = special.softmax(evidence, axis=1)
    table = []
    for k in range(evidence.shape[1]):
        count = scores.counts(code == k, answer == k)
        occurs = count.tp + count.fn > 0
        named = {"precision": count.precision, "recall": count.recall, "f1": count.f1}
        table.append({name: value if occurs else np.nan for name, value in named.items()})
        table[-1]["auroc"] = scores.auroc(code == k, p[:, k])
    return table


def calibration_error(code: np.ndarray, evidence: np.ndarray) -> float:
    """ECE of the given answers."""
    p = special.softmax(evidence, axis=1)
    sure, right = p.max(axis=1), p.argmax(axis=1) == code
    which = np.minimum((sure * scores.BINS).astype(int), scores.BINS - 1)
    total, hits = (np.bincount(which, weights=w, minlength=scores.BINS) for w in (sure, right.astype(float)))
    return float(np.abs(total - hits).sum() / code.size)


def summary(code: np.ndarray, evidence: np.ndarray) -> dict[str, float]:
    """Accuracy, balanced accuracy, macro F1, macro AUROC and ECE of one set of answers."""
    each = per_class(code, evidence)
    macro = {name: float(np.nanmean([one[name] for one in each])) for name in ("recall", "f1")}
    ranked = [one["auroc"] for one in each if not np.isnan(one["auroc"])]
    return {
        "accuracy": float((evidence.argmax(axis=1) == code).mean()),
        "balanced_accuracy": macro["recall"],
        "macro_f1": macro["f1"],
        "macro_auroc": float(np.mean(ranked)) if ranked else np.nan,
        "ece": calibration_error(code, evidence),
    }
