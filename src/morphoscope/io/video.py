"""
Video files through PyAV, an optional dependency: frames as grey values, with the moment of each.

Frames are decoded one after another; what was not asked for is dropped at once, and the size of what
is kept is checked before it is decoded and again while it grows.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..core import Stack
from ..errors import MissingDependency, UnreadableFile
from . import limits, planes
from .formats import Options

try:
    import av
    import av.error
    import av.logging
except ImportError:
    raise MissingDependency("av", "video", "read video files") from None

LONGEST_SILENCE_S = 4.0
"""A damaged file may make a decoder search for long; after this time without a frame it is given up."""

FAILURES_ALLOWED = 20


def read(path: Path, options: Options) -> Stack:
    """The frames asked for as a Stack along time."""
    av.logging.set_level(av.logging.PANIC)
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            if not container.streams.video:
                raise UnreadableFile(path, "has no video in it")
            stream = container.streams.video[0]
            shape = (int(stream.codec_context.height or 0), int(stream.codec_context.width or 0))
            if min(shape) < 1:
                raise UnreadableFile(path, "a video without a frame size; it is damaged or of a kind that cannot be decoded")
            header = _header(container, stream)
            wanted = _wanted(path, options.frames, stream, container)
            _check(path, shape, min(len(wanted), int(stream.frames)) if stream.frames else 1)
            frames, times, notes = _frames(path, container, stream, wanted, shape)
    except av.error.FFmpegError as error:
        raise UnreadableFile(path, f"no video that can be decoded ({error.strerror or type(error).__name__})") from None
    if not frames:
        raise UnreadableFile(path, "no frame of it can be decoded, or the frames asked for lie beyond its end")
    return Stack(
        tuple(planes.plane(frame, path, options, header=header, notes=notes) for frame in frames),
        axis="time",
        times_s=times if all(b > a for a, b in itertools.pairwise(times)) else None,
        source=str(path),
        notes=notes,
    )


def _check(path: Path, shape: tuple[int, int], count: int) -> None:
    """Video compresses far better than a picture: only the limit on decoded bytes holds for it."""
    wanted = count * shape[0] * shape[1] * 4
    if wanted > limits.MAX_DECODED_BYTES:
        size = f"{count} frames of {shape[0]} x {shape[1]} pixels need {wanted / 2**30:.1f} GiB"
        limit = f"more than the limit of {limits.MAX_DECODED_BYTES / 2**30:.1f} GiB"
        raise UnreadableFile(path, f"{size}, {limit}; read fewer frames, or raise MORPHOSCOPE_MAX_DECODED_BYTES")


def _wanted(path: Path, frames: slice, stream: Any, container: Any) -> range:
    """Numbers of the frames asked for; those counted from the end need the packets counted first."""
    counted = any(part is not None and part < 0 for part in (frames.start, frames.stop))
    if frames.step is not None and frames.step < 1:
        raise UnreadableFile(path, f"frames with a step of {frames.step}; a video is read forwards only")
    if not counted:
        return range(frames.start or 0, frames.stop if frames.stop is not None else 2**31, frames.step or 1)
    count = sum(1 for packet in container.demux(stream) if packet.size)
    container.seek(0)
    return range(count)[frames]


def _frames(
    path: Path, container: Any, stream: Any, wanted: range, shape: tuple[int, int]
) -> tuple[list[np.ndarray], tuple[float, ...], tuple[str, ...]]:
    grey, times, notes = list[np.ndarray](), list[float](), tuple[str, ...]()
    rate = float(stream.average_rate or 0) or None
    for index, frame in enumerate(_decoded(path, container, stream)):
        if index >= wanted.stop:
            break
        if index not in wanted:
            continue
        if (frame.height, frame.width) != shape:
            raise UnreadableFile(
                path, f"frame {index} has {frame.height} x {frame.width} pixels, the first {shape[0]} x {shape[1]}"
            )
        _check(path, shape, len(grey) + 1)
        deep = any(component.bits > 8 for component in frame.format.components)
        grey.append(frame.to_ndarray(format="gray16le" if deep else "gray"))
        times.append(float(frame.time) if frame.time is not None else index / rate if rate else float(index))
    announced = len(range(int(stream.frames or 0))[wanted.start : wanted.stop : wanted.step])
    if len(grey) < announced:
        notes += (f"damaged: {announced} frames should be there, {len(grey)} could be decoded",)
    return grey, tuple(times), notes


def _decoded(path: Path, container: Any, stream: Any) -> Iterator[Any]:
    """Frames in order; a packet that cannot be decoded is passed over, too many of them end the file."""
    failures, since = 0, time.monotonic()
    for packet in container.demux(stream):
        try:
            decoded = packet.decode()
        except av.error.FFmpegError as error:
            failures += 1
            if failures > FAILURES_ALLOWED:
                raise UnreadableFile(path, f"too many broken frames ({error.strerror or 'damaged'})") from None
            decoded = []
        for frame in decoded:
            yield frame
            since = time.monotonic()
        if time.monotonic() - since > LONGEST_SILENCE_S:
            raise UnreadableFile(path, f"no frame within {LONGEST_SILENCE_S:.0f} s of decoding; it is damaged")


def _header(container: Any, stream: Any) -> dict[str, Any]:
    return {
        "format": container.format.name,
        "codec": stream.codec_context.name,
        "frames": int(stream.frames or 0),
        "frame_rate_hz": float(stream.average_rate) if stream.average_rate else None,
        "duration_s": float(container.duration) / 1e6 if container.duration else None,
        "metadata": {**dict(container.metadata), **dict(stream.metadata)},
    }
