"""
The tag tree of Gatan's DigitalMicrograph files, versions 3 and 4.

A file is a tree of named or numbered tags. Lengths and counts are big-endian, values are in the byte
order the header states; version 4 widens lengths to 64 bit. A tag of bulk values (an image, a colour
table) is not read here but noted as a ``Bulk``: where it lies and of what type it is.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import UnreadableFile

TYPES = {2: "h", 3: "i", 4: "H", 5: "I", 6: "f", 7: "d", 8: "?", 9: "b", 10: "B", 11: "q", 12: "Q"}
STRUCT, STRING, ARRAY = 15, 18, 20
PIXELS = "Data"
"""The tag that holds an image's pixels, left in the file however few they are."""

BULK_VALUES = 1024
MAX_DEPTH = 64
MAX_TAGS = 200_000


@dataclass(frozen=True)
class Bulk:
    """An array left in the file: ``count`` values of ``code`` (a ``struct`` letter) from byte ``offset`` on."""

    offset: int
    count: int
    code: str


class TagTree:
    """Walks the tags of an open file; ``root`` holds what was read, ``damage`` why it ended early, if it did."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.file, self.path, self.size = file, path, path.stat().st_size
        version = self._number(">I")
        if version not in (3, 4):
            raise UnreadableFile(path, f"version {version} of the DigitalMicrograph format; 3 and 4 are read")
        self.wide = ">Q" if version == 4 else ">I"
        self._number(self.wide)
        self.order = "<" if self._number(">I") == 1 else ">"
        self.version, self.tags, self.damage = version, 0, ""
        self.root: dict[str, Any] = {}
        try:
            self._group(self.root, 0)
        except (EOFError, ValueError, struct.error) as error:
            self.damage = str(error)

    def _bytes(self, count: int) -> bytes:
        if count < 0 or self.file.tell() + count > self.size:
            raise EOFError(f"the tags end early at byte {self.file.tell():,}")
        return self.file.read(count)

    def _number(self, code: str) -> int:
        values: tuple[int, ...] = struct.unpack(code, self._bytes(struct.calcsize(code)))
        return values[0]

    def _group(self, group: dict[str, Any], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ValueError(f"tags nested more than {MAX_DEPTH} deep")
        self._bytes(2)
        unnamed = 0
        for _ in range(self._number(self.wide)):
            kind = self._number("B")
            if kind == 0:
                return
            name = self._bytes(self._number(">H")).decode("latin-1")
            if not name:
                name, unnamed = str(unnamed), unnamed + 1
            self.tags += 1
            if kind not in (20, 21):
                raise ValueError(f"a tag of unknown kind {kind} at byte {self.file.tell():,}")
            if self.tags > MAX_TAGS:
                raise ValueError(f"more than {MAX_TAGS:,} tags")
            end = self._number(self.wide) + self.file.tell() if self.version == 4 else None
            if kind == 20:
                child: dict[str, Any] = {}
                group[name] = child
                self._group(child, depth + 1)
            else:
                group[name] = self._value(bulk=name == PIXELS)
                if end is not None and end > self.file.tell():
                    self.file.seek(min(end, self.size))

    def _value(self, *, bulk: bool) -> Any:
        if self._bytes(4) != b"%%%%":
            raise ValueError(f"a broken tag before byte {self.file.tell():,}")
        length = self._number(self.wide)
        if not 0 < length <= 2048:
            raise ValueError(f"a tag with a description of {length} numbers at byte {self.file.tell():,}")
        info = [self._number(self.wide) for _ in range(length)]
        return self._decode(info, bulk=bulk)

    def _decode(self, info: list[int], *, bulk: bool) -> Any:
        kind = info[0]
        if kind in TYPES:
            return self._numbers(TYPES[kind])[0]
        if kind == STRING:
            return self._bytes(info[1]).decode("utf-16" + ("-le" if self.order == "<" else "-be"), "replace")
        if kind == STRUCT:
            return self._numbers(_fields(info))
        if kind == ARRAY:
            code = _fields(info[1:-1]) if info[1] == STRUCT else TYPES.get(info[1], "")
            return self._array(code, info[-1], bulk=bulk)
        raise ValueError(f"a value of unknown type {kind} at byte {self.file.tell():,}")

    def _array(self, code: str, count: int, *, bulk: bool) -> Any:
        if not code:
            raise ValueError(f"an array of an unknown type at byte {self.file.tell():,}")
        start, width = self.file.tell(), struct.calcsize(self.order + code)
        if start + width * count > self.size:
            raise EOFError(f"an array of {count:,} values from byte {start:,} ends beyond the file")
        if bulk or count > BULK_VALUES or width * count > 4 * BULK_VALUES:
            self.file.seek(width * count, 1)
            return Bulk(start, count, code)
        values = self._numbers(code * count)
        if code == "H":
            text = struct.pack(f"<{count}H", *values).decode("utf-16-le", "replace")
            return text.rstrip("\0")
        return values

    def _numbers(self, code: str) -> tuple[Any, ...]:
        return struct.unpack(self.order + code, self._bytes(struct.calcsize(self.order + code)))


def _fields(info: list[int]) -> str:
    """The ``struct`` letters of a record described as (15, name length, fields, name length, type, ...)."""
    kinds = info[4::2][: info[2]]
    if len(kinds) != info[2] or any(kind not in TYPES for kind in kinds):
        raise ValueError(f"a record of unknown fields {kinds}")
    return "".join(TYPES[kind] for kind in kinds)


def plain(value: Any) -> Any:
    """The tree with every ``Bulk`` as a short text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return f"{value.count} values at byte {value.offset}" if isinstance(value, Bulk) else value
