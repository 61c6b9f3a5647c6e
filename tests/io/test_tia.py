"""TIA series and experiment files: either one given, the scale, the clock, what is refused."""

from pathlib import Path

import numpy as np
import pytest
from instrument_files import emi, ser

from morphoscope.core import Micrograph, Stack
from morphoscope.errors import UnreadableFile
from morphoscope.io import read
from morphoscope.io.companions import companions

FRAMES = np.arange(3 * 4 * 6).reshape(3, 4, 6)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "int8", "int16", "int32", "float32", "float64"])
def test_pixels_top_row_first_and_the_scale_of_each_axis(tmp_path: Path, wide: bool, dtype: str) -> None:
    raw = FRAMES[:1].astype(dtype)
    image = read(ser(tmp_path / "a_1.ser", raw, wide=wide))
    assert isinstance(image, Micrograph)
    np.testing.assert_allclose(image.raw(), raw[0], atol=1e-4)
    assert image.pixel_size_nm == pytest.approx((2.0, 1.0))
    assert any("no .emi file" in note for note in image.notes)


def test_series_keeps_the_clock_of_its_tags(tmp_path: Path) -> None:
    stack = read(ser(tmp_path / "a_1.ser", FRAMES.astype("uint16")), frames=slice(1, None))
    assert isinstance(stack, Stack)
    assert stack.axis == "time"
    assert stack.times_s == (2.0, 4.0)
    np.testing.assert_allclose(stack.array(), FRAMES[1:], atol=1e-4)


def test_either_file_gives_pixels_and_conditions(tmp_path: Path) -> None:
    series, experiment = ser(tmp_path / "b_1.ser", FRAMES[:1].astype("i4")), emi(tmp_path / "b.emi")
    ser(tmp_path / "b_2.ser", FRAMES[:1].astype("i4"))
    one, other = read(series), read(experiment)
    assert isinstance(one, Micrograph)
    assert isinstance(other, Micrograph)
    np.testing.assert_array_equal(one.pixels, other.pixels)
    assert one.conditions == other.conditions
    assert one.conditions["voltage_kv"] == 300
    assert one.conditions["magnification"] == 59000
    assert one.conditions["camera_length_mm"] == pytest.approx(420)
    assert one.header["emi"]["ExperimentalDescription"]["High tension"] == "300 kV"
    assert any("also wrote b_2.ser" in note for note in other.notes)


def test_diffraction_has_no_pixel_size(tmp_path: Path) -> None:
    emi(tmp_path / "c.emi", mode="TEM uP SA Zoom Diffraction")
    image = read(ser(tmp_path / "c_1.ser", FRAMES[:1].astype("u2"), step_m=(2e7, 2e7)))
    assert isinstance(image, Micrograph)
    assert image.pixel_size is None
    assert any("one pixel is 0.02 x 0.02 1/nm" in note for note in image.notes)
    alone = read(ser(tmp_path / "d_1.ser", FRAMES[:1].astype("u2"), step_m=(2e7, 2e7)))
    assert isinstance(alone, Micrograph)
    assert alone.pixel_size is None


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"lone.emi: its pixels are in lone_1.ser, which is not beside it"):
        read(emi(tmp_path / "lone.emi"))
    with pytest.raises(UnreadableFile, match="holds spectra, not images"):
        read(ser(tmp_path / "s.ser", FRAMES.astype("u2"), data_type=0x4120))
    whole = ser(tmp_path / "a.ser", FRAMES.astype("u2")).read_bytes()
    (tmp_path / "cut.ser").write_bytes(whole[:200])
    with pytest.raises(UnreadableFile, match="cut short"):
        read(tmp_path / "cut.ser")
    (tmp_path / "short.ser").write_bytes(whole[:12])
    with pytest.raises(UnreadableFile, match="begins with 30 bytes"):
        read(tmp_path / "short.ser")
    (tmp_path / "many.ser").write_bytes(whole[:14] + b"\xff\xff\xff\x7f" + whole[18:])
    with pytest.raises(UnreadableFile, match="claims 2147483647 images"):
        read(tmp_path / "many.ser")


def test_both_files_count_as_one(tmp_path: Path) -> None:
    series, experiment = ser(tmp_path / "b_1.ser", FRAMES.astype("u2")), emi(tmp_path / "b.emi")
    assert companions(series) == [experiment]
    assert companions(experiment) == [series]
