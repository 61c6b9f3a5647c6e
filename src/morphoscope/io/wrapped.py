"""A file inside a ``.gz``, or alone inside a ``.zip``: unpacked within limits, then read as what it is."""

from __future__ import annotations

import gzip
import importlib
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ..core import LabelMap, Micrograph, Pattern, Stack
from ..errors import UnreadableFile
from .formats import Options
from .limits import MAX_DECODED_BYTES, MAX_RATIO, SMALL_BYTES
from .reading import recognise

CHUNK = 2**20
IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db")


def read(path: Path, options: Options) -> Any:
    """Whatever the packed file holds; its notes say that it came out of a package."""
    with tempfile.TemporaryDirectory(prefix="morphoscope-") as folder:
        with _opened(path) as (stream, name):
            inner = Path(folder) / (PurePosixPath(name.replace("\\", "/")).name or "unpacked")
            _copy(stream, inner, path)
        try:
            kind, entry = recognise(inner)
            if kind == "wrapped":
                raise UnreadableFile(path, "a package inside a package; unpack it first")
            module, function = entry.reader.split(":")
            noun = getattr(importlib.import_module(f".{module}", __package__), function)(inner, options)
        except UnreadableFile as error:
            if error.path == str(path):
                raise
            raise type(error)(path, f"{inner.name} inside it: {error.reason}") from None
    return _renamed(noun, str(path))


def _renamed(noun: Any, source: str) -> Any:
    if isinstance(noun, Stack):
        return replace(noun, source=source, frames=tuple(replace(frame, source=source) for frame in noun.frames))
    return replace(noun, source=source) if isinstance(noun, Micrograph | Pattern | LabelMap) else noun


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], str]]:
    try:
        with open(path, "rb") as file:
            zipped = file.read(2) == b"PK"
        if not zipped:
            with gzip.open(path, "rb") as stream:
                yield stream, path.stem  # type: ignore[misc]
            return
        with zipfile.ZipFile(path) as package:
            files = [f for f in package.infolist() if not f.is_dir() and not any(part in f.filename for part in IGNORED)]
            if len(files) != 1:
                raise UnreadableFile(path, f"holds {len(files)} files; unpack it and give one of them")
            if files[0].flag_bits & 1:
                raise UnreadableFile(path, "is locked with a password; unpack it first")
            with package.open(files[0]) as stream:
                yield stream, files[0].filename
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise UnreadableFile(path, f"a damaged or cut short package ({error})") from None


def _copy(stream: IO[bytes], target: Path, path: Path) -> None:
    limit = min(MAX_DECODED_BYTES, max(SMALL_BYTES, MAX_RATIO * path.stat().st_size))
    done = 0
    with open(target, "wb") as file:
        while block := stream.read(CHUNK):
            done += len(block)
            if done > limit:
                raise UnreadableFile(path, f"unpacks to more than {limit:,} bytes; refused as a decompression bomb")
            file.write(block)
