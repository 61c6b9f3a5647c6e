"""
Where a detector stood: distance, wavelength, pixel and beam centre from a header, and q of every pixel.

q = (4 pi / lambda) sin(theta), with tan(2 theta) = r / distance, for a flat detector across the beam.
``qx`` grows with the columns and ``qy`` with the rows of the array.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from . import lengths

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"


@dataclass(frozen=True)
class Geometry:
    """What a header told; None is unknown. ``pixel_m`` and ``centre_px`` are (row, column)."""

    distance_m: float | None = None
    wavelength_nm: float | None = None
    pixel_m: tuple[float, float] | None = None
    centre_px: tuple[float, float] | None = None

    def missing(self) -> list[str]:
        """Names of what is needed for q and not known."""
        known = {
            "distance": self.distance_m,
            "wavelength": self.wavelength_nm,
            "pixel size": self.pixel_m,
            "beam centre": self.centre_px,
        }
        return [name for name, value in known.items() if value is None]

    def q_per_nm(self, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray] | None:
        """(qx, qy) in 1/nm at every pixel, or None where something is missing."""
        if self.distance_m is None or self.wavelength_nm is None or self.pixel_m is None or self.centre_px is None:
            return None
        y = ((np.arange(shape[0]) - self.centre_px[0]) * self.pixel_m[0])[:, None]
        x = ((np.arange(shape[1]) - self.centre_px[1]) * self.pixel_m[1])[None, :]
        r = np.hypot(y, x)
        q = 4 * math.pi / self.wavelength_nm * np.sin(np.arctan2(r, self.distance_m) / 2)
        per_length = np.divide(q, r, out=np.zeros_like(r), where=r > 0)
        return x * per_length, y * per_length


@dataclass(frozen=True)
class Words:
    """Names of the entries of one family of headers, and the unit of a bare number in each."""

    distance: Mapping[str, str]
    wavelength: Mapping[str, str]
    pixel: tuple[tuple[str, str, str], ...]
    centre: tuple[tuple[str, str], ...]
    centre_shift_px: float = 0.0
    centre_unit: str = "px"


EDF = Words(
    distance={"sampledistance": "m", "detectordistance": "m", "distance": "m", "sample_distance": "m"},
    wavelength={"wavelength": "m"},
    pixel=(("psize_2", "psize_1", "m"), ("pixelsize_y", "pixelsize_x", "m"), ("pixel_size_y", "pixel_size_x", "m")),
    centre=(("center_2", "center_1"), ("beam_center_y", "beam_center_x"), ("beam_y", "beam_x")),
    centre_shift_px=-0.5,
)
"""ESRF data format: SI units, and the first pixel's middle at 0.5."""

ADSC = Words(
    distance={"distance": "mm"},
    wavelength={"wavelength": "Å"},
    pixel=(("pixel_size", "pixel_size", "mm"),),
    centre=(("beam_center_y", "beam_center_x"),),
    centre_unit="mm",
)
MARCCD = Words(
    distance={"xtal_to_detector": "um", "start_xtal_to_detector": "um"},
    wavelength={"source_wavelength": "fm"},
    pixel=(("pixelsize_y", "pixelsize_x", "nm"),),
    centre=(("beam_y", "beam_x"),),
    centre_unit="milli-px",
)
PLAIN = replace(EDF, centre_shift_px=0.0, wavelength={"wavelength": "Å", "source_wavelength": "Å"})


def of(header: Mapping[str, object], words: Words) -> Geometry:
    """The geometry of a header of single entries."""
    texts = {str(key).lower(): str(value) for key, value in header.items()}
    distance = _first_nm(texts, words.distance)
    wavelength = _first_nm(texts, words.wavelength)
    pixel = None
    for row, column, unit in words.pixel:
        y, x = _nm(texts.get(row, ""), unit), _nm(texts.get(column, ""), unit)
        if y and x:
            pixel = y * 1e-9, x * 1e-9
            break
    return Geometry(None if distance is None else distance * 1e-9, wavelength, pixel, _centre(texts, words, pixel))


def _first_nm(texts: Mapping[str, str], names: Mapping[str, str]) -> float | None:
    return next((found for name, unit in names.items() if (found := _nm(texts.get(name, ""), unit))), None)


def _nm(text: str, unit: str) -> float | None:
    """A positive length in nm: the number with the unit behind it, or with ``unit``."""
    match = re.match(rf"\s*({NUMBER})\s*([^\s\d(),x]*)", text)
    if not match:
        return None
    factor = lengths.nm_per(match[2]) or lengths.nm_per(unit)
    value = float(match[1]) * (factor or math.nan)
    return value if math.isfinite(value) and value > 0 else None


def _centre(texts: Mapping[str, str], words: Words, pixel_m: tuple[float, float] | None) -> tuple[float, float] | None:
    for row, column in words.centre:
        found = [re.match(rf"\s*({NUMBER})", texts.get(name, "")) for name in (row, column)]
        if not (found[0] and found[1]):
            continue
        y, x = float(found[0][1]), float(found[1][1])
        if not (math.isfinite(y) and math.isfinite(x)) or y == x == 0:
            return None
        if words.centre_unit == "mm":
            return (y * 1e-3 / pixel_m[0], x * 1e-3 / pixel_m[1]) if pixel_m else None
        scale = 1e-3 if words.centre_unit == "milli-px" else 1.0
        return y * scale + words.centre_shift_px, x * scale + words.centre_shift_px
    return None


def of_lines(text: str) -> Geometry:
    """The geometry of a header of lines such as ``# Pixel_size 172e-6 m x 172e-6 m`` (Pilatus, Eiger)."""
    pixel = re.search(rf"Pixel_size\s+({NUMBER})\s*(\w+)\s*x\s*({NUMBER})\s*(\w+)", text, re.IGNORECASE)
    centre = re.search(rf"Beam_xy\s*\(?\s*({NUMBER})\s*,\s*({NUMBER})", text, re.IGNORECASE)
    lines = {
        name: re.search(rf"{name}\s*[=:]?\s*({NUMBER}\s*\S*)", text, re.IGNORECASE)
        for name in ("Detector_distance", "Wavelength")
    }
    distance, wavelength = (
        _nm(found[1], unit) if found else None for found, unit in zip(lines.values(), ("m", "Å"), strict=True)
    )
    size = (_nm(f"{pixel[3]} {pixel[4]}", "m"), _nm(f"{pixel[1]} {pixel[2]}", "m")) if pixel else (None, None)
    return Geometry(
        None if distance is None else distance * 1e-9,
        wavelength,
        (size[0] * 1e-9, size[1] * 1e-9) if size[0] and size[1] else None,
        (float(centre[2]), float(centre[1])) if centre and float(centre[1]) and float(centre[2]) else None,
    )
