"""The sheet of one image, and the table and comparison of many."""

import csv
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image

import morphoscope as ms
from morphoscope.app import Workspace
from morphoscope.app.pages import page_of
from morphoscope.core import Micrograph, PixelSize
from morphoscope.errors import BadParameter, InputError, MorphoscopeError
from morphoscope.tasks.sheet_groups import groups_of, members

RADII = {"small": 4.0, "large": 7.0}


def discs(radius: float, seed: int) -> np.ndarray:
    """Bright discs on a jittered grid, with a little noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:96, :112]
    plane = np.full((96, 112), 0.2)
    for row in range(12, 96, 24):
        for column in range(14, 112, 28):
            at = np.array([row, column]) + rng.uniform(-1.5, 1.5, 2)
            distance = np.hypot(rows - at[0], columns - at[1])
            plane += 0.5 * np.clip(radius * rng.uniform(0.93, 1.07) + 0.5 - distance, 0, 1)
    return np.clip(plane + 0.03 * rng.standard_normal(plane.shape), 0, 1).astype(np.float32)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return Workspace(tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two groups of two images, and one file that is cut short."""
    root = tmp_path_factory.mktemp("images")
    for group, radius in RADII.items():
        (root / group).mkdir()
        for seed in (1, 2):
            image = Micrograph(discs(radius, seed), PixelSize(2.0, 2.0, "metadata: maker"))
            ms.write(image, root / group / f"{group}_{seed}.ome.tif")
    (root / "small" / "broken.tif").write_bytes((root / "small" / "small_1.ome.tif").read_bytes()[:2000])
    return root


@pytest.fixture(scope="module")
def one(lab, folder):
    return lab.run("measure sheet", folder / "large" / "large_1.ome.tif")


@pytest.fixture(scope="module")
def many(lab, folder):
    return lab.run("measure sheet", folder)


def test_a_sheet_has_the_picture_the_numbers_and_how_the_scale_was_known(lab, one):
    assert one.title == "large_1.ome.tif"
    assert one.values["count"].value == 16
    mean = one.values["d_mean_nm"]
    assert mean.value == pytest.approx(2 * 7.0 * 2, rel=0.05)
    assert mean.low < mean.value < mean.high
    assert one.values["area_fraction"].value == pytest.approx(16 * np.pi * 49 / (96 * 112), rel=0.1)
    assert one.notes[0] == "scale: a pixel is 2 nm (metadata: maker)"
    assert {"S2", "L_x", "L_y", "S", "thickness", "by_number"} <= set(one.curves)
    assert {"overlay", "phase", "sizes", "S2", "L", "S"} <= set(one.figures)
    bright, dark = (next(r["fraction"] for r in one.tables["phases"] if r["phase"] == name) for name in ("bright", "dark"))
    assert bright + dark == pytest.approx(1)
    assert bright == pytest.approx(one.values["area_fraction"].value, abs=1e-3)
    assert sum(row["particles"] for row in one.tables["sizes"]) == pytest.approx(16, rel=0.4)
    assert {row["task"] for row in one.tables["made_from"]} >= {"prepare", "measure particles", "measure two-point"}


def test_the_numbers_are_those_of_the_children(lab, one):
    runs = {row["task"]: row["run"] for row in one.tables["made_from"]}
    alone = lab.shelf.report(runs["measure two-point"])
    assert one.values["area_fraction"] == alone.values["area_fraction"]
    assert set(runs.values()) <= set(lab.shelf.info(one.run).children)


def test_the_page_is_one_sheet_without_the_children_below_it(lab, one):
    page = page_of(lab, one.run)
    assert page.count('<article class="report"') == 1
    assert 'class="sheet"' in page
    assert "<b>Scale</b> a pixel is 2 nm (metadata: maker)" in page
    assert page.count('<img src="data:image/png;base64') == 2
    assert 'data-name="d_mean_nm"' in page


def test_the_overlay_has_a_scale_bar_of_the_right_length(lab, one):
    pixels = np.asarray(Image.open(lab.shelf.file(one.run, "overlay.png")))
    white = (pixels[-12:] > 250).all(axis=2)
    longest = max(len(run) for row in white for run in "".join("x" if w else " " for w in row).split())
    assert longest == 20 / 2  # 20 nm at 2 nm a pixel is the longest of 1, 2, 5 x 10^n below a fifth of 224 nm


def test_a_structure_without_particles_is_shown_as_phases(lab, rng):
    stripes = 0.5 + 0.3 * np.sin(np.arange(96) * 2 * np.pi / 12)[:, None] * np.ones(96)
    image = Micrograph((stripes + 0.02 * rng.standard_normal((96, 96))).astype(np.float32), source="stripes.tif")
    report = lab.run("measure sheet", image, scale_bar="never", structure="phases")
    assert "count" not in report.values
    assert report.values["period"].value == pytest.approx(12, rel=0.05)
    assert {"power", "chords"} <= set(report.figures)
    assert report.values["width_px"].value == 96


def test_a_folder_becomes_a_table_with_units_in_its_columns(lab, folder, many):
    assert many.title == "4 of 5 images in 2 groups"
    with open(lab.shelf.file(many.run, "table.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [
        "large/large_1.ome.tif",
        "large/large_2.ome.tif",
        "small/small_1.ome.tif",
        "small/small_2.ome.tif",
    ]
    assert [row["group"] for row in rows] == ["large", "large", "small", "small"]
    assert float(rows[0]["d_mean_nm_low"]) < float(rows[0]["d_mean_nm"]) < float(rows[0]["d_mean_nm_high"])
    assert {"area_fraction", "interface_per_area_per_nm", "number_per_area_per_um2", "pixel_size_nm", "run"} <= set(rows[0])
    kept = pyarrow.parquet.read_table(lab.shelf.file(many.run, "table.parquet")).to_pylist()
    assert kept == many.tables["images"]
    assert [float(row["d50_nm"]) for row in rows] == [row["d50_nm"] for row in kept]


def test_a_broken_image_is_named_and_the_others_are_done(many):
    assert [row["file"] for row in many.tables["skipped"]] == ["small/broken.tif"]
    assert many.notes[0].startswith("1 left out: broken.tif: ")


def test_groups_are_compared_with_effect_sizes(many):
    effect = next(row for row in many.tables["effects"] if row["quantity"] == "d_mean_nm")
    assert effect["groups"] == "large → small"
    assert effect["difference"] == pytest.approx(-2 * 3 * 2, rel=0.1)
    assert effect["cliffs_delta"] == -1
    assert effect["hedges_g_low"] < effect["hedges_g"] < 0
    row = next(row for row in many.tables["comparison"] if row["quantity"] == "d_mean_nm")
    assert row["p"] == pytest.approx(1 / 3)  # two of the six ways to deal four images to two groups
    assert row["p_holm"] == 1
    assert any("no difference can give p below 0.33" in note for note in many.notes)
    assert many.figures["d_mean_nm"].data == ("images:d_mean_nm:group",)


def test_asked_again_with_one_image_more_the_others_are_not_measured_again(lab, folder, many):
    before = {path.name for path in (lab.root / "runs").iterdir()}
    again = lab.run("measure sheet", folder / "small" / "small_1.ome.tif", folder / "large" / "large_1.ome.tif")
    new = {path.name for path in (lab.root / "runs").iterdir()} - before
    assert new == {again.run}
    assert again.values["groups"].value == 2
    assert any(note.startswith("group large has one image: no interval") for note in again.notes)


def test_specimens_of_a_table_tie_their_images(lab, folder, tmp_path):
    table = tmp_path / "groups.csv"
    lines = ["large_1.ome.tif;a;1", "large_2.ome.tif;a;1", "small_1.ome.tif;b;2"]
    table.write_text("File;Group;Specimen\n" + "\n".join(lines) + "\n", encoding="utf-8-sig")
    report = lab.run("measure sheet", folder, groups=table, compare=["d_mean"])
    (row,) = report.tables["comparison"]
    assert (row["n a"], row["n b"]) == (1, 1)
    assert any("1 image(s) have no group" in note for note in report.notes)
    assert "specimen" in report.tables["images"][0]


def test_without_pyarrow_the_csv_is_there_and_the_note_says_what_to_install(folder, tmp_path, lab, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    report = lab.run("measure sheet", folder / "small", seed=0, compare=["d50"])
    assert "table" in report.files
    assert "table_parquet" not in report.files
    assert any("pip install 'morphoscope[tables]'" in note for note in report.notes)
    assert any(note.startswith("no groups, so nothing is compared") for note in report.notes)


@pytest.mark.parametrize("parameters, sentence", [
    ({"compare": ["beauty"]}, "compare: there is no quantity 'beauty'; there are pixel_size_nm"),
    ({"reference": "medium"}, "there is no group 'medium'; there are large, small"),
    ({"names": "{group}-*"}, "fits none of the 5 file names"),
    ({"names": "large"}, "must hold {group} once"),
])  # fmt: skip
def test_what_does_not_fit_is_one_sentence(lab, folder, many, parameters, sentence):
    with pytest.raises(InputError, match=sentence.replace("{", r"\{")) as raised:
        lab.run("measure sheet", folder, **parameters)
    assert "\n" not in str(raised.value)


def test_an_empty_folder_one_image_compared_and_nothing_readable(lab, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no image in empty; give images or folders of images"):
        lab.run("measure sheet", tmp_path / "empty")
    with pytest.raises(BadParameter, match="one image cannot be compared"):
        lab.run("measure sheet", folder / "small" / "small_1.ome.tif", reference="a")
    with pytest.raises(MorphoscopeError, match=r"broken\.tif: "):
        lab.run("measure sheet", folder / "small" / "broken.tif")


def paths(*names):
    return [Path("/data") / name for name in names]


def test_groups_come_from_sub_folders_or_from_names():
    files = paths("b 10/1.tif", "b 2/1.tif", "3.tif")
    found = members(files, files, table=None, names=None)
    assert [member.group for member in found] == ["b 10", "b 2", ""]
    assert groups_of(found) == ["b 2", "b 10"]
    files = paths("x/annealed_s1_01.tif", "x/annealed_s1_02.tif", "x/raw_s2_01.tif", "x/other.tif")
    found = members(files, files, table=None, names="{group}_{specimen}_*")
    assert [(m.group, m.specimen) for m in found] == [("annealed", "s1"), ("annealed", "s1"), ("raw", "s2"), ("", "")]
    assert all(not m.group for m in members(files, files, table=None, names=None))


@pytest.mark.parametrize("text, sentence", [
    ("file,group\na.tif,1\nb.tif,1\n", "puts all images in one group"),
    ("file,group\nc.tif,1\n", "names a file that is not among the 2 images: c.tif"),
    ("name,group\na.tif,1\n", "needs the columns file and group; it has name, group"),
    ("file,group\n", "has no row with a file and a group"),
    ("file,group\na.tif,1\na.tif,2\n", "line 3: a.tif is given two groups or specimens"),
])  # fmt: skip
def test_a_table_of_groups_that_does_not_fit_is_refused_before_anything_is_measured(tmp_path, text, sentence):
    table = tmp_path / "g.csv"
    table.write_text(text)
    with pytest.raises(InputError, match=sentence):
        members(paths("a.tif", "b.tif"), paths("a.tif", "b.tif"), table=table, names=None)
    with pytest.raises(BadParameter, match="not both"):
        members(paths("a.tif"), paths("a.tif"), table=table, names="{group}")
