"""The chain of pages of a TIFF file, walked before anything is decoded: a damaged one may run in a circle."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from ..errors import UnreadableFile

MAX_PAGES = 100_000
MAX_TAGS = 4096
BIG = 43


def count_pages(path: Path) -> tuple[int, tuple[str, ...]]:
    """How many pages can be reached, and a note where the chain ends in damage."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(16)
        order = "<" if head[:2] == b"II" else ">"
        big = len(head) == 16 and struct.unpack(order + "H", head[2:4])[0] == BIG
        if len(head) < 8:
            raise UnreadableFile(path, "cut short: a TIFF file begins with 8 bytes of header")
        offset = struct.unpack(order + ("Q" if big else "I"), head[8:16] if big else head[4:8])[0]
        seen: set[int] = set()
        while offset and len(seen) < MAX_PAGES:
            following = None if offset in seen or offset >= size else _next(file, offset, order, big)
            if following is None:
                break
            seen.add(offset)
            offset = following
    if len(seen) == MAX_PAGES:
        raise UnreadableFile(path, f"has {MAX_PAGES:,} pages or more; split it into smaller files")
    if not seen:
        raise UnreadableFile(path, "damaged or cut short: the TIFF file's first page cannot be found")
    pages = len(seen)
    return pages, (f"the chain of pages is damaged after page {pages}; what follows is lost",) if offset else ()


def _next(file: BinaryIO, offset: int, order: str, big: bool) -> int | None:
    """Where the page after the one at ``offset`` begins: 0 at the end, None where the file does not say."""
    file.seek(offset)
    width, entry, pointer = (8, 20, 8) if big else (2, 12, 4)
    raw = file.read(width)
    if len(raw) < width:
        return None
    tags = struct.unpack(order + ("Q" if big else "H"), raw)[0]
    if not 0 < tags <= MAX_TAGS:
        return None
    file.seek(offset + width + entry * tags)
    raw = file.read(pointer)
    if len(raw) < pointer:
        return 0
    return int(struct.unpack(order + ("Q" if big else "I"), raw)[0])
