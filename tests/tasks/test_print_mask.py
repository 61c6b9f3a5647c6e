"""Print on a micrograph: found, filled in, and left out by the measuring tasks unless they are asked to count it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from morphoscope.core import Run
from morphoscope.io import read_micrograph
from morphoscope.physics import scalebars
from morphoscope.tasks import print_mask
from morphoscope.tasks.parameters import specimen
from morphoscope.tasks.statistics import two_point


def save(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)).save(path)
    return path


def bare(rng: np.random.Generator) -> np.ndarray:
    """Two grey phases in stripes, neither black nor white."""
    y, x = np.indices((300, 400))
    stripes = np.sin(2 * np.pi * (x + 0.6 * y) / 25) > 0.3
    return np.clip(np.where(stripes, 0.62, 0.35) + 0.03 * rng.standard_normal((300, 400)), 0, 1)


def marked(pixels: np.ndarray) -> np.ndarray:
    bar = scalebars.Printed("box", 5, "um", "5 um", 100.0, 5.0, "", 22, "above", 250.0, 260.0, 0.0, 1.0, None)
    return scalebars.render(pixels, bar)


def test_the_mask_and_the_cleaned_picture(tmp_path: Path, rng: np.random.Generator) -> None:
    specimen_only = bare(rng)
    report = print_mask.find(Run(tmp_path), save(tmp_path / "a.png", marked(specimen_only)))
    assert {row["kind"] for row in report.tables["parts"]} >= {"box"}
    mask = np.asarray(Image.open(tmp_path / "mask.png"))
    cleaned = np.asarray(Image.open(tmp_path / "cleaned.png"))
    assert mask.shape == (300, 400)
    assert set(np.unique(mask)) == {0, 255}
    assert report.values["share"].value == pytest.approx(np.mean(mask == 0))
    box = np.abs(marked(specimen_only) - specimen_only) > 0.05
    assert not mask[box].any()
    assert cleaned.dtype == np.uint8
    assert 60 < cleaned[box].mean() < 180
    assert np.array_equal(cleaned[mask > 0], np.rint(specimen_only * 255).astype(np.uint8)[mask > 0])


def test_a_bare_specimen_is_left_as_it_is(tmp_path: Path, rng: np.random.Generator) -> None:
    path = save(tmp_path / "a.png", bare(rng))
    report = print_mask.find(Run(tmp_path), path)
    assert report.title == "No print on a.png"
    assert np.array_equal(np.asarray(Image.open(tmp_path / "cleaned.png")), np.asarray(Image.open(path)))


def test_a_measurement_leaves_print_out(tmp_path: Path, rng: np.random.Generator) -> None:
    """Half a white box on a dark specimen would be a phase of its own."""
    pixels = bare(rng)
    truth = two_point(Run(tmp_path), save(tmp_path / "bare.png", pixels)).values["area_fraction"].value
    path = save(tmp_path / "a.png", marked(pixels))
    told = two_point(Run(tmp_path), path)
    kept = two_point(Run(tmp_path), path, keep_print=True)
    assert told.values["area_fraction"].value == pytest.approx(truth, abs=0.005)
    assert abs(kept.values["area_fraction"].value - truth) > 0.01
    assert any(note.startswith("print: ") and "box" in note for note in told.notes)
    assert not any(note.startswith("print: ") for note in kept.notes)


@pytest.mark.parametrize("levels", [(0.0, 1.0), (0.0, 0.5, 1.0)])
def test_black_and_white_phases_are_not_print(levels: tuple[float, ...], tmp_path: Path) -> None:
    y, x = np.indices((240, 240))
    drawn = np.array(levels)[((x // 40) + (y // 40)) % len(levels)]
    assert specimen(read_micrograph(save(tmp_path / "a.png", drawn))).mask is None
