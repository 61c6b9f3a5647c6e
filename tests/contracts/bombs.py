"""Tiny files that claim to hold images of many gigabytes."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import h5py

N = 60_000


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png() -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", N, N, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10**6), 9)) + chunk(b"IEND", b"")


def png_text() -> bytes:
    """Small pixels, but a compressed comment that unpacks to 100 MB."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0))
    text = chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(10**8), 9))
    return b"\x89PNG\r\n\x1a\n" + head + text + chunk(b"IDAT", zlib.compress(bytes(20))) + chunk(b"IEND", b"")


def jpeg() -> bytes:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 65500, 65500, 1) + b"\x01\x11\x00"
    tables = b"\xff\xdb" + struct.pack(">HB", 67, 0) + b"\x01" * 64
    return b"\xff\xd8" + tables + frame + b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, 1, 0, 0, 63, 0) + bytes(50) + b"\xff\xd9"


def bmp(compression: int = 0) -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, N, N, 1, 8, compression, 0, 1, 1, 256, 0)
    return b"BM" + struct.pack("<IHHI", 2000, 0, 0, 54 + 1024) + info + bytes(1024) + bytes(500)


def gif() -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", 65000, 65000, 0x80, 0, 0) + bytes(6)
    return screen + b"," + struct.pack("<HHHHB", 0, 0, 65000, 65000, 0) + b"\x02\x02\x4c\x01\x00;"


def tiff(compression: int = 1, *, big: bool = False) -> bytes:
    data = zlib.compress(bytes(10**6), 9) if compression == 8 else bytes(64)
    tags = [(256, 4, N), (257, 4, N), (258, 3, 8), (259, 3, compression), (262, 3, 1), (277, 3, 1), (278, 4, N)]
    start = 16 + 8 + 20 * 9 + 8 if big else 8 + 2 + 12 * 9 + 4
    tags = sorted([*tags, (273, 4, start), (279, 4, len(data))])
    if big:
        body = b"".join(struct.pack("<HHQQ", tag, kind, 1, value) for tag, kind, value in tags)
        return b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, len(tags)) + body + bytes(8) + data
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + body + bytes(4) + data


def mrc() -> bytes:
    head = bytearray(1024)
    struct.pack_into("<4i", head, 0, N, N, 50, 2)
    head[208:214] = b"MAP DD"
    return bytes(head) + bytes(100)


def npy() -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({N}, {N}), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(64)


def npz() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({N}, 10000), }}".ljust(117) + "\n"
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(10**8))
    return buffer.getvalue()


def hdf5(name: str = "image") -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset(name, shape=(N, N), dtype="f8", chunks=(1000, 1000), compression="gzip")
        if name.startswith("data/"):
            file[name].parent.attrs["emd_group_type"] = 1
            file["data/made/dim1"] = file["data/made/dim2"] = [0.0, 1.0]
    return buffer.getvalue()


def ser() -> bytes:
    head = struct.pack("<HHHiiii", 0x4949, 0x0197, 0x210, 0x4122, 0x4152, 1, 1) + struct.pack("<i", 30) + struct.pack("<i", 0)
    places = struct.pack("<ii", 38, 100)
    return head + places + struct.pack("<ddiddihii", 0, 1e-9, 0, 0, 1e-9, 0, 2, N, N) + bytes(100)


def gwy() -> bytes:
    def part(name: bytes, kind: bytes, value: bytes) -> bytes:
        return name + b"\0" + kind + value

    def thing(name: bytes, body: bytes) -> bytes:
        return name + b"\0" + struct.pack("<I", len(body)) + body

    size = part(b"xres", b"i", struct.pack("<i", N)) + part(b"yres", b"i", struct.pack("<i", N))
    field = thing(b"GwyDataField", size + part(b"data", b"D", struct.pack("<I", 2**32 - 1) + bytes(64)))
    return b"GWYP" + thing(b"GwyContainer", part(b"/0/data", b"o", field))


def edf() -> bytes:
    head = f"{{\nByteOrder = LowByteFirst ;\nDataType = FloatValue ;\nDim_1 = {N} ;\nDim_2 = {N} ;\nSize = {4 * N * N} ;\n"
    return (head.ljust(510) + "}\n").encode() + bytes(100)


def gz() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = [packer.compress(b"II*\0" + bytes(10**6))]
    packed += [packer.compress(bytes(10**7)) for _ in range(20)]
    return b"".join([*packed, packer.flush()])


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.tif", b"II*\0" + bytes(2 * 10**8))
    return buffer.getvalue()


def xml() -> bytes:
    """Entities that multiply: ten lines that unfold to a billion words."""
    entities = '<!ENTITY a0 "word">' + "".join(f'<!ENTITY a{k} "{f"&a{k - 1};" * 10}">' for k in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE x [{entities}]><SASroot><SASentry><Title>&a9;</Title></SASentry></SASroot>'.encode()


def dm(version: int) -> bytes:
    """A DM file whose image claims far more data than there are bytes."""
    wide = ">Q" if version == 4 else ">I"
    size = (lambda body: struct.pack(">Q", len(body))) if version == 4 else (lambda body: b"")

    def entry(kind: int, name: bytes, body: bytes) -> bytes:
        return bytes([kind]) + struct.pack(">H", len(name)) + name + size(body) + body

    def group(*entries: bytes) -> bytes:
        return b"\0\0" + struct.pack(wide, len(entries)) + b"".join(entries)

    def number(name: bytes, value: int) -> bytes:
        return entry(21, name, b"%%%%" + struct.pack(wide, 1) + struct.pack(wide, 5) + struct.pack("<I", value))

    count = 2**31
    data = entry(21, b"Data", b"%%%%" + b"".join(struct.pack(wide, n) for n in (3, 20, 6, count)) + bytes(64))
    sides = entry(20, b"Dimensions", group(number(b"", N), number(b"", N)))
    image = entry(20, b"ImageData", group(data, number(b"DataType", 2), sides, number(b"PixelDepth", 4)))
    tree = group(entry(20, b"ImageList", group(entry(20, b"", group(image)))))
    return struct.pack(">I", version) + struct.pack(wide, len(tree)) + struct.pack(">I", 1) + tree + bytes(8)


BOMBS: dict[str, Callable[[], bytes]] = {
    "huge.png": png,
    "text.png": png_text,
    "huge.jpg": jpeg,
    "huge.bmp": bmp,
    "packed.bmp": lambda: bmp(1),
    "huge.gif": gif,
    "huge.tif": tiff,
    "packed.tif": lambda: tiff(8),
    "big.tif": lambda: tiff(8, big=True),
    "huge.mrc": mrc,
    "huge.npy": npy,
    "packed.npz": npz,
    "huge.h5": hdf5,
    "huge.hspy": lambda: hdf5("Experiments/made/data"),
    "huge.emd": lambda: hdf5("data/made/data"),
    "huge.ser": ser,
    "huge.gwy": gwy,
    "huge.edf": edf,
    "huge.dm3": lambda: dm(3),
    "huge.dm4": lambda: dm(4),
    "packed.tif.gz": gz,
    "packed.zip": zipped,
    "entities.xml": xml,
}
"""File name to the maker of its content; no content is larger than a few MB and none may be unpacked."""
