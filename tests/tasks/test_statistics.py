"""The two-point task: units, phases, thresholds, the data bar, and errors a user can cause."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from morphoscope.core import Micrograph, PixelSize, Run
from morphoscope.errors import BadParameter, InputError, MissingPixelSize, UnreadableFile
from morphoscope.io import write
from morphoscope.measure.compatibility import porespy_distance_distribution, porespy_radial_before_3_2
from morphoscope.physics import sem_bar
from morphoscope.tasks.lineal_path import lineal_path
from morphoscope.tasks.statistics import two_point


def domains(size=200, seed=0, share=0.35):
    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((size, size)), 5, mode="wrap")
    return field > np.quantile(field, 1 - share)


def image(pixel=None, inside=None):
    inside = domains() if inside is None else inside
    raw = np.where(inside, 200, 60).astype(np.uint8)
    return Micrograph.from_raw(raw, pixel_size=None if pixel is None else PixelSize(*pixel))


@pytest.fixture
def ask(tmp_path):
    def run(micrograph, **parameters):
        path = write(micrograph, tmp_path / "image.ome.tif")
        return two_point(Run(tmp_path / "run", seed=3), path, **parameters)

    return run


def test_area_fraction_curve_and_files(ask, tmp_path):
    report = ask(image((4.0, 4.0)))
    curve, area = report.curves["S2"], report.values["area_fraction"]
    assert (area.value, curve.y[0]) == pytest.approx((0.35, 0.35))
    assert area.low < 0.35 < area.high
    assert (curve.x_unit, report.values["interface_per_area"].unit) == ("nm", "1/nm")
    assert curve.x[-1] == pytest.approx(200, rel=0.02)  # a quarter of 800 nm
    assert (curve.y_low <= curve.y).all()
    assert (curve.y <= curve.y_high).all()
    assert (tmp_path / "run" / report.files["phase"]).is_file()
    assert json.loads(report.to_json())["curves"]["S2"]["y_low"][0] == pytest.approx(area.low)


def test_the_dark_phase_is_the_complement(ask):
    bright, dark = (ask(image((4.0, 4.0)), phase=phase) for phase in ("bright", "dark"))
    assert dark.values["area_fraction"].value == pytest.approx(0.65)
    assert dark.values["interface_per_area"].value == pytest.approx(bright.values["interface_per_area"].value)


def test_lengths_scale_with_the_pixel_size(ask):
    px, nm, by_hand = ask(image()), ask(image((2.5, 2.5))), ask(image((9.0, 9.0)), pixel_size_nm=2.5)
    assert (px.values["correlation_length"].unit, px.curves["S2"].x_unit) == ("px", "px")
    assert any(note.startswith("scale: unknown") for note in px.notes)
    for report in (nm, by_hand):
        assert report.values["correlation_length"].value == pytest.approx(2.5 * px.values["correlation_length"].value)
        assert report.values["interface_per_area"].value == pytest.approx(px.values["interface_per_area"].value / 2.5)
        np.testing.assert_allclose(report.curves["S2"].y, px.curves["S2"].y)


def test_oblong_pixels_give_the_same_physics(ask):
    fine = domains(400)
    square, oblong = ask(image((2.0, 2.0), fine), r_max_nm=150), ask(image((4.0, 2.0), fine[::2]), r_max_nm=150)
    at = np.linspace(10, 140, 20)
    curves = [np.interp(at, r.curves["S2"].x, r.curves["S2"].y) for r in (square, oblong)]
    np.testing.assert_allclose(curves[0], curves[1], atol=4e-3)
    assert oblong.values["correlation_length"].value == pytest.approx(square.values["correlation_length"].value, rel=0.03)
    assert any("pixels are not square" in note for note in oblong.notes)


def test_the_data_bar_is_left_out_whether_the_header_names_it_or_not(ask):
    bare = image((4.0, 4.0))
    printed = sem_bar.with_data_bar(bare, style="zeiss-white")
    unnamed = Micrograph(printed.pixels, printed.pixel_size, gain=255.0)
    for micrograph in (printed, unnamed):
        np.testing.assert_array_equal(ask(micrograph).curves["S2"].y, ask(bare).curves["S2"].y)


def test_longest_distance_in_either_unit(ask):
    assert ask(image((4.0, 4.0)), r_max_nm=80).curves["S2"].x[-1] == pytest.approx(80, abs=4)
    assert ask(image((4.0, 4.0)), r_max_px=20).curves["S2"].x[-1] == pytest.approx(80, abs=4)
    with pytest.raises(BadParameter, match="give either r_max_nm or r_max_px, not both"):
        ask(image(), r_max_nm=80, r_max_px=20)
    with pytest.raises(MissingPixelSize, match="has no pixel size"):
        ask(image(), r_max_nm=80)
    with pytest.raises(BadParameter, match="r_max=1 is shorter than one pixel"):
        ask(image((4.0, 4.0)), r_max_nm=1)


def test_smoothing_removes_the_interface_of_noise(ask):
    raw = np.clip(np.where(domains(), 170, 90) + 40 * np.random.default_rng(0).standard_normal((200, 200)), 0, 255)
    micrograph = Micrograph.from_raw(raw.astype(np.uint8))
    rough, smooth = ask(micrograph), ask(micrograph, smooth_px=1.5)
    clean = ask(image()).values["interface_per_area"].value
    assert rough.values["interface_per_area"].value > 2 * clean
    assert smooth.values["interface_per_area"].value == pytest.approx(clean, rel=0.15)
    assert any("smooth_px" in note for note in rough.notes)


def test_directions_and_clusters_on_request(ask):
    report = ask(image((4.0, 2.0)), r_max_px=30, along="y, x, 30", clusters=True)
    assert [name for name in report.curves if name != "S2"] == ["S2_y", "S2_x", "S2_30", "C2"]
    for curve in report.curves.values():
        assert (curve.y_low <= curve.y).all()
        assert (curve.y <= curve.y_high).all()
    assert (np.interp(report.curves["S2"].x, report.curves["C2"].x, report.curves["C2"].y) <= report.curves["S2"].y + 1e-9).all()
    assert report.figures["along"].data == ("S2_y", "S2_x", "S2_30")
    with pytest.raises(BadParameter, match=r"along: 'up' is no direction here; allowed: x, y or an angle in degrees"):
        ask(image(), along="up")


def test_every_displacement_and_porespys_curves_on_request(ask, tmp_path):
    report = ask(image((4.0, 2.0)), r_max_px=20, vectors=True, porespy=True)
    found = np.load(tmp_path / "run" / report.files["vectors"])
    assert found[0, found.shape[1] // 2] == pytest.approx(domains().mean())
    shifted = domains()[3:, 5:] & domains()[:-3, :-5]
    assert found[3, found.shape[1] // 2 + 5] == pytest.approx(shifted.mean())
    assert (tmp_path / "run" / report.files["vector_map"]).is_file()
    expected = porespy_radial_before_3_2(domains())
    np.testing.assert_allclose(report.curves["porespy"].y, expected.y)
    along = lineal_path(Run(tmp_path / "lineal"), write(image(), tmp_path / "b.ome.tif"), porespy=True).curves
    for name, axis in (("porespy_y", 0), ("porespy_x", 1)):
        np.testing.assert_allclose(along[name].y, porespy_distance_distribution(domains(), axis=axis).y)


def test_porespys_curves_know_no_mask(ask, tmp_path):
    half = np.zeros((200, 200), np.uint8)
    half[100:] = 255
    Image.fromarray(half).save(tmp_path / "half.png")
    with pytest.raises(BadParameter, match="porespy: parts of the image are left out"):
        ask(image(), mask=tmp_path / "half.png", porespy=True)


def test_a_mask_file_and_labels(ask, tmp_path):
    labels = np.where(domains(), 2, 1).astype(np.uint8)
    labels[:40] = 5
    valid = np.zeros(labels.shape, np.uint8)
    valid[40:] = 255
    masked = write(Micrograph.from_raw(valid), tmp_path / "mask.png")
    report = ask(Micrograph.from_raw(labels), label=2, mask=masked, r_max_px=10)
    assert report.values["area_fraction"].value == pytest.approx(domains()[40:].mean())
    assert report.title.startswith("Two-point correlation of the phase 2 of")
    with pytest.raises(InputError, match="no pixel carries label=3; it holds 1, 2, 5"):
        ask(Micrograph.from_raw(labels), label=3)
    with pytest.raises(BadParameter, match="a label is followed as it is"):
        ask(Micrograph.from_raw(labels), label=2, smooth_px=1)
    with pytest.raises(UnreadableFile, match="a mask of 200 x 200, the picture has 60 x 60"):
        ask(image(inside=domains(60)), mask=masked)
    with pytest.raises(BadParameter, match="is no volume, so slice_nm means nothing"):
        ask(image(), slice_nm=3)


def test_one_phase_only_is_one_sentence(ask):
    with pytest.raises(InputError, match="all pixels have the same grey level"):
        ask(Micrograph.from_raw(np.full((60, 60), 7, np.uint8)))
    with pytest.raises(InputError, match=r"threshold=0\.95 leaves one phase only; grey levels run from 0\.235 to 0\.784"):
        ask(image(), threshold=0.95)


def test_periodic_uses_every_pair(ask):
    report = ask(image(), periodic=True, r_max_px=30)
    spectrum = np.abs(np.fft.fft2(domains())) ** 2
    wrapped = np.fft.ifft2(spectrum).real / domains().size
    assert report.curves["S2"].y[1] == pytest.approx(np.mean([wrapped[0, 1], wrapped[1, 0], wrapped[1, 1], wrapped[1, -1]]))


def test_same_seed_same_interval(ask):
    one, two = ask(image()), ask(image())
    np.testing.assert_array_equal(one.curves["S2"].y_low, two.curves["S2"].y_low)


def test_an_unknown_end_of_an_interval_is_null(ask):
    report = ask(image(inside=domains(40)), r_max_px=2)
    length = json.loads(report.to_json())["values"]["correlation_length"]
    assert length == {"value": None, "unit": "px", "low": None, "high": None}
    assert any("does not fall to 1/e" in note for note in report.notes)
