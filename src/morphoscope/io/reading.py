"""From a path to a noun: recognise the format, call its reader, turn every failure into one sentence."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Literal

from ..core import Curve, LabelMap, Micrograph, Pattern, Stack, Trajectory
from ..errors import MissingDependency, MorphoscopeError, UnknownFormat, UnreadableFile
from .formats import READERS, Format, Options

Noun = Micrograph | Stack | Pattern | Curve | LabelMap | Trajectory

FOREIGN = {
    b"\x80\x02": "a Python pickle, which is never opened because it can run code",
    b"\x80\x03": "a Python pickle, which is never opened because it can run code",
    b"\x80\x04": "a Python pickle, which is never opened because it can run code",
    b"\x80\x05": "a Python pickle, which is never opened because it can run code",
    b"%PDF": "a PDF; mine its figures first",
    b"<!DOCTYPE html": "a web page",
    b"<html": "a web page",
}


def recognise(path: Path) -> tuple[str, Format]:
    """Name and entry of the format of the file at ``path``, by its first bytes, then by its extension."""
    head = _head(path)
    suffix = path.suffix.lower()
    by_magic = [name for name, f in READERS.items() if any(head.startswith(m) for m in f.magic)]
    by_suffix = [name for name, f in READERS.items() if suffix in f.extensions]
    for name in [n for n in by_magic if n in by_suffix] + by_magic:
        return name, READERS[name]
    for magic, what in FOREIGN.items():
        if head.lower().startswith(magic.lower()):
            raise UnknownFormat(path, f"this is {what}")
    if not by_suffix:
        raise UnknownFormat(path, f"no reader for {suffix or 'a file without extension'}; formats read: {', '.join(READERS)}")
    if READERS[by_suffix[0]].magic:
        raise UnreadableFile(path, f"named {suffix}, but its content is not {READERS[by_suffix[0]].summary}")
    return by_suffix[0], READERS[by_suffix[0]]


def _head(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise UnreadableFile(path, "this is a folder; give one file")
        if path.exists() and not path.is_file():
            raise UnreadableFile(path, "not a regular file but a device or a pipe; save it to disk first")
        with open(path, "rb") as file:
            head = file.read(512)
    except FileNotFoundError:
        raise UnreadableFile(path, "no such file") from None
    except OSError as error:
        raise UnreadableFile(path, f"cannot be opened ({error.strerror})") from None
    if not head:
        raise UnreadableFile(path, "the file is empty")
    return head


def read(
    path: str | Path, *, frames: slice = slice(None), nan: Literal["refuse", "mask"] = "refuse", as_pattern: bool = False
) -> Noun:
    """
    Read any supported file.

    A single image gives a Micrograph; pages, slices or video frames a Stack (``frames`` picks some);
    scattering a Pattern or a Curve. NaN pixels of an image are refused unless ``nan="mask"``. Pictures
    of scattering patterns are read as such with ``as_pattern=True``.
    """
    path = Path(path)
    if path.is_dir():
        entry = Format("frames:read", "folder of frames", ())
    else:
        _, entry = recognise(path)
    module, function = entry.reader.split(":")
    options = Options(frames, nan, as_pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            noun: Noun = getattr(importlib.import_module(f".{module}", __package__), function)(path, options)
            if as_pattern and isinstance(noun, Micrograph):
                noun = importlib.import_module(".detector", __package__).from_picture(noun)
            return noun
    except (UnreadableFile, MissingDependency):
        raise
    except MorphoscopeError as error:
        message = str(error)
        raise UnreadableFile(path, message.removeprefix(f"{path.name}: ").removeprefix("this image: ")) from None
    except MemoryError:
        raise UnreadableFile(path, "does not fit in memory") from None
    except Exception as error:  # decoders raise dozens of kinds of their own on a damaged file
        raise UnreadableFile(path, f"damaged or not supported as {entry.summary} ({_short(error)})") from error


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return (text[:117] + "...") if len(text) > 120 else text or type(error).__name__


def read_micrograph(path: str | Path, *, nan: Literal["refuse", "mask"] = "refuse") -> Micrograph:
    """Read one image; of a stack the first frame, with a note that says so."""
    noun = read(path, nan=nan)
    if isinstance(noun, Micrograph):
        return noun
    if isinstance(noun, Stack):
        first = noun[0]
        return replace(first, notes=(*first.notes, f"the file holds {len(noun)} frames; this is the first"))
    raise UnreadableFile(path, f"holds a {type(noun).__name__.lower()}, not an image")


def read_pattern(path: str | Path) -> Pattern:
    """Read a two-dimensional scattering pattern; a picture of one has no q."""
    noun = read(path, nan="mask", as_pattern=True)
    if not isinstance(noun, Pattern):
        raise UnreadableFile(path, f"holds a {type(noun).__name__.lower()}, not a scattering pattern")
    return noun
