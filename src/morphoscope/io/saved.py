"""
The project's own HDF5 layout: every field of a noun, so that what is loaded equals what was saved.

Arrays are datasets of their own name; everything else is JSON in the dataset ``fields``. A Stack keeps
each frame in a group ``frames/00000``. Scale, offset, gain and unit are also attributes, for other programs.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..core import Curve, LabelMap, Micrograph, Pattern, PixelSize, Stack, Trajectory
from ..errors import UnreadableFile, WorkspaceError
from . import h5tree
from .formats import Options
from .planes import chosen

SCHEMA = 1
NOUNS: dict[str, Any] = {noun.__name__: noun for noun in (Micrograph, Pattern, LabelMap, Stack, Curve, Trajectory)}
MARK = "morphoscope_noun"
Saved = Micrograph | Pattern | LabelMap | Stack | Curve | Trajectory


def write(noun: Saved, path: str | Path) -> Path:
    """Write ``noun`` to ``path``; an existing file is replaced when the new one is complete."""
    path = Path(path)
    part = path.with_name(path.name + ".part")
    try:
        with h5py.File(part, "w") as file:
            file.attrs["morphoscope_schema"] = SCHEMA
            _put(file, noun)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise WorkspaceError(f"{path}: cannot be written ({error.strerror or error})") from None
    return path


def _put(group: Any, noun: Any) -> None:
    group.attrs[MARK] = type(noun).__name__
    rest: dict[str, Any] = {}
    for field in fields(noun):
        value = getattr(noun, field.name)
        if isinstance(value, np.ndarray):
            group.create_dataset(
                field.name, data=value, **({"compression": "gzip", "compression_opts": 1} if value.ndim > 1 else {})
            )
        elif field.name == "frames":
            for index, frame in enumerate(value):
                _put(group.create_group(f"frames/{index:05d}"), frame)
        else:
            rest[field.name] = encode(value)
    group.create_dataset("fields", data=np.frombuffer(json.dumps(rest).encode(), np.uint8))
    for name in ("offset", "gain", "unit"):
        if name in rest:
            group.attrs[name] = rest[name]
    size = getattr(noun, "pixel_size", None)
    if size is not None:
        group.attrs["pixel_size_nm"] = (size.y_nm, size.x_nm)


def is_saved(file: Any) -> bool:
    """Whether this project wrote the file."""
    return MARK in file.attrs


def load(file: Any, path: Path, options: Options) -> Saved:
    """The noun in an open file; of a Stack only the frames asked for."""
    schema = int(file.attrs.get("morphoscope_schema", 0))
    if schema > SCHEMA:
        raise UnreadableFile(path, f"saved by a newer morphoscope (layout {schema}, this one knows {SCHEMA}); update it")
    noun: Saved = _get(file, path, options)
    return noun


def _get(group: Any, path: Path, options: Options) -> Any:
    name = str(group.attrs.get(MARK))
    if name not in NOUNS:
        raise UnreadableFile(path, f"holds a {name!r}, which is no noun of morphoscope")
    known: dict[str, Any] = {}
    held = group["fields"]
    h5tree.check(path, held)
    for field, value in json.loads(bytes(held[()])).items():
        known[field] = decode(value)
    for field, node in group.items():
        if isinstance(node, h5py.Dataset) and field != "fields":
            if node.size:
                h5tree.check(path, node)
            known[field] = node[()]
    if name == "Stack":
        frames = sorted(group["frames"])
        picked = chosen(path, len(frames), options)
        known["frames"] = tuple(_get(group["frames"][frames[i]], path, options) for i in picked)
        for field in ("times_s", "names"):
            if known.get(field):
                known[field] = tuple(known[field][i] for i in picked)
    return NOUNS[name](**known)


def encode(value: Any) -> Any:
    """``value`` as JSON that ``decode`` turns back into exactly what it was."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, PixelSize):
        return {"__pixel_size__": [value.y_nm, value.x_nm, value.origin, value.relative_error]}
    if isinstance(value, tuple):
        return {"__tuple__": [encode(item) for item in value]}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, bytes):
        return {"__bytes__": base64.b64encode(value).decode("ascii")}
    if isinstance(value, complex):
        return {"__complex__": [value.real, value.imag]}
    if isinstance(value, np.ndarray):
        return {"__tuple__": [encode(item) for item in value.tolist()]}
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and not key.startswith("__") for key in value):
            return {key: encode(item) for key, item in value.items()}
        return {"__pairs__": [[encode(key), encode(item)] for key, item in value.items()]}
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def decode(value: Any) -> Any:
    """The inverse of ``encode``."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        kind, body = next(iter(value.items()))
        if kind == "__pixel_size__":
            return PixelSize(*body)
        if kind == "__tuple__":
            return tuple(decode(item) for item in body)
        if kind == "__bytes__":
            return base64.b64decode(body)
        if kind == "__complex__":
            return complex(*body)
        if kind == "__pairs__":
            return {decode(key): decode(item) for key, item in body}
    return {key: decode(item) for key, item in value.items()}
