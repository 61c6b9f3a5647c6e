"""The judge: known weights come back, unlike rows are noticed, and a model folder is the same judge again."""

import json

import numpy as np
import pytest

from morphoscope.core import Model
from morphoscope.errors import InputError, NotFound, UnreadableFile, WorkspaceError
from morphoscope.learn import judge, novelty, spread, training
from morphoscope.learn.model_folder import read_model, write_model

CLASSES = ("no", "yes")


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((600, 8)) * np.array([1, 10, 0.1, 1, 1, 1, 1, 1]) + 3
    logit = 2 * (x[:, 0] - 3) - 1.5 * (x[:, 1] - 3) / 10 - 0.5
    labels = np.where(rng.random(600) < 1 / (1 + np.exp(-logit)), "yes", "no").tolist()
    return x, labels, logit


def test_known_weights_come_back(rows):
    x, labels, logit = rows
    fit = training.fit(x, labels, names=[f"d{k}" for k in range(8)])
    assert 0.8 < fit.weights[0, 0] < 2.2  # shrunk by the penalty
    assert fit.weights[0, 1] / fit.weights[0, 0] == pytest.approx(-0.75, abs=0.15)
    assert np.abs(fit.weights[0, 2:]).max() < 0.25
    assert np.corrcoef(fit.logits(x), logit)[0, 1] > 0.97


def test_three_classes(rng):
    centres = np.array([[0, 0], [4, 0], [0, 4]])
    code = np.repeat(np.arange(3), 40)
    x = centres[code] + rng.standard_normal((120, 2))
    fit = training.fit(x, [f"c{k}" for k in code], names=("a", "b"))
    p = fit.probabilities(x)
    assert p.sum(axis=1) == pytest.approx(1)
    assert (p.argmax(axis=1) == code).mean() > 0.9


def test_one_class_cannot_be_learnt():
    with pytest.raises(InputError, match="holds 1 of the 2 classes"):
        training.fit(np.zeros((4, 2)), ["a"] * 4, names=("a", "b"))


def test_a_constant_descriptor_does_no_harm(rows):
    x, labels, _ = rows
    fit = training.fit(np.column_stack([x, np.full(600, 7.0)]), labels, names=())
    assert fit.weights[0, -1] == 0


def test_unlike_rows_are_noticed(rng):
    mixing = rng.standard_normal((5, 20))
    z = rng.standard_normal((300, 5)) @ mixing + 0.1 * rng.standard_normal((300, 20))
    familiar = novelty.learn(z[:250] - z[:250].mean(axis=0))
    usual = familiar.novelty(z[250:])
    off_axis = familiar.novelty(z[250:] + rng.standard_normal((50, 20)))
    far = familiar.novelty(6 * z[250:])
    assert np.median(usual) == pytest.approx(1.4, abs=0.4)
    assert off_axis.min() > np.percentile(usual, 95)
    assert np.median(far) > 3 * np.median(usual)


def test_held_out_answers_come_from_fits_without_the_group(rows):
    """Labels that are the group's own and nothing else cannot be answered held out."""
    rng = np.random.default_rng(0)
    x = np.repeat(rng.standard_normal((20, 30)), 10, axis=0)
    labels = np.repeat(np.array(CLASSES)[rng.integers(2, size=20)], 10).tolist()
    order = np.arange(200)
    cuts = [(0, order[order // 40 != k], order[order // 40 == k]) for k in range(5)]
    held = training.cross_validated(x, labels, cuts, classes=CLASSES)
    right = ((held.logits[0] > 0) == (np.array(labels) == "yes")).mean()
    assert 0.15 < right < 0.85
    assert not np.isnan(held.logits).any()


def test_cuts_between_grades_rise():
    logits = np.array([-3.0, -2, -1, 0, 1, 2])
    cuts = training.grade_cuts(logits, ["low", "low", "mid", "mid", "high", None], ("low", "mid", "high"))
    assert cuts == (-1.0, 1.0)


def test_a_model_folder_is_the_same_judge(rows, tmp_path):
    x, labels, _ = rows
    order = np.arange(600)
    held = training.cross_validated(x, labels, [(0, order[:300], order[300:]), (0, order[300:], order[:300])], classes=CLASSES)
    made = training.whole(
        x, labels, held, names=list("abcdefgh"), classes=CLASSES, grades=("bad", "good"), graded=["bad", "good"] * 300
    )
    folder = write_model(made.to_model({"name": "x"}, "# card"), tmp_path / "model")
    known = judge.Judge.from_model(read_model(folder, kind=judge.KIND))
    assert known.logistic.logits(x) == pytest.approx(made.logistic.logits(x), abs=1e-4)
    assert known.novelty(x) == pytest.approx(made.novelty(x), rel=1e-3)
    assert known.grade(np.array([-9.0, 9.0])) == made.grade(np.array([-9.0, 9.0])) == ["bad", "good"]
    assert (folder / "card.md").read_text() == "# card"
    assert read_model(tmp_path, kind=judge.KIND).settings["name"] == "x"


def test_broken_model_folders_get_one_sentence(tmp_path):
    with pytest.raises(NotFound, match="no model here"):
        read_model(tmp_path, kind="a")
    folder = write_model(Model("a", {}, {"w": np.zeros(3)}), tmp_path / "m")
    with pytest.raises(WorkspaceError, match="exists"):
        write_model(Model("a", {}), folder)
    with pytest.raises(UnreadableFile, match="kind 'a'; 'b' is needed"):
        read_model(folder, kind="b")
    (folder / "weights.safetensors").write_bytes(b"cut")
    with pytest.raises(UnreadableFile, match=r"weights\.safetensors: is missing or damaged"):
        read_model(folder, kind="a")
    (folder / "model.json").write_text(json.dumps({"schema": 99, "kind": "a", "settings": {}}))
    with pytest.raises(UnreadableFile, match="schema 99"):
        read_model(folder, kind="a")
    (folder / "model.json").write_text("{")
    with pytest.raises(UnreadableFile, match="does not describe a model"):
        read_model(folder, kind="a")


def test_the_interval_holds_the_logits_of_judges_of_other_groups():
    """Groups with offsets of their own: what the judge of one data set promises is counted in those of many others."""
    true = np.array([1.0, -1.0, 0.5, 0.0])
    new = np.random.default_rng(99).standard_normal((40, 4))

    def drawn(seed):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((150, 4)) + np.repeat(rng.standard_normal((30, 4)), 5, axis=0)
        return x, rng.random(150) < 1 / (1 + np.exp(-x @ true))

    groups = [str(k // 5) for k in range(150)]
    many = [drawn(seed) for seed in range(24)]
    fits = [training.fit(x, np.where(y, "yes", "no").tolist(), names=(), classes=CLASSES) for x, y in many]
    logits = np.array([fit.logits(new) for fit in fits])
    inside = []
    for k, ((x, y), fit) in enumerate(zip(many[:8], fits, strict=False)):
        apart = spread.halved(fit.standardised(x), y, groups, fit=training.weights, rng=np.random.default_rng(k), pairs=15)
        half = spread.half_width(fit.standardised(new), apart)
        inside.append((np.abs(np.delete(logits, k, axis=0) - logits[k]) < half).mean())
    assert 0.85 < np.mean(inside) < 0.995


def test_without_groups_enough_there_is_no_interval(rng):
    z, positive = rng.standard_normal((6, 2)), np.array([True, True, False, False, False, False])
    assert spread.halved(z, positive, ["a", "a", "b", "b", "c", "c"], fit=training.weights, rng=rng) is None


def test_intervals_and_sets_survive_the_folder(rows, tmp_path):
    x, labels, _ = rows
    held = judge.Held(np.where(np.array(labels) == "yes", 1.0, -1.0)[None], np.zeros(600), 0.5)
    made = training.whole(
        x, labels, held, names=list("abcdefgh"), classes=CLASSES,
        groups=[str(k // 6) for k in range(600)], rng=np.random.default_rng(0),
    )  # fmt: skip
    known = judge.Judge.from_model(read_model(write_model(made.to_model({}, ""), tmp_path / "m"), kind=judge.KIND))
    for a, b in zip(known.interval(x[:20]), made.interval(x[:20]), strict=True):
        assert a == pytest.approx(b, abs=1e-3)
    logits = np.array([-3.0, 0.0, 3.0])
    assert known.conformal.sets(logits, CLASSES, alpha=0.1) == made.conformal.sets(logits, CLASSES, alpha=0.1)
    assert known.permuted.shape == (training.PERMUTED, 9)
    assert known.conformal.sets(np.array([-3.0]), CLASSES, alpha=0.1) == [("no",)]
