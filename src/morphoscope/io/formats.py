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
    "gif": Format("picture:read", "GIF picture", (".gif",), (b"GIF87a", b"GIF89a")),
    "tiff": Format("tiff:read", "TIFF image or stack", (".tif", ".tiff", ".lsm", ".stk"), (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    "wrapped": Format("wrapped:read", "file packed by gzip or zip", (".gz", ".zip"), (b"\x1f\x8b\x08", b"PK\x03\x04")),
}
