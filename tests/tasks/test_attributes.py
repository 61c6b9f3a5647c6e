"""Several labels an image, and how few images a class needs."""

import csv

import numpy as np
import pytest
from classes import picture, write
from PIL import Image

from morphoscope.core import Run
from morphoscope.datasets import attributes
from morphoscope.errors import BadParameter, InputError
from morphoscope.tasks import class_prediction, classification


def mixed(path, kinds, rng):
    """An image that shows each of ``kinds`` at once, or grain."""
    planes = [picture(kind, rng).astype(float) for kind in kinds or ("grain",)]
    Image.fromarray(np.round(np.mean(planes, axis=0)).astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Twenty images that show dots, stripes, both or neither."""
    folder = tmp_path_factory.mktemp("attributes")
    rng, rows = np.random.default_rng(4), ["file,label"]
    for k in range(20):
        kinds = [kind for bit, kind in enumerate(("dots", "stripes")) if k % 4 >> bit & 1]
        mixed(folder / f"{k}.png", kinds, rng)
        rows.append(f"{k}.png,{'; '.join(kinds)}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder / "labels.csv"


@pytest.fixture(scope="module")
def trained(table, tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("trained"))
    return run, classification.train(run, data=table, folds=4, repeats=2)


def test_each_attribute_is_learnt_and_scored(trained):
    run, report = trained
    assert report.values["attributes"].value == 2
    assert report.values["macro_auroc"].value > 0.8
    for row in report.tables["by_attribute"]:
        assert row["images"] == 10
        assert row["auroc_low"] <= row["auroc"] <= row["auroc_high"]
    with open(run.folder / "held_out.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 20


def test_attributes_are_predicted_side_by_side(trained, tmp_path, rng):
    run, _ = trained
    for name, kinds in (("both", ("dots", "stripes")), ("neither", ()), ("dots", ("dots",))):
        mixed(tmp_path / f"{name}.png", kinds, rng)
    report = class_prediction.predict(Run(tmp_path), tuple(sorted(tmp_path.glob("*.png"))), model=run.folder)
    rows = {row["file"]: row for row in report.tables["predictions"]}
    assert rows["both.png"]["p_dots"] > rows["neither.png"]["p_dots"]
    assert rows["both.png"]["p_stripes"] > rows["dots.png"]["p_stripes"]
    told = [row["label"] for row in rows.values() if not row["abstained"]]
    assert set(told) <= {"dots;stripes", "dots", "stripes", "none"}
    assert told


def test_columns_of_flags_are_attributes(table):
    rows = ["file,dots,stripes,group", "0.png,0,0,a", "1.png,1,0,a", "3.png,1,1,b"]
    flags = table.parent / "flags.csv"
    flags.write_text("\n".join(rows) + "\n")
    assert attributes.several(flags)
    dataset, known = attributes.load(flags)
    assert known == ("dots", "stripes")
    assert [sample.label for sample in dataset] == ["", "dots", "dots;stripes"]
    assert dataset.groups == ("a", "b")
    assert attributes.matrix(dataset, known).tolist() == [[False, False], [True, False], [True, True]]


def test_an_attribute_of_one_image_is_refused(table, tmp_path):
    rare = table.parent / "rare.csv"
    rare.write_text("file,label\n" + "".join(f"{k}.png,{'dots;odd' if k == 1 else 'dots' if k % 2 else ''}\n" for k in range(6)))
    with pytest.raises(InputError, match="one image has the attribute 'odd'; it cannot be both learned and tested"):
        classification.train(Run(tmp_path), data=rare, folds=2)
    with pytest.raises(BadParameter, match="this table has several"):
        classification.train(Run(tmp_path), data=table, shots=(1,))
    (table.parent / "lost.csv").write_text("file,label\nnowhere.png,a;b\n")
    with pytest.raises(InputError, match=r"lost\.csv, line 2: no file nowhere\.png"):
        classification.train(Run(tmp_path), data=table.parent / "lost.csv")


def test_more_examples_teach_more(tmp_path, rng):
    folder = write(tmp_path / "set", rng, count=4)
    report = classification.train(Run(tmp_path), data=folder, folds=2, repeats=1, shots=(1, 2))
    first, second = report.tables["few_shots"]
    assert (first["images_a_class"], second["images_a_class"]) == (1, 2)
    assert 0.4 < first["accuracy"] <= second["accuracy"] + 0.1
    assert second["low"] <= second["accuracy"] <= second["high"]
    assert report.curves["few_shots"].y.tolist() == [first["accuracy"], second["accuracy"]]
    with pytest.raises(BadParameter, match="a training part holds 2 images of the rarest class"):
        classification.train(Run(tmp_path), data=folder, folds=2, repeats=1, shots=(9,))
