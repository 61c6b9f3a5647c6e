"""
Area detectors of X-ray and neutron scattering, decoded by fabio: EDF, CBF, MarCCD, ADSC, Bruker and others.

Gaps of pixel detectors, which hold -1 or -2, and the value a header names as its dummy are masked.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fabio
import numpy as np

from ..core import Micrograph, Pattern
from ..errors import UnreadableFile
from . import cbf, geometry
from .formats import Options
from .limits import check_size
from .plain import plain

logging.getLogger("fabio").setLevel(logging.CRITICAL)

HEAD_BYTES = 65536
DIMENSIONS = (
    rb"Dim_(?:1|2)\s*=\s*(\d+)",
    rb"\bSIZE[12]\s*=\s*(\d+)",
)
WORDS = {"EdfImage": geometry.EDF, "AdscImage": geometry.ADSC, "MarccdImage": geometry.MARCCD}
SENTINELS = (-1, -2)


def read(path: Path, options: Options) -> Pattern:
    """The first frame of the file, or the one that ``options.frames`` picks."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    for dimension in DIMENSIONS:
        found = [int(n[:12]) for n in re.findall(dimension, head)[:2]]
        if len(found) == 2:
            check_size(path, found, 1)
    _check_whole(path, head)
    if path.suffix.lower() == ".cbf" or head.startswith(b"###CBF"):
        data, header = cbf.decode(path)
        return pattern(data, path, header)
    data, header, kind, notes = _by_fabio(path, options)
    return pattern(data, path, header, kind=kind, notes=notes)


def _check_whole(path: Path, head: bytes) -> None:
    """Refuse an EDF or SMV file that ends before its first image does; fabio would fill the rest with zeros."""
    fields = {name: int(number[:12]) for name, number in re.findall(rb"\b(Size|HEADER_BYTES|SIZE1|SIZE2)\s*=\s*(\d+)", head)}
    end = head.find(b"}\n") + 2
    if not head.startswith(b"{") or end < 2:
        return
    wanted = end + fields.get(b"Size", 0)
    if {b"HEADER_BYTES", b"SIZE1", b"SIZE2"} <= fields.keys():
        wanted = fields[b"HEADER_BYTES"] + fields[b"SIZE1"] * fields[b"SIZE2"]
    held = path.stat().st_size
    if held < wanted:
        raise UnreadableFile(path, f"cut short: its first image needs {wanted:,} bytes, the file has {held:,}")


def _by_fabio(path: Path, options: Options) -> tuple[np.ndarray, dict[str, Any], str, tuple[str, ...]]:
    """One frame, its header, the name of fabio's class for the format, notes."""
    try:
        with fabio.open(str(path)) as image:
            count = int(getattr(image, "nframes", 1) or 1)
            picked = range(count)[options.frames]
            if not picked:
                raise UnreadableFile(path, f"has {count} frame(s); the ones asked for are not among them")
            frame = image if picked[0] == 0 else image.getframe(picked[0])
            notes = (f"the file holds {count} frames; this is number {picked[0]}",) if count > 1 else ()
            return np.asarray(frame.data), dict(frame.header or {}), type(image).__name__, notes
    except (MemoryError, UnreadableFile):
        raise
    except Exception as error:  # fabio raises whatever its formats raise
        raise UnreadableFile(path, f"no detector image that fabio can decode ({_short(error)})") from error


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text[:100] or type(error).__name__


def pattern(data: np.ndarray, path: Path, header: Mapping[str, Any], *, kind: str = "", notes: tuple[str, ...] = ()) -> Pattern:
    """Counts of a detector with what their header says of q; missing pieces are named in a note."""
    if data.ndim != 2 or data.dtype.kind not in "biuf":
        raise UnreadableFile(path, f"holds data of shape {data.shape} and type {data.dtype}, not one detector image")
    found = _geometry(header, kind)
    shape = (int(data.shape[0]), int(data.shape[1]))
    q = found.q_per_nm(shape)
    if q is None:
        notes += (f"no q: the header lacks {', '.join(found.missing())}",)
    mask = _mask(data, header)
    if mask is not None:
        notes += (f"{int((~mask).sum()):,} pixels that did not count are masked",)
    return Pattern(
        data.astype(np.float64),
        None if q is None else q[0],
        None if q is None else q[1],
        mask=mask,
        centre_px=found.centre_px,
        unit="counts",
        source=str(path),
        conditions=_conditions(found),
        header=plain(header),
        notes=notes,
    )


def _geometry(header: Mapping[str, Any], kind: str) -> geometry.Geometry:
    text = "\n".join(str(value) for value in header.values() if isinstance(value, str) and "\n" in value)
    lines = geometry.of_lines("\n".join((text, *(f"{key} {value}" for key, value in header.items()))))
    entries = geometry.of(header, WORDS.get(kind, geometry.PLAIN))
    return geometry.Geometry(
        lines.distance_m or entries.distance_m if kind not in WORDS else entries.distance_m,
        lines.wavelength_nm or entries.wavelength_nm if kind not in WORDS else entries.wavelength_nm,
        lines.pixel_m or entries.pixel_m,
        lines.centre_px or entries.centre_px,
    )


def _mask(data: np.ndarray, header: Mapping[str, Any]) -> np.ndarray | None:
    """True where the detector counted; None where that is everywhere."""
    bad = ~np.isfinite(data) if data.dtype.kind == "f" else np.zeros(data.shape, bool)
    sentinel = np.isin(data, SENTINELS)
    if data.dtype.kind == "f" or (data.dtype.kind == "i" and data.min(initial=0) >= min(SENTINELS)):
        bad |= sentinel
    if data.dtype == np.uint32:
        bad |= data >= np.iinfo(np.uint32).max - 1
    texts = {str(key).lower(): value for key, value in header.items()}
    try:
        dummy, width = float(texts["dummy"]), abs(float(texts.get("ddummy") or 0.1))
    except (KeyError, TypeError, ValueError):
        dummy = math.nan
        width = 0.0
    if math.isfinite(dummy) and dummy != 0:
        bad |= np.abs(data.astype(np.float64) - dummy) <= width
    return ~bad if bad.any() else None


def _conditions(found: geometry.Geometry) -> dict[str, float | str]:
    known: dict[str, float | str] = {}
    if found.distance_m is not None:
        known["detector_distance_m"] = found.distance_m
    if found.wavelength_nm is not None:
        known["wavelength_nm"] = found.wavelength_nm
    if found.pixel_m is not None:
        known["detector_pixel_y_um"], known["detector_pixel_x_um"] = (size * 1e6 for size in found.pixel_m)
    return known


def from_picture(picture: Micrograph) -> Pattern:
    """A picture of a pattern: intensities as they are shown, q only where the file's header gives it."""
    data = picture.raw()
    if np.allclose(data, np.rint(data), atol=1e-3 * max(picture.gain / 65535, 1e-9)):
        data = np.rint(data)
    made = pattern(data, Path(picture.source), picture.header)
    mask = picture.mask if made.mask is None else made.mask if picture.mask is None else made.mask & picture.mask
    return Pattern(
        made.intensity,
        made.qx_per_nm,
        made.qy_per_nm,
        mask=mask,
        centre_px=made.centre_px,
        unit=picture.unit or "grey levels",
        source=picture.source,
        history=picture.history,
        conditions={**picture.conditions, **made.conditions},
        header=picture.header,
        notes=(*picture.notes, *made.notes),
    )
