"""How much memory a file may ask for, checked on its header before a pixel is decoded."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

from ..errors import UnreadableFile

MAX_DECODED_BYTES = int(os.environ.get("MORPHOSCOPE_MAX_DECODED_BYTES", 2**30))
SMALL_BYTES = 64 * 2**20
MAX_RATIO = 250


def check_size(path: Path, shape: Sequence[int], itemsize: float, *, compressed: bool = True) -> None:
    """
    Refuse an array of ``shape`` whose decoding would exceed the limit, or that the file is too small to hold.

    A compressed file may hold up to ``MAX_RATIO`` times its own size, or ``SMALL_BYTES`` if that is
    more; an uncompressed one cannot hold more than its size.
    """
    text = " x ".join(str(n) for n in shape)
    if any(n < 1 for n in shape):
        raise UnreadableFile(path, f"the image has no pixels ({text})")
    wanted, held = math.prod(shape) * itemsize, path.stat().st_size
    if not compressed and wanted > held:
        raise UnreadableFile(path, f"cut short: {text} pixels need {wanted:,.0f} bytes, the file has {held:,}")
    if wanted > max(SMALL_BYTES, MAX_RATIO * held):
        raise UnreadableFile(path, f"claims {text} pixels in a file of {held:,} bytes; refused as a decompression bomb")
    if wanted > MAX_DECODED_BYTES:
        raise UnreadableFile(
            path,
            f"{text} pixels need {wanted / 2**30:.1f} GiB, more than the limit of {MAX_DECODED_BYTES / 2**30:.1f} GiB; "
            "crop it, read fewer frames, or raise MORPHOSCOPE_MAX_DECODED_BYTES",
        )


def check_total(path: Path, frames: int, decoded_bytes: float) -> None:
    """Refuse ``frames`` that together need more memory than one image may."""
    held = path.stat().st_size
    if decoded_bytes > max(SMALL_BYTES, MAX_RATIO * held):
        raise UnreadableFile(path, f"claims {frames:,} frames in a file of {held:,} bytes; refused as a decompression bomb")
    if decoded_bytes > MAX_DECODED_BYTES:
        raise UnreadableFile(
            path,
            f"{frames:,} frames need {decoded_bytes / 2**30:.1f} GiB, the limit is {MAX_DECODED_BYTES / 2**30:.1f} GiB; "
            "read fewer frames or raise MORPHOSCOPE_MAX_DECODED_BYTES",
        )
