"""The miscibility tasks as a user meets them, on simulated blends."""

import json

import numpy as np
import pytest
from PIL import Image

from morphoscope.core import Micrograph, PixelSize, Run
from morphoscope.datasets import fake_blends
from morphoscope.errors import InputError
from morphoscope.io import write
from morphoscope.tasks import miscibility, miscibility_training
from morphoscope.tasks.descriptors import table


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fake")
    fake_blends.write_fake(folder, rng=np.random.default_rng(3), articles=18, images_per_article=2, size_px=64)
    return folder


@pytest.fixture(scope="module")
def trained(fake, tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("trained"))
    return run, miscibility_training.train(run, data=fake, folds=3, repeats=2)


def test_training_reports_scores_with_intervals_and_baselines(trained):
    run, report = trained
    assert {"auroc", "balanced_accuracy", "accuracy", "f1_miscible", "ece"} <= set(report.values)
    auroc = report.values["auroc"]
    assert auroc.low <= auroc.value <= auroc.high
    assert auroc.value > 0.6
    names = [row["model"] for row in report.tables["models"]]
    assert names[1:3] == ["majority class", "nearest neighbour"]
    assert any("no pixel" in name for name in names)
    majority = report.tables["models"][1]
    assert majority["auroc"] == pytest.approx(0.5, abs=0.2)
    described = json.loads((run.folder / "model" / "model.json").read_text())
    assert described["settings"]["classes"] == ["immiscible", "miscible"]
    assert "Honest score: AUROC" in (run.folder / "model" / "card.md").read_text()


def test_prediction_skips_what_cannot_be_read(trained, fake, tmp_path):
    run, _ = trained
    some = tmp_path / "some"
    some.mkdir()
    for path in sorted((fake / "Total_checked").iterdir())[:6]:
        (some / path.name).write_bytes(path.read_bytes())
    (some / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    report = miscibility.predict(Run(tmp_path / "run"), (some,), model=run.folder)
    rows = report.tables["predictions"]
    assert len(rows) == 7
    broken = next(row for row in rows if row["file"] == "broken.png")
    assert broken["abstained"]
    assert broken["logit"] is None
    assert "broken.png" in broken["reason"]
    logits = [row["logit"] for row in rows if row["logit"] is not None]
    assert logits == sorted(logits, reverse=True)
    assert (tmp_path / "run" / "sheet.png").is_file()


def test_a_plot_is_not_judged(trained, tmp_path):
    run, _ = trained
    plot = np.full((200, 300), 255, np.uint8)
    plot[20:180, 40] = plot[180, 40:280] = 0
    x = np.arange(40, 280)
    plot[(100 + 60 * np.sin(x / 20)).astype(int), x] = 0
    Image.fromarray(plot).save(tmp_path / "plot.png")
    report = miscibility.predict(Run(tmp_path / "run"), (tmp_path / "plot.png",), model=run.folder)
    row = report.tables["predictions"][0]
    assert row["abstained"]
    assert row["p_miscible"] is None


def test_wrong_labels_are_refused(tmp_path):
    for name in ("cat/a.png", "cat/b.png", "dog/c.png", "dog/d.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.zeros((40, 40), np.uint8)).save(tmp_path / name)
    with pytest.raises(InputError, match="the labels are cat, dog; miscibility needs immiscible and miscible"):
        miscibility_training.train(Run(tmp_path / "run"), data=tmp_path)


def test_the_shipped_model_judges_without_training(fake, tmp_path):
    report = miscibility.predict(Run(tmp_path), (fake / "Total_checked",))
    assert report.values["images"].value == 36
    assert "AUROC" in report.notes[0]


def test_descriptors_as_a_table(fake, tmp_path):
    report = table(Run(tmp_path), (fake / "Total_checked",))
    lines = (tmp_path / "descriptors.csv").read_text().splitlines()
    assert len(lines) == 37
    assert len(lines[0].split(",")) == 283
    assert report.values["descriptors"].value == 282


def test_a_judge_warns_of_fields_of_another_scale(trained, tmp_path):
    run, _ = trained
    pixels = np.random.default_rng(0).random((64, 64), dtype=np.float32)
    write(Micrograph(pixels, PixelSize(1000.0, 1000.0, "given")), tmp_path / "wide.ome.tif")
    report = miscibility.predict(Run(tmp_path), (tmp_path / "wide.ome.tif",), model=run.folder)
    assert "1 of 1 images are of another scale than the model: fields 64 um to 64 um wide" in report.notes[-1]
