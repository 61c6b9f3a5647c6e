"""Networks behind the classification tasks: any number of classes, scored beside the descriptors, and used by predict."""

import csv

import numpy as np
import pytest
from classes import KINDS, write

from morphoscope.core import Run
from morphoscope.errors import BadParameter, InputError
from morphoscope.tasks import class_prediction, classification, miscibility, network_pictures

TINY = {"model": "mobilenetv3_small_050", "quick": True, "folds": 2, "size_px": 32, "batch": 8, "validation": 0.3}


@pytest.fixture(scope="module", autouse=True)
def without_words():
    """As without the extra that finds words, which saves seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network_pictures, "reader", lambda: None)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write(tmp_path_factory.mktemp("classes") / "set", np.random.default_rng(0), count=6)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("trained"), device="cpu")
    return run, classification.train(run, data=data, seeds=2, **TINY)


def test_a_network_learns_three_classes_beside_the_descriptors(trained):
    run, report = trained
    names = [row["model"] for row in report.tables["models"]]
    assert names == [
        "mobilenetv3_small_050, from scratch", "descriptors, logistic regression", "majority class", "nearest neighbour",
    ]  # fmt: skip
    assert report.tables["models"][1]["accuracy"] > 0.8
    accuracy = report.values["accuracy"]
    assert accuracy.low <= accuracy.value <= accuracy.high
    rules = report.tables["epoch_chosen"]
    assert [(row["epoch_rule"], row["seed"]) for row in rules[:4]] == [
        ("best on test", 0), ("last", 0), ("chosen on validation", 0), ("best on test", 1),
    ]  # fmt: skip
    assert all(row["images"] == 18 for row in rules)
    assert rules[0]["accuracy"] >= max(rules[1]["accuracy"], rules[2]["accuracy"])
    with open(run.folder / "held_out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(sum(float(row[f"p_{kind}"]) for kind in KINDS) == pytest.approx(1) for row in rows)
    assert "mobilenetv3_small_050" in (run.folder / "model" / "card.md").read_text()


def test_predict_takes_a_network_of_classes(trained, data, tmp_path):
    run, _ = trained
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    asked = (data / "grain", tmp_path / "broken.png")
    report = class_prediction.predict(Run(tmp_path / "run", device="cpu"), asked, model=run.folder)
    rows = report.tables["predictions"]
    assert len(rows) == 7
    assert sum(row["novelty"] is None for row in rows) == 1
    judged = [row for row in rows if row["novelty"] is not None]
    assert all(sum(row[f"p_{kind}"] for kind in KINDS) == pytest.approx(1) for row in judged)
    with pytest.raises(InputError, match="the model tells dots, grain, stripes apart"):
        miscibility.predict(Run(tmp_path), (data,), model=run.folder)


@pytest.mark.slow
def test_a_network_learns_what_anybody_sees(tmp_path):
    data = write(tmp_path / "set", np.random.default_rng(1), count=12)
    report = classification.train(
        Run(tmp_path, device="cpu"),
        data=data,
        model="resnet10t",
        epochs=12,
        batch=6,
        size_px=32,
        folds=2,
        rate=1e-3,
        augment="none",
    )
    assert report.values["accuracy"].value > 0.6
    assert report.tables["epoch_chosen"][2]["epoch"] > 1


def test_what_a_network_cannot_learn_is_one_sentence(data, tmp_path):
    table = tmp_path / "several.csv"
    lines = [f"{path},{'a;b' if k % 2 else 'a'}" for k, path in enumerate(sorted((data / "grain").iterdir()))]
    table.write_text("file,label\n" + "\n".join(lines) + "\n")
    with pytest.raises(BadParameter, match="a network learns one label an image"):
        classification.train(Run(tmp_path), data=table, **TINY)
    with pytest.raises(BadParameter, match="frozen: True belongs to networks"):
        classification.train(Run(tmp_path), data=data, frozen=True)
    with pytest.raises(BadParameter, match="is not known"):
        classification.train(Run(tmp_path), data=data, model="resnet19")
