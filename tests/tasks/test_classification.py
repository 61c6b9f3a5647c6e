"""Any number of classes as a user meets them, on three kinds of images made here; and what a user can get wrong."""

import csv
import shutil

import numpy as np
import pytest
from classes import KINDS, picture, write
from PIL import Image

from morphoscope.core import Micrograph, PixelSize, Run
from morphoscope.errors import InputError
from morphoscope.io import write as write_micrograph
from morphoscope.tasks import class_prediction, classification, field_scale, miscibility


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Four images a class; the first of grain is there once more, mirrored, and one file is broken."""
    folder = write(tmp_path_factory.mktemp("classes") / "set", np.random.default_rng(0), count=4)
    with Image.open(folder / "grain" / "s0_grain.png") as first:
        first.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "grain" / "s6_grain.png")
    (folder / "grain" / "s3a_grain.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    return folder


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("trained"))
    return run, classification.train(run, data=data, folds=3, repeats=2)


def test_three_classes_are_learnt_and_scored(trained):
    run, report = trained
    assert {"accuracy", "balanced_accuracy", "macro_f1", "macro_auroc", "ece"} <= set(report.values)
    accuracy = report.values["accuracy"]
    assert 0.8 < accuracy.value <= 1
    assert accuracy.low <= accuracy.value <= accuracy.high
    assert [row["model"] for row in report.tables["models"][1:]] == ["majority class", "nearest neighbour"]
    assert report.tables["models"][1]["accuracy"] < 0.5
    assert [row["class"] for row in report.tables["by_class"]] == list(KINDS)
    assert sum(row[kind] for row in report.tables["confusion"] for kind in KINDS) == 13
    with open(run.folder / "held_out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 13
    assert all(sum(float(row[f"p_{kind}"]) for kind in KINDS) == pytest.approx(1) for row in rows)


def test_a_broken_image_is_reported_and_the_others_go_on(trained):
    _, report = trained
    (row,) = report.tables["left_out"]
    assert row["file"] == "s3a_grain.png"
    assert report.values["images"].value == 13


def test_pictures_of_one_place_are_one_group(trained):
    run, report = trained
    assert any("1 pair(s) of pictures show the same place" in note for note in report.notes)
    with open(run.folder / "held_out.csv", newline="") as file:
        groups = {row["file"]: row["group"] for row in csv.DictReader(file)}
    assert groups["grain/s0_grain.png"] == groups["grain/s6_grain.png"] != groups["grain/s1_grain.png"]


def test_random_folds_say_what_they_share(tmp_path, rng):
    folder = write(tmp_path / "set", rng, count=3)
    report = classification.train(Run(tmp_path), data=folder, protocol="random", folds=3, repeats=1, group_pattern=r"s(\d)")
    assert any("share a group with training, so these scores are too good" in note for note in report.notes)


def test_prediction_gives_every_class_a_probability(trained, tmp_path, rng):
    run, _ = trained
    folder = write(tmp_path / "new", rng, count=2)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    (tmp_path / "run").mkdir()
    report = class_prediction.predict(Run(tmp_path / "run"), (folder,), model=run.folder)
    rows = {row["file"]: row for row in report.tables["predictions"]}
    assert len(rows) == 7
    assert rows["broken.png"]["abstained"]
    assert "broken.png" in rows["broken.png"]["reason"]
    answered = [row for row in rows.values() if not row["abstained"]]
    assert len(answered) >= 4
    for row in answered:
        assert row["label"] == row["file"].split("_")[1].removesuffix(".png")
        assert sum(row[f"p_{kind}"] for kind in KINDS) == pytest.approx(1)
        assert row["p"] == max(row[f"p_{kind}"] for kind in KINDS)
        assert len(row["sha256"]) == 64
    assert (tmp_path / "run" / "sheet.png").is_file()
    strict = class_prediction.predict(Run(tmp_path / "run"), (folder,), model=run.folder, least_p=1.0)
    assert strict.values["answered"].value == 0


def test_a_flat_picture_gets_no_answer(trained, tmp_path):
    run, _ = trained
    plane = np.full((64, 64), 255, np.uint8)
    plane[30:34, 5:60] = 0
    Image.fromarray(plane).save(tmp_path / "plot.png")
    report = class_prediction.predict(Run(tmp_path), (tmp_path / "plot.png",), model=run.folder)
    assert report.tables["predictions"][0]["abstained"]
    assert report.tables["predictions"][0]["label"] is None


# What a user can get wrong


def test_a_model_of_other_classes_is_refused(trained, data, tmp_path):
    run, _ = trained
    with pytest.raises(InputError, match="the model tells dots, grain, stripes apart, not immiscible from miscible"):
        miscibility.predict(Run(tmp_path), (data,), model=run.folder)


def test_a_class_with_one_image_is_refused(tmp_path, rng):
    folder = write(tmp_path / "set", rng, count=3)
    (folder / "cracks").mkdir()
    Image.fromarray(picture("grain", rng)).save(folder / "cracks" / "only.png")
    with pytest.raises(InputError, match="the class 'cracks' has one image; it cannot be both learned and tested"):
        classification.train(Run(tmp_path), data=folder)


def test_one_article_only_is_refused(tmp_path, rng):
    folder = write(tmp_path / "set", rng, count=2)
    with pytest.raises(InputError, match="all images are of one article or specimen; 5 parts that divide none need at least 5"):
        classification.train(Run(tmp_path), data=folder, group_pattern="png")
    with pytest.raises(InputError, match="all images of the class 'dots' are of one group"):
        classification.train(Run(tmp_path), data=folder, group_pattern=r"dots|.*/.*", folds=3)


def test_a_misspelt_class_gets_a_suggestion(tmp_path, rng):
    folder = write(tmp_path / "set", rng, kinds=("dots", "scratches"), count=6)
    (folder / "scraches").mkdir()
    shutil.move(folder / "scratches" / "s0_scratches.png", folder / "scraches" / "s0.png")
    with pytest.raises(InputError, match="rename 'scraches' to 'scratches'"):
        classification.train(Run(tmp_path), data=folder)


def test_nothing_readable_is_one_sentence(tmp_path):
    for kind in ("a", "b"):
        (tmp_path / "set" / kind).mkdir(parents=True)
        (tmp_path / "set" / kind / "x.png").write_bytes(b"broken")
    with pytest.raises(InputError, match="0 of 2 images can be read"):
        classification.train(Run(tmp_path), data=tmp_path / "set")


def test_a_model_of_another_scale_warns(tmp_path, rng):
    for pixel_nm, where in ((10.0, "set"), (1000.0, "new")):
        for label, kind in (("immiscible", "dots"), ("miscible", "stripes")):
            for k in range(2):
                micrograph = Micrograph(picture(kind, rng) / np.float32(255), PixelSize(pixel_nm, pixel_nm, "given"))
                (tmp_path / where / label).mkdir(parents=True, exist_ok=True)
                write_micrograph(micrograph, tmp_path / where / label / f"{k}.ome.tif")
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    classification.train(run, data=tmp_path / "set", folds=2, repeats=1)
    for task in (class_prediction, miscibility):
        report = task.predict(run, (tmp_path / "new",), model=run.folder)
        assert "4 of 4 images are of another scale than the model: fields 64 um to 64 um wide, training 0.64" in report.notes[-1]
        same = task.predict(run, (tmp_path / "set",), model=run.folder)
        assert len(same.notes) == 1


def test_unknown_scales_teach_nothing():
    assert field_scale.learnt([None, None, 5.0]) == {}
    assert field_scale.warning({}, [5.0]) == ()
