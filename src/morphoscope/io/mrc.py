"""
MRC files (2000 and 2014): images, stacks and volumes of electron microscopy.

The header gives the cell in Å and the number of intervals along it. FEI writes a header of its own
behind the first 1024 bytes, with the pixel size in metres and the microscope's settings.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np

from ..core import Micrograph, Stack
from ..errors import UnreadableFile
from . import lengths, planes
from .formats import Options
from .limits import check_size

DTYPES = {0: "i1", 1: "i2", 2: "f4", 4: "c8", 6: "u2", 12: "f2"}
WORDS = (
    "nx", "ny", "nz", "mode", "nxstart", "nystart", "nzstart", "mx", "my", "mz",
    "xlen", "ylen", "zlen", "alpha", "beta", "gamma", "mapc", "mapr", "maps", "amin", "amax", "amean", "ispg", "nsymbt",
)  # fmt: skip
LAYOUT = "10i6f3i3f2i"
IMOD_STAMP, IMOD_SIGNED = 1146047817, 1
FEI = {
    "HT": (84, "d"), "AlphaTilt": (100, "d"), "BetaTilt": (108, "d"), "PixelSizeX": (156, "d"), "PixelSizeY": (164, "d"),
    "Defocus": (220, "d"), "Magnification": (289, "d"), "CameraLength": (301, "d"),
}  # fmt: skip
OLD_FEI = (
    "a_tilt", "b_tilt", "x_stage", "y_stage", "z_stage", "x_shift", "y_shift", "defocus", "exp_time", "mean_int",
    "tilt_axis", "pixel_size", "magnification", "voltage", "binning", "appliedDefocus",
)  # fmt: skip


def read(path: Path, options: Options) -> Micrograph | Stack:
    """A Micrograph, a Stack of images, or a Stack along z of a volume (space group 1)."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(1024)
        if len(head) < 1024:
            raise UnreadableFile(path, f"cut short: an MRC header has 1024 bytes, the file {size:,}")
        order = _byte_order(head, path)
        header = _header(head, order)
        extended = file.read(min(max(header["nsymbt"], 0), size, 2**20))
    dtype, shape = _pixel_type(header, head, order, path), (header["nz"], header["ny"], header["nx"])
    check_size(path, shape, dtype.itemsize, compressed=False)
    start = 1024 + header["nsymbt"]
    if header["nsymbt"] < 0 or start + math.prod(shape) * dtype.itemsize > size:
        raise UnreadableFile(path, f"cut short: {' x '.join(map(str, shape))} pixels from byte {start:,} end beyond {size:,}")
    header |= (fei := _fei(extended, header, order))
    array = np.memmap(path, dtype, "r", start, shape)
    pixel, spacing_nm, notes = _sizes(header, fei)
    volume = header["ispg"] not in (0,) and header["nz"] > 1
    if volume and header["ispg"] > 400:
        notes += (f"space group {header['ispg']}: a stack of {header['nz'] // max(header['mz'], 1)} volumes, one after another",)
    return planes.gather(
        array,
        path,
        options,
        axis="z" if volume else "page",
        spacing_nm=spacing_nm if volume else None,
        notes=notes,
        pixel_size=pixel,
        conditions=_conditions(fei),
        header=header,
        unit="counts",
    )


def _byte_order(head: bytes, path: Path) -> str:
    """Little or big endian: the machine stamp, and where it is absent the order in which the header makes sense."""
    orders = (">", "<") if head[212:213] == b"\x11" else ("<", ">")
    for order in orders:
        nx, ny, nz, mode = struct.unpack_from(order + "4i", head)
        if mode in (*DTYPES, 3, 16, 101) and all(0 < n < 2**20 for n in (nx, ny, nz)):
            return order
    raise UnreadableFile(path, "not an MRC file: its header makes no sense in either byte order")


def _header(head: bytes, order: str) -> dict[str, Any]:
    header: dict[str, Any] = dict(zip(WORDS, struct.unpack_from(order + LAYOUT, head), strict=True))
    header["exttyp"] = head[104:108].decode("latin-1").strip("\0 ")
    header["nversion"] = struct.unpack_from(order + "i", head, 108)[0]
    count = min(max(struct.unpack_from(order + "i", head, 220)[0], 0), 10)
    labels = [head[224 + 80 * i : 304 + 80 * i].decode("latin-1").strip("\0 ") for i in range(count)]
    header["labels"] = [label for label in labels if label]
    return header


def _pixel_type(header: dict[str, Any], head: bytes, order: str, path: Path) -> np.dtype[Any]:
    mode = header["mode"]
    if mode == 0:
        stamp, flags = struct.unpack_from(order + "2i", head, 152)
        return np.dtype("i1" if stamp != IMOD_STAMP or flags & IMOD_SIGNED else "u1")
    if mode == 3:
        return np.dtype([("re", order + "i2"), ("im", order + "i2")])
    if mode == 16:
        return np.dtype([("r", "u1"), ("g", "u1"), ("b", "u1")])
    if mode not in DTYPES:
        raise UnreadableFile(path, f"pixels of MRC mode {mode} are not read; modes 0, 1, 2, 3, 4, 6, 12 and 16 are")
    return np.dtype(order + DTYPES[mode])


def _fei(extended: bytes, header: dict[str, Any], order: str) -> dict[str, float]:
    """FEI's own header of the first image: the named fields that are finite."""
    found: dict[str, float] = {}
    if header["exttyp"] in ("FEI1", "FEI2"):
        for name, (offset, code) in FEI.items():
            if offset + 8 <= len(extended):
                found[name] = struct.unpack_from("<" + code, extended, offset)[0]
    elif header["exttyp"] in ("", "FEI") and len(extended) >= 128 * header["nz"] and header["nsymbt"] % 128 == 0:
        values = struct.unpack_from(order + "16f", extended)
        old = dict(zip(OLD_FEI, values, strict=True))
        if 1e-13 < old["pixel_size"] < 1e-5:
            found = old
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _sizes(header: dict[str, Any], fei: dict[str, float]) -> tuple[Any, float | None, tuple[str, ...]]:
    """Pixel size, distance of the slices in nm, notes."""
    steps_a = [header[f"{axis}len"] / header[f"m{axis}"] if header[f"m{axis}"] > 0 else 0.0 for axis in "xyz"]
    spacing_nm = steps_a[2] / 10 if math.isfinite(steps_a[2]) and steps_a[2] > 0 else None
    own = fei.get("PixelSizeX") or fei.get("pixel_size") or 0.0
    if 1e-13 < own < 1e-4:
        size, notes = lengths.pixel_size(fei.get("PixelSizeY") or own, own, "m", "MRC extended header (FEI)")
    elif own > 1e3:
        size, notes = lengths.pixel_size(fei.get("PixelSizeY") or own, own, "1/m", "MRC extended header (FEI)")
    elif steps_a[0] == steps_a[1] == 1.0 and header["xlen"] == header["nx"]:
        size, notes = None, ("the header's cell is one Å per pixel, its default; the pixel size is taken as unknown",)
    else:
        size, notes = lengths.pixel_size(steps_a[1], steps_a[0], "Å", "MRC cell dimensions")
    return size, spacing_nm, notes


def _conditions(fei: dict[str, float]) -> dict[str, float | str]:
    """Settings that the FEI header states, in our names; zeros mean that nobody filled them in."""
    voltage = fei.get("HT") or fei.get("voltage") or 0.0
    known: dict[str, float | str] = {
        "voltage_kv": voltage / 1e3,
        "magnification": fei.get("Magnification") or fei.get("magnification") or 0.0,
        "camera_length_mm": (fei.get("CameraLength") or 0.0) * 1e3,
        "defocus_um": (fei.get("Defocus") or fei.get("defocus") or 0.0) * 1e6,
        "tilt_alpha_deg": fei.get("AlphaTilt") or fei.get("a_tilt") or 0.0,
    }
    return {name: value for name, value in known.items() if value}
