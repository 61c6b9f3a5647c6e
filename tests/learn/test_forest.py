"""A forest of arrays gives LightGBM's own answers, from memory and from a folder."""

import lightgbm
import numpy as np
import pytest

from morphoscope.learn import growing, judge, training
from morphoscope.learn.model_folder import read_model, write_model

CLASSES = ("no", "yes")


@pytest.fixture
def rows(rng):
    x = rng.standard_normal((200, 6))
    return x, np.abs(x[:, 0]) > 0.7


def test_the_answers_are_lightgbms(rows, rng):
    x, y = rows
    grown = growing.grow(x, y)
    booster = lightgbm.train(growing.SETTINGS, lightgbm.Dataset(x, y.astype(int)), growing.TREES)
    new = rng.standard_normal((50, 6))
    assert grown.logits(new) == pytest.approx(booster.predict(new, raw_score=True), abs=1e-10)
    assert ((grown.logits(x) > 0) == y).mean() > 0.9


def test_a_tree_of_one_leaf(rng):
    x = rng.standard_normal((12, 3))
    grown = growing.grow(x, np.arange(12) < 3)
    assert grown.logits(x) == pytest.approx(np.log(3 / 9), abs=1e-6)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_judge_of_trees_survives_the_folder(rows, tmp_path, share):
    x, y = rows
    labels = np.where(y, "yes", "no").tolist()
    order = np.arange(200)
    cuts = [(0, order[:100], order[100:]), (0, order[100:], order[:100])]
    held = training.cross_validated(x, labels, cuts, classes=CLASSES, trees=share)
    assert ((held.logits[0] > 0) == y).mean() > 0.7  # two-sided, which no straight line tells
    made = training.whole(
        x, labels, held, names=[f"d{k}" for k in range(6)], classes=CLASSES, trees=share,
        groups=[str(k // 4) for k in range(200)], rng=np.random.default_rng(0),
    )  # fmt: skip
    assert made.logits(x) == pytest.approx((1 - share) * made.logistic.logits(x) + share * made.forest.logits(x))
    assert made.interval(x) is None
    known = judge.Judge.from_model(read_model(write_model(made.to_model({}, ""), tmp_path / "m"), kind=judge.KIND))
    assert known.logits(x) == pytest.approx(made.logits(x), abs=0.02)
    assert known.conformal is not None
