"""Gwyddion files: heights in nm, several channels, other quantities, damage."""

import struct
from pathlib import Path

import numpy as np
import pytest
from instrument_files import gwy, gwy_component, gwy_field, gwy_object

from morphoscope.core import Micrograph, Stack
from morphoscope.errors import UnreadableFile
from morphoscope.io import read

HEIGHT_M = np.linspace(-3e-9, 7e-9, 20).reshape(4, 5)


def field(name: str, values: np.ndarray = HEIGHT_M, *, unit_xy: str = "m", unit_z: str = "m") -> bytes:
    return gwy_component(name, "o", gwy_field(values, real_m=(8e-9, 5e-9), unit_xy=unit_xy, unit_z=unit_z))


def test_heights_in_nm_with_pixel_size(tmp_path: Path) -> None:
    image = read(gwy(tmp_path / "a.gwy", field("/0/data"), gwy_component("/0/data/title", "s", "Topo ä")))
    assert isinstance(image, Micrograph)
    np.testing.assert_allclose(image.raw(), HEIGHT_M * 1e9, atol=1e-9)
    assert image.unit == "nm"
    assert image.pixel_size_nm == pytest.approx((2.0, 1.0))
    assert image.conditions["channel"] == "Topo ä"
    assert image.header["/0/data"]["xres"] == 5


def test_channels_of_different_sizes_and_quantities(tmp_path: Path) -> None:
    phase = np.arange(6.0).reshape(2, 3)
    path = gwy(
        tmp_path / "a.gwy", field("/3/data", phase, unit_z="deg"), field("/0/data"), gwy_component("/0/data/title", "s", "Topo")
    )
    stack = read(path)
    assert isinstance(stack, Stack)
    assert (stack.axis, stack.names) == ("channel", ("Topo", "channel 3"))
    assert (stack[0].unit, stack[1].unit) == ("nm", "deg")
    np.testing.assert_allclose(stack[1].raw(), phase, atol=1e-12)
    only = read(path, frames=slice(1, None))
    assert isinstance(only, Stack)
    assert only.names == ("channel 3",)


def test_current_in_ampere_is_no_length(tmp_path: Path) -> None:
    image = read(gwy(tmp_path / "a.gwy", field("/0/data", unit_z="A")))
    assert isinstance(image, Micrograph)
    assert image.unit == "A"
    assert image.raw().max() == pytest.approx(7e-9)


def test_a_plane_without_length_and_a_mask(tmp_path: Path) -> None:
    image = read(gwy(tmp_path / "a.gwy", field("/0/data", unit_xy=""), field("/0/mask", unit_z="")))
    assert isinstance(image, Micrograph)
    assert image.pixel_size is None
    assert any("mask drawn in Gwyddion" in note for note in image.notes)


def test_metadata_become_conditions(tmp_path: Path) -> None:
    meta = gwy_object("GwyContainer", gwy_component("Scan rate", "s", "0.75 Hz"), gwy_component("Microscope", "s", "Made"))
    image = read(gwy(tmp_path / "a.gwy", field("/0/data"), gwy_component("/0/meta", "o", meta)))
    assert isinstance(image, Micrograph)
    assert image.conditions["scan_rate_hz"] == 0.75
    assert image.conditions["microscope"] == "Made"


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="holds no image channel"):
        read(gwy(tmp_path / "a.gwy", gwy_component("/filename", "s", "x")))
    whole = gwy(tmp_path / "b.gwy", field("/0/data")).read_bytes()
    for cut in (20, 60, len(whole) - 10):
        (tmp_path / "cut.gwy").write_bytes(whole[:cut])
        with pytest.raises(UnreadableFile, match="cut short"):
            read(tmp_path / "cut.gwy")
    (tmp_path / "old.gwy").write_bytes(b"GWYO" + whole[4:])
    with pytest.raises(UnreadableFile, match="Gwyddion 1 file"):
        read(tmp_path / "old.gwy")
    wrong = gwy_object(
        "GwyDataField", gwy_component("xres", "i", 7), gwy_component("yres", "i", 4), gwy_component("data", "D", HEIGHT_M.ravel())
    )
    with pytest.raises(UnreadableFile, match="4 x 7 pixels holds 20 values"):
        read(gwy(tmp_path / "c.gwy", gwy_component("/0/data", "o", wrong)))


def test_nesting_and_counts_without_end(tmp_path: Path) -> None:
    inner = gwy_object("X")
    for _ in range(200):
        inner = gwy_object("X", gwy_component("o", "o", inner))
    with pytest.raises(UnreadableFile, match="nested more than 32 deep"):
        read(gwy(tmp_path / "a.gwy", gwy_component("o", "o", inner)))
    with pytest.raises(UnreadableFile, match="cut short"):
        read(gwy(tmp_path / "b.gwy", b"many\0D" + struct.pack("<I", 2**32 - 1)))
    with pytest.raises(UnreadableFile, match="cut short"):
        read(gwy(tmp_path / "c.gwy", b"many\0S" + struct.pack("<I", 2**32 - 1)))
