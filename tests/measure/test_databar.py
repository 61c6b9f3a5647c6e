"""Printed bars are found at their first row; what only resembles one is left alone."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from morphoscope.core import Micrograph, PixelSize
from morphoscope.io import read_micrograph
from morphoscope.measure import databar
from morphoscope.physics import sem, sem_bar

PRINTED = [name for name, style in sem_bar.STYLES.items() if style is not None and style.height > 0]


def domains(seed, size=(300, 400)):
    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(size), 7)
    return (field > 0).astype(float)


def micrograph(seed, **imaging):
    return sem.render(domains(seed), pixel_nm=4.0, imaging=sem.Imaging(seed=seed, **imaging))


def as_jpeg(pixels, quality):
    buffer = io.BytesIO()
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer), float) / 255


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("style", PRINTED)
def test_finds_the_first_row(style, seed):
    printed = sem_bar.with_data_bar(micrograph(seed), style=style)
    assert databar.find(printed.pixels) == 300


@pytest.mark.parametrize("style", PRINTED)
def test_survives_a_lossy_save(style):
    printed = sem_bar.with_data_bar(micrograph(1), style=style)
    found = databar.find(as_jpeg(printed.pixels, 75))
    assert found is not None
    assert abs(found - 300) <= 2


@pytest.mark.parametrize("style", PRINTED)
@pytest.mark.parametrize("width", [256, 1280])
def test_survives_other_sizes(style, width):
    image = Micrograph(np.clip(0.5 + 0.1 * np.random.default_rng(2).standard_normal((width, width)), 0, 1), PixelSize(3.0, 3.0))
    assert databar.find(sem_bar.with_data_bar(image, style=style).pixels) == width


def test_rows_of_the_image_may_follow_below():
    pixels = sem_bar.with_data_bar(micrograph(0), style="zeiss").pixels.copy()
    pixels[-2:] = pixels[:2]
    assert databar.find(pixels) == 300


@pytest.mark.parametrize("style", ["none", "inside"])
@pytest.mark.parametrize("seed", range(12))
def test_no_bar_in_a_bare_micrograph(style, seed):
    rng = np.random.default_rng(seed)
    image = sem.render(domains(seed), pixel_nm=4.0, imaging=sem.draw(rng, pixel_nm=4.0))
    assert databar.find(sem_bar.with_data_bar(image, style=style).pixels) is None


def vacuum():
    pixels = micrograph(3).pixels.copy()
    pixels[220:] = 0.02 + 0.01 * np.random.default_rng(0).random((80, 400))
    return pixels


def charged():
    pixels = micrograph(3).pixels.copy()
    pixels[240:] = 1.0
    return pixels


def bordered():
    return np.pad(micrograph(3).pixels, ((0, 30), (0, 0)))


def framed():
    return np.pad(micrograph(3).pixels, 20, constant_values=1.0)


def lamellae():
    return np.repeat(((np.arange(300) // 12) % 2)[:, None] * 0.8, 400, axis=1) + 0.1


def particles_on_vacuum():
    """Bright grains, sparse below: grains are no glyphs because the dark goes on above them."""
    rng = np.random.default_rng(8)
    pixels = np.zeros((300, 400))
    y, x = np.indices(pixels.shape)
    for cy, cx in rng.random((60, 2)) * (300, 400):
        pixels[np.hypot(y - cy, x - cx) < 5] = 0.9
    return pixels


def label_box():
    image = Image.fromarray(np.rint(micrograph(3).pixels * 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    pen.rectangle((260, 260, 399, 299), fill=255)
    pen.text((275, 268), "500 nm", fill=0, font=ImageFont.load_default(size=22))
    return np.asarray(image) / 255


def chart():
    page = np.ones((400, 500))
    page[40:340, 60:460] = micrograph(3).pixels
    image = Image.fromarray(np.rint(page * 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for k in range(8):
        pen.text((60 + 50 * k, 350), f"{k}00", fill=0, font=ImageFont.load_default(size=16))
    return np.asarray(image) / 255


@pytest.mark.parametrize("make", [vacuum, charged, bordered, framed, lamellae, particles_on_vacuum, label_box, chart])
def test_what_only_resembles_a_bar(make):
    assert databar.find(make()) is None


def test_tiny_flat_and_blank_images():
    for pixels in (np.zeros((5, 5)), np.ones((47, 300)), np.full((200, 200), 0.5), np.zeros((100, 100))):
        assert databar.find(pixels) is None


def test_real_instruments(shared_data):
    for path, row in ((next(shared_data.glob("bcp_sem/*.tif")), 836), (shared_data / "bam_tio2_sem/images/1908248.tif", 712)):
        assert databar.find(read_micrograph(path).pixels) == row
