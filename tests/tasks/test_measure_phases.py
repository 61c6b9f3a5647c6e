"""The phases task: contract, volumes, grey images, and errors a user can cause."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from morphoscope.core import LabelMap, Micrograph, PixelSize, Run
from morphoscope.errors import InputError
from morphoscope.io import write
from morphoscope.tasks.phases import measure


@pytest.fixture
def ask(tmp_path):
    def run(labels, *, name="labels.tif", **parameters):
        path = tmp_path / name
        if isinstance(labels, LabelMap | Micrograph):
            write(labels, path)
        else:
            tifffile.imwrite(path, labels, photometric="minisblack")
        return measure(Run(tmp_path / "run"), path, **parameters)

    return run


def layers(shape=(30, 40)):
    labels = np.zeros(shape, np.uint8)
    labels[..., 10:20, :] = 1
    labels[..., 20:, :] = 2
    return labels


def test_contract_of_a_layered_image(ask):
    report = ask(layers())
    rows = report.tables["phases"]
    assert [row["label"] for row in rows] == [0, 1, 2]
    for row, faces in zip(rows, (40, 80, 40), strict=True):
        assert row["fraction"] == pytest.approx(1 / 3)
        assert row["fraction_low"] < 1 / 3 < row["fraction_high"]
        assert row["interface_per_voxel"] == pytest.approx(faces / 1200)
        assert row["through_fraction_x"] == 1
        assert row["through_fraction_y"] == 0
        assert row["tortuosity_x"] == pytest.approx(1, abs=1e-6)
        assert "tortuosity_y" not in row
        assert row["residual_x"] < 1e-6
    (layer,) = report.tables["layers"]  # the others end at the border
    assert (layer["label"], layer["across"], layer["thickness_px"], layer["roughness_first_px"]) == (1, "y", 10, pytest.approx(0))
    assert report.values["tpb_density"].value == 0
    assert {(r["label_a"], r["label_b"]): r["interface_per_voxel"] for r in report.tables["boundaries"]} == pytest.approx(
        {(0, 1): 40 / 1200, (0, 2): 0, (1, 2): 40 / 1200}
    )


def test_a_volume_of_pages(ask):
    report = ask(layers((7, 30, 12)))
    assert "12 x 30 x 7 voxels" in report.title
    row = report.tables["phases"][1]
    assert row["fraction"] == pytest.approx(1 / 3)
    assert row["interface_per_voxel"] == pytest.approx(2 / 30)
    assert (row["through_fraction_x"], row["through_fraction_y"], row["through_fraction_z"]) == (1, 0, 1)
    assert row["tortuosity_x"] == pytest.approx(1, abs=1e-6)
    volume = np.zeros((5, 20, 20), np.uint8)
    volume[:, :10, 10:], volume[:, 10:] = 1, 2
    assert ask(volume).values["tpb_density"].value == pytest.approx(5 / volume.size)


def test_along_every_axis_or_none(ask):
    every, none = ask(layers(), tortuous="all"), ask(layers(), tortuous="none")
    assert every.tables["phases"][0]["tortuosity_y"] is None
    assert any("nothing of a phase goes through" in note for note in ask(layers().T.copy()).notes)
    assert "tortuosity_x" not in none.tables["phases"][0]


def test_lengths_in_nm_where_the_scale_is_known(ask):
    known = ask(LabelMap(layers().astype(np.int32), PixelSize(5.0, 5.0)), name="labels.h5")
    row, plain = known.tables["phases"][1], ask(layers()).tables["phases"][1]
    assert row["interface_smooth_per_nm"] == pytest.approx(plain["interface_smooth_per_px"] / 5)
    assert "interface_smooth_per_nm" not in plain
    assert known.tables["layers"][0]["thickness_nm"] == 50
    labels = np.zeros((20, 20), np.uint8)
    labels[:10, 10:], labels[10:] = 1, 2
    assert ask(labels, pixel_size_nm=4.0).values["tpb_density_nm"].value == pytest.approx(1 / 400 / 16)


def test_a_grey_image_is_divided_on_request(ask):
    noise = 8 * np.random.default_rng(0).standard_normal((60, 80))
    grey = Micrograph.from_raw((60 + 70 * layers((60, 80)) + noise).astype(np.uint8))
    report = ask(grey, classes=3)
    assert [row["fraction"] for row in report.tables["phases"]] == pytest.approx([1 / 6, 1 / 6, 2 / 3], abs=0.01)
    with pytest.raises(InputError, match=r"labels\.tif: holds \d+ grey levels, not labels; .* classes=2"):
        ask(grey)


def test_a_mask_for_every_slice(ask, tmp_path):
    mask = np.full((30, 12), 255, np.uint8)
    mask[20:] = 0
    Image.fromarray(mask).save(tmp_path / "mask.png")
    report = ask(layers((7, 30, 12)), mask=tmp_path / "mask.png")
    assert [row["fraction"] for row in report.tables["phases"]] == [0.5, 0.5]
    Image.fromarray(mask[:9]).save(tmp_path / "small.png")
    with pytest.raises(InputError, match=r"small\.png: a mask of 12 x 9, the picture has 12 x 30 x 7; give one of the same size"):
        ask(layers((7, 30, 12)), mask=tmp_path / "small.png")


def test_wrong_input_is_one_sentence(ask, tmp_path):
    with pytest.raises(InputError, match=r"labels\.tif: there is one phase only \(label 4\)"):
        ask(np.full((20, 20), 4, np.uint8))
    with pytest.raises(InputError, match=r"labels\.tif: there is one phase only \(label 0\)"):
        ask(np.zeros((20, 20), np.uint8))
    with pytest.raises(InputError, match=r"labels\.tif: all pixels have the same grey level"):
        ask(np.zeros((20, 20), np.uint8), classes=2)
    colour = np.random.default_rng(0).integers(0, 255, (20, 20, 3), np.uint8)
    Image.fromarray(colour).save(tmp_path / "photo.png")
    with pytest.raises(InputError, match=r"photo\.png: a colour picture, not labels"):
        measure(Run(tmp_path / "run"), tmp_path / "photo.png")
    with pytest.raises(InputError, match="values that are not whole numbers"):
        ask(np.where(layers() == 1, 0.5, 0).astype(np.float32))
    (tmp_path / "curve.csv").write_text("x,y\n1,2\n2,3\n3,4\n4,5\n")
    with pytest.raises(InputError, match=r"curve\.csv: holds a curve, not labels"):
        measure(Run(tmp_path / "run"), tmp_path / "curve.csv")


def test_a_label_that_is_no_phase(ask):
    labels = layers() + 1
    labels[:, 30:] = 0
    report = ask(labels, ignore=0)
    assert [row["label"] for row in report.tables["phases"]] == [1, 2, 3]
    assert [row["fraction"] for row in report.tables["phases"]] == pytest.approx([1 / 3] * 3)


def test_the_error_of_the_division_is_part_of_the_interval(ask):
    noise = 12 * np.random.default_rng(0).standard_normal((60, 80))
    grey = Micrograph.from_raw((80 + 60 * layers((60, 80)).clip(0, 1) + noise).clip(0, 255).astype(np.uint8))
    row = ask(grey, classes=2).tables["phases"][0]
    assert row["segmentation_error"] > 0
    given, known = (ask(layers((60, 80)), edge_error_px=edge).tables["phases"][1] for edge in (0.0, 1.0))
    assert known["segmentation_error"] == pytest.approx(known["interface_smooth_per_px"])
    assert known["fraction_high"] > given["fraction_high"]


def test_contiguity_of_grains(ask, tmp_path):
    labels = np.repeat(np.array([1, 1, 2, 2, 2, 1], np.uint8), 10)[None].repeat(30, axis=0)
    grains = np.repeat(np.arange(1, 7, dtype=np.uint16), 10)[None].repeat(30, axis=0)
    grains[:, 9::10] = 0  # drawn boundaries
    Image.fromarray(grains).save(tmp_path / "grains.png")
    report = ask(labels, grains=tmp_path / "grains.png")
    assert [row["contiguity"] for row in report.tables["phases"]] == pytest.approx([2 / 4, 4 / 6])
    Image.fromarray(grains[:9]).save(tmp_path / "small.png")
    with pytest.raises(InputError, match=r"small\.png: a map of grains that is of another size"):
        ask(labels, grains=tmp_path / "small.png")


@pytest.mark.slow
def test_published_fractions_of_a_battery_electrode(shared_data, tmp_path):
    path = shared_data / "porous_3d" / "matbox" / "nmc-1-cal_generatedCBD_bridge.tif"
    report = measure(Run(tmp_path / "run"), path, tortuous="none")
    rows = report.tables["phases"]
    assert [row["fraction"] for row in rows] == pytest.approx([0.4005, 0.4995, 0.1], abs=1e-4)
    assert rows[0]["interface_per_voxel"] == pytest.approx(1.5 * rows[0]["interface_smooth_per_px"], rel=0.05)
    # TauFactor 1.2.1: specific_surface_area by face counting, and triple_phase_boundary
    assert [row["interface_per_voxel"] for row in rows] == pytest.approx([0.138327145, 0.152723176, 0.177502944], abs=1e-9)
    assert report.values["tpb_share_of_edges"].value == pytest.approx(0.0163, abs=5e-5)
    assert [row["through_fraction_x"] for row in rows] == pytest.approx([0.9950, 0.9981, 0.6596], abs=1e-4)
