"""A known factor comes back, and held-out parts are stretched by the others alone."""

import numpy as np
import pytest
from scipy import special

from morphoscope.learn import temperature
from morphoscope.measure import class_scores


@pytest.fixture
def timid(rng):
    """Evidence of three classes that should be three times as strong."""
    evidence = rng.standard_normal((3000, 3))
    p = special.softmax(3 * evidence, axis=1)
    return (rng.random((3000, 1)) > p.cumsum(axis=1)).sum(axis=1), evidence


def test_the_factor_comes_back(timid):
    code, evidence = timid
    assert temperature.factor(code, evidence) == pytest.approx(3, rel=0.1)
    assert class_scores.calibration_error(code, 3 * evidence) < 0.25 * class_scores.calibration_error(code, evidence)


def test_a_test_part_does_not_see_its_own_labels(timid):
    code, evidence = timid
    test, train = np.arange(100), np.arange(100, 3000)
    first = temperature.stretched(code, [evidence], [(0, train, test)])[0]
    other = code.copy()
    other[test] = (code[test] + 1) % 3
    assert (temperature.stretched(other, [evidence], [(0, train, test)])[0] == first).all()
    assert (first[train] == evidence[train]).all()


def test_answers_that_are_all_right_keep_a_finite_factor():
    code = np.arange(30) % 3
    assert 1 < temperature.factor(code, np.eye(3)[code]) < 10
