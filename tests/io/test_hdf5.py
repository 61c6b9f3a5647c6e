"""Our own HDF5 layout gives back what was saved; HyperSpy, NeXus and plain files are read by what they hold."""

import dataclasses
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from instrument_files import berkeley, hyperspy, velox

from morphoscope.core import Curve, LabelMap, Micrograph, Pattern, PixelSize, Stack
from morphoscope.errors import UnreadableFile, WorkspaceError
from morphoscope.io import hdf5, read

RAMP = np.arange(30, dtype=np.float64).reshape(5, 6)


def equal(one: Any, other: Any) -> bool:
    """Whether two nouns are of one class and equal in every field, types included."""
    if type(one) is not type(other):
        return False
    if dataclasses.is_dataclass(one):
        return all(equal(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    return bool(one == other)


def micrograph() -> Micrograph:
    mask = np.ones((40, 50), bool)
    mask[:3] = False
    return Micrograph(
        np.random.default_rng(0).random((40, 50)),
        pixel_size=PixelSize(0.1 + 0.2, 1 / 3, "scale bar: 200 nm", 0.013),
        offset=-1.5e-9, gain=1 / 7, unit="nm", bits=16, mask=mask, data_bar_row_px=33, source="/somewhere/ä µ.tif",
        history=("read", "crop(top=1)"), conditions={"voltage_kv": 5.0, "detector": "SE2"},
        header={"a": [1, 2.5, None, True], "t": (1, (2, "x")), "b": b"\0\xff", "n": {3: "int key", "__odd": 1}, "inf": np.inf},
        notes=("a note — with signs",), affine=(1.0, 0.1, 2.0, -0.1, 1.0, 3.0),
    )  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_micrograph_comes_back_exactly(tmp_path: Path, dtype: str) -> None:
    image = micrograph()
    image = dataclasses.replace(image, pixels=image.pixels.astype(dtype))
    again = read(hdf5.write(image, tmp_path / "a.h5"))
    assert equal(image, again)


def test_bare_micrograph_comes_back_exactly(tmp_path: Path) -> None:
    image = Micrograph.from_raw(np.arange(6, dtype=np.uint8).reshape(2, 3))
    assert equal(image, read(hdf5.write(image, tmp_path / "a.h5")))


def test_other_nouns_come_back_exactly(tmp_path: Path) -> None:
    nouns = [
        Stack((micrograph(), micrograph().crop(0, 0, 10, 9)), axis="time", times_s=(0.0, 0.1), names=("a", "b"), source="x"),
        Pattern(RAMP, RAMP, RAMP.T.reshape(5, 6), mask=RAMP > 3, centre_px=(1.5, 2.5), header={"k": "v"}, notes=("n",)),
        LabelMap(np.arange(24, dtype=np.uint16).reshape(2, 3, 4), PixelSize(1.0, 2.0), 3.0, {0: "pore", 2: "solid"}),
        Curve(np.arange(4.0), np.array([1, np.nan, 3, 4]), "q", "I", "1/nm", "1/cm", y_error=np.ones(4)),
    ]
    for number, noun in enumerate(nouns):
        assert equal(noun, read(hdf5.write(noun, tmp_path / f"{number}.h5"))), type(noun)


def test_frames_of_a_saved_stack(tmp_path: Path) -> None:
    stack = Stack(tuple(micrograph() for _ in range(4)), axis="time", times_s=(0.0, 1.0, 2.0, 3.0))
    part = read(hdf5.write(stack, tmp_path / "a.h5"), frames=slice(1, 3))
    assert isinstance(part, Stack)
    assert part.times_s == (1.0, 2.0)


def test_scale_is_an_attribute_for_other_programs(tmp_path: Path) -> None:
    with h5py.File(hdf5.write(micrograph(), tmp_path / "a.h5")) as file:
        assert tuple(file.attrs["pixel_size_nm"]) == (0.1 + 0.2, 1 / 3)
        assert file["pixels"].shape == (40, 50)


def test_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="cannot be written"):
        hdf5.write(micrograph(), tmp_path / "no folder" / "a.h5")
    (tmp_path / "b.h5").mkdir()
    with pytest.raises(WorkspaceError, match="cannot be written"):
        hdf5.write(micrograph(), tmp_path / "b.h5")
    assert [p.name for p in tmp_path.iterdir()] == ["b.h5"]


def test_newer_layout_is_refused(tmp_path: Path) -> None:
    path = hdf5.write(micrograph(), tmp_path / "a.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["morphoscope_schema"] = 99
    with pytest.raises(UnreadableFile, match="saved by a newer morphoscope"):
        read(path)


def test_hyperspy_image(tmp_path: Path) -> None:
    image = read(hyperspy(tmp_path / "a.hspy", RAMP, [("y", 0.002, "µm"), ("x", 0.001, "µm")]))
    assert isinstance(image, Micrograph)
    assert image.pixel_size_nm == pytest.approx((2.0, 1.0))
    assert image.conditions["voltage_kv"] == 15
    assert image.unit == "nm"
    np.testing.assert_allclose(image.raw(), RAMP)


def test_hyperspy_stack_undefined_units_and_spectra(tmp_path: Path) -> None:
    block = np.arange(2 * 5 * 6.0).reshape(2, 5, 6)
    stack = read(hyperspy(tmp_path / "a.hdf5", block, [("time", 0.5, "s"), ("y", 1.0, "<undefined>"), ("x", 1.0, "<undefined>")]))
    assert isinstance(stack, Stack)
    assert (stack.axis, stack.times_s, stack[0].pixel_size) == ("time", (0.0, 0.5), None)
    with pytest.raises(UnreadableFile, match="one axis is an energy"):
        read(hyperspy(tmp_path / "b.hspy", block, [("y", 1.0, "nm"), ("x", 1.0, "nm"), ("E", 0.3, "eV")]))
    with pytest.raises(UnreadableFile, match="neither an image nor a stack"):
        read(hyperspy(tmp_path / "c.hspy", np.arange(5.0), [("x", 1.0, "nm")]))


def test_one_dataset_is_obvious_and_many_are_listed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["deep/inside"] = RAMP
        file["numbers"] = np.arange(5)
    image = read(tmp_path / "a.h5")
    assert isinstance(image, Micrograph)
    np.testing.assert_allclose(image.raw(), RAMP)
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["other"] = np.zeros((3, 4))
    with pytest.raises(
        UnreadableFile, match=r"holds 2 arrays, none obviously the image: /deep/inside \(5 x 6\), /other \(3 x 4\)"
    ):
        read(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["image"] = RAMP + 1
    image = read(tmp_path / "a.h5")
    assert isinstance(image, Micrograph)
    assert image.raw().max() == 30
    with h5py.File(tmp_path / "e.h5", "w") as file:
        file["x"] = "text"
    with pytest.raises(UnreadableFile, match="without any array"):
        read(tmp_path / "e.h5")


def test_element_size_of_a_volume(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["t0/channel0"] = np.zeros((3, 4, 5), np.uint8)
        file["t0/channel0"].attrs["element_size_um"] = (0.3, 0.2, 0.1)
    stack = read(tmp_path / "a.h5")
    assert isinstance(stack, Stack)
    assert stack[0].pixel_size_nm == pytest.approx((200, 100))
    assert stack.spacing_nm == pytest.approx(300)


def test_emd_under_another_name(tmp_path: Path) -> None:
    image = read(velox(tmp_path / "a.h5", {"HAADF": RAMP[..., None]}))
    assert isinstance(image, Micrograph)
    assert image.pixel_size_nm == pytest.approx((0.4, 0.2))
    image = read(berkeley(tmp_path / "b.dat", RAMP, [("y", 0.5, "nm"), ("x", 0.5, "nm")]))
    assert isinstance(image, Micrograph)


def nexus(path: Path, *, qx: bool) -> Path:
    with h5py.File(path, "w") as file:
        group = file.create_group("entry/data")
        group.attrs["canSAS_class"] = "SASdata"
        group["I"] = RAMP if qx else RAMP[0] + 1
        group["I"].attrs["units"] = "1/cm"
        for name in ("Qx", "Qy") if qx else ("Q",):
            group[name] = RAMP if qx else np.arange(6.0)
            group[name].attrs["units"] = "1/angstrom"
    return path


def test_nexus_scattering_in_one_and_two_dimensions(tmp_path: Path) -> None:
    curve = read(nexus(tmp_path / "a.nxs", qx=False))
    assert isinstance(curve, Curve)
    assert (curve.x_unit, curve.y_unit, len(curve)) == ("1/Å", "1/cm", 6)
    pattern = read(nexus(tmp_path / "b.nxs", qx=True))
    assert isinstance(pattern, Pattern)
    np.testing.assert_allclose(pattern.qx_per_nm, 10 * RAMP)


def test_nexus_plot(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.nxs", "w") as file:
        group = file.create_group("entry/plot")
        group.attrs["NX_class"], group.attrs["signal"], group.attrs["axes"] = "NXdata", "counts", ["y", "x"]
        group["counts"] = RAMP
        for name, count, step in (("y", 5, 2.0), ("x", 6, 1.0)):
            group[name] = np.arange(count) * step
            group[name].attrs["units"] = "um"
    image = read(tmp_path / "a.nxs")
    assert isinstance(image, Micrograph)
    assert image.pixel_size_nm == pytest.approx((2000, 1000))


def test_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("image", (200_000, 200_000), np.uint8, chunks=(1000, 1000), compression="gzip")
    with pytest.raises(UnreadableFile, match="refused as a decompression bomb"):
        read(tmp_path / "a.h5")


def test_values_in_another_file_are_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(range(30)))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("image", (5, 6), np.uint8, external=[(str(tmp_path / "secret.bin"), 0, 30)])
    with pytest.raises(UnreadableFile, match="its values /image lie in another file, which is not opened"):
        read(tmp_path / "a.h5")


def test_cut_file(tmp_path: Path) -> None:
    path = hdf5.write(micrograph(), tmp_path / "a.h5")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(UnreadableFile, match=r"a.h5: an HDF5 file that cannot be opened: cut short or damaged"):
        read(path)


def test_values_of_another_hdf5_file_are_not_opened(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["image"] = np.arange(30.0).reshape(5, 6)
    with h5py.File(tmp_path / "linked.h5", "w") as file:
        file["image"] = h5py.ExternalLink("secret.h5", "image")
    layout = h5py.VirtualLayout((5, 6), float)
    layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "image", (5, 6))
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("image", layout)
    for name in ("linked.h5", "virtual.h5"):
        with pytest.raises(UnreadableFile, match=name):
            read(tmp_path / name)
