"""A micrograph made ready: scale, print, phases."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

import morphoscope as ms
from morphoscope.app import Workspace
from morphoscope.core import Micrograph, PixelSize
from morphoscope.errors import InputError, MissingPixelSize
from morphoscope.measure.scalebar import ocr
from morphoscope.physics import sem_bar


def texture(rng, height=96, width=128, size=3.0):
    smooth = ndimage.gaussian_filter(rng.random((height, width)), size)
    return (0.15 + 0.6 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


@pytest.fixture
def lab(tmp_path):
    return Workspace(tmp_path / "lab")


def test_the_scale_given_by_hand_wins_then_the_files_own(lab, rng):
    image = Micrograph(texture(rng), PixelSize(2.5, 2.5, "metadata: maker"), source="a.tif")
    known = lab.run("prepare", image)
    assert known.values["pixel_size_nm"].value == 2.5
    assert known.notes[0] == "scale: a pixel is 2.5 nm (metadata: maker)"
    by_hand = lab.run("prepare", image, pixel_size_nm=4)
    assert by_hand.values["pixel_size_nm"].value == 4
    assert "given by hand" in by_hand.notes[0]
    ready = ms.read(lab.shelf.file(by_hand.run, "prepared.h5"))
    assert (ready.pixel_size.x_nm, ready.name) == (4, "a.tif")


def test_without_a_scale_lengths_are_in_pixels_and_nm_are_refused_with_the_reason(lab, rng):
    image = Micrograph(texture(rng), source="b.png")
    told = lab.run("prepare", image, scale_bar="never")
    assert "pixel_size_nm" not in told.values
    assert told.notes[0] == "scale: no scale in the file, and its scale bar was not asked for"
    with pytest.raises(MissingPixelSize, match=r"no scale in the file.*give pixel_size_nm"):
        lab.run("prepare", image, scale_bar="never", unit="nm")


@pytest.mark.slow
@pytest.mark.skipif(not ocr.INSTALLED, reason="the label is read by the extra ocr, which is not installed")
def test_a_printed_bar_gives_the_scale_and_is_left_out(lab, rng):
    bare = Micrograph(texture(rng, 300, 400), PixelSize(5.0, 5.0))
    printed = sem_bar.with_data_bar(bare, style="inside")
    image = Micrograph(printed.pixels, source="c.png")
    told = lab.run("prepare", image)
    size = told.values["pixel_size_nm"]
    assert size.value == pytest.approx(5.0, rel=0.01)
    assert size.low < 5.0 < size.high
    assert "scale bar: 500 nm = 100" in told.notes[0]
    mask = np.asarray(Image.open(lab.shelf.file(told.run, "mask.png"))) > 0
    ink = printed.pixels >= 0.99
    assert ink.sum() > 300
    assert (ink & mask).sum() == 0
    assert told.values["print_share"].value < 0.1
    kept = lab.run("prepare", image, keep_print=True)
    assert ms.read(lab.shelf.file(kept.run, "prepared.h5")).mask is None


def test_without_the_reader_the_page_goes_on_in_pixels_and_says_what_to_install(lab, rng, monkeypatch):
    monkeypatch.setattr(ocr, "INSTALLED", False)
    ocr.engine.cache_clear()
    bare = Micrograph(texture(rng), PixelSize(5.0, 5.0))
    told = lab.run("prepare", Micrograph(sem_bar.with_data_bar(bare, style="inside").pixels, source="d.png"))
    assert "pip install 'morphoscope[ocr]'" in told.notes[0]
    ocr.engine.cache_clear()


def test_the_rarer_phase_is_followed_and_the_data_bar_is_cut_off(lab, rng):
    rows = (np.arange(96) % 24 < 6)[:, None] * np.ones(128)
    plane = (0.8 - 0.5 * rows + 0.01 * rng.standard_normal((96, 128))).astype(np.float32)
    image = sem_bar.with_data_bar(Micrograph(plane, PixelSize(2, 2)), style="zeiss")
    told = lab.run("prepare", image)
    assert told.tables["prepared"][0]["phase"] == "dark"
    assert any("rows are a data bar and are left out" in note for note in told.notes)
    phases = ms.read(lab.shelf.file(told.run, "phases.h5"))
    assert phases.labels.shape == (96, 128)
    assert phases.labels.mean() == pytest.approx(0.25, abs=0.02)
    assert lab.run("prepare", image, phase="bright").tables["prepared"][0]["phase"] == "bright"


def test_an_image_of_one_level_is_refused_in_a_sentence(lab):
    with pytest.raises(InputError, match=r"black\.png: the image is all black, so there is nothing to measure"):
        lab.run("prepare", Micrograph(np.zeros((20, 20), np.float32), source="black.png"))
