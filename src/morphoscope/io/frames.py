"""A folder of pictures as the frames of one video, in the order that a person would count them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from ..core import Micrograph, Stack
from ..errors import UnreadableFile
from . import limits, reading
from .formats import Options
from .planes import chosen

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".dm3", ".dm4", ".ser", ".mrc", ".npy", ".gwy", ".spm")
TIMES = ("times.txt", "times.csv", "timestamps.txt", "timestamps.csv")


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key under which ``frame_9`` comes before ``frame_10``."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part.lower()) for part in re.split(r"([0-9]+)", name) if part]


def read(path: Path, options: Options) -> Stack:
    """The pictures of the most frequent kind in the folder; other files are left alone."""
    files = [p for p in path.iterdir() if p.is_file() and not p.name.startswith(".")]
    kinds = Counter(p.suffix.lower() for p in files if p.suffix.lower() in PICTURES)
    if not kinds:
        raise UnreadableFile(path, f"a folder of {len(files)} file(s) and no picture; give one file, or a folder of frames")
    kind = max(kinds, key=lambda suffix: (kinds[suffix], -PICTURES.index(suffix)))
    pictures = sorted((p for p in files if p.suffix.lower() == kind), key=lambda p: natural(p.name))
    picked = chosen(path, len(pictures), options)
    frames: list[Micrograph] = []
    for index in picked:
        frame = _frame(pictures[index], path, options)
        if frames and frame.pixels.shape != frames[0].pixels.shape:
            sizes = [f"{f.height_px} x {f.width_px}" for f in (frame, frames[0])]
            raise UnreadableFile(
                path,
                f"{pictures[index].name} has {sizes[0]} pixels, {pictures[picked[0]].name} {sizes[1]}; frames share one size",
            )
        if not frames:
            _check(path, frame, len(picked))
        frames.append(frame)
    left = sum(kinds.values()) - len(pictures)
    notes = (f"{left} picture(s) of another kind than {kind} are left out",) if left else ()
    times, why = _times(path, len(pictures))
    return Stack(
        tuple(frames),
        axis="time",
        times_s=None if times is None else tuple(times[i] for i in picked),
        names=tuple(pictures[i].name for i in picked),
        source=str(path),
        notes=(*notes, *why),
    )


def _frame(picture: Path, folder: Path, options: Options) -> Micrograph:
    try:
        noun = reading.read(picture, nan=options.nan)
    except UnreadableFile as error:
        raise UnreadableFile(folder, f"frame {picture.name} cannot be read: {error.reason}") from None
    if isinstance(noun, Stack) and len(noun) == 1:
        noun = noun[0]
    if not isinstance(noun, Micrograph):
        raise UnreadableFile(folder, f"frame {picture.name} holds a {type(noun).__name__.lower()}, not one image")
    return noun


def _check(path: Path, first: Micrograph, count: int) -> None:
    wanted = first.pixels.nbytes * count
    if wanted > limits.MAX_DECODED_BYTES:
        size = f"{count} frames of {first.height_px} x {first.width_px} pixels need {wanted / 2**30:.1f} GiB"
        limit = f"more than the limit of {limits.MAX_DECODED_BYTES / 2**30:.1f} GiB"
        raise UnreadableFile(path, f"{size}, {limit}; read fewer frames, or raise MORPHOSCOPE_MAX_DECODED_BYTES")


def _times(folder: Path, count: int) -> tuple[list[float] | None, tuple[str, ...]]:
    """Seconds from a file of times beside the frames, one number a line."""
    found = next((folder / name for name in TIMES if (folder / name).is_file()), None)
    if found is None:
        return None, ()
    words = re.findall(r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?", found.read_text("utf-8", "replace")[: 64 * count + 1024])
    if len(words) != count:
        return None, (f"{found.name} holds {len(words)} numbers for {count} frames and was not used",)
    return [float(word) for word in words], ()
