"""Arrays saved by numpy."""

from pathlib import Path

import numpy as np
import pytest

from morphoscope.core import Micrograph, Pattern, Stack
from morphoscope.errors import UnreadableFile
from morphoscope.io import read

RAMP = np.arange(30.0).reshape(5, 6)


def save(path: Path, array: np.ndarray, **options: object) -> Path:
    np.save(path, array, **options)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("dtype", ["u1", "i2", ">u2", "f4", "f8", "bool"])
def test_image(tmp_path: Path, dtype: str) -> None:
    image = read(save(tmp_path / "a.npy", RAMP.astype(dtype)))
    assert isinstance(image, Micrograph)
    np.testing.assert_allclose(image.raw(), RAMP.astype(dtype), atol=1e-4)


def test_stack_colour_fortran_order_and_pattern(tmp_path: Path) -> None:
    stack = read(save(tmp_path / "a.npy", np.zeros((3, 5, 6))), frames=slice(1, None))
    assert isinstance(stack, Stack)
    assert len(stack) == 2
    colour = read(save(tmp_path / "b.npy", np.full((5, 6, 3), (255, 0, 0), np.uint8)))
    assert isinstance(colour, Micrograph)
    np.testing.assert_allclose(colour.raw(), 76, atol=0.5)
    turned = read(save(tmp_path / "c.npy", np.asfortranarray(RAMP)))
    assert isinstance(turned, Micrograph)
    np.testing.assert_allclose(turned.raw(), RAMP)
    pattern = read(save(tmp_path / "d.npy", np.where(RAMP == 3, -1, RAMP)), as_pattern=True)
    assert isinstance(pattern, Pattern)
    assert pattern.valid.sum() == 29


def test_nan_is_refused_or_masked(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npy", np.where(RAMP == 3, np.nan, RAMP))
    with pytest.raises(UnreadableFile, match="1 of 30 pixels are NaN"):
        read(path)
    image = read(path, nan="mask")
    assert isinstance(image, Micrograph)
    assert image.mask is not None
    assert image.mask.sum() == 29


def test_archives(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", image=RAMP, other=RAMP, note=np.array("text"))
    image = read(tmp_path / "a.npz")
    assert isinstance(image, Micrograph)
    np.testing.assert_allclose(image.raw(), RAMP)
    np.savez(tmp_path / "b.npz", one=RAMP, two=RAMP)
    with pytest.raises(UnreadableFile, match=r"holds 2 arrays, none obviously the image: one \(5 x 6\), two \(5 x 6\)"):
        read(tmp_path / "b.npz")


def test_pickles_bombs_and_lines_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="Python objects, which are never opened"):
        read(save(tmp_path / "a.npy", np.array([[{}, 1]], dtype=object), allow_pickle=True))
    with pytest.raises(UnreadableFile, match="not an image"):
        read(save(tmp_path / "b.npy", np.arange(5)))
    head, body = save(tmp_path / "c.npy", RAMP).read_bytes()[:128], bytes(240)
    grown = head.replace(b"(5, 6)", b"(50000, 60000)")
    (tmp_path / "c.npy").write_bytes(grown[:127].rstrip().ljust(127) + b"\n" + body)
    with pytest.raises(UnreadableFile, match="cut short: 50000 x 60000 pixels need"):
        read(tmp_path / "c.npy")
    with pytest.raises(UnreadableFile, match="has no pixels"):
        read(save(tmp_path / "d.npy", np.zeros((0, 4))))
    with pytest.raises(UnreadableFile, match="not numbers"):
        read(save(tmp_path / "e.npy", np.full((3, 3), "x")))
