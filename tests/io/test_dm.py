"""DigitalMicrograph files: every type of pixel, units, stacks, thumbnails, damage."""

from pathlib import Path

import numpy as np
import pytest
from instrument_files import DmWriter, dm

from morphoscope.core import Micrograph, Stack
from morphoscope.errors import UnreadableFile
from morphoscope.io import read

RAMP = np.arange(30 * 20).reshape(30, 20)


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "dtype", ["int16", "float32", "uint8", "int32", "int8", "uint16", "uint32", "float64", "int64", "uint64"]
)
def test_every_type_of_real_pixels_comes_back(tmp_path: Path, version: int, order: str, dtype: str) -> None:
    raw = (RAMP % 100).astype(dtype)
    image = read(dm(tmp_path / f"a.dm{version}", raw, version=version, order=order))
    assert isinstance(image, Micrograph)
    np.testing.assert_allclose(image.raw(), raw, atol=1e-4)
    assert image.unit == "e-"
    assert image.header["ImageList"]["1"]["Name"] == "made"


def test_thumbnail_is_not_taken_for_the_image(tmp_path: Path) -> None:
    image = read(dm(tmp_path / "a.dm4", np.zeros((5, 6), np.float32)))
    assert isinstance(image, Micrograph)
    assert image.pixels.shape == (5, 6)  # the thumbnail has 96 x 96


@pytest.mark.parametrize(("unit", "nm"), [("nm", 0.25), ("µm", 250.0), ("μm", 250.0), ("um", 250.0), ("Å", 0.025), ("mm", 2.5e5)])
def test_units_of_length(tmp_path: Path, unit: str, nm: float) -> None:
    image = read(dm(tmp_path / "a.dm3", RAMP.astype("i2"), version=3, steps=((0.25, unit), (0.5, unit))))
    assert isinstance(image, Micrograph)
    assert image.pixel_size_nm == pytest.approx((2 * nm, nm))
    assert image.pixel_size is not None
    assert image.pixel_size.origin == "metadata: DM tags"


@pytest.mark.parametrize(
    ("steps", "note"),
    [
        (((0.02, "1/nm"), (0.02, "1/nm")), "diffraction image: one pixel is 0.02 x 0.02 1/nm"),
        (((0.5, "mrad"), (0.5, "mrad")), "diffraction image: one pixel is 0.5 mrad, an angle"),
        (((0.3, ""), (0.3, "")), "has no unit of length"),
        (((0.0, "nm"), (0.0, "nm")), "zero or not a number"),
    ],
)
def test_no_length_is_no_pixel_size_and_said_so(tmp_path: Path, steps: tuple[tuple[float, str], ...], note: str) -> None:
    image = read(dm(tmp_path / "a.dm4", RAMP.astype("f4"), steps=steps))
    assert isinstance(image, Micrograph)
    assert image.pixel_size is None
    assert any(note in line for line in image.notes)


@pytest.mark.parametrize(
    ("step", "axis", "spacing", "times"),
    [((2.0, "nm"), "z", 2.0, None), ((0.5, "s"), "time", None, (0.0, 0.5, 1.0)), ((1.0, ""), "page", None, None)],
)
def test_third_axis_by_its_unit(tmp_path: Path, step: tuple[float, str], axis: str, spacing: float | None, times: object) -> None:
    raw = np.arange(3 * 4 * 5, dtype=np.uint16).reshape(3, 4, 5)
    stack = read(dm(tmp_path / "a.dm4", raw, steps=((1.0, "nm"), (1.0, "nm"), step)))
    assert isinstance(stack, Stack)
    assert (stack.axis, stack.spacing_nm, stack.times_s) == (axis, spacing, times)
    np.testing.assert_allclose(stack.array(), raw, atol=1e-4)


def test_frames_asked_for_only(tmp_path: Path) -> None:
    raw = np.arange(5 * 4 * 5, dtype=np.uint16).reshape(5, 4, 5)
    path = dm(tmp_path / "a.dm4", raw, steps=((1.0, "nm"), (1.0, "nm"), (2.0, "nm")))
    stack = read(path, frames=slice(0, None, 2))
    assert isinstance(stack, Stack)
    assert len(stack) == 3
    assert stack.spacing_nm == 4.0
    with pytest.raises(UnreadableFile, match="frames 9: pick none of its 5 frames"):
        read(path, frames=slice(9, None))


def test_complex_pixels_become_their_modulus(tmp_path: Path) -> None:
    raw = np.full((4, 4), 3 + 4j, np.complex64)
    raw[0, 0] = 0
    image = read(dm(tmp_path / "a.dm4", raw))
    assert isinstance(image, Micrograph)
    assert image.raw().max() == pytest.approx(5)
    assert any("modulus" in note for note in image.notes)


def test_binary_and_colour_pixels(tmp_path: Path) -> None:
    binary = read(dm(tmp_path / "a.dm4", np.eye(6, dtype=bool)))
    assert isinstance(binary, Micrograph)
    assert (binary.bits, set(np.unique(binary.pixels))) == (1, {0.0, 1.0})
    colour = np.zeros((4, 4), np.uint32) + 0x00FF0000  # blue, green, red, alpha in memory: pure red
    image = read(dm(tmp_path / "b.dm4", colour, kind=23))
    assert isinstance(image, Micrograph)
    np.testing.assert_allclose(image.raw(), 76, atol=0.5)


def test_conditions_with_their_units(tmp_path: Path) -> None:
    tags = {
        "Microscope Info": {
            "Voltage": 200000.0,
            "Indicated Magnification": 5e4,
            "Name": "Made microscope",
            "Probe Current (nA)": 0.2,
        }
    }
    image = read(dm(tmp_path / "a.dm4", RAMP.astype("f4"), tags=tags))
    assert isinstance(image, Micrograph)
    assert image.conditions["voltage_kv"] == pytest.approx(200)
    assert image.conditions["magnification"] == pytest.approx(50000)
    assert image.conditions["probe_current_pa"] == pytest.approx(200)
    assert image.conditions["microscope"] == "Made microscope"


def test_spectra_and_packed_transforms_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="holds spectra"):
        read(dm(tmp_path / "a.dm4", RAMP.astype("f4"), steps=((0.3, "eV"), (1.0, "nm"))))
    with pytest.raises(UnreadableFile, match="a spectrum or a profile of 20 values"):
        read(dm(tmp_path / "b.dm4", np.arange(20, dtype="f4")[None, :]))
    with pytest.raises(UnreadableFile, match="packed Fourier transform"):
        read(dm(tmp_path / "c.dm4", RAMP.astype("f4"), kind=27))
    with pytest.raises(UnreadableFile, match="type 99 are not read"):
        read(dm(tmp_path / "d.dm4", RAMP.astype("f4"), kind=99))


def test_damage_behind_the_image_is_a_note_and_before_it_an_error(tmp_path: Path) -> None:
    path = dm(tmp_path / "a.dm4", np.arange(2000, dtype="f4").reshape(40, 50))
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    image = read(path)
    assert isinstance(image, Micrograph)
    assert any("damaged after the image" in note for note in image.notes)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile, match=r"holds no image .*(end early|ends beyond the file)|cut short"):
        read(path)


def test_nesting_without_end_is_refused(tmp_path: Path) -> None:
    tree: dict[str, object] = {}
    for _ in range(100):
        tree = {"deeper": tree}
    path = tmp_path / "a.dm3"
    path.write_bytes(DmWriter(3).file(tree))
    with pytest.raises(UnreadableFile, match="nested more than 64 deep"):
        read(path)
