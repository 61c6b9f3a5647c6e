"""Files of real instruments, read from beside the checkout: their scale is the one their makers' programs show."""

from pathlib import Path

import numpy as np
import pytest

from morphoscope.core import Curve, Micrograph, Pattern, Stack
from morphoscope.io import read, read_pattern

VENDOR = "vendor_metadata/rosettasciio"


@pytest.mark.parametrize(
    ("name", "shape", "nm", "voltage_kv"),
    [
        (f"{VENDOR}/digitalmicrograph/2D/test_STEM_image.dm3", (68, 68), 0.248538, 200),
        (f"{VENDOR}/tia/old/64x64_TEM_images_acquire_1.ser", (64, 64), 6.281834, 200),
        (f"{VENDOR}/tia/old/64x64_TEM_images_acquire.emi", (64, 64), 6.281834, 200),
        (f"{VENDOR}/mrc/HAADFscan.mrc", (16, 16), 5.679131, 300),
        ("particlespy_haadf/data/JEOL HAADF Image.dm4", (112, 112), 1.249014, 80),
        ("particlespy_haadf/data/SiO2 HAADF Image.hspy", (128, 128), 8.552446, 200),
    ],
)
def test_images_with_their_scale(shared_data: Path, name: str, shape: tuple[int, int], nm: float, voltage_kv: float) -> None:
    image = read(shared_data / name)
    assert isinstance(image, Micrograph)
    assert image.pixels.shape == shape
    assert image.pixel_size_nm == pytest.approx((nm, nm), rel=1e-5)
    assert image.conditions["voltage_kv"] == pytest.approx(voltage_kv)
    assert image.header


def test_velox_series(shared_data: Path) -> None:
    stack = read(shared_data / VENDOR / "emd" / "fei_example_tem_stack.emd")
    assert isinstance(stack, Stack)
    assert (len(stack), stack.axis) == (2, "time")
    assert stack[0].pixel_size_nm == pytest.approx((0.00817288, 0.00817288), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "points", "unit", "errors"),
    [
        ("mcsas3/S2870 BSA THF 1 1 d.pdh", 900, "1/nm", True),
        ("mcsas3/quickstartdemo1.csv", 101, "", True),
        ("sasview/100nmSpheresNodQ.txt", 150, "", True),
        ("sasview/P123_D2O_10_percent.xml", 124, "1/Å", True),
        ("sasview/cyl_400_20.txt", 20, "", False),
        ("sasview/latex_smeared.xml", 301, "1/Å", True),
        ("sasview/sphere_80.txt", 99, "", False),
    ],
)
def test_scattering_curves(shared_data: Path, name: str, points: int, unit: str, errors: bool) -> None:
    curve = read(shared_data / "scattering_1d" / name)
    assert isinstance(curve, Curve)
    assert (len(curve), curve.x_unit, curve.y_error is not None) == (points, unit, errors)
    assert (np.diff(curve.x) >= 0).all()


def test_every_published_correlation_is_a_curve(shared_data: Path) -> None:
    files = sorted((shared_data / "rdf_prism").iterdir())
    curves = [read(path) for path in files]
    assert len(curves) == 33
    assert all(isinstance(curve, Curve) and curve.x_name in ("r", "k") and len(curve) >= 13 for curve in curves)


def test_patterns(shared_data: Path) -> None:
    matrix = read_pattern(shared_data / "scattering_2d" / "crease2d" / "E1.txt")
    assert (matrix.intensity.shape, int((~matrix.valid).sum()), matrix.qx_per_nm) == ((61, 61), 734, None)
    for name, side, reach in (
        ("33837rear_2D_1.75_16.5_NIST", 150, 1.49),
        ("P123_D2O_10_percent", 100, 0.99),
        ("P123_D2O_40_percent", 100, 0.99),
    ):
        found = read(shared_data / "scattering_2d" / "sasview" / "2d_data" / f"{name}.dat")
        assert isinstance(found, Pattern)
        assert found.intensity.shape == (side, side)
        assert found.qx_per_nm is not None
        assert (found.qx_per_nm.min(), found.qx_per_nm.max()) == pytest.approx((-reach, reach))


def test_radial_average_of_the_pattern_is_the_published_curve(shared_data: Path) -> None:
    pattern = read(shared_data / "scattering_2d" / "sasview" / "2d_data" / "P123_D2O_10_percent.dat")
    curve = read(shared_data / "scattering_1d" / "sasview" / "P123_D2O_10_percent.xml")
    assert isinstance(pattern, Pattern)
    assert isinstance(curve, Curve)
    q = pattern.q_per_nm
    assert q is not None
    ring = [pattern.intensity[pattern.valid & (abs(q - 10 * at) < 0.01)].mean() for at in curve.x[5:30]]
    np.testing.assert_allclose(ring, curve.y[5:30], rtol=0.05)


def test_folders_of_frames(shared_data: Path) -> None:
    stack = read(shared_data / "colloid_video" / "bulk_water")
    assert isinstance(stack, Stack)
    assert stack.names == tuple(f"bulk_water_{i}.png" for i in range(250, 255))
    frame = read(shared_data / "colloid_video" / "trackpy_wire" / "oblique_frame.npy")
    assert isinstance(frame, Micrograph)
    assert frame.pixels.shape == (256, 256)
