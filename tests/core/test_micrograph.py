"""Raw values, scale, refusals and immutability of a Micrograph."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from morphoscope.core import Micrograph, PixelSize
from morphoscope.errors import BadParameter, InputError, MissingPixelSize

plain = hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)


@given(
    raw=st.sampled_from(["u1", "u2", "<u4", ">u2", "i1", "i2", "i4", ">i4", "?"]).flatmap(
        lambda kind: hnp.arrays(np.dtype(kind), plain)
    )
)
def test_counts_come_back_exactly(raw):
    image = Micrograph.from_raw(raw)
    assert image.pixels.min() >= 0
    assert image.pixels.max() <= 1
    np.testing.assert_array_equal(np.rint(image.raw()), raw)
    assert image.bits == (1 if raw.dtype == bool else 8 * raw.dtype.itemsize)


@given(
    raw=st.sampled_from([16, 32, 64]).flatmap(
        lambda width: hnp.arrays(
            np.dtype(f"f{width // 8}"),
            plain,
            elements=st.floats(-60000 if width == 16 else -1e6, 60000 if width == 16 else 1e6, width=width),
        )
    )
)
def test_heights_come_back(raw):
    image = Micrograph.from_raw(raw, unit="nm")
    assert image.pixels.min() >= 0
    assert image.pixels.max() <= 1
    spread = float(raw.max()) - float(raw.min())
    tolerance = 1e-7 if raw.dtype.itemsize == 2 else 1e-12
    np.testing.assert_allclose(image.raw(), raw, rtol=1e-14, atol=tolerance * spread)


@pytest.mark.parametrize("kind", ["u1", "u2", "i2", "i4", "f4", "f8"])
def test_raw_values_survive_cropping_and_turning(kind):
    raw = np.arange(63).reshape(7, 9).astype(kind)
    image = Micrograph.from_raw(raw, unit="counts").crop(1, 2, 5, 6).rotate(90)
    np.testing.assert_allclose(image.raw(), np.rot90(raw[1:6, 2:8]), atol=1e-5)
    assert image.unit == "counts"


def test_eight_bit_levels_are_not_stretched():
    image = Micrograph.from_raw(np.array([[10, 51], [102, 20]], np.uint8))
    np.testing.assert_allclose(image.pixels, [[10 / 255, 0.2], [0.4, 20 / 255]], rtol=1e-6)


def test_a_constant_image_keeps_its_level():
    image = Micrograph.from_raw(np.full((3, 4), 1234, np.uint16))
    assert (image.pixels == 0).all()
    assert (image.raw() == 1234).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_number_are_refused_or_masked(bad):
    raw = np.arange(12.0).reshape(3, 4)
    raw[1, 2] = bad
    with pytest.raises(InputError, match=r"1 of 12 pixels are NaN or infinite.*nan='mask'"):
        Micrograph.from_raw(raw)
    image = Micrograph.from_raw(raw, nan="mask")
    assert image.mask.sum() == 11
    assert not image.mask[1, 2]
    assert np.isfinite(image.pixels).all()
    np.testing.assert_allclose(image.raw()[image.mask], raw[image.mask])
    first = np.ones((3, 4), bool)
    first[0] = False
    assert Micrograph.from_raw(raw, nan="mask", mask=first).mask.sum() == 7
    with pytest.raises(InputError, match="all pixels are NaN"):
        Micrograph.from_raw(np.full((2, 2), bad), nan="mask")


def test_what_is_no_grey_image_is_refused_in_one_sentence():
    for raw, message in (
        (np.zeros((2, 2), complex), "complex128 are not real numbers"),
        (np.array([["a"]]), "are not real numbers"),
        (np.zeros((2, 2, 3)), "2 axes, not 3; split the stack or the channels first"),
        (np.zeros((0, 4), np.float32), r"no pixels \(0 x 4\)"),
        (np.array([[-1.7e308, 1.7e308]]), "too far apart"),
    ):
        with pytest.raises(InputError, match=message):
            Micrograph.from_raw(raw)


def test_a_micrograph_holds_fractions_and_nothing_else():
    for pixels, message in (
        (np.full((2, 2), 100, np.uint8), r"fractions in \[0, 1\], not uint8; use Micrograph.from_raw"),
        (np.array([[0.0, 3.5]]), r"run from 0 to 3.5.*from_raw"),
        (np.array([[0.0, np.nan]]), "run from nan to nan"),
        (np.zeros((0, 3)), r"no pixels \(0 x 3\)"),
    ):
        with pytest.raises(InputError, match=message):
            Micrograph(pixels, source="folder/some.png")
    assert Micrograph(np.array([[0.0, 1 + 1e-7]])).pixels.max() > 1  # rounding is no error
    with pytest.raises(InputError, match=r"a.png: mask of \(2, 3\) on an image of \(2, 2\)"):
        Micrograph(np.zeros((2, 2)), mask=np.ones((2, 3), bool), source="a.png")
    with pytest.raises(InputError, match="a mask is made of True and False, not of int64"):
        Micrograph(np.zeros((2, 2)), mask=np.ones((2, 2), np.int64))
    for bar in (0, 3, -1):
        with pytest.raises(InputError, match=f"data bar from row {bar} leaves no image in 2 rows"):
            Micrograph(np.zeros((2, 2)), data_bar_row_px=bar)


def test_a_length_is_never_guessed():
    image = Micrograph(np.zeros((2, 3)), source="/data/a.png")
    assert image.pixel_size_nm is None
    for ask in (image.scale, lambda: image.extent_nm):
        with pytest.raises(MissingPixelSize, match=r"a\.png has no pixel size; give pixel_size_nm=\.\.\. or read its scale bar"):
            ask()
    for changed in (image.crop(0, 0, 1, 1), image.resize(4, 4), image.rotate(10), image.rotate(90)):
        assert changed.pixel_size is None


def test_with_scale_takes_a_number_or_a_pixel_size_and_remembers():
    image = Micrograph(np.zeros((2, 3)))
    assert image.with_scale(2.5).pixel_size == PixelSize(2.5, 2.5, "given")
    scaled = image.with_scale(PixelSize(2, 4, "scale bar: 500 nm", 0.01))
    assert scaled.pixel_size.origin == "scale bar: 500 nm"
    assert scaled.history == ("with_scale(2, 4)",)
    assert scaled.extent_nm == (4, 12)
    assert scaled.resize(4, 3).pixel_size == PixelSize(1, 4, "scale bar: 500 nm", 0.01)
    assert scaled.rotate(90).pixel_size == PixelSize(4, 2, "scale bar: 500 nm", 0.01)


@pytest.mark.parametrize("length", [0, -1, float("nan"), float("inf")])
def test_a_pixel_size_is_a_positive_length(length):
    with pytest.raises(BadParameter, match="pixel size must be a positive length in nm"):
        PixelSize(1.0, length)
    with pytest.raises(BadParameter, match="positive length"):
        Micrograph(np.zeros((2, 2))).with_scale(length)


def test_pixel_size_says_whether_it_is_square_and_how_well_it_is_known():
    assert PixelSize(2, 2 * (1 + 1e-8)).square
    assert not PixelSize(2, 2.001).square
    assert PixelSize(1, 4).mean_nm == 2
    for error in (-0.1, float("nan")):
        with pytest.raises(BadParameter, match="relative error of a pixel size must be a fraction of at least 0"):
            PixelSize(1, 1, relative_error=error)


@pytest.mark.parametrize(
    "window", [(-1, 0, 2, 2), (0, -1, 2, 2), (0, 0, 0, 2), (0, 0, 2, 0), (4, 0, 2, 2), (0, 5, 2, 2), (0, 0, 6, 2)]
)
def test_a_crop_outside_is_refused(window):
    with pytest.raises(BadParameter, match=r"crop of .* does not fit in a\.png of 5 x 6 pixels"):
        Micrograph(np.zeros((5, 6)), source="a.png").crop(*window)


def test_impossible_operations_are_refused_at_once():
    image = Micrograph(np.zeros((5, 6)), source="a.png")
    for size in ((0, 4), (4, 0), (-1, 4)):
        with pytest.raises(BadParameter, match="give at least 1 x 1"):
            image.resize(*size)
        with pytest.raises(BadParameter, match="give at least 1 x 1"):
            image.tiles(*size)
    with pytest.raises(BadParameter, match="smaller than one tile of 6 x 6"):
        image.tiles(6, 6)
    for angle in (float("nan"), float("inf")):
        with pytest.raises(BadParameter, match="is no angle"):
            image.rotate(angle)
    with pytest.raises(InputError, match=r"blur: shape changed from \(5, 6\) to \(4, 6\)"):
        image.then("blur", np.zeros((4, 6)))


def test_then_records_what_was_done_to_the_grey_values():
    image = Micrograph(np.zeros((2, 2)), PixelSize(3, 3)).then("invert()", np.ones((2, 2)))
    assert image.history == ("invert()",)
    assert image.pixel_size_nm == (3, 3)
    assert image.pixels.all()


def test_nothing_can_be_written_to():
    pixels = np.zeros((4, 4), np.float32)
    image = Micrograph(pixels, mask=np.ones((4, 4), bool))
    with pytest.raises(dataclasses.FrozenInstanceError):
        image.unit = "nm"
    for array in (image.pixels, image.mask, image.crop(0, 0, 2, 2).pixels, image.rotate(90).pixels, image.resize(3, 3).pixels):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1
    pixels[0, 0] = 0.5  # the maker's own array stays writeable
    assert image.pixels.flags.c_contiguous


def test_resize_of_a_constant_and_of_a_ramp():
    constant = Micrograph(np.full((7, 5), 0.3, np.float32)).resize(23, 2)
    np.testing.assert_allclose(constant.pixels, 0.3, rtol=1e-6)
    ramp = Micrograph(np.tile(np.linspace(0, 1, 64), (4, 1))).resize(4, 16).pixels[0]
    np.testing.assert_allclose(np.diff(ramp[2:-2]), 4 / 63, rtol=1e-9)
    stripes = Micrograph(np.tile([0.0, 1.0], (8, 64))).resize(8, 16).pixels
    np.testing.assert_allclose(stripes[:, 2:-2], 0.5, atol=0.01)  # finer than the new pixels: grey, not aliased
