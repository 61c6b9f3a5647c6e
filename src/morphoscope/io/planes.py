"""Arrays of two or three axes, as instruments save them, to a Micrograph or a Stack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from ..core import Micrograph, Stack
from ..core.stack import Axis
from ..errors import UnreadableFile
from . import grey, lengths
from .formats import Options

MODULUS = "complex values; the image is their modulus"


def chosen(path: Path, count: int, options: Options) -> range:
    """Which of ``count`` frames the options ask for; none is an error."""
    frames = range(count)[options.frames]
    if not frames:
        raise UnreadableFile(path, f"frames {_spelled(options.frames)} pick none of its {count} frames")
    return frames


def _spelled(frames: slice) -> str:
    start, stop, step = ("" if part is None else str(part) for part in (frames.start, frames.stop, frames.step))
    return f"{start}:{stop}" + (f":{step}" if step else "")


def plane(raw: np.ndarray, path: Path, options: Options, *, notes: Sequence[str] = (), **known: Any) -> Micrograph:
    """One image of real, complex (modulus) or colour (luminance) values in any byte order."""
    raw, more = np.asarray(raw), tuple[str, ...]()
    if raw.dtype.names:
        raw, more = _record(raw, path)
    elif raw.ndim == 3:
        raw, more = grey.flatten(raw, alpha=raw.shape[-1] == 4)
    elif raw.dtype.kind == "c":
        raw, more = np.abs(raw), (MODULUS,)
    if raw.dtype.kind not in "biuf":
        raise UnreadableFile(path, f"its data are of type {raw.dtype}, not numbers")
    if not raw.dtype.isnative:
        raw = raw.astype(raw.dtype.newbyteorder("="))
    return Micrograph.from_raw(raw, nan=options.nan, source=str(path), notes=(*notes, *more), **known)


def _record(raw: np.ndarray, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """One plane of records: luminance of red, green and blue, or modulus of real and imaginary parts."""
    names = {name[:1].lower(): name for name in raw.dtype.names or ()}
    if set("rgb") <= set(names):
        return grey.flatten(np.stack([raw[names[letter]] for letter in "rgb"], axis=-1))
    if set(names) == set("ri"):
        real, imaginary = (raw[names[letter]].astype(np.float64) for letter in "ri")
        return np.hypot(real, imaginary), (MODULUS,)
    raise UnreadableFile(path, f"its pixels are records of {', '.join(raw.dtype.names or ())}, not numbers")


def gather(
    array: Any,
    path: Path,
    options: Options,
    *,
    axis: Axis = "page",
    spacing_nm: float | None = None,
    step_s: float | None = None,
    names: Sequence[str] = (),
    notes: Sequence[str] = (),
    colour: bool = False,
    **known: Any,
) -> Micrograph | Stack:
    """
    A Micrograph of two axes, a Stack of three (frame, row, column); leading axes of length 1 are dropped.
    With ``colour`` a last axis of 3 or 4 values behind rows and columns is colour: for arrays whose axes have no names.

    ``array`` may be anything that slices like an array; only the frames asked for are taken from it.
    """
    shape = tuple(array.shape)
    if colour and len(shape) > 2 and shape[-1] in (3, 4) and shape[-2] > 4 and array.dtype.kind in "uf":
        shape = shape[:-1]
    lead = 0
    while len(shape) - lead > 2 and shape[lead] == 1:
        lead += 1
    if len(shape) - lead not in (2, 3):
        text = " x ".join(str(n) for n in shape)
        raise UnreadableFile(path, f"holds data of {len(shape)} axes ({text}), neither an image nor a stack of images")
    first = (0,) * lead
    if len(shape) - lead == 2:
        return plane(np.asarray(array[first]) if lead else np.asarray(array[()]), path, options, notes=notes, **known)
    frames = chosen(path, shape[lead], options)
    return Stack(
        tuple(plane(np.asarray(array[(*first, i)]), path, options, notes=notes, **known) for i in frames),
        axis=axis,
        spacing_nm=None if spacing_nm is None else spacing_nm * abs(frames.step),
        times_s=None if step_s is None else tuple(i * step_s for i in frames),
        names=tuple(names[i] for i in frames) if names else (),
        source=str(path),
    )


def mixed(
    frames: Sequence[Micrograph], path: Path, options: Options, *, names: Sequence[str], axis: Axis = "channel"
) -> Micrograph | Stack:
    """Images of one file that stand side by side: one is a Micrograph, several a Stack of named channels."""
    if len(frames) == 1:
        return frames[0]
    picked = chosen(path, len(frames), options)
    return Stack(tuple(frames[i] for i in picked), axis=axis, names=tuple(names[i] for i in picked), source=str(path))


class ThirdAxis(TypedDict):
    """What ``gather`` is told of the axis in front of rows and columns."""

    axis: Axis
    spacing_nm: float | None
    step_s: float | None


def third_axis(name: str, step: float, unit: str) -> ThirdAxis:
    """An axis in front of rows and columns, by its unit and its name."""
    unit_nm, unit_s = lengths.nm_per(unit), lengths.seconds_per(unit)
    axis: Axis = "channel" if name.lower() in ("c", "channel", "channels") else "page"
    if unit_nm is not None or name.lower() in ("z", "depth", "slice", "slices"):
        axis = "z"
    if unit_s is not None or name.lower() in ("t", "time", "frame", "frames"):
        axis = "time"
    return ThirdAxis(
        axis=axis,
        spacing_nm=abs(step) * unit_nm if unit_nm else None,
        step_s=abs(step) * unit_s if unit_s else None,
    )
