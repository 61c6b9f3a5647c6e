"""
What PNG and TIFF have no place for, as JSON inside the file: the way back from stored numbers to a Micrograph.

Pixel size with origin and error, offset, gain, unit, depth, conditions and data bar come back exactly;
mask, history and the map to the original file do not (HDF5 keeps those too).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..core import Micrograph, PixelSize
from .plain import plain

KEY = "morphoscope"
LEVELS = 65535


def keep(micrograph: Micrograph, *, stored: str = "raw") -> dict[str, Any]:
    """The JSON-able rest of ``micrograph``; ``stored`` says whether the file holds raw values or its grey levels."""
    size = micrograph.pixel_size
    return {
        "pixel_size": None
        if size is None
        else {"y_nm": size.y_nm, "x_nm": size.x_nm, "origin": size.origin, "relative_error": size.relative_error},
        "offset": float(micrograph.offset),
        "gain": float(micrograph.gain),
        "unit": micrograph.unit,
        "bits": int(micrograph.bits),
        "precision": str(micrograph.pixels.dtype),
        "stored": stored,
        "data_bar_row_px": micrograph.data_bar_row_px,
        "conditions": plain(dict(micrograph.conditions)),
        "notes": list(micrograph.notes),
    }


def restore(micrograph: Micrograph, kept: Mapping[str, Any]) -> Micrograph:
    """``micrograph`` as it was when it was written; damaged JSON leaves it as it is, with a note."""
    try:
        return _restored(micrograph, kept)
    except (ValueError, LookupError, TypeError, ArithmeticError, AttributeError) as error:
        note = f"what morphoscope kept in the file is damaged and was ignored ({type(error).__name__})"
        return replace(micrograph, notes=(*micrograph.notes, note))


def _restored(micrograph: Micrograph, kept: Mapping[str, Any]) -> Micrograph:
    offset, gain = float(kept["offset"]), float(kept["gain"])
    if not (math.isfinite(offset) and math.isfinite(gain) and gain != 0):
        raise ValueError("no way back to raw values")
    precision = np.float64 if kept["precision"] == "float64" else np.float32
    stored = np.rint(micrograph.raw()) if micrograph.bits <= 16 else micrograph.raw()
    pixels = stored / LEVELS if kept["stored"] == "levels" else (stored - offset) / gain
    bar, size = kept.get("data_bar_row_px"), kept.get("pixel_size")
    return replace(
        micrograph,
        pixels=pixels.astype(precision),
        pixel_size=micrograph.pixel_size if size is None else pixel_size(size),
        offset=offset,
        gain=gain,
        unit=str(kept["unit"]),
        bits=int(kept["bits"]),
        data_bar_row_px=None if bar is None else int(bar),
        conditions={**micrograph.conditions, **kept.get("conditions", {})},
        notes=(*micrograph.notes, *(str(note) for note in kept.get("notes", ()))),
    )


def pixel_size(size: Mapping[str, Any]) -> PixelSize:
    """A pixel size out of its JSON."""
    error = size.get("relative_error")
    return PixelSize(float(size["y_nm"]), float(size["x_nm"]), str(size["origin"]), None if error is None else float(error))


def raw_values(micrograph: Micrograph) -> np.ndarray:
    """The raw values in the smallest type that holds them exactly: whole numbers where they are whole."""
    raw = micrograph.raw()
    ulp = np.finfo(micrograph.pixels.dtype if micrograph.pixels.dtype.kind == "f" else np.float64).eps
    slack = 4 * float(ulp) * (abs(micrograph.gain) + abs(micrograph.offset) * np.finfo(np.float64).eps / ulp)
    whole = np.rint(raw)
    if slack < 0.25 and np.abs(raw - whole).max() <= slack:
        low, high = whole.min(), whole.max()
        for dtype in (np.uint8, np.uint16, np.int16, np.uint32, np.int32):
            if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
                return np.asarray(whole.astype(dtype))
    short = raw.astype(np.float32)
    fits = np.abs(short.astype(np.float64) - raw).max() <= 4 * np.finfo(np.float64).eps * (
        abs(micrograph.gain) + abs(micrograph.offset)
    )
    return short if fits else raw
