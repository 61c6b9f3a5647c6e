"""Physical lengths and pixel content through chains of crop, resize, rotate and tile."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from morphoscope.core import Micrograph, PixelSize

sides = st.integers(2, 40)
lengths = st.floats(1e-3, 1e6, allow_nan=False)
angles = st.one_of(st.floats(-720, 720, allow_nan=False), st.sampled_from([-450, -270, -180, -90, 0, 90, 180, 270, 360, 45]))
step = st.one_of(
    st.tuples(st.just("crop"), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
    st.tuples(st.just("resize"), sides, sides),
    st.tuples(st.just("rotate"), angles),
    st.tuples(st.just("tile"), st.floats(0, 1), st.floats(0, 1), st.integers(0, 1000)),
)


def apply(image: Micrograph, step: tuple) -> Micrograph:
    """One drawn operation; fractions become pixels of the image at hand."""
    match step:
        case ("crop", top, left, height, width):
            rows, cols = image.pixels.shape
            h, w = max(1, round(height * rows)), max(1, round(width * cols))
            return image.crop(round(top * (rows - h)), round(left * (cols - w)), h, w)
        case ("resize", height, width):
            return image.resize(height, width)
        case ("rotate", angle):
            return image.rotate(angle)
        case ("tile", height, width, which):
            rows, cols = image.pixels.shape
            tiles = list(image.tiles(max(1, round(height * rows)), max(1, round(width * cols))))
            return tiles[which % len(tiles)]
    raise ValueError(step)


@st.composite
def images(draw: st.DrawFn) -> Micrograph:
    shape = draw(sides), draw(sides)
    pixels = np.random.default_rng(draw(st.integers(0, 99))).random(shape, dtype=np.float32)
    mask = draw(st.sampled_from([None, pixels > 0.2]))
    bar = draw(st.one_of(st.none(), st.integers(1, shape[0])))
    return Micrograph(pixels, PixelSize(draw(lengths), draw(lengths)), mask=mask, data_bar_row_px=bar, source="made.tif")


def distance_nm(image: Micrograph, one: np.ndarray, other: np.ndarray) -> float:
    return math.hypot(*((one - other) * np.array(image.pixel_size_nm)))


points = st.tuples(st.floats(-50, 50), st.floats(-50, 50)).map(np.array)


@given(image=images(), steps=st.lists(step, min_size=1, max_size=8), one=points, other=points)
def test_two_marks_keep_their_distance_through_any_chain(image, steps, one, other):
    now = image
    for each in steps:
        now = apply(now, each)
    before = distance_nm(image, *now.to_source(np.stack([one, other])))
    assert distance_nm(now, one, other) == pytest.approx(before, rel=1e-6, abs=1e-6 * min(image.pixel_size_nm))


@given(image=images(), steps=st.lists(step, min_size=1, max_size=8), corner=points, arm=points, other_arm=points)
def test_areas_keep_their_size_and_handedness(image, steps, corner, arm, other_arm):
    """No operation mirrors: the signed area of a triangle in nm² stays."""
    now = image
    for each in steps:
        now = apply(now, each)

    def area(marks: np.ndarray, of: Micrograph) -> float:
        (y1, x1), (y2, x2) = (marks[1:] - marks[0]) * np.array(of.pixel_size_nm)
        return float(y1 * x2 - x1 * y2)

    marks = np.stack([corner, arm, other_arm])
    scale = np.prod(image.pixel_size_nm) * 1e4
    assert area(marks, now) == pytest.approx(area(now.to_source(marks), image), rel=1e-6, abs=1e-6 * scale)


@given(image=images(), steps=st.lists(step, max_size=8))
def test_every_step_leaves_a_valid_micrograph_with_one_line_of_history(image, steps):
    for each in steps:
        was, image = image, apply(image, each)
        if image is was:  # a turn by 0 or 360 degrees changes nothing
            assert each[0] == "rotate"
            assert math.isclose(each[1] % 360, 0, abs_tol=1e-9)
            continue
        assert image.history[:-1] == was.history
        assert image.history[-1].startswith({"tile": "crop"}.get(each[0], each[0]))
        assert image.source == "made.tif"
        assert np.isfinite(image.pixels).all()
        assert image.pixels.min() >= was.pixels.min() - 1e-6
        assert image.pixels.max() <= was.pixels.max() + 1e-6
        assert image.pixels.dtype == np.float32
        assert image.mask is None or image.mask.shape == image.pixels.shape


@given(image=images(), height=sides, width=sides)
def test_resize_keeps_the_extent(image, height, width):
    assert image.resize(height, width).extent_nm == pytest.approx(image.extent_nm, rel=1e-12)


@given(image=images(), quarters=st.integers(-9, 9))
def test_quarter_turns_move_pixels_exactly_and_swap_the_axes(image, quarters):
    turned = image.rotate(90 * quarters)
    np.testing.assert_array_equal(turned.pixels, np.rot90(image.pixels, quarters))
    size = image.pixel_size_nm if quarters % 2 == 0 else image.pixel_size_nm[::-1]
    extent = image.extent_nm if quarters % 2 == 0 else image.extent_nm[::-1]
    assert turned.pixel_size_nm == size
    assert turned.extent_nm == pytest.approx(extent)
    assert turned.rotate(-90 * quarters).pixel_size_nm == image.pixel_size_nm
    np.testing.assert_array_equal(turned.rotate(-90 * quarters).pixels, image.pixels)


@given(image=images(), steps=st.lists(step, max_size=6).filter(lambda s: all(x[0] in ("crop", "tile") for x in s)))
def test_crops_and_tiles_hold_the_very_pixels_of_the_file(image, steps):
    now = image
    for each in steps:
        now = apply(now, each)
    grid = np.stack(np.meshgrid(*map(np.arange, now.pixels.shape), indexing="ij"), axis=-1)
    rows, cols = np.moveaxis(now.to_source(grid), -1, 0).astype(int)
    np.testing.assert_array_equal(now.pixels, image.pixels[rows, cols])


def blob(shape: tuple[int, int], centre: tuple[float, float], sigma: tuple[float, float]) -> np.ndarray:
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    return np.exp(-(((rows - centre[0]) / sigma[0]) ** 2) / 2 - ((cols - centre[1]) / sigma[1]) ** 2 / 2)


def centroid(pixels: np.ndarray) -> np.ndarray:
    rows, cols = np.indices(pixels.shape)
    return np.array([(rows * pixels).sum(), (cols * pixels).sum()]) / pixels.sum()


@settings(max_examples=40)
@given(
    size=st.tuples(st.floats(1, 3), st.floats(1, 3)),
    centre=st.tuples(st.floats(45, 55), st.floats(55, 65)),
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("resize"), st.integers(60, 180), st.integers(60, 180)),
            st.tuples(st.just("rotate"), angles),
            st.tuples(st.just("margin"), st.integers(0, 8), st.integers(0, 8)),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_a_spot_lies_where_the_map_says(size, centre, steps):
    """The content moves as the bookkeeping claims: the measured centroid maps back to the spot's place in the file."""
    image = Micrograph(blob((100, 120), centre, (4.0, 5.0)), PixelSize(*size))
    now = image
    for each in steps:
        now = now.crop(*each[1:], now.height_px - 10, now.width_px - 10) if each[0] == "margin" else apply(now, each)
    edge = np.concatenate([now.pixels[[0, -1]].ravel(), now.pixels[:, [0, -1]].ravel()])
    assume(edge.max() < 1e-5)  # the whole spot is in view
    np.testing.assert_allclose(now.to_source(centroid(now.pixels)), centre, atol=0.02)


@pytest.mark.parametrize("angle", [30.0, -75.0, 211.5])
@pytest.mark.parametrize("size", [(2.0, 2.0), (3.0, 1.5)])
def test_a_rod_turns_counter_clockwise_by_the_angle_asked_for(angle, size):
    """Measured on the pixels alone: the long axis of an elongated spot, in nm, turns by the angle."""
    rows, cols = np.indices((120, 240))
    y, x = (rows - 59.5) * size[0], (cols - 119.5) * size[1]
    image = Micrograph(np.exp(-((x / 30) ** 2) - (y / 8) ** 2), PixelSize(*size))
    turned = image.rotate(angle).pixels
    xy, xx, yy = (turned * x * -y).sum(), (turned * x * x).sum(), (turned * y * y).sum()
    measured = math.degrees(0.5 * math.atan2(2 * xy, xx - yy))
    assert (measured - angle + 90) % 180 - 90 == pytest.approx(0, abs=0.2)


def test_turning_an_image_without_a_scale_keeps_lengths_in_pixels_of_the_file():
    image = Micrograph(np.zeros((40, 60), np.float32)).resize(40, 15).rotate(33)
    marks = image.to_source(np.array([[20.0, 5.0], [20.0, 6.0], [21.0, 5.0]]))
    assert np.linalg.norm(marks[1] - marks[0]) == pytest.approx(4)
    assert np.linalg.norm(marks[2] - marks[0]) == pytest.approx(1)
    assert image.pixel_size is None


def test_the_mask_follows_and_corners_from_outside_are_masked():
    mask = np.ones((60, 80), bool)
    mask[20:30, 10:20] = False
    image = Micrograph(np.full((60, 80), 0.5, np.float32), PixelSize(2, 2), mask=mask)
    assert not image.crop(15, 5, 20, 20).mask[5:15, 5:15].any()
    assert image.crop(15, 5, 20, 20).mask.sum() == 300
    small = image.resize(30, 40).mask
    assert not small[10:15, 5:10].any()
    assert small.sum() >= 30 * 40 - 7 * 7
    turned = image.rotate(30)
    assert not turned.mask[0, 0]
    assert turned.mask[30, 40]
    hole = np.argwhere(~image.rotate(180).mask)
    assert hole.min(axis=0).tolist() == [30, 60]
    assert hole.max(axis=0).tolist() == [39, 69]
    back = turned.to_source(np.argwhere(~turned.mask)).round().astype(int)
    inside = (back >= 0).all(axis=1) & (back < [60, 80]).all(axis=1)
    assert (~mask[tuple(back[inside].T)]).sum() > 80  # the hole came along


def test_a_masked_value_never_bleeds_into_an_unmasked_pixel():
    pixels = np.zeros((41, 41), np.float32)
    pixels[20, 20] = 1
    image = Micrograph(pixels, PixelSize(1, 1), mask=pixels < 1)
    for now in (image.resize(17, 29), image.resize(100, 90), image.rotate(20), image.rotate(90), image.resize(13, 13).rotate(5)):
        assert now.mask is not None
        assert now.pixels[now.mask].max() < 2e-3


def test_the_data_bar_is_followed_and_never_comes_back_into_view():
    pixels = np.zeros((100, 80), np.float32)
    pixels[90:] = 1
    image = Micrograph(pixels, PixelSize(1, 1), data_bar_row_px=90)
    assert image.above_data_bar().pixels.shape == (90, 80)
    assert image.above_data_bar().data_bar_row_px is None
    assert image.crop(40, 0, 60, 80).data_bar_row_px == 50
    assert image.crop(0, 0, 90, 80).data_bar_row_px is None
    assert image.resize(50, 80).data_bar_row_px == 45
    assert image.resize(30, 24).data_bar_row_px == 27  # 100 / 30 does not divide evenly in binary
    assert not image.crop(92, 0, 8, 80).mask.any()
    for turned in (image.rotate(90), image.rotate(180), image.rotate(17), image.rotate(90).rotate(-90)):
        assert turned.data_bar_row_px is None
        assert turned.pixels[turned.mask].max() < 1e-3
        assert turned.mask.sum() > 0.5 * 90 * 80


def test_tiles_cover_the_image_once_and_leave_out_what_fills_none():
    image = Micrograph(np.arange(70, dtype=np.float32).reshape(7, 10) / 100, PixelSize(3, 5))
    tiles = list(image.tiles(3, 4))
    assert [t.to_source(np.zeros(2)).tolist() for t in tiles] == [[0, 0], [0, 4], [3, 0], [3, 4]]
    assert all(t.extent_nm == (9, 20) for t in tiles)


def test_rotation_of_a_large_image_by_bands_equals_the_small_ones():
    """Bands are an internal matter: row 256 is as good as row 255."""
    ramp = np.linspace(0, 1, 600)[:, None] * np.linspace(0.5, 1, 90)
    turned = Micrograph(ramp, PixelSize(1, 1)).rotate(1.0)
    rows, cols = np.argwhere(turned.mask).T
    y, x = turned.to_source(np.stack([rows, cols], axis=-1)).T
    inner = (y > 0) & (y < 599) & (x > 0) & (x < 89)
    expected = (y / 599) * (0.5 + 0.5 * x / 89)
    np.testing.assert_allclose(turned.pixels[rows, cols][inner], expected[inner], atol=1e-9)


def test_replace_keeps_the_map():
    image = Micrograph(np.zeros((9, 9), np.float32)).crop(2, 3, 4, 4)
    assert replace(image, unit="counts").affine == image.affine
