"""Scores of a judgement against scikit-learn, closed forms, and the coverage of their intervals."""

import numpy as np
import pytest
from sklearn import metrics

from morphoscope.errors import InputError
from morphoscope.measure import scores


@pytest.fixture
def answers(rng):
    truth = rng.random(300) < 0.25
    return truth, 1.2 * truth - 1 + rng.standard_normal(300)


def test_scores_are_scikit_learns(answers):
    truth, evidence = answers
    found = scores.summary(truth, evidence, base_rate=0.3)
    p = 1 / (1 + np.exp(-evidence))
    assert found["auroc"] == pytest.approx(metrics.roc_auc_score(truth, evidence))
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(truth, p >= 0.5))
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(truth, p >= 0.3))
    assert found["f1"] == pytest.approx(metrics.f1_score(truth, p >= 0.3))
    assert found["brier"] == pytest.approx(metrics.brier_score_loss(truth, p))


def test_ties_count_half_and_one_class_has_no_auroc():
    assert scores.auroc(np.array([True, False]), np.zeros(2)) == 0.5
    assert np.isnan(scores.auroc(np.array([True, True]), np.arange(2.0)))


def test_the_counts_of_the_paper():
    vgg = scores.Counts(tp=13, fp=4, fn=3, tn=97)
    assert (round(100 * vgg.precision, 2), round(100 * vgg.recall, 2), round(100 * vgg.accuracy, 2)) == (76.47, 81.25, 94.02)
    low, high = scores.wilson(110, 117)
    assert (round(100 * low, 1), round(100 * high, 1)) == (88.2, 97.1)


def test_honest_probabilities_are_calibrated_and_bold_ones_are_not(rng):
    logits = rng.standard_normal(20000)
    truth = rng.random(20000) < 1 / (1 + np.exp(-logits))
    assert scores.calibration_error(truth, logits) < 0.015
    assert scores.calibration_error(truth, 5 * logits) > 0.2


def test_intervals_by_group_cover_the_truth():
    """Accuracy of 0.7 whose errors come in groups: 95 % intervals by group cover it, those by image do not."""
    by_group = by_image = 0
    for seed in range(80):
        rng = np.random.default_rng(seed)
        right = np.repeat(rng.random(40) < 0.7, 5)

        def score(rows, right=right):
            return {"accuracy": float(right[rows].mean())}

        for kind in ("group", "image"):
            names = [str(k // 5 if kind == "group" else k) for k in range(right.size)]
            low, high = scores.by_group(score, names, rng=rng, draws=100)["accuracy"]
            if kind == "group":
                by_group += low <= 0.7 <= high
            else:
                by_image += low <= 0.7 <= high
    assert by_group / 80 > 0.88
    assert by_image / 80 < 0.75


def test_two_groups_give_no_interval(rng):
    with pytest.raises(InputError, match=r"2 group.s. are too few"):
        scores.by_group(lambda rows: {}, ["a", "b"], rng=rng)
