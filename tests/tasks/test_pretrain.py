"""Pretraining: weights that a later training starts from, and what cannot be used in one sentence."""

import json

import numpy as np
import pytest
from PIL import Image

from morphoscope.core import Run
from morphoscope.errors import InputError
from morphoscope.learn import weights
from morphoscope.learn.backbones import build
from morphoscope.learn.recipe import Recipe
from morphoscope.tasks import pretrain


@pytest.fixture(autouse=True)
def without_words(monkeypatch):
    """As without the extra that finds words."""
    monkeypatch.setattr(pretrain, "reader", lambda: None)


TINY = {"model": "mobilenetv3_small_050", "size_px": 32, "epochs": 1, "batch": 8}


def starts_a_training(folder, report):
    recipe = Recipe(TINY["model"], folder, size_px=32)
    network = build(recipe, classes=2, seed=9)
    fresh = {name: value.clone() for name, value in network.backbone.state_dict().items()}
    weights.start(network, recipe)
    changed = [name for name, value in network.backbone.state_dict().items() if not fresh[name].equal(value)]
    described = json.loads((folder / report.files["model"]).read_text())
    return len(changed) > 0.9 * len([n for n in fresh if "num_batches" not in n]) and described["kind"] == pretrain.KIND


@pytest.mark.slow
def test_simulated_blends(tmp_path):
    run = Run(tmp_path, device="cpu")
    report = pretrain.simulated(run, images=30, **TINY)
    accuracy = report.values["accuracy"]
    assert accuracy.low <= accuracy.value <= accuracy.high
    assert starts_a_training(tmp_path, report)
    with pytest.raises(InputError, match="these are weights of mobilenetv3_small_050, not of resnet18"):
        weights.read(tmp_path, model="resnet18")


def test_micrographs_without_labels(tmp_path, rng):
    (tmp_path / "in").mkdir()
    for k in range(10):
        plane = np.kron(rng.integers(0, 255, (6 + k, 6 + k)), np.ones((8, 8))).astype(np.uint8)
        Image.fromarray(plane).save(tmp_path / "in" / f"{k}.png")
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    run = Run(tmp_path / "run", device="cpu")
    run.folder.mkdir()
    report = pretrain.micrographs(run, (tmp_path / "in",), **TINY)
    assert report.values["images"].value == 10
    assert [row["file"] for row in report.tables["left_out"]] == ["broken.png"]
    assert 0 <= report.values["recognised"].value <= 1
    assert starts_a_training(run.folder, report)


def test_too_few_images(tmp_path):
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="1 of 1 images can be read, too few to learn from; give at least 8"):
        pretrain.micrographs(Run(tmp_path / "run"), (tmp_path / "a.png",), **TINY)
