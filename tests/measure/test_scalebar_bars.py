"""Strokes, their ends to a fraction of a pixel, ticks and rulers."""

import numpy as np
import pytest

from morphoscope.measure.scalebar import bars, rulers


def textured(rng: np.random.Generator, height: int = 240, width: int = 320) -> np.ndarray:
    return np.clip(120 + 25 * rng.standard_normal((height, width)), 0, 255)


def stroke(image: np.ndarray, left: float, right: float, top: int, bottom: int, level: float) -> np.ndarray:
    """The image with a stroke whose ends cover their pixels in part."""
    columns = np.arange(image.shape[1])
    cover = np.clip(np.minimum(columns + 1, right) - np.maximum(columns, left), 0, 1)
    image = image.copy()
    image[top:bottom] = image[top:bottom] * (1 - cover) + level * cover
    return image


@pytest.mark.parametrize("level, light", [(255.0, True), (0.0, False)])
@pytest.mark.parametrize("left, right", [(200.0, 290.0), (200.25, 290.5), (201.5, 231.75)])
def test_ends_to_a_fraction_of_a_pixel(left: float, right: float, level: float, light: bool) -> None:
    image = stroke(np.full((240, 320), 120.0), left, right, 215, 220, level)
    best = bars.find(np.rint(image).astype(np.uint8))[0]
    assert best.light is light
    assert best.left == pytest.approx(left, abs=0.1)
    assert best.right == pytest.approx(right, abs=0.1)
    assert (best.top, best.bottom) == (215, 220)


def test_found_on_a_noisy_specimen(rng: np.random.Generator) -> None:
    image = stroke(textured(rng), 200.5, 290.25, 215, 219, 255.0)
    best = bars.find(np.rint(image).astype(np.uint8))[0]
    assert best.length_px == pytest.approx(89.75, abs=0.4)
    assert best.quality > 0.5


def test_nothing_printed_looks_printed(rng: np.random.Generator) -> None:
    found = bars.find(np.rint(textured(rng)).astype(np.uint8))
    assert all(bar.quality < 0.3 for bar in found)


def test_too_thick_or_too_long_is_no_bar() -> None:
    image = stroke(np.full((240, 320), 100.0), 20, 310, 200, 204, 255.0)
    image = stroke(image, 100, 200, 40, 120, 255.0)
    assert bars.find(np.rint(image).astype(np.uint8)) == []


def test_a_bar_at_the_lower_edge() -> None:
    image = stroke(np.full((240, 320), 100.0), 30, 130, 236, 240, 255.0)
    assert bars.find(np.rint(image).astype(np.uint8))[0].length_px == pytest.approx(100, abs=0.1)


def test_with_ticks_the_length_is_from_tick_to_tick() -> None:
    image = stroke(np.zeros((240, 320)), 100, 202, 220, 222, 255.0)
    image = stroke(image, 100, 102, 214, 228, 255.0)
    image = stroke(image, 200, 202, 214, 228, 255.0)
    best = next(bar for bar in bars.alone(bars.find(np.rint(image).astype(np.uint8))) if bar.light)
    assert best.length_px == pytest.approx(100, abs=0.3)


def test_pieces_of_a_long_edge_lose_their_quality() -> None:
    image = np.full((240, 320), 60.0)
    for left in (10, 80, 150, 220):
        image = stroke(image, left, left + 60, 200, 202, 255.0)
    judged = bars.alone(bars.find(np.rint(image).astype(np.uint8)))
    inner = [bar for bar in judged if 90 < bar.middle < 230]
    assert len(inner) == 2
    assert all(bar.quality < 0.3 for bar in inner)


def test_alternating_segments_are_one_bar() -> None:
    image = np.full((240, 320), 250.0)
    for k in (0, 2, 4):
        image = stroke(image, 100 + 20 * k, 120 + 20 * k, 200, 205, 0.0)
    judged = bars.alone(bars.find(np.rint(image).astype(np.uint8)))
    assert judged[0].length_px == pytest.approx(100, abs=0.2)


def test_a_ruler_of_eleven_ticks() -> None:
    image = np.full((240, 320), 20.0)
    for k in range(11):
        image = stroke(image, 150 + 14.5 * k - 1, 150 + 14.5 * k + 1, 225, 231, 255.0)
    (ruler,) = rulers.find(np.rint(image).astype(np.uint8))
    assert ruler.kind == "ruler"
    assert ruler.length_px == pytest.approx(145, abs=0.5)
    assert ruler.left == pytest.approx(150, abs=0.5)


@pytest.mark.parametrize("ticks", [5, 10, 13])
def test_other_numbers_of_ticks_are_no_ruler(ticks: int) -> None:
    image = np.full((240, 320), 20.0)
    for k in range(ticks):
        image = stroke(image, 60 + 15 * k - 1, 60 + 15 * k + 1, 225, 231, 255.0)
    assert rulers.find(np.rint(image).astype(np.uint8)) == []


def test_a_picture_of_a_few_pixels_has_none() -> None:
    assert bars.find(np.zeros((5, 5), np.uint8)) == []
