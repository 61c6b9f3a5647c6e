"""The particles task: contract, units, masks, data bar, and errors a user can cause."""

import math

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from morphoscope.core import Micrograph, PixelSize, Run
from morphoscope.errors import BadParameter, InputError, MissingPixelSize
from morphoscope.io import write
from morphoscope.physics import sem_bar
from morphoscope.tasks.particles import measure

SHAPE = (200, 240)
PLACES = [(y, x) for y in (30, 75, 120, 165) for x in (30, 75, 120, 165, 210)]


def discs(radii, places=PLACES):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return np.max([np.hypot(y - cy, x - cx) < r for (cy, cx), r in zip(places, radii, strict=False)], axis=0)


def image(inside, pixel=None, error=None):
    grey = 60 + 120 * ndimage.gaussian_filter(inside.astype(float), 0.8)
    grey += 6 * np.random.default_rng(0).standard_normal(inside.shape)
    size = None if pixel is None else PixelSize(pixel, pixel, relative_error=error)
    return Micrograph.from_raw(np.clip(grey, 0, 255).astype(np.uint8), pixel_size=size)


@pytest.fixture
def ask(tmp_path):
    def run(micrograph, **parameters):
        path = write(micrograph, tmp_path / "image.ome.tif")
        return measure(Run(tmp_path / "run", seed=3), path, **parameters)

    return run


RADII = np.random.default_rng(5).normal(12, 2, len(PLACES)).clip(7, 18)


def test_contract_in_nm(ask, tmp_path):
    report = ask(image(discs(RADII), 2.5))
    values = report.values
    assert values["count"].value == 20
    truth = 2 * RADII * 2.5
    assert values["d_mean_nm"].value == pytest.approx(truth.mean(), rel=0.03)
    assert values["d_mean_nm"].low < truth.mean() < values["d_mean_nm"].high
    for name, share in (("d10", 10), ("d50", 50), ("d90", 90)):
        assert values[name].value == pytest.approx(np.percentile(truth, share), rel=0.06)
        assert values[name].unit == "nm"
    assert values["share_below_100_nm"].value == 1
    assert values["number_per_area"].low < 20 / (0.5 * 0.6) < values["number_per_area"].high
    rows = report.tables["particles"]
    assert len(rows) == 20
    assert rows[0]["circularity"] > 0.9
    with Image.open(tmp_path / "run" / report.files["labels"]) as labels:
        assert labels.size == (SHAPE[1], SHAPE[0])
        assert labels.mode.startswith("I;16")
        plane = np.array(labels)
    assert sorted(np.unique(plane)) == [0, *(row["label"] for row in rows)]
    assert np.sum(plane == rows[3]["label"]) * 2.5**2 == pytest.approx(rows[3]["area_nm2"])
    assert (tmp_path / "run" / report.files["overlay"]).is_file()


def test_without_scale_lengths_are_pixels(ask):
    report = ask(image(discs(RADII)))
    assert report.values["d_mean_px"].value == pytest.approx(2 * RADII.mean(), rel=0.03)
    assert "d_mean_nm" not in report.values
    assert any(note.startswith("scale: unknown") for note in report.notes)
    assert ask(image(discs(RADII), 2.5), unit="px").values["d10"].unit == "px"
    by_hand = ask(image(discs(RADII)), pixel_size_nm=4)
    assert by_hand.values["d_mean_nm"].value == pytest.approx(4 * report.values["d_mean_px"].value)
    for asked in ({"unit": "nm"}, {"smallest_nm": 30.0}):
        with pytest.raises(MissingPixelSize, match=r"has no pixel size; give pixel_size_nm"):
            ask(image(discs(RADII)), **asked)


def test_the_scales_error_widens_the_interval(ask):
    sure, unsure = (ask(image(discs(RADII), 2.5, error)).values["d_mean_nm"] for error in (None, 0.05))
    wide = math.hypot(sure.high - sure.value, 1.96 * 0.05 * sure.value)
    assert unsure.high - unsure.value == pytest.approx(wide)


def test_the_data_bar_is_ground(ask, tmp_path):
    bare = image(discs(RADII), 2.5)
    printed = sem_bar.with_data_bar(bare, style="zeiss-white")
    report = ask(printed)
    assert report.values["count"].value == 20
    with Image.open(tmp_path / "run" / "labels.png") as labels:
        plane = np.array(labels)
    assert plane.shape == printed.pixels.shape
    assert not plane[SHAPE[0] :].any()


def test_a_mask_leaves_out_and_must_fit(ask, tmp_path):
    mask = np.full(SHAPE, 255, np.uint8)
    mask[:, 140:] = 0
    Image.fromarray(mask).save(tmp_path / "mask.png")
    assert ask(image(discs(RADII)), mask=tmp_path / "mask.png").values["count"].value == 12
    Image.fromarray(mask[:50]).save(tmp_path / "small.png")
    with pytest.raises(InputError, match=r"small\.png: a mask of 240 x 50 pixels, image\.ome\.tif is 240 x 200; give one"):
        ask(image(discs(RADII)), mask=tmp_path / "small.png")
    Image.fromarray(0 * mask).save(tmp_path / "black.png")
    with pytest.raises(InputError, match=r"black\.png: the mask is black everywhere"):
        ask(image(discs(RADII)), mask=tmp_path / "black.png")


def test_two_particles_claim_no_distribution(ask):
    report = ask(image(discs([14, 20])))
    assert report.values["count"].value == 2
    assert report.values["d_mean_px"].value == pytest.approx(34, rel=0.03)
    assert report.values["d_mean_px"].low is None
    assert all(report.values[name].value is None for name in ("d10", "d50", "d90"))
    assert report.curves == {}
    assert any(note.startswith("2 whole particle(s) are too few for a distribution") for note in report.notes)


def test_particles_cut_by_the_rim_are_counted_not_sized(ask):
    places = [*PLACES[5:15], (0, 120), (199, 60)]
    report = ask(image(discs([*[10] * 10, 30, 30], places)))
    assert (report.values["count"].value, report.values["count_whole"].value) == (12, 10)
    assert report.values["d_mean_px"].value == pytest.approx(20, rel=0.05)
    assert any("2 particle(s) are cut by the rim" in note for note in report.notes)


def test_a_colour_photograph_is_noted(tmp_path):
    grey = (255 * image(discs(RADII)).pixels).astype(np.uint8)
    Image.fromarray(np.stack([grey, grey // 2, grey // 3], axis=-1)).save(tmp_path / "photo.png")
    report = measure(Run(tmp_path / "run"), tmp_path / "photo.png")
    assert report.values["count"].value == 20
    assert "a colour picture; grey is its luminance" in report.notes


def test_wrong_input_is_one_sentence(ask):
    with pytest.raises(InputError, match=r"image\.ome\.tif: the image is all black, so there are no particles to find"):
        ask(Micrograph.from_raw(np.zeros((80, 80), np.uint8)))
    with pytest.raises(BadParameter, match="give either smallest_px or smallest_nm, not both"):
        ask(image(discs(RADII), 2.0), smallest_px=4.0, smallest_nm=8.0)


def test_nothing_found_is_an_answer(ask):
    report = ask(image(discs(RADII)), smallest_px=100.0)
    assert report.values["count"].value == 0
    assert report.values["d_mean_px"].value is None
    assert any("no particle was found" in note for note in report.notes)
    assert report.to_json()


def test_each_interval_says_what_it_is_made_of(ask):
    report = ask(image(discs(RADII), 2.5, 0.02))
    rows = {row["quantity"]: row for row in report.tables["budget"]}
    assert set(rows) == {"d_mean_nm", "d10", "d50", "d90", "number_per_area", "share_below_100_nm"}
    mean = report.values["d_mean_nm"]
    kinds = [rows["d_mean_nm"][kind] for kind in ("counting", "dividing", "outline", "calibration")]
    assert kinds[3] == pytest.approx(1.96 * 0.02 * mean.value)
    assert math.hypot(*kinds) == pytest.approx((mean.high - mean.low) / 2, rel=0.05)
    assert rows["number_per_area"]["calibration"] == pytest.approx(1.96 * 0.04 * report.values["number_per_area"].value)


def test_order_fits_and_floor(ask):
    report = ask(image(discs(RADII), 2.5))
    assert report.values["neighbour_ratio"].value > 1.4  # they stand in rows
    assert report.values["count_dispersion"].value < 0.5
    assert set(report.curves) == {"by_number", "by_volume", "lognormal", "weibull", "pair_correlation", "ripley"}
    assert report.curves["lognormal"].y[-1] > 0.9
    fit = report.values["lognormal_median"]
    assert fit.low < np.median(2 * RADII * 2.5) < fit.high
    assert report.values["floor"].value == pytest.approx(0.2 * 2.5 * 24, rel=0.3)
    assert any("is counted; by the log-normal fit" in note for note in report.notes)


def test_shells_have_a_thickness(ask):
    inner = np.array([8.0] * len(PLACES))
    grey = 60 + 60 * ndimage.gaussian_filter(discs(inner + 9.0).astype(float), 0.8)
    grey = grey + 80 * ndimage.gaussian_filter(discs(inner).astype(float), 0.8)
    grey += 3 * np.random.default_rng(0).standard_normal(SHAPE)
    report = ask(Micrograph.from_raw(np.clip(grey, 0, 255).astype(np.uint8), pixel_size=PixelSize(2.0, 2.0)))
    assert report.values["count"].value == len(PLACES)
    assert report.values["shell"].value == pytest.approx(18, abs=1.5)
    assert report.tables["particles"][0]["shell_nm"] == pytest.approx(18, abs=2.5)
    assert "shell" not in ask(image(discs(RADII))).values


@pytest.mark.parametrize("seeds", ["h-maxima", "log", "hessian"])
def test_other_seeds_find_the_same_discs(ask, seeds):
    assert ask(image(discs(RADII)), seeds=seeds).values["count"].value == 20


def test_a_bright_particle_is_kept_and_letters_are_not(ask):
    micrograph = image(discs(RADII))
    pixels = micrograph.pixels.copy()
    pixels[185:197, 20:22] = pixels[195:197, 20:28] = 1.0
    report = ask(Micrograph.from_raw((255 * pixels).astype(np.uint8)))
    assert report.values["count"].value == 20
