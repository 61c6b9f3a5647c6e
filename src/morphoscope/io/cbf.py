"""
CBF files as pixel detectors write them: a text header and one binary section of byte offsets.

Each pixel is the difference to the one before it, in one byte, or behind the marks 0x80 and 0x8000 in
two or four. A pixel takes at least one byte, so the dimensions cannot exceed the section.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from fabio.compression import decByteOffset

from ..errors import UnreadableFile
from .limits import check_size

SECTION = b"--CIF-BINARY-FORMAT-SECTION--"
START = b"\x0c\x1a\x04\xd5"
TYPES = {
    "signed 8-bit integer": "i1", "unsigned 8-bit integer": "u1", "signed 16-bit integer": "i2", "unsigned 16-bit integer": "u2",
    "signed 32-bit integer": "i4", "unsigned 32-bit integer": "u4", "signed 64-bit integer": "i8",
}  # fmt: skip


def decode(path: Path) -> tuple[np.ndarray, dict[str, str]]:
    """The image and its header: the MIME lines of the section and the detector's own lines."""
    check_size(path, (path.stat().st_size,), 1, compressed=False)
    content = path.read_bytes()
    section = content.find(SECTION)
    start = content.find(START, section)
    if section < 0 or start < 0:
        raise UnreadableFile(path, "a CBF file without a binary section, or cut short before it")
    lines = content[section:start].decode("latin-1")
    mime = dict(re.findall(r"^([\w-]+):\s*(.*?)\s*$", lines, re.MULTILINE))
    text = content[:section].decode("latin-1")
    own = re.search(r"_array_data\.header_contents\s*\n;\s*\n(.*?)\n;", text.replace("\r\n", "\n"), re.DOTALL)
    header = {**mime, "_array_data.header_contents": own[1]} if own else mime
    shape = tuple(_whole(mime.get(f"X-Binary-Size-{axis}-Dimension", "")) for axis in ("Second", "Fastest"))
    kind = TYPES.get(mime.get("X-Binary-Element-Type", "").strip('"'), "")
    if not kind:
        raise UnreadableFile(path, f"a CBF file with elements of type {mime.get('X-Binary-Element-Type', 'unknown')[:40]}")
    return _pixels(content[start + len(START) :], lines, shape, np.dtype(kind), path), header


def _whole(text: str) -> int:
    return int(text) if re.fullmatch(r"\d{1,9}", text) else 0


def _pixels(body: bytes, text: str, shape: tuple[int, ...], dtype: np.dtype, path: Path) -> np.ndarray:
    check_size(path, shape, 1, compressed=False)
    count = shape[0] * shape[1]
    if "x-CBF_BYTE_OFFSET" in text:
        values = np.asarray(decByteOffset(body, size=count, dtype=dtype))
    elif "conversions" not in text:
        values = np.frombuffer(body[: count * dtype.itemsize], dtype.newbyteorder("<"))
    else:
        raise UnreadableFile(path, "a CBF file compressed in another way than by byte offsets")
    if values.size < count:
        raise UnreadableFile(path, f"cut short: {shape[0]} x {shape[1]} pixels are announced, {values.size:,} are there")
    return values[:count].reshape(shape).astype(dtype)
