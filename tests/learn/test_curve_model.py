"""Principal components with a Gaussian process each, and their rivals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from morphoscope.errors import InputError
from morphoscope.learn import curve_rivals, curve_training
from morphoscope.learn.curve_model import Curves

R = np.linspace(0, 1, 30)
LOGS = np.array([True, False])


def truth(x):
    return np.sin(3 * R) * np.log(x[:, :1]) + x[:, 1:] ** 2 * R


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    return np.column_stack([np.exp(rng.uniform(-1, 2, 40)), rng.uniform(-1, 1, 40)])


@pytest.fixture(scope="module")
def fitted(rows):
    return curve_training.fit(rows, truth(rows), logs=LOGS)


def test_curves_are_found_again_between_the_rows(fitted):
    rng = np.random.default_rng(1)
    new = np.column_stack([np.exp(rng.uniform(-0.8, 1.8, 50)), rng.uniform(-0.9, 0.9, 50)])
    mean, spread = fitted(new)
    assert np.abs(mean - truth(new)).max() < 0.05
    assert (np.abs(mean - truth(new)) < 4 * spread + 0.01).mean() > 0.95


def test_the_answer_is_scikit_learns(rows, fitted):
    """One component against the library's own process of the same kernel."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    a, *lengths, white = fitted.unknowns[0]
    kernel = ConstantKernel(a, "fixed") * Matern(lengths, "fixed", nu=2.5) + WhiteKernel(white, "fixed")
    process = GaussianProcessRegressor(kernel, alpha=1e-12, optimizer=None)
    process.fit(fitted.inputs, fitted.scores[:, 0])
    new = np.array([[1.5, 0.2], [9.0, -0.7]])
    mean, spread = process.predict(fitted.scaled(new), return_std=True)
    single = Curves(
        fitted.logs, fitted.low, fitted.high, fitted.inputs, np.zeros(1), np.ones((1, 1)), np.zeros(1),
        fitted.scores[:, :1], fitted.unknowns[:1],
    )  # fmt: skip
    ours, sd = single(new)
    assert ours[:, 0] == pytest.approx(mean, rel=1e-6, abs=1e-8)
    assert sd[:, 0] == pytest.approx(spread, rel=1e-4, abs=1e-8)


def test_left_out_rows_are_missed_as_when_they_are_removed(rows, fitted):
    k = 7
    others = fitted.only(np.arange(len(fitted.inputs)) != k)
    shown = fitted.center + fitted.scores[k] @ fitted.axes
    assert fitted.left_out()[k] == pytest.approx(shown - others(rows[k : k + 1])[0][0], abs=1e-6)


def test_range_and_growing_doubt_beyond_it(fitted):
    inside, beyond = np.array([[1.0, 0.0]]), np.array([[1.0, 3.0]])
    assert fitted.inside(inside)[0]
    assert not fitted.inside(beyond)[0]
    assert fitted(beyond)[1].max() > 5 * fitted(inside)[1].max()


def test_a_number_of_a_single_value_leaves_the_answer_open_elsewhere(rows):
    wide = np.column_stack([rows, np.full(len(rows), 3.0)])
    fitted = curve_training.fit(wide, truth(rows), logs=np.array([True, False, False]))
    at, away = (np.array([[1.5, 0.2, value]]) for value in (3.0, 9.0))
    assert fitted.inside(at)[0]
    assert not fitted.inside(away)[0]
    assert fitted(away)[1].max() > 3 * fitted(at)[1].max()


def test_it_comes_back_from_arrays(fitted):
    back = Curves.of(fitted.arrays("a_"), "a_")
    new = np.array([[2.0, 0.5]])
    assert back(new)[0] == pytest.approx(fitted(new)[0])


def test_too_few_rows_are_one_sentence(rows):
    with pytest.raises(InputError, match="too few to learn from"):
        curve_training.fit(rows[:4], truth(rows[:4]), logs=LOGS)


@pytest.mark.parametrize("name", curve_rivals.RIVALS)
def test_every_rival_finds_a_constant_curve_and_follows_a_trend(name):
    rng = np.random.default_rng(2)
    x, new = rng.uniform(0, 1, (30, 2)), rng.uniform(0.2, 0.8, (8, 2))
    flat = curve_rivals.RIVALS[name](x, np.tile(R, (30, 1)), new, 0)
    assert flat == pytest.approx(np.tile(R, (8, 1)), abs=0.02)
    slope = curve_rivals.RIVALS[name](x, x[:, :1] * np.ones(30), new, 0)[:, 0]
    assert np.corrcoef(slope, new[:, 0])[0, 1] > 0.8


def test_what_a_row_is_worth_is_by_how_much_the_variance_falls_once_it_is_known(rows, fitted):
    x = rows
    rng = np.random.default_rng(5)
    new, others = (rng.uniform(x.min(0), x.max(0), (count, x.shape[1])) for count in (3, 40))
    worth = fitted.benefit(new, others)
    for k, row in enumerate(new):
        scores = np.zeros((1, fitted.scores.shape[1]))
        more = replace(fitted, inputs=np.concatenate([fitted.inputs, fitted.scaled(row[None])]),
                       scores=np.concatenate([fitted.scores, scores]))  # fmt: skip
        fell = ((fitted.spread(others) ** 2 - more.spread(others) ** 2).sum(-1)).mean()
        assert worth[k] == pytest.approx(fell, rel=1e-6)
