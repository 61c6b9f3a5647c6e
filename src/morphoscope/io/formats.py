"""The table of formats: to add one, write its file in this folder and a line here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Format:
    """
    One kind of file.

    ``reader`` is "module:function" inside ``morphoscope.io``; the function takes ``(path, options)`` and
    returns a noun. ``magic`` are first bytes that settle the matter; ``extensions`` are lower case.
    """

    reader: str
    summary: str
    extensions: tuple[str, ...]
    magic: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Options:
    """
    How to read: which ``frames`` of a stack, and whether NaN pixels are refused or masked.

    ``as_pattern`` asks a reader of pictures for a scattering Pattern instead of a Micrograph.
    """

    frames: slice = field(default_factory=lambda: slice(None))
    nan: Literal["refuse", "mask"] = "refuse"
    as_pattern: bool = False


READERS: dict[str, Format] = {
    "png": Format("picture:read", "PNG picture", (".png",), (b"\x89PNG\r\n\x1a\n",)),
    "jpeg": Format("picture:read", "JPEG picture", (".jpg", ".jpeg"), (b"\xff\xd8\xff",)),
    "bmp": Format("picture:read", "Windows bitmap", (".bmp",), (b"BM",)),
    "gif": Format("gif:read", "GIF picture or animation", (".gif",), (b"GIF87a", b"GIF89a")),
    "tiff": Format(
        "tiff:read", "TIFF image or stack", (".tif", ".tiff", ".lsm", ".stk"), (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    ),
    "wrapped": Format(
        "wrapped:read", "file packed by gzip or zip", (".gz", ".zip"), (b"\x1f\x8b\x08", b"PK\x03\x04", b"PK\x05\x06")
    ),
    "dm": Format("dm:read", "DigitalMicrograph image", (".dm3", ".dm4"), (b"\x00\x00\x00\x03", b"\x00\x00\x00\x04")),
    "tia": Format("tia:read", "TIA series", (".ser",), (b"II\x97\x01",)),
    "emi": Format("tia:read", "TIA experiment", (".emi",)),
    "mrc": Format("mrc:read", "MRC image, stack or volume", (".mrc", ".mrcs", ".map", ".rec", ".st", ".ali", ".ccp4")),
    "hdf5": Format("hdf5:read", "HDF5 file", (".h5", ".hdf5", ".hdf", ".hspy", ".nxs", ".nx"), (b"\x89HDF\r\n\x1a\n",)),
    "emd": Format("emd:read", "EMD image", (".emd",), (b"\x89HDF\r\n\x1a\n",)),
    "gwyddion": Format("gwyddion:read", "Gwyddion file", (".gwy",), (b"GWYP", b"GWYO")),
    "nanoscope": Format("nanoscope:read", "Nanoscope file", (".spm", ".000", ".001", ".002", ".003", ".004"), (b"\\*File list",)),
    "npy": Format("numpy_array:read", "numpy array", (".npy",), (b"\x93NUMPY",)),
    "npz": Format("numpy_array:read", "numpy archive", (".npz",), (b"PK\x03\x04",)),
    "detector": Format(
        "detector:read", "detector image", (".edf", ".cbf", ".mccd", ".marccd", ".img", ".sfrm", ".gfrm", ".mar3450")
    ),
    "text": Format(
        "text:read", "table of numbers", (".txt", ".csv", ".dat", ".tsv", ".asc", ".abs", ".xy", ".chi", ".prn", ".xye")
    ),
    "pdh": Format("text:read", "PDH curve", (".pdh",)),
    "cansas": Format("text:read", "CanSAS curve", (".xml",)),
    "lammps": Format("lammps:read", "LAMMPS dump", (".dump", ".lammpstrj"), (b"ITEM: TIMESTEP",)),
    "xtc": Format("molecular:read", "GROMACS trajectory", (".xtc", ".trr")),
    "dcd": Format("molecular:read", "DCD trajectory", (".dcd",)),
    "gsd": Format("gsd:read", "GSD trajectory", (".gsd",)),
    "video": Format("video:read", "video", (".avi", ".mp4", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")),
}
