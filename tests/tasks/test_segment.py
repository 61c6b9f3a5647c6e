"""The segment task: label images that other tasks read, with scale, data bar and masks honoured."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

import morphoscope as ms
from morphoscope.core import Micrograph, PixelSize, Run, Stack
from morphoscope.errors import BadParameter, InputError
from morphoscope.io import read, write
from morphoscope.tasks.phases import measure
from morphoscope.tasks.segment import segment


def grey(shape=(80, 100), seed=0):
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.standard_normal(shape), 5)
    return np.rint(90 + 70 * (field > 0) + 5 * rng.standard_normal(shape)).clip(0, 255).astype(np.uint8), field > 0


def test_labels_go_on_into_other_tasks(tmp_path):
    raw, inside = grey()
    image = write(Micrograph.from_raw(raw, pixel_size=PixelSize(2.0, 2.0)), tmp_path / "grey.tif")
    found = ms.run("segment", image, workspace=tmp_path / "lab")
    labels = tmp_path / "lab" / "runs" / found.run / found.files["labels"]
    saved = read(labels)
    assert np.mean(np.rint(saved.raw()) == 1 + inside) > 0.999
    assert saved.pixel_size.x_nm == 2.0
    phases = ms.run("measure phases", f"run:{found.run}/labels.png", workspace=tmp_path / "lab")
    for one, other in zip(found.tables["phases"], phases.tables["phases"], strict=True):
        assert one["fraction"] == other["fraction"] == pytest.approx(np.mean(inside == (one["label"] == 2)), abs=1e-3)
        assert one["fraction_high"] - one["fraction_low"] >= other["fraction_high"] - other["fraction_low"]
    assert "interface_smooth_per_nm" in phases.tables["phases"][0]
    correlation = ms.run("measure two-point", f"run:{found.run}/labels.png", workspace=tmp_path / "lab")
    assert correlation.values["area_fraction"].value == pytest.approx(inside.mean(), abs=1e-3)


def test_the_mask_and_the_data_bar_are_label_0(tmp_path):
    raw, inside = grey()
    image = write(Micrograph.from_raw(raw, data_bar_row_px=70), tmp_path / "grey.h5")
    mask = np.full(raw.shape, 255, np.uint8)
    mask[:, :10] = 0
    Image.fromarray(mask).save(tmp_path / "mask.png")
    run = Run(tmp_path / "run")
    report = segment(run, image, mask=tmp_path / "mask.png")
    labels = np.asarray(Image.open(run.file("labels.png")))
    assert (labels[70:] == 0).all()
    assert (labels[:, :10] == 0).all()
    assert np.mean(labels[:70, 10:] == 1 + inside[:70, 10:]) > 0.999
    assert any("label 0; give ignore=0 to measure phases of labels.png" in note for note in report.notes)
    again = measure(Run(tmp_path / "again"), run.file("labels.png"), ignore=0)
    assert [row["label"] for row in again.tables["phases"]] == [1, 2]
    assert again.tables["phases"][1]["fraction"] == report.tables["phases"][1]["fraction"]


def test_a_volume(tmp_path):
    slices = tuple(Micrograph.from_raw(grey(seed=0)[0], pixel_size=PixelSize(3.0, 3.0)) for _ in range(4))
    image = write(Stack(slices, axis="z", spacing_nm=6.0), tmp_path / "grey.ome.tif")
    run = Run(tmp_path / "run")
    report = segment(run, image, denoise="median", background="plane")
    labels = read(run.file(report.files["labels"]))
    assert labels.array().shape == (4, 80, 100)
    assert labels.spacing_nm == 6.0
    assert set(np.unique(np.rint(labels.array()))) == {1, 2}


@pytest.mark.parametrize("parameters, phases", [
    ({"method": "adaptive", "window_px": 15, "offset": 2 / 255, "smoothing_px": 5}, 2),
    ({"method": "hysteresis", "margin": 0.5}, 2),
    ({"method": "walk", "background": "gaussian", "background_px": 60}, 2),
    ({"classes": 3}, 3),
    ({"level": 0.5, "denoise": "variation"}, 2),
])  # fmt: skip
def test_every_way_is_within_reach(tmp_path, parameters, phases):
    image = write(Micrograph.from_raw(grey()[0]), tmp_path / "grey.tif")
    report = segment(Run(tmp_path / "run"), image, **parameters)
    assert report.values["phases"].value == phases
    assert sum(row["fraction"] for row in report.tables["phases"]) == pytest.approx(1)


def test_wrong_input_is_one_sentence(tmp_path):
    Image.fromarray(np.zeros((30, 30), np.uint8)).save(tmp_path / "black.png")
    with pytest.raises(InputError, match=r"black\.png: all pixels have the same grey level \(0\), so there are no two phases"):
        segment(Run(tmp_path / "run"), tmp_path / "black.png")
    Image.fromarray(grey()[0]).save(tmp_path / "grey.png")
    Image.fromarray(np.full((9, 9), 255, np.uint8)).save(tmp_path / "small.png")
    with pytest.raises(InputError, match=r"small\.png: a mask of 9 x 9, the picture has 100 x 80; give one of the same size"):
        segment(Run(tmp_path / "run"), tmp_path / "grey.png", mask=tmp_path / "small.png")
    Image.fromarray(np.zeros((80, 100), np.uint8)).save(tmp_path / "none.png")
    with pytest.raises(InputError, match=r"none\.png: the mask is black everywhere"):
        segment(Run(tmp_path / "run"), tmp_path / "grey.png", mask=tmp_path / "none.png")
    with pytest.raises(BadParameter, match=r"grey\.png: method='li' makes two phases"):
        segment(Run(tmp_path / "run"), tmp_path / "grey.png", method="li", classes=3)
    (tmp_path / "curve.csv").write_text("x,y\n1,2\n2,3\n3,4\n4,5\n")
    with pytest.raises(InputError, match=r"curve\.csv: holds a curve, not a grey image"):
        segment(Run(tmp_path / "run"), tmp_path / "curve.csv")


def test_a_colour_photograph_is_divided_by_its_brightness_and_says_so(tmp_path):
    colour = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    Image.fromarray(colour).save(tmp_path / "photo.png")
    report = segment(Run(tmp_path / "run"), tmp_path / "photo.png")
    assert any("colour picture" in note for note in report.notes)
