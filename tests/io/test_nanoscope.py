"""Nanoscope files: heights, sensitivities, scan size in several spellings, depth of the numbers."""

from pathlib import Path

import numpy as np
import pytest
from instrument_files import nanoscope

from morphoscope.core import Micrograph, Stack
from morphoscope.errors import UnreadableFile
from morphoscope.io import read

RAW = np.arange(-60, 60, 5).reshape(4, 6)


@pytest.mark.parametrize("dtype", ["i2", "i4"])
def test_heights_are_full_scale_times_sensitivity(tmp_path: Path, dtype: str) -> None:
    image = read(nanoscope(tmp_path / "a.spm", {"Height": RAW.astype(dtype)}))
    assert isinstance(image, Micrograph)
    np.testing.assert_allclose(image.raw(), RAW * 20 / 2 ** (8 * np.dtype(dtype).itemsize) * 12.5, rtol=1e-4, atol=1e-6)
    assert image.unit == "nm"
    assert image.conditions == {"microscope": "Made", "scan_rate_hz": 0.5, "channel": "Height (Trace)"}
    assert image.header["Ciao image list"]["Samps/line"] == "6"


def test_wide_numbers_of_two_stated_bytes(tmp_path: Path) -> None:
    image = read(nanoscope(tmp_path / "a.spm", {"Height": RAW.astype("i4")}, stated=2))
    assert isinstance(image, Micrograph)
    np.testing.assert_allclose(image.raw(), RAW * 20 / 65536 * 12.5, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("scan", "nm"),
    [("2 1 ~m", (250.0, 2000 / 6)), ("600 nm", (100.0, 100.0)), ("6e2 400 nm", (100.0, 100.0)), ("1.2 µm", (200.0, 200.0))],
)
def test_scan_size(tmp_path: Path, scan: str, nm: tuple[float, float]) -> None:
    image = read(nanoscope(tmp_path / "a.000", {"Height": RAW.astype("i2")}, scan=scan))
    assert isinstance(image, Micrograph)
    expected = nm if " 1 " in scan or " 400 " in scan else (nm[1] * 6 / 4, nm[1])  # one length: a square, by the aspect ratio
    assert image.pixel_size_nm == pytest.approx(expected)


def test_channels_and_other_quantities(tmp_path: Path) -> None:
    path = nanoscope(
        tmp_path / "a.001", {"Height": RAW.astype("i2"), "Phase": RAW.astype("i2") * 2}, scale="V [] (0.005 º/LSB) 360 º"
    )
    stack = read(path)
    assert isinstance(stack, Stack)
    assert (stack.axis, stack.names) == ("channel", ("Height (Trace)", "Phase (Trace)"))
    assert stack[1].unit == "°"
    np.testing.assert_allclose(stack[1].raw(), RAW * 2 * 360 / 65536, rtol=1e-4, atol=1e-6)


def test_unknown_sensitivity_and_missing_scale_are_said(tmp_path: Path) -> None:
    image = read(nanoscope(tmp_path / "a.spm", {"X": RAW.astype("i2")}, scale="V [Sens. Other] (0.1 V/LSB) 10 V"))
    assert isinstance(image, Micrograph)
    assert image.unit == "V"
    assert any("'Sens. Other' is not in the header" in note for note in image.notes)
    image = read(nanoscope(tmp_path / "b.spm", {"X": RAW.astype("i2")}, scale="unreadable"))
    assert isinstance(image, Micrograph)
    assert image.unit == "counts"
    np.testing.assert_allclose(image.raw(), RAW, atol=1e-3)


def test_what_is_refused(tmp_path: Path) -> None:
    path = nanoscope(tmp_path / "a.spm", {"Height": RAW.astype("i2")})
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with pytest.raises(UnreadableFile, match="cut short: 4 x 6 pixels from byte 8,192 end beyond the file"):
        read(path)
    path.write_bytes(b"\\*File list\r\n\\*Ciao force list\r\n\\*Ciao force image list\r\n\x1a")
    with pytest.raises(UnreadableFile, match="holds force curves; only images are read"):
        read(path)
    path.write_bytes(whole.replace(b"Data length: 48", b"Data length: 43"))
    with pytest.raises(UnreadableFile, match="43 bytes do not make 4 x 6 pixels"):
        read(path)
