"""Files inside .gz and .zip are unpacked within limits."""

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile

from morphoscope import io
from morphoscope.errors import UnreadableFile

GREY = np.arange(60, dtype=np.uint8).reshape(6, 10)


def packed(folder: Path) -> bytes:
    tifffile.imwrite(folder / "inner.tif", GREY, photometric="minisblack")
    return (folder / "inner.tif").read_bytes()


def test_gzip_and_zip(tmp_path: Path) -> None:
    body = packed(tmp_path)
    (tmp_path / "a.tif.gz").write_bytes(gzip.compress(body))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as package:
        package.writestr("folder/", "")
        package.writestr("folder/inner.tif", body)
        package.writestr("__MACOSX/._inner.tif", b"x")
    for name in ("a.tif.gz", "b.zip"):
        micrograph = io.read(tmp_path / name)
        np.testing.assert_array_equal(np.rint(micrograph.raw()), GREY)
        assert micrograph.source == str(tmp_path / name)


def test_a_stack_keeps_the_name_of_the_package(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "s.tif", np.stack([GREY, GREY]), photometric="minisblack", metadata=None)
    (tmp_path / "s.tif.gz").write_bytes(gzip.compress((tmp_path / "s.tif").read_bytes()))
    stack = io.read(tmp_path / "s.tif.gz", frames=slice(1, None))
    assert {frame.source for frame in stack} | {stack.source} == {str(tmp_path / "s.tif.gz")}
    assert len(stack) == 1


def test_nothing_outside_is_written(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as package:
        package.writestr("../../escaped.tif", packed(tmp_path))
    assert io.read(tmp_path / "b.zip").pixels.shape == GREY.shape
    assert not (tmp_path.parent / "escaped.tif").exists()
    assert not (tmp_path.parent.parent / "escaped.tif").exists()


@pytest.mark.parametrize("count", [0, 2])
def test_a_zip_holds_one_file(tmp_path: Path, count: int) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as package:
        for index in range(count):
            package.writestr(f"{index}.tif", b"x")
    with pytest.raises(UnreadableFile, match=rf"^b\.zip: holds {count} files; unpack it"):
        io.read(tmp_path / "b.zip")


def test_packages_that_swell_are_refused(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.tif.gz", "wb", compresslevel=9) as file:
        for _ in range(80):
            file.write(bytes(2**20))
    with pytest.raises(UnreadableFile, match=r"^a\.tif\.gz: unpacks to more than .* bytes; refused"):
        io.read(tmp_path / "a.tif.gz")


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_cut_short_or_nested(tmp_path: Path, share: float) -> None:
    body = gzip.compress(packed(tmp_path))
    (tmp_path / "a.tif.gz").write_bytes(body[: int(len(body) * share)])
    with pytest.raises(UnreadableFile, match=r"^a\.tif\.gz: .*(damaged|cut short)"):
        io.read(tmp_path / "a.tif.gz")
    (tmp_path / "b.zip").write_bytes(b"PK\3\4 and no more")
    with pytest.raises(UnreadableFile, match=r"^b\.zip: .*(damaged|cut short)"):
        io.read(tmp_path / "b.zip")
    (tmp_path / "n.gz").write_bytes(gzip.compress(body))
    with pytest.raises(UnreadableFile, match=r"^n\.gz: a package inside a package"):
        io.read(tmp_path / "n.gz")


def test_what_is_wrong_inside_is_said_with_both_names(tmp_path: Path) -> None:
    (tmp_path / "a.tif.gz").write_bytes(gzip.compress(packed(tmp_path)[:-20]))
    with pytest.raises(UnreadableFile, match=r"^a\.tif\.gz: a\.tif inside it: .*cut short"):
        io.read(tmp_path / "a.tif.gz")
