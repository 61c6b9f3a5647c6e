"""The statistics of a volume, read from one file of slices: physical sides, masks, labels, and what each task says of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from morphoscope.core import Run
from morphoscope.errors import BadParameter, InputError, MissingPixelSize
from morphoscope.measure import correlation, intercept, surface
from morphoscope.measure import lineal_path as lineal
from morphoscope.tasks.cross_correlation import cross_correlation
from morphoscope.tasks.intercept import intercept as intercepts
from morphoscope.tasks.lineal_path import lineal_path
from morphoscope.tasks.morphology import morphology
from morphoscope.tasks.spectrum import spectrum
from morphoscope.tasks.statistics import two_point

SIDES = (6.0, 4.0, 4.0)
GIVEN = {"pixel_size_nm": 4.0, "slice_nm": 6.0}


def labels():
    """Three phases in a volume of 28 x 32 x 36 voxels."""
    field = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((28, 32, 36)), 2, mode="wrap")
    return np.digitize(field, np.quantile(field, [0.4, 0.8])).astype(np.uint8)


@pytest.fixture
def ask(tmp_path):
    def run(task, volume, **parameters):
        path = tmp_path / "volume.tif"
        tifffile.imwrite(path, volume, photometric="minisblack")
        return task(Run(tmp_path / "run", seed=3), path, **parameters)

    return run


def test_two_point_of_one_label(ask):
    report = ask(two_point, labels(), label=1, along="z,x", clusters=True, r_max_nm=24, **GIVEN)
    found = correlation.two_point(labels() == 1, r_max=24, pixel=SIDES)
    np.testing.assert_allclose(report.curves["S2"].y, found.s2)
    assert report.values["volume_fraction"].value == pytest.approx((labels() == 1).mean())
    assert report.values["interface_per_volume"].value == pytest.approx(surface.crofton(labels() == 1, pixel=SIDES))
    along = correlation.directional(labels() == 1, r_max=24, direction=(1, 0, 0), pixel=SIDES)
    np.testing.assert_allclose(report.curves["S2_z"].y, along.value)
    assert all((c.y_low <= c.y).all() and (c.y <= c.y_high).all() for c in report.curves.values())
    assert "36 x 32 x 28 voxels" in report.title
    assert any("sides of a voxel, zyx: 6, 4, 4 nm" in note for note in report.notes)
    with pytest.raises(BadParameter, match="along: '30' is no direction here; allowed: x, y, z"):
        ask(two_point, labels(), along="30")
    with pytest.raises(MissingPixelSize, match="has no pixel size"):
        ask(two_point, labels(), label=1, r_max_nm=20)


def test_a_mask_of_one_slice_serves_all(ask, tmp_path):
    mask = np.zeros((32, 36), np.uint8)
    mask[5:, :30] = 255
    tifffile.imwrite(tmp_path / "mask.tif", mask)
    report = ask(lineal_path, labels(), label=0, mask=tmp_path / "mask.tif", periodic=True, z_max_px=6)
    valid = np.broadcast_to(mask > 0, labels().shape)
    for name, step in {"x": (0, 0, 1), "y": (0, 1, 0), "z": (1, 0, 0)}.items():
        found = lineal.lineal_path(labels() == 0, direction=step, z_max=6, mask=valid, periodic=True)
        np.testing.assert_allclose(report.curves[f"L_{name}"].y, found.value)
    assert report.values["volume_fraction"].value == pytest.approx((labels() == 0)[valid].mean())


def test_spectrum_and_morphology_of_a_volume(ask, tmp_path):
    wave = np.indices((30, 32, 36))[2] % 6 < 3
    grey = np.where(wave, 200, 50).astype(np.uint8)
    report = ask(spectrum, grey, **GIVEN)
    assert report.values["period"].value == pytest.approx(24, rel=0.1)
    assert report.curves["S"].y_unit == "nm³"
    assert "order_parameter" not in report.values
    shape = ask(morphology, labels(), label=2, **GIVEN)
    inside = labels() == 2
    assert shape.values["interface_per_volume"].value == pytest.approx(surface.crofton(inside, pixel=SIDES))
    assert shape.values["mean_intercept"].value == pytest.approx(4 * inside.mean() / surface.crofton(inside, pixel=SIDES))
    assert [row["axis"] for row in shape.tables["chords"]] == ["x", "y", "z"]
    axis = [shape.values[f"long_axis_{name}"].value for name in "xyz"]
    assert math.hypot(*axis) == pytest.approx(1)
    for found in (report, shape):
        assert all((tmp_path / "run" / path).is_file() for path in found.files.values())
        assert "NaN" not in found.to_json()


def test_pairs_of_phases(ask):
    report = ask(cross_correlation, labels(), r_max_px=8)
    assert list(report.curves) == ["S_0_1", "S_0_2", "S_1_2"]
    whole = [correlation.two_point(labels() == k, r_max=8).s2 for k in range(3)]
    one = report.curves["S_0_1"].y + report.curves["S_0_2"].y + whole[0]
    assert one[0] == pytest.approx((labels() == 0).mean())
    row = report.tables["pairs"][2]
    assert row["far_value"] == pytest.approx((labels() == 1).mean() * (labels() == 2).mean())
    assert ask(cross_correlation, labels(), label_a=2, label_b=0, r_max_px=8).curves["S_2_0"].y == pytest.approx(
        report.curves["S_0_2"].y
    )
    plane = ask(cross_correlation, (labels()[10] * 80 + 3).astype(np.uint8), classes=3, r_max_px=8, keep_print=True)
    assert list(plane.curves) == ["S_1_2", "S_1_3", "S_2_3"]
    with pytest.raises(BadParameter, match="give both, or neither"):
        ask(cross_correlation, labels(), label_a=1)
    with pytest.raises(InputError, match="no pixel carries label 7; it holds 0, 1, 2"):
        ask(cross_correlation, labels(), label_a=1, label_b=7)
    with pytest.raises(InputError, match=r"holds \d+ values; give label_a and label_b, or classes=2"):
        ask(cross_correlation, np.arange(28 * 32, dtype=np.uint8).reshape(28, 32))


def test_intercepts_of_grains(ask):
    bands = np.broadcast_to(np.arange(240) // 12 + 1, (200, 240)).astype(np.uint8)
    report = ask(intercepts, bands, pixel_size_nm=1e4, keep_print=True)
    direct = intercept.along_lines(bands, pixel=(1e4, 1e4))
    assert report.values["mean_intercept"].value == pytest.approx(direct.mean)
    assert report.values["astm_grain_size"].value == pytest.approx(intercept.astm_grain_size(direct.mean))
    low, high = (report.values["astm_grain_size"].low, report.values["astm_grain_size"].high)
    assert low < report.values["astm_grain_size"].value < high
    rows = {row["test_lines"]: row for row in report.tables["intercepts"]}
    assert rows["lines at 0 deg"]["mean_segment [nm]"] == pytest.approx(12e4)
    assert "lines at 90 deg" not in rows
    lines = np.where(np.arange(240) % 12 == 0, 255, 0) * np.ones((200, 1))
    outlined = ask(intercepts, lines.astype(np.uint8), keep_print=True)
    assert any("bright pixels were taken for the boundaries between 20 grains" in note for note in outlined.notes)
    assert {row["test_lines"]: row for row in outlined.tables["intercepts"]}["lines at 0 deg"]["mean_segment [px]"] == 12
    assert "astm_grain_size" not in outlined.values
    volume = ask(intercepts, np.broadcast_to(bands[:40, :48], (30, 40, 48)), spacing_px=5, **GIVEN)
    assert volume.values["mean_intercept"].value > 48
    with pytest.raises(InputError, match="outlines are an image of two levels"):
        ask(intercepts, bands, boundaries="dark")
    with pytest.raises(InputError, match="all pixels have the same value"):
        ask(intercepts, np.full((30, 30), 7, np.uint8))
