"""From a noun to a file: the extension chooses the writer, and a file is either complete or not there."""

from __future__ import annotations

import importlib
import os
import secrets
from pathlib import Path
from typing import Any

from ..core import Curve, LabelMap, Micrograph, Pattern, Stack, Trajectory
from ..errors import InputError, UnknownFormat, WorkspaceError

WRITERS: dict[str, str] = {
    ".tif": "write_tiff:write",
    ".tiff": "write_tiff:write",
    ".png": "write_png:write",
    ".h5": "hdf5:write",
    ".hdf5": "hdf5:write",
}
"""Extension to "module:function"; the function takes ``(noun, path)``."""


def write(noun: Micrograph | Stack | Pattern | LabelMap | Curve | Trajectory, path: str | Path) -> Path:
    """
    Write ``noun`` to ``path`` in the format that its extension names, and give the path back.

    ``.ome.tif``, ``.tif`` and ``.tiff`` are OME-TIFF: a Micrograph or a Stack, raw values exactly.
    ``.png`` is one Micrograph of 8 or 16 bits: whole raw values up to 65535 exactly, others to one part
    in 65535. Both keep pixel size with origin and error, unit, depth and conditions. ``.h5`` keeps
    everything of every noun, also mask, history and the map to the original file. An existing file is
    replaced once the new one is complete; after an error nothing is left behind.
    """
    path = Path(path)
    where = WRITERS.get(path.suffix.lower())
    if where is None:
        raise UnknownFormat(
            path, f"cannot write {path.suffix or 'a file without extension'}; formats written: {', '.join(WRITERS)}"
        )
    if not path.parent.is_dir():
        raise InputError(f"{path.name}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise InputError(f"{path.name}: this is a folder; give the name of a file")
    part = path.with_name(f".{path.stem[:80]}-{secrets.token_hex(6)}.part{path.suffix}")
    module, function = where.split(":")
    writer: Any = getattr(importlib.import_module(f".{module}", __package__), function)
    try:
        writer(noun, part)
        os.replace(part, path)
    except OSError as error:
        raise WorkspaceError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        part.unlink(missing_ok=True)
    return path
