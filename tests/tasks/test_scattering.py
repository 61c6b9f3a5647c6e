"""The two scattering tasks: files in, numbers with units out, and one sentence for what a user can get wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from morphoscope.core import Run
from morphoscope.errors import InputError
from morphoscope.io import read
from morphoscope.measure.scattering.form_factors import sphere
from morphoscope.tasks import pattern, scattering


@pytest.fixture
def run(tmp_path):
    (tmp_path / "run").mkdir()
    return Run(tmp_path / "run")


def save_curve(path, q, intensity, *, head="q [1/A],I [1/cm],dI", error=0.02):
    rows = "\n".join(f"{x:.8g},{y:.8g},{error * abs(y):.6g}" for x, y in zip(q, intensity, strict=True))
    path.write_text(f"{head}\n{rows}\n", encoding="utf-8")
    return path


def spheres(seed=0):
    q = np.geomspace(0.02, 2, 150)
    return q, (2 * sphere(q, radius=10.0, width=0.1) + 0.3) * (1 + 0.02 * np.random.default_rng(seed).standard_normal(150))


def save_pattern(path, *, aligned=0.6, peak=0.5):
    """A NIST table in 1/Å with a ring at ``peak`` 1/nm, brighter at 30 degrees."""
    axis = (np.arange(64) - 31.5) * 0.003
    x, y = np.meshgrid(axis, axis)
    r, angle = 10 * np.hypot(x, y), np.arctan2(y, x)
    truth = 100 * np.exp(-(((r - peak) / 0.05) ** 2)) * (1 + 2 * aligned * np.cos(2 * (angle - math.pi / 6))) + 5
    seen = truth + np.random.default_rng(2).standard_normal(r.shape)
    rows = "\n".join(f"{a:.5g} {b:.5g} {c:.6g} 1.0" for a, b, c in zip(x.flat, y.flat, seen.flat, strict=True))
    path.write_text(f"Data columns Qx - Qy - I(Qx,Qy) - err(I)\nASCII data\n{rows}\n", encoding="utf-8")
    return path


def test_spheres_in_every_way(run, tmp_path):
    q, intensity = spheres()
    report = scattering.measure(run, save_curve(tmp_path / "a.csv", q / 10, intensity), model="sphere")
    assert report.values["radius_nm"].low < 10 < report.values["radius_nm"].high
    assert report.values["polydispersity"].value == pytest.approx(0.1, abs=0.02)
    assert report.values["rg_nm"].value == pytest.approx(math.sqrt(0.6 * 1.06 * 1.07) * 10, rel=0.05)
    assert report.values["porod_exponent"].low < 4.2
    assert {"I", "fit", "guinier"} <= set(report.curves)
    assert report.figures["I"].kind == "points"
    same = scattering.measure(run, save_curve(tmp_path / "b.csv", q, intensity, head="q [1/nm],I,dI"), model="sphere")
    assert same.values["radius_nm"].value == pytest.approx(report.values["radius_nm"].value, rel=1e-6)


def test_a_pattern_is_averaged_and_its_average_read_again(run, tmp_path):
    path = save_pattern(tmp_path / "a.dat")
    flat = pattern.measure(run, path)
    assert flat.values["order_parameter"].value == pytest.approx(0.6, abs=0.05)
    assert flat.values["preferred_angle"].value == pytest.approx(30, abs=0.1)
    assert flat.values["ring_low"].value < 0.5 < flat.values["ring_high"].value
    assert (run.folder / flat.files["pattern"]).is_file()
    assert set(flat.figures["sectors"].data) == {"along", "across"}
    average = read(run.folder / flat.files["average"])
    np.testing.assert_allclose(average.y, flat.curves["I"].y, rtol=1e-6)
    assert average.x_unit == "1/nm"
    assert average.y_error is not None
    assert average.x_error is not None
    again, direct = (scattering.measure(run, one) for one in (run.folder / flat.files["average"], path))
    for report in (again, direct):
        assert report.values["q_peak"].value == pytest.approx(0.5, rel=0.01)
        assert report.values["period_nm"].value == pytest.approx(2 * math.pi / 0.5, rel=0.01)


def test_the_picture_shows_a_table_with_qy_upwards_and_an_image_as_it_is(run, tmp_path):
    pattern.measure(run, save_pattern(tmp_path / "a.dat", aligned=0.5))
    shown = np.asarray(Image.open(run.folder / "pattern.png").convert("L"), float)
    rows, columns = np.indices(shown.shape)
    up_right = shown[(rows < shown.shape[0] / 2) & (columns > shown.shape[1] / 2)].mean()
    up_left = shown[(rows < shown.shape[0] / 2) & (columns < shown.shape[1] / 2)].mean()
    assert up_right > up_left


def test_a_picture_of_a_pattern_answers_in_pixels_about_the_beam_it_finds(run, tmp_path):
    y, x = np.indices((120, 140))
    r = np.hypot(y - 55.0, x - 70.0)
    level = 200 * np.exp(-(((r - 30) / 5) ** 2)) + 20
    Image.fromarray(level.astype(np.uint8)).save(tmp_path / "a.png")
    report = pattern.measure(run, tmp_path / "a.png")
    assert report.curves["I"].x_unit == "px"
    assert report.curves["I"].x[np.argmax(report.curves["I"].y)] == pytest.approx(30, abs=0.7)
    assert any("found by symmetry" in note for note in report.notes)
    scaled = pattern.measure(run, tmp_path / "a.png", centre_row_px=55, centre_column_px=70, q_step_per_nm=0.01)
    assert scaled.curves["I"].x[np.argmax(scaled.curves["I"].y)] == pytest.approx(0.3, abs=0.007)
    Image.fromarray((level > 100).astype(np.uint8) * 255).save(tmp_path / "mask.png")
    masked = pattern.measure(run, tmp_path / "a.png", mask=tmp_path / "mask.png", centre_row_px=55, centre_column_px=70)
    assert masked.values["masked_share"].value == pytest.approx(1 - (level.astype(np.uint8) > 100).mean(), abs=0.01)


def test_what_a_user_gets_wrong_is_one_sentence(run, tmp_path):
    q, intensity = spheres()
    bare = save_curve(tmp_path / "bare.csv", q, intensity, head="q,I,dI")
    degrees = save_curve(tmp_path / "degrees.csv", q, intensity, head="2theta [deg],I,dI")
    few = save_curve(tmp_path / "few.csv", q[:5], intensity[:5])
    negative = save_curve(tmp_path / "negative.csv", q, -intensity, error=-0.02)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.full((40, 41), 255, np.uint8)).save(tmp_path / "mask.png")
    dat = save_pattern(tmp_path / "a.dat")
    for task, path, given, sentence in (
        (scattering, bare, {}, "bare.csv: does not say the unit of q; give q_unit=1/nm or q_unit=1/A"),
        (scattering, degrees, {}, "degrees.csv: its x is in deg, which is no unit of q"),
        (scattering, few, {}, "few.csv: 5 points of positive q; an analysis needs at least 8"),
        (scattering, negative, {}, "negative.csv: no intensity is positive"),
        (scattering, dat, {"data_set": 1, "q_min_per_nm": 2.0}, "points lie between 2 and inf 1/nm"),
        (scattering, bare, {"q_unit": "1/nm", "data_set": 2}, "data_set=2: bare.csv holds 1"),
        (scattering, tmp_path / "a.png", {}, "a.png: "),
        (pattern, tmp_path / "a.png", {}, "a.png: where the beam is, is not known, and no symmetry shows it"),
        (pattern, tmp_path / "a.png", {"centre_row_px": 3}, "give both centre_row_px and centre_column_px"),
        (pattern, dat, {"mask": tmp_path / "mask.png"}, "mask.png: a mask of 41 x 40, the pattern is 64 x 64"),
        (pattern, dat, {"ring_min_px": 3}, "a.dat: distances from the beam are in 1/nm; give ring_min_per_nm"),
        (pattern, dat, {"ring_min_per_nm": 50, "ring_max_per_nm": 51}, "no pixel counts between 50 and 51 1/nm"),
        (pattern, bare, {}, "bare.csv: holds a curve, not a scattering pattern"),
    ):
        with pytest.raises(InputError) as caught:
            task.measure(run, path, **given)
        assert sentence in str(caught.value)
        assert "\n" not in str(caught.value)
