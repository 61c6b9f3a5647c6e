"""
Series files of TIA (FEI Tecnai and Titan): ``NAME_1.ser`` holds the pixels, ``NAME.emi`` the conditions.

Either may be given. Lengths are in metres; the series file itself does not say whether an image is
of the specimen or of its diffraction, so steps too large for a length are taken as 1/m.
"""

from __future__ import annotations

import mmap
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from ..core import Micrograph, Stack
from ..errors import UnreadableFile
from . import lengths, planes
from .formats import Options
from .limits import check_size

DTYPES = {1: "<u1", 2: "<u2", 3: "<u4", 4: "<i1", 5: "<i2", 6: "<i4", 7: "<f4", 8: "<f8", 9: "<c8", 10: "<c16"}
IMAGES, SPECTRA = 0x4122, 0x4120
ELEMENT = struct.Struct("<ddiddihii")
HEADER_BYTES = 30
MAX_EMI_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Series:
    """Where the images of a series file lie, and what its header says."""

    offsets: tuple[int, ...]
    tags: tuple[int, ...]
    header: dict[str, Any]


def read(path: Path, options: Options) -> Micrograph | Stack:
    """The image or images of a ``.ser`` file, or of the first one that belongs to an ``.emi`` file."""
    series, others = _series_of(path) if path.suffix.lower() == ".emi" else (path, ())
    emi = path if series != path else _emi_of(path)
    described = _described(emi, series) if emi else {}
    notes = tuple(f"the same acquisition also wrote {other.name}" for other in others)
    if emi is None:
        notes += ("no .emi file beside it: the microscope's settings are unknown",)
    return _images(series, options, described, notes)


def _series_of(emi: Path) -> tuple[Path, tuple[Path, ...]]:
    pattern = re.compile(re.escape(emi.stem) + r"_(\d+)\.ser", re.IGNORECASE)
    found = {p: int(m[1]) for p in emi.parent.iterdir() if (m := pattern.fullmatch(p.name))}
    if not found:
        raise UnreadableFile(emi, f"its pixels are in {emi.stem}_1.ser, which is not beside it")
    first, *others = sorted(found, key=lambda p: found[p])
    return first, tuple(others)


def _emi_of(series: Path) -> Path | None:
    stem = re.sub(r"_\d+$", "", series.stem)
    beside = (series.with_name(stem + suffix) for suffix in (".emi", ".EMI"))
    return next((p for p in beside if p.is_file() and p.stat().st_size <= MAX_EMI_BYTES), None)


def _images(path: Path, options: Options, described: dict[str, Any], notes: tuple[str, ...]) -> Micrograph | Stack:
    if path.stat().st_size < HEADER_BYTES:
        raise UnreadableFile(path, f"cut short: a TIA series file begins with {HEADER_BYTES} bytes of header")
    with open(path, "rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    series = _series(content, path)
    picked = planes.chosen(path, len(series.offsets), options)
    conditions = _conditions(described)
    frames = []
    for index in picked:
        raw, steps = _element(content, series.offsets[index], path)
        diffraction = "diffraction" in str(conditions.get("mode", "")).lower()
        unit = "1/m" if diffraction or max(map(abs, steps)) >= 1e3 else "m"
        size, why = lengths.pixel_size(*steps, unit, "TIA series calibration")
        header = {**series.header, **({"emi": described} if described else {})}
        known = {"pixel_size": size, "conditions": conditions, "header": header, "unit": "counts"}
        frames.append(planes.plane(raw, path, options, notes=(*notes, *why), **known))
    if len(series.offsets) == 1:
        return frames[0]
    return Stack(tuple(frames), axis="time", times_s=_times(content, series, picked), source=str(path))


def _series(content: mmap.mmap, path: Path) -> Series:
    order, magic, version, data_type, tag_type, total, valid = struct.unpack_from("<HHHiiii", content)
    if (order, magic) != (0x4949, 0x0197):
        raise UnreadableFile(path, "not a TIA series file")
    if data_type != IMAGES:
        what = "spectra" if data_type == SPECTRA else f"data of type {data_type:#x}"
        raise UnreadableFile(path, f"holds {what}, not images")
    wide = version >= 0x220
    table = struct.unpack_from("<q" if wide else "<i", content, 22)[0]
    code, width = ("q", 8) if wide else ("i", 4)
    if not 0 < total <= len(content) // width or table < 0 or table + 2 * total * width > len(content):
        raise UnreadableFile(path, f"claims {total} images, which its {len(content):,} bytes cannot list")
    if not 0 < valid <= total:
        raise UnreadableFile(path, "the acquisition was stopped before the first image was written")
    entries = struct.unpack_from(f"<{2 * total}{code}", content, table)
    header = {
        "SeriesVersion": version, "DataTypeID": data_type, "TagTypeID": tag_type,
        "TotalNumberElements": total, "ValidNumberElements": valid,
    }  # fmt: skip
    return Series(entries[:valid], entries[total : total + valid], header)


def _element(content: mmap.mmap, offset: int, path: Path) -> tuple[np.ndarray, tuple[float, float]]:
    """Pixels, first row on top (the file stores them from the bottom), and the steps (y, x)."""
    if offset < 0 or offset + ELEMENT.size > len(content):
        raise UnreadableFile(path, f"cut short: an image should begin at byte {offset:,} of {len(content):,}")
    _, step_x, _, _, step_y, _, kind, width, height = ELEMENT.unpack_from(content, offset)
    if kind not in DTYPES:
        raise UnreadableFile(path, f"pixels of TIA type {kind} are not read")
    dtype = np.dtype(DTYPES[kind])
    check_size(path, (height, width), dtype.itemsize, compressed=False)
    start = offset + ELEMENT.size
    if start + height * width * dtype.itemsize > len(content):
        raise UnreadableFile(path, f"cut short: {height} x {width} pixels from byte {start:,} end beyond the file")
    pixels = np.frombuffer(content, dtype, height * width, start).reshape(height, width)
    return pixels[::-1], (step_y, step_x)


def _times(content: mmap.mmap, series: Series, picked: range) -> tuple[float, ...] | None:
    """Seconds since the first image, from the tags' clock, which counts whole seconds."""
    if any(not 0 <= series.tags[i] <= len(content) - 8 for i in range(len(series.tags))):
        return None
    clock = [struct.unpack_from("<I", content, tag + 4)[0] for tag in series.tags]
    if clock != sorted(clock) or clock[0] == clock[-1]:
        return None
    return tuple(float(clock[i] - clock[0]) for i in picked)


def _described(emi: Path, series: Path) -> dict[str, Any]:
    """The ``.emi`` file's XML about this series as nested dicts; empty where there is none or it is broken."""
    content = emi.read_bytes()
    blocks = re.findall(rb"<ObjectInfo>.*?</ObjectInfo>", content, re.DOTALL)
    number = re.search(r"_(\d+)$", series.stem)
    index = int(number[1]) - 1 if number else 0
    if not blocks:
        return {}
    try:
        root = ElementTree.fromstring(blocks[index if index < len(blocks) else 0].decode("utf-8", "replace"))
    except ElementTree.ParseError:
        return {}
    return {child.tag: _tree(child) for child in root}


def _tree(node: ElementTree.Element) -> Any:
    if node.tag == "ExperimentalDescription":
        rows = [{cell.tag: (cell.text or "").strip() for cell in data} for data in node.iter("Data")]
        return {row.get("Label", ""): " ".join(filter(None, (row.get("Value"), row.get("Unit")))) for row in rows}
    if len(node) == 0:
        return (node.text or "").strip()
    return {child.tag: _tree(child) for child in node}


NUMBERS = {
    "High tension": ("voltage_kv", {"kV": 1.0}),
    "Magnification": ("magnification", {"x": 1.0, "kx": 1e3}),
    "Camera length": ("camera_length_mm", {"m": 1e3, "mm": 1.0}),
    "Defocus": ("defocus_um", {"um": 1.0, "nm": 1e-3}),
    "Emission": ("emission_current_ua", {"uA": 1.0}),
    "Stage A": ("tilt_alpha_deg", {"deg": 1.0}),
    "Stage B": ("tilt_beta_deg", {"deg": 1.0}),
}
TEXTS = {"Microscope": "microscope", "Mode": "mode", "Gun type": "gun"}


def _conditions(described: dict[str, Any]) -> dict[str, float | str]:
    table = described.get("ExperimentalDescription")
    table = table if isinstance(table, dict) else {}
    known: dict[str, float | str] = {}
    for label, (name, factors) in NUMBERS.items():
        parts = str(table.get(label, "")).split()
        if len(parts) == 2 and parts[1] in factors and re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", parts[0], re.IGNORECASE):
            known[name] = float(parts[0]) * factors[parts[1]]
    for label, name in TEXTS.items():
        if table.get(label):
            known[name] = str(table[label]).strip()
    known.update({"date": described["AcquireDate"]} if isinstance(described.get("AcquireDate"), str) else {})
    info = described.get("AcquireInfo")
    if isinstance(info, dict) and info.get("CameraNamePath"):
        known["camera"] = str(info["CameraNamePath"])
    return known
