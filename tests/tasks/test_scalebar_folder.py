"""The task that reads the scale bars of a folder."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from morphoscope.core import Run
from morphoscope.errors import InputError, MissingDependency
from morphoscope.measure import scalebar as measure
from morphoscope.measure.scalebar import ocr
from morphoscope.physics import scalebars
from morphoscope.tasks import scalebar


def save(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path, rng: np.random.Generator) -> Path:
    """A bar, a bare specimen, and a file cut short between them."""
    place = tmp_path / "images"
    place.mkdir()
    background = np.clip(0.4 + 0.04 * rng.standard_normal((300, 400)), 0, 1)
    printed = scalebars.Printed("plain", 2, "um", "2 um", 100.0, 5.0, "", 24, "above", 250.0, 260.0, 1.0, 0.0, None)
    save(place / "a_bar.png", scalebars.render(background, printed))
    (place / "b_cut.png").write_bytes((place / "a_bar.png").read_bytes()[:900])
    save(place / "c_bare.png", background)
    (place / "notes.txt").write_text("not an image")
    (place / ".thumbnails").mkdir()
    save(place / ".thumbnails" / "a_bar.png", background)
    return place


def test_a_folder_with_a_broken_file(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("rapidocr", reason="needs morphoscope[ocr]")
    report = scalebar.read(Run(tmp_path), (folder,))
    bar, broken, bare = report.tables["bars"]
    assert list(bar) == ["file", "value_nm", "length_px", "pixel_size_nm", "confidence", "reason"]
    assert [row["file"] for row in report.tables["bars"]] == ["a_bar.png", "b_cut.png", "c_bare.png"]
    assert bar["value_nm"] == 2000
    assert bar["length_px"] == pytest.approx(100, abs=0.5)
    assert bar["pixel_size_nm"] == pytest.approx(20, rel=0.01)
    assert broken["value_nm"] is None
    assert "cut short" in broken["reason"]
    assert bare["value_nm"] is None
    assert bare["pixel_size_nm"] is None
    assert bare["reason"]
    assert report.values["answered"].value == 1
    with Image.open(tmp_path / report.files["sheet"]) as sheet:
        assert sheet.width == 3 * 280 + 2 * 8


def test_a_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("nothing")
    with pytest.raises(InputError, match=r"no image in .*; give images or folders of images"):
        scalebar.read(Run(tmp_path), (tmp_path,))


def test_without_the_extra_the_first_image_says_so(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object, **__: object) -> None:
        monkeypatch.setattr(ocr, "INSTALLED", False)
        ocr.Engine()

    monkeypatch.setattr(measure, "read", absent)
    with pytest.raises(MissingDependency, match="pip install 'morphoscope\\[ocr\\]'"):
        scalebar.read(Run(tmp_path), (folder,))
