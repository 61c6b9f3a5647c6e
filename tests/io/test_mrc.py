"""MRC files: modes, byte orders, cells, FEI's header, stacks and volumes."""

import struct
from pathlib import Path

import numpy as np
import pytest
from instrument_files import mrc

from morphoscope.core import Micrograph, Stack
from morphoscope.errors import UnreadableFile
from morphoscope.io import read

BLOCK = np.arange(3 * 4 * 6).reshape(3, 4, 6)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("mode", "dtype"), [(0, "i1"), (1, "i2"), (2, "f4"), (6, "u2"), (12, "f2")])
def test_modes_and_byte_orders(tmp_path: Path, order: str, mode: int, dtype: str) -> None:
    raw = (BLOCK[:1] - (0 if dtype == "u2" else 7)).astype(dtype)
    image = read(mrc(tmp_path / "a.mrc", raw, mode=mode, order=order, cell_a=(60, 80, 1)))
    assert isinstance(image, Micrograph)
    np.testing.assert_allclose(image.raw(), raw[0], atol=1e-3)
    assert image.pixel_size_nm == pytest.approx((2.0, 1.0))


def test_complex_and_colour_modes(tmp_path: Path) -> None:
    image = read(mrc(tmp_path / "a.mrc", np.full((1, 4, 4), 3 + 4j, "c8"), mode=4, cell_a=(60, 80, 1)))
    assert isinstance(image, Micrograph)
    assert image.raw().max() == pytest.approx(5)
    colour = np.zeros((1, 4, 4), [("r", "u1"), ("g", "u1"), ("b", "u1")])
    colour["g"] = 255
    image = read(mrc(tmp_path / "b.mrc", colour, mode=16))
    assert isinstance(image, Micrograph)
    np.testing.assert_allclose(image.raw(), 150, atol=0.5)


def test_volume_and_stack_are_told_apart(tmp_path: Path) -> None:
    volume = read(mrc(tmp_path / "v.mrc", BLOCK.astype("f4"), mode=2, cell_a=(60, 40, 90), volume=True))
    assert isinstance(volume, Stack)
    assert (volume.axis, volume.spacing_nm) == ("z", pytest.approx(3.0))
    np.testing.assert_allclose(volume.array(), BLOCK)
    stack = read(mrc(tmp_path / "s.mrcs", BLOCK.astype("f4"), mode=2, cell_a=(60, 40, 1)), frames=slice(0, 2))
    assert isinstance(stack, Stack)
    assert (stack.axis, stack.spacing_nm, len(stack)) == ("page", None, 2)


def test_default_cell_is_no_pixel_size(tmp_path: Path) -> None:
    image = read(mrc(tmp_path / "a.mrc", BLOCK[:1].astype("f4"), mode=2))
    assert isinstance(image, Micrograph)
    assert image.pixel_size is None
    assert any("taken as unknown" in note for note in image.notes)


def test_fei_header_goes_before_the_cell(tmp_path: Path) -> None:
    own = bytearray(768)
    for offset, value in ((84, 300000.0), (156, 3e-9), (164, 4e-9), (289, 57000.0)):
        struct.pack_into("<d", own, offset, value)
    image = read(mrc(tmp_path / "a.mrc", BLOCK[:1].astype("u2"), mode=6, cell_a=(60, 40, 1), extended=bytes(own), kind=b"FEI1"))
    assert isinstance(image, Micrograph)
    assert image.pixel_size_nm == pytest.approx((4.0, 3.0))
    assert image.conditions["voltage_kv"] == 300
    assert image.conditions["magnification"] == 57000


def test_old_fei_header(tmp_path: Path) -> None:
    record = bytearray(128 * 1024)
    struct.pack_into("<16f", record, 0, *[0.0] * 11, 2.5e-9, 29000.0, 120000.0, 1.0, 0.0)
    image = read(mrc(tmp_path / "a.mrc", BLOCK[:1].astype("u2"), mode=6, extended=bytes(record)))
    assert isinstance(image, Micrograph)
    assert image.pixel_size_nm == pytest.approx((2.5, 2.5))
    assert image.conditions["voltage_kv"] == pytest.approx(120)


def test_what_is_refused(tmp_path: Path) -> None:
    path = mrc(tmp_path / "a.mrc", BLOCK.astype("f4"), mode=2)
    whole = path.read_bytes()
    path.write_bytes(whole[:1100])
    with pytest.raises(UnreadableFile, match="cut short"):
        read(path)
    path.write_bytes(whole[:500])
    with pytest.raises(UnreadableFile, match="header has 1024 bytes, the file 500"):
        read(path)
    path.write_bytes(b"\xff" * 2000)
    with pytest.raises(UnreadableFile, match="makes no sense in either byte order"):
        read(path)
    with pytest.raises(UnreadableFile, match="mode 101 are not read"):
        read(mrc(path, BLOCK.astype("f4"), mode=101))
