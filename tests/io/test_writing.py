"""What is written comes back exactly, or nothing is left behind."""

import errno
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from morphoscope import io
from morphoscope.core import LabelMap, Micrograph, PixelSize, Stack
from morphoscope.errors import InputError, UnknownFormat, WorkspaceError
from morphoscope.io import write_tiff

RNG = np.random.default_rng(2)
RAWS = {
    "uint8": RNG.integers(0, 256, (12, 15)).astype(np.uint8),
    "uint16": RNG.integers(100, 4000, (12, 15)).astype(np.uint16),
    "bool": RNG.integers(0, 2, (12, 15)).astype(bool),
    "int16": RNG.integers(-3000, 3000, (12, 15)).astype(np.int16),
    "uint32": RNG.integers(0, 2**32, (12, 15)).astype(np.uint32),
    "float32": RNG.normal(size=(12, 15)).astype(np.float32),
    "float64": RNG.normal(size=(12, 15)) * 1e-9,
}
SIZE = PixelSize(1.234567890123456, 3.3, "metadata: a µ-scope", 0.01)


def made(raw: np.ndarray) -> Micrograph:
    return Micrograph.from_raw(
        raw, unit="counts", pixel_size=SIZE, conditions={"voltage_kv": 5.0, "vendor": "Zeiß"}, notes=("so",)
    )


@pytest.mark.parametrize("dtype", RAWS)
@pytest.mark.parametrize("name", ["a.ome.tif", "a.tiff", "a.h5"])
def test_raw_values_and_scale_come_back(tmp_path: Path, dtype: str, name: str) -> None:
    for micrograph in (made(RAWS[dtype]), made(RAWS[dtype]).crop(1, 2, 9, 7)):
        back = io.read(io.write(micrograph, tmp_path / name))
        np.testing.assert_allclose(back.raw(), micrograph.raw(), rtol=1e-14, atol=0)
        np.testing.assert_allclose(back.pixels, micrograph.pixels, atol=1e-15)
        assert (back.pixel_size, back.bits, back.unit) == (SIZE, micrograph.bits, "counts")
        assert dict(back.conditions) == dict(micrograph.conditions)
        assert back.notes == ("so",)


@pytest.mark.parametrize(
    ("dtype", "mode", "step"), [("uint8", "L", 0), ("uint16", "I;16", 0), ("bool", "L", 0), ("float32", "I;16", 1)]
)
def test_png(tmp_path: Path, dtype: str, mode: str, step: float) -> None:
    micrograph = made(RAWS[dtype])
    back = io.read(io.write(micrograph, tmp_path / "a.png"))
    assert np.abs(back.pixels - micrograph.pixels).max() <= step / 65535
    assert (back.pixel_size, back.bits, back.unit) == (SIZE, micrograph.bits, "counts")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == mode
        assert image.info["dpi"][0] == pytest.approx(2.54e7 / 3.3, rel=1e-6)


@pytest.mark.parametrize(
    ("dtype", "stored"), [("bool", "u1"), ("uint8", "u1"), ("uint16", "u2"), ("float32", "f4"), ("float64", "f8")]
)
def test_other_programs_see_raw_values_and_the_scale(tmp_path: Path, dtype: str, stored: str) -> None:
    io.write(made(RAWS[dtype]), tmp_path / "a.ome.tif")
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as tif:
        assert tif.is_ome
        array = tif.asarray()
        told = tifffile.xml2dict(tif.ome_metadata)["OME"]["Image"]["Pixels"]
    assert array.dtype == stored
    np.testing.assert_allclose(array, RAWS[dtype], rtol=1e-12)
    assert (told["PhysicalSizeX"], told["PhysicalSizeXUnit"], told["PhysicalSizeY"]) == (3.3, "nm", SIZE.y_nm)


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-3, 1e9), st.floats(1e-3, 1e9))
def test_any_pixel_size_survives(tmp_path_factory: pytest.TempPathFactory, y_nm: float, x_nm: float) -> None:
    folder = tmp_path_factory.mktemp("sizes")
    micrograph = Micrograph.from_raw(RAWS["uint8"], pixel_size=PixelSize(y_nm, x_nm))
    for name in ("a.png", "a.tif"):
        assert io.read(io.write(micrograph, folder / name)).pixel_size_nm == (y_nm, x_nm)


def test_no_scale_stays_no_scale(tmp_path: Path) -> None:
    for name in ("a.png", "a.tif", "a.h5"):
        assert io.read(io.write(Micrograph.from_raw(RAWS["uint8"]), tmp_path / name)).pixel_size is None


@pytest.mark.parametrize("name", ["s.ome.tif", "s.h5"])
def test_a_stack_keeps_axis_spacing_and_frames(tmp_path: Path, name: str) -> None:
    volume = Stack((made(RAWS["uint8"]), made(RAWS["uint16"])), axis="z", spacing_nm=12.5)
    back = io.read(io.write(volume, tmp_path / name))
    assert (back.axis, back.spacing_nm, len(back)) == ("z", 12.5, 2)
    np.testing.assert_allclose(back.array(), volume.array(), rtol=1e-14)
    movie = Stack((made(RAWS["uint8"]),) * 3, axis="time", times_s=(0.0, 0.1, 0.7), names=("a", "b", "c"))
    back = io.read(io.write(movie, tmp_path / name))
    assert (back.axis, back.times_s, back.names) == ("time", (0.0, 0.1, 0.7), ("a", "b", "c"))
    mixed = Stack((made(RAWS["uint8"]), made(RAWS["float32"]).crop(0, 0, 5, 6).with_scale(7.0)))
    back = io.read(io.write(mixed, tmp_path / name))
    assert [frame.pixels.shape for frame in back] == [(12, 15), (5, 6)]
    assert [frame.pixel_size_nm for frame in back] == [(SIZE.y_nm, SIZE.x_nm), (7.0, 7.0)]


def test_other_programs_see_the_stack(tmp_path: Path) -> None:
    io.write(Stack((made(RAWS["uint8"]),) * 3, axis="time"), tmp_path / "a.ome.tif")
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as tif:
        assert (tif.series[0].axes, tif.series[0].shape) == ("TYX", (3, 12, 15))


def test_mask_and_history_survive_in_hdf5(tmp_path: Path) -> None:
    micrograph = made(RAWS["uint8"]).crop(1, 1, 8, 8).rotate(30)
    back = io.read(io.write(micrograph, tmp_path / "a.h5"))
    assert back.history == micrograph.history
    assert back.affine == micrograph.affine
    np.testing.assert_array_equal(back.mask, micrograph.mask)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("a.gif", UnknownFormat, r"^a\.gif: cannot write \.gif; formats written: \.tif, \.tiff, \.png, \.h5"),
        ("a", UnknownFormat, r"^a: cannot write a file without extension"),
        ("none/a.png", InputError, r"^a\.png: there is no folder .*none; make it first"),
        ("folder.png", InputError, r"^folder\.png: this is a folder"),
    ],
)
def test_a_wrong_path_is_one_sentence(tmp_path: Path, name: str, kind: type[Exception], message: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(kind, match=message):
        io.write(made(RAWS["uint8"]), tmp_path / name)


@pytest.mark.parametrize(("name", "noun"), [("a.png", "Stack"), ("a.png", "LabelMap"), ("a.tif", "LabelMap")])
def test_a_noun_that_does_not_fit(tmp_path: Path, name: str, noun: str) -> None:
    given_noun = Stack((made(RAWS["uint8"]),)) if noun == "Stack" else LabelMap(np.zeros((3, 3), int))
    with pytest.raises(InputError, match=rf"a {noun} cannot be an? (PNG|OME-TIFF)"):
        io.write(given_noun, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_after_an_error_the_old_file_is_still_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = io.write(made(RAWS["uint8"]), tmp_path / "a.tif")
    before = path.read_bytes()

    def full(noun: Micrograph, part: Path) -> None:
        part.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(write_tiff, "write", full)
    with pytest.raises(WorkspaceError, match=r"a\.tif: cannot be written \(No space left on device\)"):
        io.write(made(RAWS["uint16"]), path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]
    assert path.read_bytes() == before


def test_damaged_remarks_of_ours_leave_the_picture(tmp_path: Path) -> None:
    path = io.write(made(RAWS["uint8"]), tmp_path / "a.tif")
    path.write_bytes(path.read_bytes().replace(b"gain", b"pain"))
    back = io.read(path)
    np.testing.assert_array_equal(np.rint(back.raw()), RAWS["uint8"])
    assert "damaged and was ignored" in back.notes[-1]
