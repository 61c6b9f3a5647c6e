"""The miscibility tasks as a user meets them, on simulated blends."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from morphoscope.core import Micrograph, PixelSize, Run
from morphoscope.datasets import fake_blends
from morphoscope.errors import InputError
from morphoscope.io import write
from morphoscope.measure.annotations import Print
from morphoscope.tasks import (
    controls,
    evaluation,
    explanation,
    miscibility,
    miscibility_evaluate,
    miscibility_explain,
    miscibility_training,
)
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


def test_the_criterion_is_reported(trained):
    _, report = trained
    assert {"coverage_miscible", "coverage_immiscible", "grade_spearman", "decided"} <= set(report.values)
    for row in report.tables["sets"]:
        assert row["low"] <= row["covered"] <= row["high"]
        assert row["one_class"] + row["both"] + row["none"] == pytest.approx(1)
    assert report.tables["grades"][0]["grade"] == "Incompatible"
    curve = report.curves["reliability"]
    assert (curve.y_low <= curve.y).all()
    assert (curve.y <= curve.y_high).all()


def test_predictions_have_an_interval_and_a_set(trained, fake, tmp_path):
    run, _ = trained
    report = miscibility.predict(Run(tmp_path / "run"), (fake / "Total_checked",), model=run.folder, alpha=0.05)
    for row in report.tables["predictions"]:
        assert row["logit_low"] < row["logit"] < row["logit_high"]
        assert row["abstained"] or row["set"] in ("miscible", "immiscible", "immiscible or miscible", "neither")
    wide = {row["file"]: row["set"] for row in report.tables["predictions"]}
    bold = miscibility.predict(Run(tmp_path / "bold"), (fake / "Total_checked",), model=run.folder, alpha=0.6)
    both = "immiscible or miscible"
    assert sum(row["set"] == both for row in bold.tables["predictions"]) < sum(one == both for one in wide.values())


@pytest.mark.slow
def test_a_judge_is_scored_on_other_images_and_its_own_are_flagged(trained, fake, tmp_path):
    run, _ = trained
    own = miscibility_evaluate.evaluate(Run(tmp_path / "own"), data=fake, model=run.folder)
    assert [row["part"] for row in own.tables["parts"]] == ["all images", "articles of training"]
    assert any("their scores are too good" in note for note in own.notes)
    painted = own.values["painted_auroc"]
    assert painted.low <= 0.5 <= painted.high
    fake_blends.write_fake(tmp_path / "new", rng=np.random.default_rng(8), articles=4, images_per_article=2, size_px=64)
    for path in sorted((tmp_path / "new").rglob("*.png")):
        folder = tmp_path / "classes" / ("miscible" if path.stem.endswith("_1") else "immiscible")
        folder.mkdir(parents=True, exist_ok=True)
        path.rename(folder / f"new_{path.name}")
    new = miscibility_evaluate.evaluate(Run(tmp_path / "other"), data=tmp_path / "classes", model=run.folder, control="none")
    assert [row["part"] for row in new.tables["parts"]] == ["all images"]
    assert "painted_auroc" not in new.values


def test_judges_are_compared_pair_by_pair(trained, tmp_path, rng):
    run, _ = trained
    rows = list(csv.DictReader((run.folder / "held_out.csv").read_text().splitlines()))
    for row in rows:
        row["logit"] = str(rng.standard_normal())
    evaluation.write_rows(tmp_path / "chance.csv", rows)
    report = miscibility_evaluate.compare(Run(tmp_path / "run"), (run.folder, tmp_path / "chance.csv", run.folder))
    table = {(row["models"].split(" ")[1], row["score"]): row for row in report.tables["differences"]}
    assert table["chance", "auroc"]["difference"] == pytest.approx(
        report.tables["scores"][1]["auroc"] - report.tables["scores"][0]["auroc"]
    )
    same = [row for row in report.tables["differences"] if row["difference"] == 0]
    assert len(same) == 4
    assert all(row["difference_low"] == row["difference_high"] == 0 for row in same)
    tests = report.tables["mcnemar"]
    assert len(tests) == 3
    assert tests[1]["p"] == 1


def test_wrong_comparisons_get_one_sentence(trained, tmp_path):
    run, _ = trained
    with pytest.raises(InputError, match="at least two"):
        miscibility_evaluate.compare(Run(tmp_path / "a"), (run.folder,))
    (tmp_path / "other.csv").write_text("file,label,group,logit\nx.png,miscible,a,1\n")
    with pytest.raises(InputError, match="no images in common"):
        miscibility_evaluate.compare(Run(tmp_path / "b"), (run.folder, tmp_path / "other.csv"))
    (tmp_path / "bad.csv").write_text("file,label\nx.png,miscible\n")
    with pytest.raises(InputError, match="no column 'group'"):
        miscibility_evaluate.compare(Run(tmp_path / "c"), (run.folder, tmp_path / "bad.csv"))


def test_print_and_size_alone_are_a_row_of_the_report(trained):
    _, report = trained
    row = next(row for row in report.tables["models"] if row["model"].startswith("print and image size only"))
    assert row["auroc"] < report.values["auroc"].value


def test_painting_leaves_print_only():
    levels = np.tile(np.linspace(60, 180, 120), (90, 1))
    mask = np.zeros((90, 120), bool)
    mask[5:15, 5:25] = True
    levels[mask] = 255
    blank = controls.painted(Micrograph((levels / 255).astype(np.float32)), Print(mask, ()), side_px=64)
    assert blank.pixels.shape == (64, 64)
    assert (blank.pixels[20:] * 255).round().tolist() == np.full((44, 64), 128.0).tolist()
    assert blank.pixels.max() > 0.95


@pytest.mark.slow
def test_an_explanation_has_a_map_droplets_reasons_and_checks(trained, fake, tmp_path):
    run, _ = trained
    image = sorted((fake / "Total_checked").iterdir())[0]
    report = miscibility_explain.explain(Run(tmp_path / "run"), (image,), model=run.folder, pixel_size_nm=20.0)
    assert {"map", "droplets"} <= set(report.files)
    with Image.open(tmp_path / "run" / "map.png") as picture:
        assert max(picture.size) == explanation.LONGEST_PX
    told = report.tables["images"][0]
    assert -1 <= told["map_permuted_r"] < told["map_redrawn_r"] <= 1
    logit = report.values["logit"].value
    assert sum(row["evidence"] for row in report.tables["contributions"]) == pytest.approx(logit)
    assert report.curves["deletion"].y[0] == pytest.approx(logit)
    assert any("miscible by" in row["reason"] for row in report.tables["reasons"])
    assert any(" nm" in row["group"] or " um" in row["group"] for row in report.tables["contributions"])


@pytest.mark.slow
def test_trees_are_trained_and_predict(fake, tmp_path):
    run = Run(tmp_path / "run")
    report = miscibility_training.train(run, data=fake, folds=3, repeats=1, model="ensemble")
    assert report.tables["models"][0]["model"] == "descriptors, mean of logistic regression and boosted trees"
    assert report.values["auroc"].value > 0.6
    image = sorted((fake / "Total_checked").iterdir())[0]
    row = miscibility.predict(Run(tmp_path / "predict"), (image,), model=run.folder).tables["predictions"][0]
    assert row["logit_low"] is None
    assert row["logit"] is not None
    told = miscibility_explain.explain(Run(tmp_path / "explain"), (image,), model=run.folder, curves=False)
    assert sum(one["evidence"] for one in told.tables["contributions"]) == pytest.approx(row["logit"], abs=1e-6)
    assert "map_permuted_r" not in told.tables["images"][0]
