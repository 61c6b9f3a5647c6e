"""Arrays saved by numpy: ``.npy``, and ``.npz`` with one array that can be an image. Pickled objects are refused."""

from __future__ import annotations

import tokenize
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..core import Micrograph, Pattern, Stack
from ..errors import UnreadableFile
from . import detector, planes
from .formats import Options
from .limits import check_size

OBVIOUS = ("image", "images", "img", "data", "pixels", "array", "arr_0", "stack", "volume", "frames")

MAX_MEMBERS = 1000


def read(path: Path, options: Options) -> Micrograph | Stack | Pattern:
    """A Micrograph, or a Stack where the array has three axes."""
    with open(path, "rb") as file:
        array = _one_of(path) if file.read(2) == b"PK" else _npy(path)
    if options.as_pattern and array.ndim == 2 and array.dtype.kind in "biuf":
        return detector.pattern(np.asarray(array), path, {})
    notes = () if array.ndim == 2 else ("an array without names for its axes; the first is taken as the frames",)
    return planes.gather(array, path, options, colour=True, notes=notes)


def _npy(path: Path) -> np.ndarray:
    with open(path, "rb") as file:
        _checked(*_header(file, path), path, compressed=False)
    array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _header(file: BinaryIO | Any, path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of one array; pickled objects are refused."""
    try:
        return _parsed(file, path)
    except (ValueError, SyntaxError, TypeError, tokenize.TokenError) as error:
        raise UnreadableFile(path, f"damaged, or no array of numpy ({' '.join(str(error).split())[:80]})") from error


def _parsed(file: BinaryIO | Any, path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise UnreadableFile(path, f"version {version[0]}.{version[1]} of the numpy format is not known")
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = reader(file)
    if dtype.hasobject:
        raise UnreadableFile(path, "holds Python objects, which are never opened because they can run code")
    return shape, dtype


def _checked(shape: tuple[int, ...], dtype: np.dtype[Any], path: Path, *, compressed: bool) -> None:
    if len(shape) < 2:
        raise UnreadableFile(path, f"holds an array of {len(shape)} axes ({' x '.join(map(str, shape))}), not an image")
    check_size(path, shape, dtype.itemsize, compressed=compressed)


def _one_of(path: Path) -> np.ndarray:
    """The one array of an archive that has at least two axes, or the one with an obvious name."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        if not names:
            raise UnreadableFile(path, "a zip archive that holds no numpy array; unpack it and give one of its files")
        arrays = {}
        for name in names[:MAX_MEMBERS]:
            with archive.open(name) as member:
                arrays[name.removesuffix(".npy")] = _header(member, path)
    images = [name for name, (shape, _) in arrays.items() if len(shape) >= 2]
    best = images if len(images) == 1 else [name for name in images if name.lower() in OBVIOUS]
    if len(best) != 1:
        listed = ", ".join(f"{name} ({' x '.join(map(str, shape))})" for name, (shape, _) in list(arrays.items())[:6])
        raise UnreadableFile(path, f"holds {len(arrays)} arrays, none obviously the image: {listed}; save one alone")
    _checked(*arrays[best[0]], path, compressed=True)
    with np.load(path, allow_pickle=False) as held:
        array: np.ndarray = held[best[0]]
        return array
