"""Lineal path, spectrum and morphology as a user asks for them: units, masks of data bars, figures, wrong input."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.core import Micrograph, PixelSize, Run
from morphoscope.errors import BadParameter, InputError, MissingPixelSize
from morphoscope.io import write
from morphoscope.physics import sem_bar
from morphoscope.tasks.lineal_path import lineal_path
from morphoscope.tasks.morphology import morphology
from morphoscope.tasks.spectrum import spectrum


def stripes(size=200, period=16.0, seed=0):
    """Wavy stripes, bright in 40 % of the area."""
    _, x = np.indices((size, size))
    wander = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((size, size)), 12, mode="wrap")
    wave = np.cos(2 * np.pi * (x + 30 * wander) / period)
    return wave > np.quantile(wave, 0.6)


def image(pixel=None, inside=None):
    raw = np.where(stripes() if inside is None else inside, 200, 60).astype(np.uint8)
    return Micrograph.from_raw(raw, pixel_size=None if pixel is None else PixelSize(*pixel))


@pytest.fixture
def ask(tmp_path):
    def run(task, micrograph, **parameters):
        return task(Run(tmp_path / "run", seed=3), write(micrograph, tmp_path / "image.ome.tif"), **parameters)

    return run


@pytest.mark.parametrize("task", [lineal_path, spectrum, morphology])
def test_reports_hold_together(ask, tmp_path, task):
    report = ask(task, image((4.0, 4.0)))
    for figure in report.figures.values():
        assert all(name in {**report.curves, **report.tables, **report.files} for name in figure.data)
    assert all((tmp_path / "run" / path).is_file() for path in report.files.values())
    assert any(note.startswith("scale: 4 nm a pixel") for note in report.notes)
    assert "NaN" not in report.to_json()
    for name, value in json.loads(report.to_json())["values"].items():
        if value["low"] is not None and value["high"] is not None:
            assert value["low"] <= value["value"] <= value["high"], name
    unscaled = ask(task, image())
    assert any(note.startswith("scale: unknown") for note in unscaled.notes)


@pytest.mark.parametrize("task, powers", [
    (lineal_path, {"mean_chord_x": 1}),
    (spectrum, {"period": 1, "q_peak": -1}),
    (morphology, {"mean_intercept": 1, "thickness_mean": 1, "euler_per_area": -2}),
])  # fmt: skip
def test_lengths_scale_with_the_pixel_size(ask, task, powers):
    px, nm, by_hand = ask(task, image()), ask(task, image((2.5, 2.5))), ask(task, image((9.0, 9.0)), pixel_size_nm=2.5)
    for name, power in powers.items():
        assert ("px" in px.values[name].unit, "nm" in nm.values[name].unit) == (True, True)
        for report in (nm, by_hand):
            assert report.values[name].value == pytest.approx(2.5**power * px.values[name].value, rel=1e-6)


@pytest.mark.parametrize("task, name", [(lineal_path, "mean_chord_x"), (spectrum, "period"), (morphology, "interface_per_area")])
def test_the_data_bar_is_left_out(ask, task, name):
    bare = image((4.0, 4.0))
    printed = sem_bar.with_data_bar(bare, style="zeiss-white")
    assert ask(task, printed).values[name] == ask(task, bare).values[name]


def test_the_numbers_of_stripes(ask):
    path, wave, shape = (ask(task, image((2.0, 2.0))) for task in (lineal_path, spectrum, morphology))
    assert wave.values["period"].value == pytest.approx(32, rel=0.05)
    assert wave.values["period"].low < wave.values["period"].value < wave.values["period"].high
    assert wave.values["order_parameter"].value > 0.6
    assert min(wave.values["normal_angle"].value, 180 - wave.values["normal_angle"].value) < 10
    assert path.values["area_fraction"].value == pytest.approx(0.4)
    assert path.curves["L_x"].y[0] == pytest.approx(0.4)
    assert path.values["mean_chord_x"].value == pytest.approx(0.4 * 32, rel=0.1)
    assert path.values["mean_chord_y"].value is None or path.values["mean_chord_y"].value > 40
    assert shape.values["thickness_median"].value == pytest.approx(0.4 * 32, rel=0.15)
    assert shape.values["anisotropy"].value is None or shape.values["anisotropy"].value > 1.5
    intercept, interface = shape.values["mean_intercept"].value, shape.values["interface_per_area"].value
    assert intercept == pytest.approx(math.pi * 0.4 / interface)
    rows = {row["estimator"]: row for row in shape.tables["interface"]}
    assert rows["crofton"]["interface_per_area [1/nm]"] == interface
    assert [row["angle_deg"] for row in shape.tables["chords"]] == [0, 45, 90, 135]


def test_noise_has_no_period(ask):
    grey = np.random.default_rng(0).integers(0, 255, (200, 220)).astype(np.uint8)
    report = ask(spectrum, Micrograph.from_raw(grey))
    assert report.values["period"].value is None
    assert any("no peak of the spectrum rises above its noise" in note for note in report.notes)


def test_the_range_of_periods_is_honoured(ask):
    y, x = np.indices((256, 256))
    noise = np.random.default_rng(0).standard_normal((256, 256))
    grey = 2 * np.cos(2 * np.pi * x / 32) + np.cos(2 * np.pi * y / 8) + 0.2 * noise
    micrograph = Micrograph.from_raw(grey)
    assert ask(spectrum, micrograph, period_max_px=16).values["period"].value == pytest.approx(8, rel=0.02)
    assert ask(spectrum, micrograph, period_min_px=16).values["period"].value == pytest.approx(32, rel=0.04)
    with pytest.raises(BadParameter, match=r"the shortest period \(20\) is not below the longest \(10\)"):
        ask(spectrum, micrograph, period_min_px=20, period_max_px=10)


@pytest.mark.parametrize("task", [lineal_path, spectrum, morphology])
def test_one_grey_level_is_one_sentence(ask, task):
    with pytest.raises(InputError, match="all pixels have the same grey level"):
        ask(task, Micrograph.from_raw(np.full((60, 60), 7, np.uint8)))


def test_nanometres_without_a_scale_are_one_sentence(ask):
    with pytest.raises(MissingPixelSize, match="has no pixel size"):
        ask(lineal_path, image(), z_max_nm=50)
    with pytest.raises(MissingPixelSize, match="has no pixel size"):
        ask(spectrum, image(), period_max_nm=50)
    with pytest.raises(BadParameter, match="give either z_max_nm or z_max_px, not both"):
        ask(lineal_path, image((1.0, 1.0)), z_max_nm=50, z_max_px=20)


@pytest.mark.parametrize("shape", [(96, 128), (97, 61), (16, 200)])
def test_spectra_of_any_shape_without_a_peak(ask, tmp_path, shape):
    grey = np.random.default_rng(1).integers(0, 255, shape).astype(np.uint8)
    report = ask(spectrum, Micrograph.from_raw(grey))
    assert (tmp_path / "run" / report.files["power"]).is_file()
    assert len(report.curves["S"]) > 3
