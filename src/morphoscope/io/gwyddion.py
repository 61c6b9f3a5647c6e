"""
Gwyddion files: a serialised tree of typed components, in which each data field is one channel.

After the mark ``GWYP`` comes one object: a name, the length of its body, and components of name, type
letter and value. Heights in metres are given in nm, other quantities in the file's own unit.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core import Micrograph, Stack
from ..errors import UnreadableFile
from . import lengths, planes
from .formats import Options
from .limits import check_size

SINGLE = {"b": "?", "c": "c", "i": "<i", "q": "<q", "d": "<d"}
ARRAYS = {"C": "S1", "I": "<i4", "Q": "<i8", "D": "<f8"}
MAX_DEPTH = 32
MAX_COMPONENTS = 100_000
LISTED_VALUES = 256


@dataclass
class _Body:
    """The bytes of a file, how far they have been read, and how much of the allowance of components is left."""

    content: bytes
    path: Path
    at: int = 4
    left: int = MAX_COMPONENTS

    def take(self, count: int, end: int) -> bytes:
        if count < 0 or self.at + count > end:
            raise UnreadableFile(self.path, f"cut short or damaged at byte {self.at:,}")
        self.at += count
        return self.content[self.at - count : self.at]

    def text(self, end: int) -> str:
        stop = self.content.find(b"\0", self.at, end)
        if stop < 0:
            raise UnreadableFile(self.path, f"cut short or damaged at byte {self.at:,}")
        return self.take(stop + 1 - self.at, end)[:-1].decode("utf-8", "replace")

    def count(self, end: int) -> int:
        return int.from_bytes(self.take(4, end), "little")


def read(path: Path, options: Options) -> Micrograph | Stack:
    """One channel as a Micrograph, several as a Stack with their titles."""
    check_size(path, (path.stat().st_size,), 1, compressed=False)
    content = path.read_bytes()
    if content[:4] != b"GWYP":
        raise UnreadableFile(
            path, "a Gwyddion 1 file; open and save it with Gwyddion 2" if content[:4] == b"GWYO" else "no Gwyddion file"
        )
    body = _Body(content, path)
    tree = _object(body, len(content), 0)
    fields = _channels(tree)
    if not fields:
        raise UnreadableFile(path, "holds no image channel (curves, volumes and graphs of Gwyddion are not read)")
    header = _plain(tree)
    frames, names = [], []
    for number, field in sorted(fields.items()):
        title = tree.get(f"/{number}/data/title") or tree.get(f"/{number}/data/untitled") or f"channel {number}"
        notes = ("a mask drawn in Gwyddion is not applied",) if f"/{number}/mask" in tree else ()
        frames.append(_micrograph(field, _texts(tree.get(f"/{number}/meta")), header, str(title), path, options, notes))
        names.append(str(title))
    return planes.mixed(frames, path, options, names=names)


def _object(body: _Body, end: int, depth: int) -> dict[str, Any]:
    """One object's components; its class stands under the empty name."""
    if depth > MAX_DEPTH:
        raise UnreadableFile(body.path, f"objects nested more than {MAX_DEPTH} deep")
    found: dict[str, Any] = {"": body.text(end)}
    length = body.count(end)
    stop = body.at + length
    if stop > end:
        raise UnreadableFile(
            body.path, f"cut short: {found[''] or 'an object'} needs {length:,} bytes, {end - body.at:,} are left"
        )
    while body.at < stop:
        body.left -= 1
        if body.left < 0:
            raise UnreadableFile(body.path, f"more than {MAX_COMPONENTS:,} components")
        name = body.text(stop)
        found[name] = _value(body, body.take(1, stop).decode("latin-1"), stop, depth)
    return found


def _value(body: _Body, kind: str, end: int, depth: int) -> Any:
    if kind in SINGLE:
        code = SINGLE[kind]
        return struct.unpack(code, body.take(struct.calcsize(code), end))[0]
    if kind == "s":
        return body.text(end)
    if kind == "o":
        return _object(body, end, depth + 1)
    if kind in ARRAYS:
        dtype = np.dtype(ARRAYS[kind])
        return np.frombuffer(body.take(body.count(end) * dtype.itemsize, end), dtype)
    if kind in "SO":
        count = body.count(end)
        if count > end - body.at:
            raise UnreadableFile(body.path, f"cut short or damaged at byte {body.at:,}")
        body.left -= count
        if body.left < 0:
            raise UnreadableFile(body.path, f"more than {MAX_COMPONENTS:,} components")
        return [body.text(end) if kind == "S" else _object(body, end, depth + 1) for _ in range(count)]
    raise UnreadableFile(body.path, f"a component of unknown type {kind!r} at byte {body.at:,}")


def _channels(tree: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    found = {}
    for name, value in tree.items():
        number = re.fullmatch(r"/(\d+)/data", name)
        if number and isinstance(value, dict) and value.get("") == "GwyDataField" and isinstance(value.get("data"), np.ndarray):
            found[int(number[1])] = value
    return found


def _micrograph(
    field: Mapping[str, Any], meta: dict[str, str], header: Any, title: str, path: Path, options: Options, notes: tuple[str, ...]
) -> Micrograph:
    width, height = (int(field.get(name, 0)) for name in ("xres", "yres"))
    check_size(path, (height, width), 8, compressed=False)
    data = field["data"]
    if data.size != height * width:
        raise UnreadableFile(path, f"channel {title!r} of {height} x {width} pixels holds {data.size:,} values")
    across, along = (float(field.get(name, 0.0)) for name in ("xreal", "yreal"))
    unit_xy, unit_z = (_unit(field.get(name)) for name in ("si_unit_xy", "si_unit_z"))
    size, why = lengths.pixel_size(along / height, across / width, unit_xy, "Gwyddion data field")
    return planes.plane(
        data.reshape(height, width) * (1e9 if unit_z == "m" else 1.0),
        path,
        options,
        notes=(*notes, *why),
        pixel_size=size,
        unit="nm" if unit_z == "m" else unit_z,
        conditions={"channel": title, **_conditions(meta)},
        header=header,
    )


def _unit(value: Any) -> str:
    return str(value.get("unitstr", "")) if isinstance(value, dict) else ""


def _texts(meta: Any) -> dict[str, str]:
    return {name: value for name, value in meta.items() if name and isinstance(value, str)} if isinstance(meta, dict) else {}


def _conditions(meta: Mapping[str, str]) -> dict[str, float | str]:
    """Scan rate and instrument where the channel's metadata name them."""
    known: dict[str, float | str] = {}
    for name, value in meta.items():
        number = re.match(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?", value.strip())
        if name.lower() in ("scan rate", "scanrate") and number:
            known["scan_rate_hz"] = float(number[0])
        if name.lower() in ("microscope", "instrument", "device", "scanner", "scanner file"):
            known.setdefault("microscope", value.strip())
        if name.lower() in ("date", "time stamp", "timestamp"):
            known.setdefault("date", value.strip())
    return known


def _plain(value: Any) -> Any:
    """The tree as plain values, long arrays as a short text."""
    if isinstance(value, dict):
        return {name or "class": _plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray):
        values = value.tolist() if value.size <= LISTED_VALUES and value.dtype.kind != "S" else None
        return values if values is not None else f"array of {value.size} {value.dtype} values"
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.decode("latin-1") if isinstance(value, bytes) else value
