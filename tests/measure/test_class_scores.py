"""Scores of many classes against scikit-learn's."""

import numpy as np
import pytest
from scipy import special
from sklearn import metrics

from morphoscope.measure import class_scores


@pytest.fixture
def answers(rng):
    code = rng.integers(4, size=300)
    return code, rng.standard_normal((300, 4)) + 1.5 * np.eye(4)[code]


def test_the_scores_are_scikit_learns(answers):
    code, evidence = answers
    found = class_scores.summary(code, evidence)
    answer = evidence.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(code, answer))
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(code, answer))
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(code, answer, average="macro"))
    p = special.softmax(evidence, axis=1)
    assert found["macro_auroc"] == pytest.approx(metrics.roc_auc_score(code, p, multi_class="ovr", average="macro"))
    assert (class_scores.confusion(code, answer, 4) == metrics.confusion_matrix(code, answer)).all()


def test_calibrated_answers_have_little_calibration_error(rng):
    evidence = rng.standard_normal((20000, 3)) * 2
    p = special.softmax(evidence, axis=1)
    code = (rng.random((20000, 1)) > p.cumsum(axis=1)).sum(axis=1)
    assert class_scores.calibration_error(code, evidence) < 0.015
    assert class_scores.calibration_error(code, 3 * evidence) > 0.1


def test_a_class_that_does_not_occur_is_left_out(answers):
    code, evidence = answers
    some = code != 2
    found = class_scores.summary(code[some], evidence[some])
    assert np.isfinite(list(found.values())).all()


def test_two_classes_share_one_logit():
    assert special.softmax(class_scores.columns(np.array([0.7])), axis=1)[0, 1] == pytest.approx(special.expit(0.7))
