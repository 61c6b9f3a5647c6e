"""
Two thousand rendered scale bars of known value and length, and pictures without one.

``pytest -m long tests/validation/test_scalebar_rendered.py`` measures what the reader promises: values right in 99 % of its
answers, half of the lengths within half a pixel, never wrong by a factor of ten, silent where there is nothing to read. It
takes about half an hour; the slow tests draw fewer.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.core import Micrograph
from morphoscope.measure import scalebar
from morphoscope.physics import blend, scalebars, sem

pytest.importorskip("rapidocr", reason="needs morphoscope[ocr]")

BARS, BARE = 2000, 300
FEWER_BARS, FEWER_BARE = 40, 20


def specimens(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    """Simulated micrographs of separating blends, of several coarseness, contrast and noise."""
    pictures = []
    for _ in range(count):
        made = blend.Blend(0.03, float(rng.uniform(0.3, 0.7)))
        evolution = blend.Evolution(made, blend.mixed(rng, made, size_px=192), interface_px=1.0)
        end = float(rng.uniform(60, 300))
        while evolution.time < end:
            evolution.step(end)
        field = ndimage.zoom(evolution.composition, 4, order=1, mode="grid-wrap")
        pictures.append(np.asarray(sem.render(field, pixel_nm=1.0, imaging=sem.draw(rng, pixel_nm=1.0)).pixels, float))
    return pictures


def cut(pictures: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """A piece of one of them, turned over by chance, with a slope of brightness."""
    height, width = int(rng.integers(280, 520)), int(rng.integers(380, 700))
    picture = pictures[int(rng.integers(len(pictures)))][:: int(rng.choice((-1, 1))), :: int(rng.choice((-1, 1)))]
    top, left = int(rng.integers(picture.shape[0] - height + 1)), int(rng.integers(picture.shape[1] - width + 1))
    slope = 1 + float(rng.uniform(-0.25, 0.25)) * np.linspace(-1, 1, width)
    return np.clip(picture[top : top + height, left : left + width] * slope, 0, 1)


def answers(rng: np.random.Generator, count: int) -> list[tuple[scalebars.Printed, scalebar.ScaleBar]]:
    pictures = specimens(rng, 6)
    told = []
    for _ in range(count):
        background = cut(pictures, rng)
        printed = scalebars.draw(rng, shape=background.shape)
        told.append((printed, scalebar.read(Micrograph(scalebars.render(background, printed).astype(np.float32)))))
    return told


def check(told: list[tuple[scalebars.Printed, scalebar.ScaleBar]], *, share: float, right: float) -> None:
    given = [(p, bar) for p, bar in told if bar.value_nm is not None and bar.length_px is not None]
    ratios = np.array([bar.value_nm / p.value_nm for p, bar in given])
    errors = np.array([abs(bar.length_px - p.length_px) for p, bar in given])
    exact = np.isclose(ratios, 1, rtol=1e-3)
    reasons = Counter(bar.reason[:40] for _, bar in told if bar.value_nm is None)
    wrong = [(p.words, bar.text, bar.value_nm) for (p, bar), fine in zip(given, exact, strict=True) if not fine]
    print(f"\n{len(told)} bars, {len(given)} answered ({len(given) / len(told):.1%}), value right {exact.mean():.2%}, "
          f"length error median {np.median(errors):.3f} px, 95 % within {np.percentile(errors, 95):.2f} px; "
          f"wrong: {wrong}; not answered: {reasons.most_common(6)}")  # fmt: skip
    assert exact.mean() >= right
    assert np.median(errors) <= 0.5
    assert not [w for w, r in zip(wrong, ratios[~exact], strict=True) if abs(math.log10(r) - round(math.log10(r))) < 1e-6]
    assert len(given) / len(told) >= share


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_some_rendered_bars() -> None:
    check(answers(np.random.default_rng(2024), FEWER_BARS), share=0.5, right=1.0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_answer_where_there_is_no_bar() -> None:
    assert unasked(FEWER_BARE) == []


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_two_thousand_rendered_bars() -> None:
    check(answers(np.random.default_rng(2024), BARS), share=0.6, right=0.99)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_answer_on_many_pictures_without_a_bar() -> None:
    assert unasked(BARE) == []


def unasked(count: int) -> list[scalebar.ScaleBar]:
    """Answers on pictures without a bar."""
    rng = np.random.default_rng(11)
    pictures = specimens(rng, 6)
    given = [scalebar.read(Micrograph(cut(pictures, rng).astype(np.float32))) for _ in range(count)]
    return [bar for bar in given if bar.value_nm is not None]
