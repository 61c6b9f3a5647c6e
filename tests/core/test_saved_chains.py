"""Physical lengths and raw values through chains that end in a file and go on from it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from morphoscope.core import Micrograph, PixelSize, Stack
from morphoscope.io import read, write

lengths = st.floats(1e-3, 1e5, allow_nan=False)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("resize"), st.integers(3, 30), st.integers(3, 30)),
        st.tuples(st.just("rotate"), st.one_of(st.sampled_from([90, 180, 270]), st.floats(-180, 180))),
        st.tuples(st.just("crop"), st.integers(0, 2), st.integers(0, 2), st.just(3), st.just(3)),
    ),
    max_size=3,
)


def chain(image: Micrograph, steps: list[tuple]) -> Micrograph:
    for name, *given_values in steps:
        fits = name != "crop" or (given_values[0] + 3 <= image.height_px and given_values[1] + 3 <= image.width_px)
        image = getattr(image, name)(*given_values) if fits else image
    return image


@pytest.mark.parametrize("name", ["a.ome.tif", "a.tif", "a.png", "a.h5"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(["u1", "u2", "f4", "f8", "i2"]),
    y_nm=lengths,
    x_nm=lengths,
    before=steps,
    after=steps,
    seed=st.integers(0, 99),
)
def test_a_chain_through_a_file_keeps_lengths_and_values(name, kind, y_nm, x_nm, before, after, seed):
    raw = np.random.default_rng(seed).integers(0, 120, (14, 17)).astype(kind)
    size = PixelSize(y_nm, x_nm, "scale bar: 500 nm", 0.01)
    image = chain(Micrograph.from_raw(raw, unit="counts", pixel_size=size), before)
    with tempfile.TemporaryDirectory() as folder:
        back = read(write(image, Path(folder) / name))
    assert isinstance(back, Micrograph)
    assert back.pixels.shape == image.pixels.shape
    assert back.pixel_size_nm == pytest.approx(image.pixel_size_nm, rel=1e-6)
    assert back.extent_nm == pytest.approx(image.extent_nm, rel=1e-6)
    assert back.pixel_size.relative_error == pytest.approx(0.01)
    tolerance = image.gain * (0.51 / 65535 if name == "a.png" else 1e-6)  # half a level of 16 bits
    np.testing.assert_allclose(back.raw(), image.raw(), atol=tolerance)
    on, straight = chain(back, after), chain(image, after)
    assert on.pixel_size_nm == pytest.approx(straight.pixel_size_nm, rel=1e-6)
    marks = np.array([[0.0, 0.0], [5.0, 3.0], [1.0, 9.0]])
    apart = np.diff(on.to_source(marks) * np.array(back.pixel_size_nm), axis=0)
    wanted = np.diff(marks * np.array(on.pixel_size_nm), axis=0)
    np.testing.assert_allclose(np.linalg.norm(back_to_file(apart, back, name), axis=1), np.linalg.norm(wanted, axis=1), rtol=1e-6)


def back_to_file(apart_nm: np.ndarray, back: Micrograph, name: str) -> np.ndarray:
    """Distances to the file's own pixels; HDF5 remembers the map to the first file, so its pixels are those of that one."""
    if not name.endswith(".h5"):
        return apart_nm
    a, b, _, d, e, _ = back.affine
    linear = np.array([[a, b], [d, e]])
    size = np.array(back.pixel_size_nm)
    return np.linalg.solve(linear, (apart_nm / size).T).T * size


@pytest.mark.parametrize("name", ["a.ome.tif", "a.h5"])
def test_a_volume_keeps_its_spacing(name, tmp_path):
    frames = tuple(Micrograph.from_raw(np.full((4, 5), k, np.uint8), pixel_size=PixelSize(2.0, 3.0)) for k in range(3))
    back = read(write(Stack(frames, axis="z", spacing_nm=7.5), tmp_path / name))
    assert isinstance(back, Stack)
    assert (back.axis, back.spacing_nm) == ("z", pytest.approx(7.5))
    assert back[2].pixel_size_nm == pytest.approx((2.0, 3.0))
    np.testing.assert_allclose(back.array()[:, 0, 0], [0, 1, 2], atol=1e-6)


@pytest.mark.parametrize("name", ["a.ome.tif", "a.png", "a.h5"])
def test_an_image_without_a_scale_comes_back_without_one(name, tmp_path):
    image = Micrograph.from_raw(np.arange(20, dtype=np.uint8).reshape(4, 5))
    assert read(write(image, tmp_path / name)).pixel_size is None


def test_hdf5_keeps_mask_history_and_the_way_to_the_first_file(tmp_path):
    image = Micrograph.from_raw(np.arange(300.0).reshape(15, 20), pixel_size=PixelSize(2, 3), source="first.tif")
    image = image.rotate(20).crop(2, 3, 8, 9)
    back = read(write(image, tmp_path / "a.h5"))
    assert back.history == image.history
    assert back.affine == pytest.approx(image.affine)
    np.testing.assert_array_equal(back.mask, image.mask)
