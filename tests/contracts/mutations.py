"""Damage done to files on purpose: each mutation follows from a seed, so a failure can be repeated."""

from __future__ import annotations

import gzip
import random
import struct
import zlib

EXTREMES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\x01")
WORDS = (
    b"nan",
    b"inf",
    b"-1",
    b"1e999",
    b"99999999999",
    b"0",
    b"\x00",
    b"\xff\xfe",
    b"}",
    b"\\",
    b'"',
    b"<",
    b"\n\n",
    b"%s",
    b"../",
)


def flip(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 2, 5, 20))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def scramble(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 3, 10))):
        data[rng.randrange(len(data))] = rng.randrange(256)


def cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def drop(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 2, 7, 64, 1000))]


def insert(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data) + 1)
    data[start:start] = rng.randbytes(rng.choice((1, 2, 7, 64, 1000)))


def extreme(data: bytearray, rng: random.Random) -> None:
    """One to four header fields of 1, 2, 4 or 8 bytes become as large, small or negative as they can."""
    for _ in range(rng.randint(1, 4)):
        width = rng.choice((1, 2, 4, 8))
        start = rng.randrange(max(1, min(len(data), rng.choice((64, 512, 4096))) // width)) * width
        data[start : start + width] = rng.choice(EXTREMES) * width


def large(data: bytearray, rng: random.Random) -> None:
    """One aligned field becomes a plausible but wrong number, in either byte order."""
    start = rng.randrange(max(1, min(len(data), 2048) // 4)) * 4
    number = rng.choice((2, 255, 4096, 65535, 10**6, 2**24, 2**31 - 1))
    data[start : start + 4] = struct.pack(rng.choice("<>") + "I", number)


def swap(data: bytearray, rng: random.Random) -> None:
    size = rng.choice((2, 8, 64, 512))
    one, other = (rng.randrange(max(1, len(data) - size)) for _ in range(2))
    data[one : one + size], data[other : other + size] = data[other : other + size], data[one : one + size]


def junk(data: bytearray, rng: random.Random) -> None:
    data += rng.randbytes(rng.choice((1, 16, 5000)))


def blank(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    size = min(len(data) - start, rng.choice((4, 64, 2000)))
    data[start : start + size] = rng.choice(EXTREMES) * size


def word(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    data[start : start + rng.choice((0, 1, 3, 6))] = rng.choice(WORDS)


def digits(data: bytearray, rng: random.Random) -> None:
    """A decimal number somewhere in the file becomes another one; a byte is changed where there is none."""
    places = [k for k, byte in enumerate(data) if 48 <= byte <= 57]
    if places:
        data[rng.choice(places)] = rng.randrange(48, 58)
    else:
        scramble(data, rng)


def repeat(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    data[start:start] = data[start : start + rng.choice((8, 100, 3000))] * rng.randint(1, 3)


MUTATIONS = (flip, flip, scramble, cut, drop, insert, extreme, extreme, large, large, swap, junk, blank, word, digits, repeat)


def png_sums_mended(data: bytearray) -> None:
    """Chunk checksums made right again, so that damage gets past them."""
    place = 8
    while place + 12 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        end = place + 8 + size
        if end + 4 > len(data):
            return
        data[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4, "big")
        place = end + 4


def mutate(data: bytes, seed: int) -> bytes:
    """``data`` after one to three mutations drawn from ``seed``; PNG and gzip are often damaged inside their packing."""
    rng = random.Random(seed)
    inside = data[:3] == b"\x1f\x8b\x08" and rng.random() < 0.7
    hurt = bytearray(gzip.decompress(data) if inside else data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if hurt:
            rng.choice(MUTATIONS)(hurt, rng)
    if hurt[:4] == b"\x89PNG" and rng.random() < 0.7:
        png_sums_mended(hurt)
    return gzip.compress(bytes(hurt), 1, mtime=0) if inside else bytes(hurt)
