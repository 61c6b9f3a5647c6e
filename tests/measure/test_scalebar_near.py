"""Bars and rulers that only their label gives away."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from morphoscope.measure.scalebar import bars, near
from morphoscope.measure.scalebar.ocr import Text


def texture(rng: np.random.Generator) -> np.ndarray:
    """Rough and bright: levels about 175."""
    noise = ndimage.gaussian_filter(rng.standard_normal((300, 420)), 2)
    return np.clip(175 + 14 * noise / noise.std(), 0, 225)


def labelled(levels: np.ndarray, at: tuple[int, int]) -> tuple[np.ndarray, Text]:
    image = Image.fromarray(np.rint(levels).astype(np.uint8))
    font = ImageFont.load_default(20)
    ImageDraw.Draw(image).text(at, "5 um", fill=255, font=font)
    left, top, right, bottom = font.getbbox("5 um")
    return np.asarray(image).copy(), Text("5 um", 1.0, at[0] + left, at[1] + top, at[0] + right, at[1] + bottom)


def test_a_thin_bar_over_a_bright_specimen(rng: np.random.Generator) -> None:
    levels = texture(rng)
    levels[232:234, 150:260] = 255
    grey, text = labelled(levels, (180, 200))
    found = near.bars_of(grey, text)
    assert found[0].length_px == pytest.approx(110, abs=0.7)
    assert found[0].light


def test_no_bar_beside_a_label_alone(rng: np.random.Generator) -> None:
    grey, text = labelled(texture(rng), (180, 200))
    assert near.bars_of(grey, text) == []
    assert near.rulers_of(grey, text) == []


def test_ticks_over_a_specimen(rng: np.random.Generator) -> None:
    levels = texture(rng) - 60
    for k in range(11):
        levels[262:267, 180 + 20 * k : 182 + 20 * k] = 255
    grey, text = labelled(levels, (360, 270))
    (ruler,) = near.rulers_of(grey, text)
    assert ruler.kind == "ruler"
    assert ruler.length_px == pytest.approx(200, abs=0.7)


def test_twelve_ticks_are_no_ruler_of_eleven(rng: np.random.Generator) -> None:
    levels = texture(rng) - 60
    for k in range(-3, 11):
        levels[262:267, 180 + 20 * k : 182 + 20 * k] = 255
    grey, text = labelled(levels, (360, 270))
    assert near.rulers_of(grey, text) == []


def test_a_piece_of_an_aslant_line_runs_on() -> None:
    levels = np.full((200, 300), 90, np.uint8)
    for k in range(5):
        levels[100 + k : 102 + k, 60 + 30 * k : 92 + 30 * k] = 250
    piece = bars.Bar(60.0, 92.0, 100, 102, True, 160.0, 0.0, 0.5)
    assert bars.runs_on(levels, piece)
    levels[:, 94:] = 90
    assert not bars.runs_on(levels, piece)
