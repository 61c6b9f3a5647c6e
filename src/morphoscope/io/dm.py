"""DigitalMicrograph DM3 and DM4 files: the image (not its thumbnail), its calibration and its microscope."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..core import Micrograph, Stack
from ..errors import UnreadableFile
from . import lengths, planes
from .dm_tags import Bulk, TagTree, plain
from .formats import Options
from .limits import check_size

DTYPES = {
    1: "i2", 2: "f4", 3: "c8", 6: "u1", 7: "i4", 9: "i1", 10: "u2", 11: "u4", 12: "f8", 13: "c16", 14: "u1",
    39: "i8", 40: "u8",
}  # fmt: skip
COLOUR = (8, 23)
PACKED = (5, 27, 28)


def read(path: Path, options: Options) -> Micrograph | Stack:
    """The largest image of the file that is no thumbnail; images of several planes become a Stack."""
    with open(path, "rb") as file:
        tree = TagTree(file, path)
    root = tree.root
    image = _main_image(root, path, tree.damage)
    data = image["ImageData"]
    shape, dtype = _layout(data, path, tree)
    check_size(path, shape, dtype.itemsize, compressed=False)
    array = np.memmap(path, dtype, "r", data["Data"].offset, shape)
    units = _calibration(data, len(shape), path)
    size, notes = lengths.pixel_size(units[1][0], units[0][0], units[1][1], "DM tags", x_unit=units[0][1])
    if tree.damage:
        notes += (f"the file is damaged after the image ({tree.damage})",)
    tags = image.get("ImageTags") or {}
    step, unit = units[2] if len(units) > 2 else (1.0, "")
    return planes.gather(
        _pixels(array, int(data["DataType"])),
        path,
        options,
        **planes.third_axis("", step, unit),
        notes=notes,
        pixel_size=size,
        conditions=_conditions(tags),
        header=plain(root),
        unit=_unit(data),
    )


def _main_image(root: Mapping[str, Any], path: Path, damage: str) -> dict[str, Any]:
    images = root.get("ImageList") or {}
    thumbnails = {
        int(entry["ImageIndex"])
        for entry in (root.get("Thumbnails") or {}).values()
        if isinstance(entry, dict) and isinstance(entry.get("ImageIndex"), int)
    }
    whole = [
        (index, image)
        for index, image in enumerate(images.values() if isinstance(images, dict) else ())
        if isinstance(image, dict) and isinstance(image.get("ImageData"), dict) and "Data" in image["ImageData"]
    ]
    if not whole:
        raise UnreadableFile(path, f"holds no image ({damage or 'an empty list of images'})")
    wanted = [image for index, image in whole if index not in thumbnails] or [image for _, image in whole]
    grey = [image for image in wanted if image["ImageData"].get("DataType") not in COLOUR] or wanted
    return max(grey, key=lambda image: math.prod(_dimensions(image["ImageData"])))


def _dimensions(data: Mapping[str, Any]) -> list[int]:
    """Lengths of the axes, the fastest first."""
    given = data.get("Dimensions") or {}
    return [int(n) for n in given.values()] if isinstance(given, dict) else []


def _layout(data: Mapping[str, Any], path: Path, tree: TagTree) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape (slowest axis first) and type of the pixels, checked against the tag that holds them."""
    kind, axes, bulk = data.get("DataType"), _dimensions(data), data["Data"]
    if kind in PACKED:
        raise UnreadableFile(path, "holds a packed Fourier transform; save it from DigitalMicrograph as a complex image")
    if kind not in DTYPES and kind not in COLOUR:
        raise UnreadableFile(path, f"pixels of DigitalMicrograph type {kind} are not read")
    while len(axes) > 2 and axes[-1] == 1:
        axes.pop()
    if len(axes) < 2 or 1 in axes[:2]:
        raise UnreadableFile(path, f"holds a spectrum or a profile of {math.prod(axes)} values, not an image")
    if len(axes) > 3:
        raise UnreadableFile(path, f"holds data of {len(axes)} axes ({' x '.join(map(str, axes))}), not an image or a stack")
    dtype = np.dtype(tree.order + ("u4" if kind in COLOUR else DTYPES[int(kind)]))
    held = bulk.count * _width(bulk.code) if isinstance(bulk, Bulk) else 0
    if held < math.prod(axes) * dtype.itemsize:
        raise UnreadableFile(
            path, f"cut short: {' x '.join(map(str, axes))} pixels do not fit in the {held:,} bytes of its image"
        )
    return tuple(axes[::-1]), dtype


def _width(code: str) -> int:
    return sum(np.dtype(letter).itemsize for letter in code)


def _pixels(array: np.ndarray, kind: int) -> np.ndarray:
    """Binary images as booleans, packed blue, green, red, alpha as a record with those names."""
    if kind in COLOUR:
        return array.view([(name, "u1") for name in "bgra"])
    return array.astype(bool) if kind == 14 else array


def _calibration(data: Mapping[str, Any], count: int, path: Path) -> list[tuple[float, str]]:
    """(step, unit) along x, y and, where there is one, the third axis."""
    given = ((data.get("Calibrations") or {}).get("Dimension")) or {}
    entries = list(given.values()) if isinstance(given, dict) else []
    steps = [
        (_float(entry.get("Scale"), 1.0), _text(entry.get("Units"))) if isinstance(entry, dict) else (1.0, "")
        for entry in entries
    ]
    steps += [(1.0, "")] * (count - len(steps))
    if any(unit.lower() in ("ev", "kev") for _, unit in steps[:count]):
        raise UnreadableFile(path, "holds spectra (one axis is an energy), not an image")
    return steps


def _unit(data: Mapping[str, Any]) -> str:
    """Unit of the stored values: the file's own where it applies to them as they are, else counts."""
    brightness = _at(data, ("Calibrations", "Brightness"))
    direct = _float(_at(brightness, ("Scale",)), 1.0) in (0.0, 1.0) and _float(_at(brightness, ("Origin",)), 0.0) == 0.0
    return (_text(_at(brightness, ("Units",))) if direct else "") or "counts"


def _float(value: Any, default: float) -> float:
    return float(value) if isinstance(value, int | float) else default


def _text(value: Any) -> str:
    return value.strip("\0 ") if isinstance(value, str) else ""


NUMBERS = {
    ("Microscope Info", "Voltage"): ("voltage_kv", 1e-3),
    ("Microscope Info", "Indicated Magnification"): ("magnification", 1.0),
    ("Microscope Info", "Actual Magnification"): ("actual_magnification", 1.0),
    ("Microscope Info", "STEM Camera Length"): ("camera_length_mm", 1.0),
    ("Microscope Info", "Cs(mm)"): ("cs_mm", 1.0),
    ("Microscope Info", "Probe Current (nA)"): ("probe_current_pa", 1e3),
    ("Microscope Info", "Emission Current (µA)"): ("emission_current_ua", 1.0),
    ("Microscope Info", "Stage Position", "Stage Alpha"): ("tilt_alpha_deg", 1.0),
    ("Microscope Info", "Stage Position", "Stage Beta"): ("tilt_beta_deg", 1.0),
    ("DigiScan", "Sample Time"): ("dwell_time_us", 1.0),
    ("Acquisition", "Parameters", "High Level", "Exposure (s)"): ("exposure_s", 1.0),
    ("DataBar", "Exposure Time (s)"): ("exposure_s", 1.0),
}
TEXTS = {
    ("Microscope Info", "Name"): "microscope",
    ("Microscope Info", "Microscope"): "microscope",
    ("Session Info", "Microscope"): "microscope",
    ("Microscope Info", "Operation Mode"): "operation_mode",
    ("Microscope Info", "Illumination Mode"): "illumination_mode",
    ("Microscope Info", "Imaging Mode"): "imaging_mode",
    ("DataBar", "Signal Name"): "detector",
    ("DataBar", "Device Name"): "detector",
    ("DataBar", "Acquisition Date"): "date",
    ("DataBar", "Acquisition Time"): "time",
    ("Session Info", "Specimen"): "specimen",
}


def _conditions(tags: Mapping[str, Any]) -> dict[str, float | str]:
    known: dict[str, float | str] = {}
    for where, (name, factor) in NUMBERS.items():
        value = _float(_at(tags, where), math.nan)
        if math.isfinite(value) and (value or name.startswith("tilt")):
            known.setdefault(name, value * factor)
    for where, name in TEXTS.items():
        text = _text(_at(tags, where))
        if text:
            known.setdefault(name, text)
    return known


def _at(tags: Any, where: tuple[str, ...]) -> Any:
    for name in where:
        if not isinstance(tags, dict):
            return None
        tags = tags.get(name)
    return tags
