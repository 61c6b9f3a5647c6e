"""What is print and what is specimen."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from morphoscope.core import Micrograph
from morphoscope.io import read_micrograph
from morphoscope.measure import annotations
from morphoscope.measure.scalebar import insets
from morphoscope.physics import scalebars


def specimen(rng: np.random.Generator, height: int = 300, width: int = 400) -> np.ndarray:
    return np.clip(0.45 + 0.1 * rng.standard_normal((height, width)), 0.1, 0.85)


def written(pixels: np.ndarray, words: str, at: tuple[int, int], *, size: int = 24, level: int = 255) -> np.ndarray:
    image = Image.fromarray(np.rint(pixels * 255).astype(np.uint8))
    ImageDraw.Draw(image).text(at, words, fill=level, font=ImageFont.load_default(size))
    return np.asarray(image) / 255.0


def found(pixels: np.ndarray) -> annotations.Print:
    return annotations.find(Micrograph(pixels.astype(np.float32)))


def kinds(printed: annotations.Print) -> set[str]:
    return {kind for kind, _ in printed.parts}


def test_a_bare_specimen_has_no_print(rng: np.random.Generator) -> None:
    printed = found(specimen(rng))
    assert printed.parts == ()
    assert not printed.mask.any()


@pytest.mark.parametrize("level", [255, 0])
def test_letters_are_ink(rng: np.random.Generator, level: int) -> None:
    bare = specimen(rng)
    marked = written(bare, "(a) CH3", (12, 10), level=level)
    printed = found(marked)
    changed = np.abs(marked - bare) > 0.2
    assert printed.mask[changed].mean() > 0.85
    assert printed.share < 0.05


def test_a_bright_blob_with_soft_edges_is_specimen() -> None:
    y, x = np.mgrid[:300, :400]
    blob = np.exp(-((y - 150) ** 2 + (x - 200) ** 2) / (2 * 30.0**2))
    assert not found(np.clip(0.3 + 1.2 * blob, 0, 1)).mask.any()


def test_a_white_frame(rng: np.random.Generator) -> None:
    pixels = np.pad(specimen(rng), ((6, 6), (9, 0)), constant_values=1.0)
    printed = found(pixels)
    assert kinds(printed) == {"frame"}
    assert printed.mask[:6].all()
    assert printed.mask[-6:].all()
    assert printed.mask[:, :9].all()
    assert printed.share < 0.12


def test_a_data_bar_with_words(rng: np.random.Generator) -> None:
    pixels = specimen(rng)
    pixels[270:] = 0.0
    printed = found(written(pixels, "15.0 kV  x10k  SE", (10, 272), size=20))
    assert ("data bar", (0, 270, 400, 300)) in printed.parts
    assert printed.mask[270:].all()
    assert not printed.mask[:260].any()


def test_a_label_in_a_white_box(rng: np.random.Generator) -> None:
    pixels = specimen(rng)
    pixels[0:40, 0:50] = 1.0
    printed = found(written(pixels, "b", (14, 4), level=0))
    assert "box" in kinds(printed)
    assert printed.mask[0:40, 0:50].all()
    assert not printed.mask[60:, 70:].any()


def test_an_inset_with_a_frame(rng: np.random.Generator) -> None:
    pixels = specimen(rng)
    pixels[:122, 250:253] = 1.0
    pixels[119:122, 250:] = 1.0
    printed = found(pixels)
    assert "inset" in kinds(printed)
    assert printed.mask[:119, 256:].all()
    assert not printed.mask[140:, :240].any()


def test_lines_that_do_not_meet_are_no_inset(rng: np.random.Generator) -> None:
    pixels = specimen(rng)
    pixels[100:102, 40:200] = 1.0
    pixels[150:280, 300:302] = 1.0
    assert insets.find(np.rint(pixels * 255).astype(np.uint8)) == []


def test_a_scale_bar_is_print(rng: np.random.Generator) -> None:
    bare = specimen(rng)
    printed = scalebars.Printed("plain", 5, "um", "5 um", 100.0, 5.0, "", 22, "above", 250.0, 260.0, 1.0, 0.0, None)
    marked = scalebars.render(bare, printed)
    mask = found(marked).mask
    assert mask[260:265, 250:350].all()
    assert mask[np.abs(marked - bare) > 0.2].mean() > 0.9


def test_masked_and_painted_over(rng: np.random.Generator) -> None:
    micrograph = Micrograph(written(specimen(rng), "(a)", (12, 10)).astype(np.float32))
    printed = annotations.find(micrograph)
    masked = annotations.without(micrograph, printed)
    assert masked.mask is not None
    np.testing.assert_array_equal(masked.mask, ~printed.mask)
    painted = annotations.painted_over(micrograph, printed)
    assert painted.pixels[printed.mask].max() < 0.8
    np.testing.assert_array_equal(painted.pixels[~printed.mask], micrograph.pixels[~printed.mask])
    assert painted.mask is not None
    assert not painted.mask[printed.mask].any()


def test_on_journal_panels(shared_data: Path) -> None:

    folder = shared_data / "scalebar_known" / "ide_scalebar"
    shares = [annotations.find(read_micrograph(path)).share for path in sorted(folder.glob("*.png"))]
    assert len(shares) == 5
    assert all(0 < share < 0.1 for share in shares)
