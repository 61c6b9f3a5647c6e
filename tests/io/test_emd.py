"""EMD files of Velox and of the Berkeley lab."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from instrument_files import berkeley, velox

from morphoscope.core import Micrograph, Stack
from morphoscope.errors import UnreadableFile
from morphoscope.io import read

FRAMES = np.arange(4 * 6 * 3, dtype=np.uint16).reshape(4, 6, 3)


def test_velox_image_with_scale_and_conditions(tmp_path: Path) -> None:
    image = read(velox(tmp_path / "a.emd", {"HAADF": FRAMES[..., :1]}))
    assert isinstance(image, Micrograph)
    np.testing.assert_allclose(image.raw(), FRAMES[..., 0], atol=1e-4)
    assert image.pixel_size_nm == pytest.approx((0.4, 0.2))
    assert image.conditions["voltage_kv"] == pytest.approx(200)
    assert image.conditions["magnification"] == pytest.approx(320000)
    assert image.conditions["dwell_time_us"] == pytest.approx(2)
    assert image.conditions["detector"] == "HAADF"
    assert image.header["BinaryResult"]["PixelUnitX"] == "m"


def test_velox_series_is_time(tmp_path: Path) -> None:
    stack = read(velox(tmp_path / "a.emd", {"HAADF": FRAMES}), frames=slice(1, 3))
    assert isinstance(stack, Stack)
    assert (stack.axis, stack.times_s) == ("time", (0.25, 0.5))
    np.testing.assert_allclose(stack.array(), np.moveaxis(FRAMES[..., 1:], -1, 0), atol=1e-4)


def test_velox_detectors_are_channels_and_overlays_are_left_out(tmp_path: Path) -> None:
    stack = read(velox(tmp_path / "a.emd", {"HAADF": FRAMES[..., :1], "BF": FRAMES[..., 1:2]}, overlay=True))
    assert isinstance(stack, Stack)
    assert (stack.axis, stack.names) == ("channel", ("HAADF", "BF"))
    np.testing.assert_allclose(stack[1].raw(), FRAMES[..., 1], atol=1e-4)
    assert any("left out" in note for note in stack[0].notes)


def test_velox_diffraction(tmp_path: Path) -> None:
    image = read(velox(tmp_path / "a.emd", {"Ceta": FRAMES[..., :1]}, pixel=(2e7, 2e7), unit="1/m"))
    assert isinstance(image, Micrograph)
    assert image.pixel_size is None
    assert any("0.02 x 0.02 1/nm" in note for note in image.notes)


def test_velox_without_images_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="holds no grey image"):
        read(velox(tmp_path / "a.emd", {}, overlay=True))


def test_broken_metadata_leave_the_pixels(tmp_path: Path) -> None:
    path = velox(tmp_path / "a.emd", {"HAADF": FRAMES[..., :1]})
    with h5py.File(path, "r+") as file:
        metadata = file[f"Data/Image/{0:032x}/Metadata"]
        metadata[:] = 123  # an opening brace without end
    image = read(path)
    assert isinstance(image, Micrograph)
    assert image.pixel_size is None
    assert "no pixel size in the file's metadata" in image.notes


@pytest.mark.parametrize(("unit", "nm"), [("[n_m]", 1.0), ("[u_m]", 1e3), ("nm", 1.0), ("Å", 0.1)])
def test_berkeley_image(tmp_path: Path, unit: str, nm: float) -> None:
    image = read(berkeley(tmp_path / "a.emd", FRAMES[..., 0].copy(), [("y", 0.5, unit), ("x", 0.3, unit)]))
    assert isinstance(image, Micrograph)
    assert image.pixel_size_nm == pytest.approx((0.5 * nm, 0.3 * nm))
    assert image.conditions["voltage_kv"] == 300


def test_berkeley_volume(tmp_path: Path) -> None:
    stack = read(berkeley(tmp_path / "a.emd", FRAMES, [("z", 2.0, "[n_m]"), ("y", 1.0, "[n_m]"), ("x", 1.0, "[n_m]")]))
    assert isinstance(stack, Stack)
    assert (stack.axis, stack.spacing_nm, len(stack)) == ("z", 2.0, 4)


def test_neither_kind(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.emd", "w") as file:
        file["x"] = 1
    with pytest.raises(UnreadableFile, match="neither a Velox nor a Berkeley EMD file"):
        read(tmp_path / "a.emd")
