"""What the studio shows of a file before anything is computed."""

import io as buffers

import numpy as np
import pytest
import tifffile
from PIL import Image

from morphoscope import io
from morphoscope.app import Workspace
from morphoscope.app.preview import companions_of, length, preview, reference_to, small, uploads
from morphoscope.core import Micrograph, PixelSize
from morphoscope.errors import NotFound, UnreadableFile


def grey_of(picture):
    with Image.open(buffers.BytesIO(picture.content)) as image:
        return np.asarray(image).astype(float)


@pytest.fixture
def lab(tmp_path):
    return Workspace(tmp_path / "lab")


def test_an_8_bit_image_is_shown_level_by_level(tmp_path):
    raw = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(raw).save(tmp_path / "levels.png")
    shown = preview(tmp_path / "levels.png")
    assert np.array_equal(grey_of(shown.picture), raw)
    assert (shown.image["offset"], shown.image["gain"], shown.image["exact"], shown.image["scale"]) == (0, 1, True, 1)
    assert ("Pixel size", "unknown; give it by hand where a task asks for it") in shown.facts


def test_a_deep_image_is_stretched_and_its_values_come_back(tmp_path):
    raw = np.linspace(1000, 9000, 64 * 80).reshape(64, 80).astype(np.uint16)
    tifffile.imwrite(tmp_path / "deep.tif", raw)
    shown = preview(tmp_path / "deep.tif")
    values = shown.image["offset"] + shown.image["gain"] * grey_of(shown.picture)
    inner = (raw > 1100) & (raw < 8900)
    assert np.abs(values - raw)[inner].max() <= 0.51 * shown.image["gain"]
    assert not shown.image["exact"]


def test_the_scale_is_shown_with_where_it_comes_from(tmp_path):
    size = PixelSize(3.0, 2.0, origin="scale bar: 500 nm", relative_error=0.01)
    path = io.write(Micrograph(np.linspace(0, 1, 600).reshape(20, 30), size), tmp_path / "scaled.h5")
    shown = preview(path)
    assert shown.image["pixel_nm"] == [3.0, 2.0]
    facts = dict(shown.facts)
    assert facts["Pixel size"] == "2 nm wide, 3 nm high ± 1.00%"
    assert facts["Field of view"] == "60 nm × 60 nm"
    assert facts["Known from"] == "scale bar: 500 nm"


def test_a_large_image_is_shrunk_and_says_by_how_much(tmp_path):
    Image.fromarray(np.zeros((10, 5000), np.uint8)).save(tmp_path / "wide.png")
    shown = preview(tmp_path / "wide.png")
    assert (shown.picture.width, shown.image["width_px"]) == (4096, 5000)
    assert shown.image["scale"] == pytest.approx(0.8192)


def test_a_stack_shows_its_first_frame(tmp_path):
    tifffile.imwrite(tmp_path / "stack.tif", np.stack([np.full((8, 9), v, np.uint8) for v in (10, 20, 30)]), imagej=True)
    shown = preview(tmp_path / "stack.tif")
    assert dict(shown.facts)["Holds"].startswith("3 frames along ")
    assert (grey_of(shown.picture) == 10).all()


def test_a_curve_has_facts_and_no_picture(tmp_path):
    path = tmp_path / "curve.csv"
    path.write_text("q (1/nm),I (1/cm)\n" + "\n".join(f"{0.01 * i},{100 / i}" for i in range(1, 30)))
    shown = preview(path)
    assert shown.picture is None
    assert shown.image == {}
    assert dict(shown.facts)["Holds"] == "a curve of 29 points"


def test_a_changed_file_is_looked_at_again(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path)
    assert preview(path).image["width_px"] == 8
    Image.fromarray(np.zeros((8, 12), np.uint8)).save(path)
    assert preview(path).image["width_px"] == 12


def test_what_cannot_be_read_is_a_sentence_and_its_thumbnail_plain(tmp_path):
    path = tmp_path / "notes.png"
    path.write_text("not a picture")
    with pytest.raises(UnreadableFile, match=r"^notes\.png: "):
        preview(path)
    assert len(np.unique(grey_of(small(path)))) == 1


def test_uploads_are_listed_without_side_cars(lab):
    lab.inputs.add([("a.tif", [b"x"]), ("a.txt", [b"y"])], limit_bytes=10)
    (only,) = uploads(lab)
    assert (only["name"], only["bytes"]) == ("a.tif", 1)
    assert [r.rpartition("/")[2] for r in companions_of(lab, only["reference"])] == ["a.tif", "a.txt"]
    with pytest.raises(NotFound):
        companions_of(lab, "upload:0000/a.tif")


def test_a_path_of_the_workspace_has_a_reference_and_others_have_none(lab):
    assert reference_to(lab, str(lab.root / "inputs" / "ab" / "a b.tif")) == "upload:ab/a b.tif"
    assert reference_to(lab, str(lab.root / "runs" / "r-1" / "x.png")) == "run:r-1/x.png"
    assert reference_to(lab, "/etc/passwd") == ""


@pytest.mark.parametrize("nm, text", [(0.25, "0.25 nm"), (999, "999 nm"), (1500, "1.5 µm"), (2.5e6, "2.5 mm")])
def test_lengths_are_made_readable(nm, text):
    assert length(nm) == text
