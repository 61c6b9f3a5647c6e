"""The printed scale is true: its line is as long as its label says."""

from __future__ import annotations

import numpy as np
import pytest

from morphoscope.core import Micrograph, PixelSize
from morphoscope.errors import BadParameter, MissingPixelSize
from morphoscope.physics.sem_bar import BARS, STYLES, label, scale_bar_nm, with_data_bar


def grey(width=640, height=200, pixel_nm=3.3):
    return Micrograph(np.full((height, width), 0.4, np.float32), PixelSize(pixel_nm, pixel_nm))


def longest_run(rows, ink):
    """Longest unbroken horizontal stroke of ``ink``."""
    best = 0
    for row in rows == ink:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
        best = max(best, int((edges[1::2] - edges[::2]).max(initial=0)))
    return best


@pytest.mark.parametrize("pixel_nm", [0.2, 3.3, 47.0, 900.0])
@pytest.mark.parametrize("style", ["fei", "zeiss", "zeiss-white", "jeol", "tescan", "inside"])
def test_the_line_is_as_long_as_it_says(style, pixel_nm):
    printed = with_data_bar(grey(pixel_nm=pixel_nm), style=style)
    known = printed.conditions
    assert known["scale_bar_px"] == round(known["scale_bar_nm"] / pixel_nm)
    ink = np.float32(STYLES[style].ink) / np.float32(255)
    rows = printed.pixels[150:] if style == "inside" else printed.pixels[203:]  # below a ruled upper edge
    assert longest_run(rows, ink) == known["scale_bar_px"]


def test_ticks_span_the_length():
    printed = with_data_bar(grey(width=1280), style="hitachi")
    marks = np.flatnonzero(printed.pixels[203] == 1)
    assert len(marks) == 11
    assert marks[-1] - marks[0] + 1 == printed.conditions["scale_bar_px"]


@pytest.mark.parametrize("style", BARS)
def test_image_and_scale_stay(style):
    bare = grey()
    printed = with_data_bar(bare, style=style)
    assert printed.pixel_size == bare.pixel_size
    if STYLES[style] is not None and STYLES[style].height:
        assert printed.data_bar_row_px == 200
        np.testing.assert_array_equal(printed.above_data_bar().pixels, bare.pixels)
    else:
        assert printed.pixels.shape == bare.pixels.shape
        assert printed.data_bar_row_px is None


def test_a_mask_grows_with_the_bar():
    bare = Micrograph(grey().pixels, grey().pixel_size, mask=np.ones((200, 640), bool))
    printed = with_data_bar(bare, style="fei")
    assert printed.mask[:200].all()
    assert not printed.mask[200:].any()


@pytest.mark.parametrize(("width_nm", "length_nm"), [(1000, 200), (1800, 500), (3.6, 1), (72e3, 20e3), (17.9, 5), (7.2e6, 2e6)])
def test_round_lengths(width_nm, length_nm):
    assert scale_bar_nm(width_nm) == pytest.approx(length_nm)


@pytest.mark.parametrize(
    ("length_nm", "text"), [(500, "500 nm"), (1000, "1 µm"), (2e4, "20 µm"), (5e6, "5 mm"), (0.5, "0.5 nm"), (1, "1 nm")]
)
def test_labels(length_nm, text):
    assert label(length_nm) == text


def test_wrong_requests():
    with pytest.raises(BadParameter, match="bar='leica' is not one of none, fei"):
        with_data_bar(grey(), style="leica")
    with pytest.raises(MissingPixelSize, match="has no pixel size"):
        with_data_bar(Micrograph(np.zeros((50, 50))), style="fei")


def test_micro_has_its_stem():
    """The printed 1 µm goes below the line that 1 um would stand on; Pillow's font alone would draw a box."""
    printed = with_data_bar(grey(pixel_nm=7.0), style="tescan")
    assert printed.conditions["scale_bar_nm"] == 1000
    words = printed.pixels[202:, -round(0.3 * 640) :] < 0.5
    letters = words[: int(0.55 * len(words)), 40:-20]
    lowest = np.flatnonzero(letters.any(axis=1)).max()
    assert np.count_nonzero(letters[lowest]) <= 2  # a stem, not a row of letters
