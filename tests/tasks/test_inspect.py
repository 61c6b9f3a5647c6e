"""inspect answers for every noun that can be read."""

from __future__ import annotations

import json

import numpy as np
import pytest

from morphoscope.core import Curve, LabelMap, Micrograph, Pattern, PixelSize, Run, Stack, Trajectory
from morphoscope.errors import UnreadableFile
from morphoscope.io import write
from morphoscope.physics import sem, sem_bar
from morphoscope.tasks import inspect as module
from morphoscope.tasks.inspect import inspect


def disc(size=160, pixel_nm=4.0, style="fei"):
    y, x = np.indices((size, size)) - size / 2
    image = sem.render((np.hypot(y, x) < size / 3).astype(float), pixel_nm=pixel_nm, imaging=sem.Imaging())
    return sem_bar.with_data_bar(image, style=style)


def of(noun, tmp_path, monkeypatch):
    """The report on ``noun`` as if it had been read from a file."""
    monkeypatch.setattr(module, "read", lambda path, nan: noun)
    report = inspect(Run(tmp_path / "run"), tmp_path / "thing.dat")
    json.loads(report.to_json())
    for name in report.files.values():
        assert (tmp_path / "run" / name).is_file()
    for figure in report.figures.values():
        assert all(name in {**report.curves, **report.files, **report.tables} for name in figure.data)
    return report


@pytest.mark.parametrize("name", ["a.ome.tif", "a.png"])
def test_a_written_micrograph(tmp_path, name):
    image = disc()
    report = inspect(Run(tmp_path), write(image, tmp_path / name))
    found = {key: quantity.value for key, quantity in report.values.items()}
    assert (found["width_px"], found["height_px"], found["data_bar_row_px"], found["bits"]) == (160, 176, 160, 8)
    assert all(isinstance(found[key], int) for key in ("width_px", "height_px", "data_bar_row_px", "bits"))
    assert found["pixel_size_nm"] == pytest.approx(4.0)
    assert (found["field_width_nm"], found["field_height_nm"]) == pytest.approx((640, 640))
    assert (found["voltage_kv"], report.values["voltage_kv"].unit) == (5.0, "kV")
    assert "pixel_size_y_nm" not in found
    assert report.title.startswith(f"{name}: micrograph of 160 x 176")
    assert any("scale: " in note and "simulated" in note for note in report.notes)
    assert report.curves["grey_levels"].y.sum() == pytest.approx(1)


def test_unknown_scale_is_absent_not_zero(tmp_path, monkeypatch):
    report = of(Micrograph.from_raw(np.arange(6000, dtype=np.uint16).reshape(60, 100)), tmp_path, monkeypatch)
    assert "pixel_size_nm" not in report.values
    assert "field_width_nm" not in report.values
    assert "data_bar_row_px" not in report.values
    assert any(note.startswith("scale: unknown") for note in report.notes)
    assert report.curves["grey_levels"].x[-1] == 5999


def test_the_header_knows_the_bar_better_than_the_eye(tmp_path, monkeypatch):
    image = disc()
    report = of(Micrograph(image.pixels, image.pixel_size, data_bar_row_px=150), tmp_path, monkeypatch)
    assert report.values["data_bar_row_px"].value == 150


def test_oblong_pixels_and_stated_error(tmp_path, monkeypatch):
    size = PixelSize(3.0, 2.0, "scale bar: 1 µm", 0.01)
    report = of(Micrograph(np.random.default_rng(0).random((40, 50)), size), tmp_path, monkeypatch)
    assert (report.values["pixel_size_nm"].value, report.values["pixel_size_y_nm"].value) == (2.0, 3.0)
    assert report.values["pixel_size_nm"].low == pytest.approx(2.0 * (1 - 0.0196))
    assert report.values["field_height_nm"].value == 120
    assert "scale: scale bar: 1 µm" in report.notes


def test_a_fully_masked_or_black_image_still_answers(tmp_path, monkeypatch):
    report = of(Micrograph(np.zeros((60, 60)), mask=np.zeros((60, 60), bool)), tmp_path, monkeypatch)
    assert report.values["noise"].value is None
    assert of(Micrograph(np.zeros((60, 60))), tmp_path, monkeypatch).values["saturation_low"].value == 1


def test_a_stack(tmp_path, monkeypatch):
    frames = tuple(Micrograph(np.full((50, 60), level)) for level in (0.1, 0.2, 0.4))
    report = of(Stack(frames, "time", times_s=(0.0, 0.5, 1.0), names=("a", "b", "c")), tmp_path, monkeypatch)
    assert (report.values["frames"].value, report.values["frame_rate_hz"].value) == (3, 2.0)
    np.testing.assert_allclose(report.curves["mean_grey"].y, [0.1, 0.2, 0.4])
    assert "axis: time" in report.notes
    assert "frames: a, b, c" in report.notes
    volume = of(Stack((frames[0], Micrograph(np.zeros((70, 60)))), "z", spacing_nm=12.0), tmp_path, monkeypatch)
    assert volume.values["spacing_nm"].value == 12.0
    assert "frames differ in size: 60 x 50 px, 60 x 70 px" in volume.notes


def test_a_pattern(tmp_path, monkeypatch):
    y, x = np.indices((20, 30)).astype(float)
    intensity = np.exp(-(x**2 + y**2) / 50)
    intensity[0, 0] = np.nan
    found = of(Pattern(intensity, x / 10, y / 10, mask=x < 15, centre_px=(0.0, 0.0)), tmp_path, monkeypatch)
    assert found.values["masked_share"].value == pytest.approx(1 - 299 / 600)
    assert found.values["q_min_per_nm"].value == pytest.approx(0.1)
    assert found.values["q_max_per_nm"].value == pytest.approx(np.hypot(1.4, 1.9))
    picture = of(Pattern(np.ones((20, 30))), tmp_path, monkeypatch)
    assert "q_min_per_nm" not in picture.values
    assert any("does not know" in note for note in picture.notes)


def test_a_curve_labels_and_a_trajectory(tmp_path, monkeypatch):
    report = of(Curve(np.array([0.1, 0.2, np.nan]), np.ones(3), "q", "I", x_unit="1/Å"), tmp_path, monkeypatch)
    assert (report.values["points"].value, report.values["x_max"].value, report.values["x_max"].unit) == (3, 0.2, "1/Å")
    report = of(LabelMap(np.array([[0, 0, 3], [5, 5, 3]]), PixelSize(1.5, 1.5)), tmp_path, monkeypatch)
    assert (report.values["labels"].value, report.values["pixel_size_nm"].value) == (3, 1.5)
    moving = Trajectory(np.zeros((4, 7, 3)), np.full((4, 3), 9.0), np.arange(4.0), np.array(["NP"] * 7))
    report = of(moving, tmp_path, monkeypatch)
    assert (report.values["frames"].value, report.values["particles"].value, report.values["box_z"].value) == (4, 7, 9.0)


def test_a_file_that_is_none(tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(UnreadableFile, match=r"empty\.png: the file is empty"):
        inspect(Run(tmp_path), tmp_path / "empty.png")


def test_real_files(tmp_path, shared_data):
    report = inspect(Run(tmp_path), next(shared_data.glob("bcp_sem/*.tif")))
    assert report.values["pixel_size_nm"].value == pytest.approx(3.96875)
    assert report.values["data_bar_row_px"].value == 836
