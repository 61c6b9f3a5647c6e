"""Copies with known changes are found, strangers of the same physics are not."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from morphoscope.core import Micrograph
from morphoscope.measure import lookalike


def droplets(rng: np.random.Generator) -> np.ndarray:
    """Dark and bright discs of one size range on an uneven ground."""
    plane = ndimage.gaussian_filter(rng.standard_normal((300, 400)), 60) * 8 + 0.45
    rows, cols = np.indices(plane.shape)
    for _ in range(70):
        r, c, radius = rng.uniform(0, 300), rng.uniform(0, 400), rng.uniform(4, 16)
        plane[(rows - r) ** 2 + (cols - c) ** 2 < radius**2] += rng.choice([-0.2, 0.2])
    return plane


def labyrinth(rng: np.random.Generator) -> np.ndarray:
    """A bicontinuous pattern like spinodal decomposition."""
    noise = rng.standard_normal((300, 400))
    field = ndimage.gaussian_filter(noise, 4) - ndimage.gaussian_filter(noise, 7)
    return 0.5 + 0.25 * np.tanh(2 * field / field.std())


def rough(rng: np.random.Generator) -> np.ndarray:
    """A fracture surface: roughness on every scale, low contrast."""
    field = sum(s * ndimage.gaussian_filter(rng.standard_normal((300, 400)), s) for s in (1.5, 4, 12))
    return 0.5 + 0.08 * field / np.std(field)


def printed(plane: np.ndarray, rng: np.random.Generator) -> Micrograph:
    """With detector noise and, as in one laboratory, always the same scale bar and data bar."""
    plane = ndimage.gaussian_filter(plane, 0.7) + rng.normal(0, 0.02, plane.shape)
    plane[276:] = 0.05
    plane[282:292, 10:150:6] = 1
    plane[255:260, 300:380] = 1
    return Micrograph(np.clip(plane, 0, 1).astype(np.float32))


def specimens(count: int, seed: int) -> list[Micrograph]:
    rng = np.random.default_rng(seed)
    return [printed((droplets, labyrinth, rough)[k % 3](rng), rng) for k in range(count)]


def recompressed(image: Micrograph, quality: int) -> Micrograph:
    buffer = io.BytesIO()
    Image.fromarray((255 * image.pixels).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    return Micrograph.from_raw(np.asarray(Image.open(buffer)))


def cut(image: Micrograph, rng: np.random.Generator, share: float = 0.6) -> Micrograph:
    height, width = round(image.height_px * share), round(image.width_px * share)
    top, left = rng.integers(image.height_px - height + 1), rng.integers(image.width_px - width + 1)
    return image.crop(int(top), int(left), height, width)


def grey(change: Callable[[np.ndarray], np.ndarray]) -> Callable[..., Micrograph]:
    return lambda image, rng: Micrograph(np.clip(change(image.pixels), 0, 1).astype(np.float32))


CHANGES: dict[str, Callable[[Micrograph, np.random.Generator], Micrograph]] = {
    "turned": lambda image, rng: image.rotate(90 * int(rng.integers(1, 4))),
    "mirrored": grey(lambda pixels: pixels[:, ::-1]),
    "mirrored and turned": grey(lambda pixels: pixels.T),
    "brighter, flatter, bent": grey(lambda pixels: 0.3 + 0.6 * pixels**0.7),
    "recompressed": lambda image, rng: recompressed(image, 35),
    "noisy": lambda image, rng: Micrograph(np.clip(image.pixels + rng.normal(0, 0.04, image.pixels.shape), 0, 1)),
    "half size": lambda image, rng: image.resize(150, 200),
    "stretched": lambda image, rng: image.resize(300, 330),
    "cropped to 60 %": cut,
    "cropped, enlarged, flatter": lambda image, rng: Micrograph(0.2 + 0.6 * cut(image, rng).resize(300, 400).pixels),
    "cropped, turned, recompressed": lambda image, rng: recompressed(cut(image, rng).rotate(270), 60),
}


@functools.cache
def originals(count: int) -> tuple[list[Micrograph], list[lookalike.Signature]]:
    images = specimens(count, seed=count)
    return images, [lookalike.signature(image) for image in images]


def compare(count: int, change: str) -> tuple[float, int]:
    """Share of copies found and number of strangers taken for copies."""
    rng = np.random.default_rng(2)
    images, ones = originals(count)
    others = [lookalike.signature(CHANGES[change](image, rng)) for image in images]
    found = lookalike.find(ones, others)
    return sum(pair.one == pair.other for pair in found) / count, sum(pair.one != pair.other for pair in found)


@pytest.mark.parametrize("change", CHANGES)
def test_copies_are_found_and_strangers_are_not(change):
    recall, false_alarms = compare(3, change)
    assert recall == 1
    assert false_alarms == 0


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_recall_and_false_alarms_over_many(change):
    recall, false_alarms = compare(24, change)
    assert recall >= 0.95
    assert false_alarms == 0


def test_a_shared_bar_on_featureless_images_is_no_likeness():
    """Two smooth specimens with the same printed bars: all contrast is shared, and none of it is the specimen."""
    rng = np.random.default_rng(5)
    flat = [lookalike.signature(printed(np.full((300, 400), level), rng)) for level in (0.5, 0.55, 0.6)]
    assert lookalike.find(flat[:1], flat[1:]) == []
    assert [pair.score for pair in lookalike.find(flat[:1], flat[:1])] == [pytest.approx(1, abs=0.02)]


def test_a_constant_image_is_like_nothing():
    flat = lookalike.signature(Micrograph(np.full((50, 60), 0.5, np.float32)))
    assert len(flat.places) == 0
    assert lookalike.find([flat], [flat]) == []
    assert lookalike.find([], [flat]) == []


def test_small_and_narrow_images_are_no_problem():
    rng = np.random.default_rng(6)
    shapes = [(1, 1), (1, 300), (5, 7), (40, 600), (2000, 30)]
    signed = [lookalike.signature(Micrograph(rng.random(shape))) for shape in shapes]
    for pair in lookalike.find(signed, signed):
        assert pair.one == pair.other


def test_a_negative_is_not_looked_for():
    image = specimens(1, seed=7)[0]
    negative = lookalike.signature(Micrograph(1 - image.pixels))
    assert lookalike.find([lookalike.signature(image)], [negative]) == []


def test_the_data_bar_is_left_out_of_the_signature():
    image = specimens(1, seed=8)[0]
    known = Micrograph(image.pixels, data_bar_row_px=276)
    assert lookalike.signature(known).plane.shape == (round(276 * 256 / 400), 256)


@pytest.mark.parametrize("turn", range(8))
def test_the_overlap_is_measured_where_the_map_lays_it(turn):
    plane = labyrinth(np.random.default_rng(9)).astype(np.float32)
    turned = plane[::-1] if turn & 1 else plane
    turned = turned[:, ::-1] if turn & 2 else turned
    turned = turned.T if turn & 4 else turned
    signed = [lookalike.signature(Micrograph(np.ascontiguousarray(p))) for p in (plane, turned)]
    (pair,) = lookalike.find(signed[:1], signed[1:])
    assert pair.score > 0.97
    shifted = np.array([[1.0, 0, 9], [0, 1, 0]])
    assert lookalike.overlap_correlation(plane, plane, shifted) < 0.3
    assert lookalike.overlap_correlation(plane, plane[9:], shifted) == pytest.approx(1, abs=1e-3)
    assert lookalike.overlap_correlation(plane, plane, np.array([[1.0, 0, 280], [0, 1, 0]])) == -1
