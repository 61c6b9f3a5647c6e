"""Training: separable pictures are told apart, a resumed training is the unbroken one, and evidence keeps its scale."""

import numpy as np
import pytest

from morphoscope.core import Model
from morphoscope.learn import fitting, novelty
from morphoscope.learn.epochs import Followed, Parts, Pictures, Scale, scale
from morphoscope.learn.judge import Judge
from morphoscope.learn.logistic import Logistic
from morphoscope.learn.network import NetworkJudge
from morphoscope.learn.recipe import Recipe

TINY = Recipe("mobilenetv3_small_050", epochs=3, size_px=32, batch=8, rate=1e-3)
PARTS = Parts(np.arange(24), np.arange(24, 32), np.arange(32, 40))


@pytest.fixture(scope="module")
def material():
    """Dark pictures are of the rare class."""
    rng = np.random.default_rng(0)
    codes = (np.arange(40) % 4 == 0).astype(int)
    grey = rng.integers(0, 255, (40, 64, 64)) // (1 + 2 * codes)[:, None, None]
    return Pictures(grey.astype(np.uint8), np.full(40, 300, np.float32)), codes


@pytest.mark.parametrize(("augment", "frozen"), [("physical", False), ("none", True)])
def test_a_resumed_training_has_the_bits_of_the_unbroken_one(material, augment, frozen):
    pictures, codes = material
    recipe = Recipe(TINY.model, frozen=frozen, epochs=3, size_px=32, batch=8, rate=1e-3, augment=augment)
    kept = []
    state, followed = fitting.fit(
        pictures, codes, PARTS, recipe, classes=2, seed=3, device="cpu", save=lambda m: kept.append(m())
    )
    again, other = fitting.fit(pictures, codes, PARTS, recipe, classes=2, seed=3, device="cpu", saved=kept[0])
    assert len(kept) == len(followed) == 3
    assert all(np.array_equal(state[name], again[name]) for name in state)
    assert np.array_equal(followed.test, other.test)
    assert np.array_equal(followed.loss, other.loss)


@pytest.mark.slow
def test_dark_and_bright_are_told_apart(material):
    pictures, codes = material
    recipe = Recipe("resnet18", epochs=2, size_px=32, batch=8, rate=1e-3, augment="paper")
    _, followed = fitting.fit(pictures, codes, PARTS, recipe, classes=2, seed=1, device="cpu")
    chosen = followed.test[followed.chosen(codes[PARTS.validation])]
    assert (chosen.argmax(axis=1) == codes[PARTS.test]).mean() > 0.9


def test_training_ends_early_without_a_better_validation_loss(material):
    pictures, codes = material
    recipe = Recipe(TINY.model, epochs=9, size_px=32, batch=8, rate=1e-9, augment="none", patience=1, frozen=True)
    _, followed = fitting.fit(pictures, 1 - codes, PARTS, recipe, classes=2, seed=1, device="cpu")
    held = 1 - codes[PARTS.validation]
    assert len(followed) == followed.chosen(held) + 2 or len(followed) == 9


def test_rare_classes_are_shown_as_often_as_the_papers_copies():
    codes = np.array([0] * 315 + [1] * 85)
    shown = fitting.repeats(codes, paper=True)
    assert (shown[codes == 0] == 3).all()
    assert shown[codes == 1][0] == 11  # 3 x 315 / 85; the paper's 12 is the most
    assert fitting.repeats(codes, paper=False)[-1] == 4


def test_temperature_and_shares_are_found():
    """Outputs three times too sure, from a training that showed the classes evenly though one in five is positive."""
    rng = np.random.default_rng(2)
    logit = rng.normal(0, 1.5, 6000)
    p = 1 / (1 + np.exp(-(logit + np.log(0.2 / 0.8))))
    codes = (rng.random(6000) < p).astype(int)
    outputs = np.stack([np.zeros(6000), 3 * logit], axis=1)
    train = np.array([0] * 80 + [1] * 20)
    found = scale(Followed.empty().then(1, 1, outputs, outputs), codes, train, np.where(train, 4, 1), classes=2)
    assert found.temperature == pytest.approx(3, rel=0.1)
    assert found.evidence(outputs[:5]) == pytest.approx(logit[:5] + np.log(0.25), abs=0.3)


def test_choices_of_the_epoch():
    validation = np.array([[[0, 1.0]], [[0, 3.0]], [[0, 2.0]]])
    test = np.array([[[1.0, 0]], [[1.0, 0]], [[0, 1.0]]])
    followed = Followed(np.ones(3), np.ones(3), validation, test)
    assert followed.chosen(np.array([1])) == 1
    assert followed.since_best(np.array([1])) == 1
    assert followed.best_on_test(np.array([1])) == 2
    assert followed.chosen(np.zeros(0, int)) == 2


def test_a_network_judgement_comes_back_from_its_folder(material):
    pictures, _ = material
    state = {name: value.numpy() for name, value in fitting.build(TINY, classes=2, seed=5).state_dict().items()}
    guard = Judge(
        Logistic(("a", "b"), ("no", "yes"), np.zeros(2), np.ones(2), np.ones((1, 2)), np.zeros(1)),
        novelty.learn(np.random.default_rng(0).standard_normal((9, 2))), 3.0,
    )  # fmt: skip
    made = NetworkJudge(guard, TINY.model, 32, (state,), (Scale(2.0, np.array([0.1, -0.1])),))
    model = made.to_model({"name": "x"}, "# card")
    assert isinstance(model, Model)
    known = NetworkJudge.from_model(model)
    few = Pictures(pictures.grey[:3], pictures.shorter_px[:3])
    assert np.array_equal(known.evidence(few, device="cpu"), made.evidence(few, device="cpu"))
    assert known.guard.limit == 3.0
