"""The chunks of a PNG file: checked, told apart into what the picture needs and what is said about it."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UnreadableFile

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 200_000
MAX_TEXT_BYTES = 2**20
NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


@dataclass
class Chunks:
    """Header fields, texts by keyword, and the picture alone as a PNG without anything else."""

    width: int
    height: int
    depth: int
    colour: int
    picture: io.BytesIO
    texts: dict[str, str] = field(default_factory=dict)
    pixels_per_unit: tuple[int, int, int] | None = None
    notes: list[str] = field(default_factory=list)


def header(path: Path) -> tuple[int, int, int, int]:
    """Width, height, bits of a sample and kind of colour, from the first 33 bytes."""
    with open(path, "rb") as file:
        head = file.read(33)
    if len(head) < 33:
        raise UnreadableFile(path, "cut short: a PNG file begins with 33 bytes of header")
    if head[12:16] != b"IHDR":
        raise UnreadableFile(path, "damaged: a PNG file begins with a chunk called IHDR")
    width, height, depth, colour = struct.unpack(">IIBB", head[16:26])
    return width, height, depth, colour


def chunks(path: Path) -> Chunks:
    """Walk through the file once; a wrong checksum in the picture is an error, in a remark a note."""
    found = Chunks(*header(path), io.BytesIO(SIGNATURE))
    found.picture.seek(0, io.SEEK_END)
    with open(path, "rb") as file:
        file.seek(len(SIGNATURE))
        for _ in range(MAX_CHUNKS):
            head = file.read(8)
            if len(head) < 8:
                raise UnreadableFile(path, "cut short: the PNG file has no end")
            length, kind = struct.unpack(">I4s", head)
            body, check = file.read(length), file.read(4)
            if len(body) < length or len(check) < 4:
                raise UnreadableFile(path, f"cut short in the middle of a PNG chunk {kind.decode('latin-1')!r}")
            _take(path, found, kind, body, sound=zlib.crc32(body, zlib.crc32(kind)) == int.from_bytes(check, "big"))
            if kind in NEEDED:
                found.picture.write(head + body + check)
            if kind == b"IEND":
                found.picture.seek(0)
                return found
    raise UnreadableFile(path, f"damaged: more than {MAX_CHUNKS} chunks in a PNG file")


def _take(path: Path, found: Chunks, kind: bytes, body: bytes, *, sound: bool) -> None:
    name = kind.decode("latin-1")
    if not sound:
        if kind in NEEDED:
            raise UnreadableFile(path, f"damaged: the checksum of its chunk {name} is wrong")
        found.notes.append(f"the remark {name!r} in the file is damaged and was ignored")
    elif kind == b"pHYs" and len(body) == 9:
        found.pixels_per_unit = struct.unpack(">IIB", body)
    elif kind == b"acTL":
        found.notes.append("an animated PNG; this is its first picture")
    elif kind in (b"tEXt", b"zTXt", b"iTXt"):
        try:
            found.texts.update([_text(kind, body)])
        except (ValueError, zlib.error):
            found.notes.append(f"a text {name!r} in the file is damaged and was ignored")


def _text(kind: bytes, body: bytes) -> tuple[str, str]:
    key, rest = body.split(b"\0", 1)
    if kind == b"tEXt":
        return key.decode("latin-1"), rest.decode("latin-1")
    if kind == b"zTXt":
        return key.decode("latin-1"), _inflate(rest[1:]).decode("latin-1")
    packed = rest[:1] == b"\1"
    _, _, text = rest[2:].split(b"\0", 2)
    return key.decode("latin-1"), (_inflate(text) if packed else text).decode("utf-8")


def _inflate(packed: bytes) -> bytes:
    engine = zlib.decompressobj()
    text = engine.decompress(packed, MAX_TEXT_BYTES)
    if engine.unconsumed_tail:
        raise ValueError("a text of more than 1 MiB")
    return text
