"""
EMD files, which are HDF5: those of Thermo Fisher's Velox and those of the Berkeley lab's definition.

Velox keeps each image as (row, column, frame) with the metadata of every frame as JSON in bytes;
lengths are in metres. A Berkeley group has ``data`` and one vector ``dim1``, ``dim2``, ... per axis.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..core import Micrograph, PixelSize, Stack
from ..errors import UnreadableFile
from . import h5tree, lengths, planes
from .formats import Options


def read(path: Path, options: Options) -> Micrograph | Stack:
    """The images of an EMD file of either kind."""
    with h5tree.opened(path) as file:
        if is_velox(file):
            return velox(file, path, options)
        groups = berkeley_groups(file)
        if groups:
            return berkeley(groups, file, path, options)
    raise UnreadableFile(path, "neither a Velox nor a Berkeley EMD file: it has no Data/Image and no group with data and dim1")


def is_velox(file: Any) -> bool:
    """Whether Velox wrote this file."""
    return isinstance(file.get("Data/Image"), h5py.Group)


class _Turned:
    """A (row, column, frame) dataset seen as (frame, row, column); only what is asked for is read."""

    def __init__(self, dataset: Any) -> None:
        rows, columns, frames = dataset.shape
        self.dataset, self.shape, self.dtype = dataset, (frames, rows, columns), dataset.dtype

    def __getitem__(self, index: tuple[int, ...]) -> np.ndarray:
        return np.asarray(self.dataset[:, :, index[0]])


def velox(file: Any, path: Path, options: Options) -> Micrograph | Stack:
    """One detector's image or series of frames, or the images of several detectors as channels."""
    whole, skipped = [], 0
    for group in file["Data/Image"].values():
        data = group.get("Data") if isinstance(group, h5py.Group) else None
        if isinstance(data, h5py.Dataset) and len(data.shape) == 3 and data.dtype.kind in "iufc" and data.size:
            whole.append((data, _json(group.get("Metadata"))))
        else:
            skipped += 1
    if not whole:
        raise UnreadableFile(path, "holds no grey image (Velox spectra, colour overlays and Fourier transforms are not read)")
    notes: tuple[str, ...] = (f"{skipped} colour overlay(s) or Fourier transform(s) of the file are left out",) if skipped else ()
    most = max(data.shape[2] for data, _ in whole)
    if most > 1 or len(whole) == 1:
        series = [entry for entry in whole if entry[0].shape[2] == most]
        notes += (f"the file holds {len(whole)} image series; this is the first of the longest",) if len(whole) > 1 else ()
        return _series(*series[0], path, options, notes)
    for data, _ in whole:
        h5tree.check(path, data)
    frames = [planes.plane(np.asarray(data[:, :, 0]), path, options, **_known(meta, notes)) for data, meta in whole]
    names = [_detector(meta) or f"image {i + 1}" for i, (_, meta) in enumerate(whole)]
    return planes.mixed(frames, path, options, names=names)


def _series(data: Any, meta: dict[str, Any], path: Path, options: Options, notes: tuple[str, ...]) -> Micrograph | Stack:
    picked = planes.chosen(path, data.shape[2], options)
    h5tree.check(path, data, (len(picked), *data.shape[:2]))
    step_s = h5tree.number(_at(meta, "Scan", "FrameTime"))
    if not step_s and (step_s := _exposure_s(meta)) and data.shape[2] > 1:
        notes += ("times are multiples of the exposure; pauses between frames are not in the file",)
    return planes.gather(_Turned(data), path, options, axis="time", step_s=step_s, **_known(meta, notes))


def _json(dataset: Any) -> dict[str, Any]:
    """Metadata of the first frame; empty where it is absent or broken."""
    if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 2 or dataset.shape[0] > 2**24:
        return {}
    try:
        found = json.loads(bytes(np.asarray(dataset[:, 0], np.uint8)).split(b"\0")[0].decode("utf-8", "replace"))
    except (ValueError, IndexError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _at(meta: Any, *names: str) -> Any:
    for name in names:
        meta = meta.get(name) if isinstance(meta, Mapping) else None
    return meta


def _known(meta: dict[str, Any], notes: tuple[str, ...]) -> dict[str, Any]:
    result = meta.get("BinaryResult")
    y, x = (h5tree.number(_at(result, "PixelSize", side)) for side in ("height", "width"))
    units = [h5tree.text(_at(result, key)) for key in ("PixelUnitY", "PixelUnitX")]
    if x is None or y is None:
        size, why = None, tuple[str, ...](("no pixel size in the file's metadata",))
    else:
        size, why = lengths.pixel_size(y, x, units[0], "Velox BinaryResult.PixelSize", x_unit=units[1])
    return {"pixel_size": size, "conditions": _conditions(meta), "header": meta, "unit": "counts", "notes": (*notes, *why)}


def _detector(meta: dict[str, Any]) -> str:
    return h5tree.text(_at(meta, "BinaryResult", "Detector"))


def _exposure_s(meta: dict[str, Any]) -> float | None:
    for detector in (meta.get("Detectors") or {}).values() if isinstance(meta.get("Detectors"), dict) else ():
        if _at(detector, "DetectorName") == _detector(meta):
            return h5tree.number(_at(detector, "ExposureTime"))
    return None


VELOX = {
    "voltage_kv": (("Optics", "AccelerationVoltage"), 1e-3),
    "camera_length_mm": (("Optics", "CameraLength"), 1e3),
    "defocus_um": (("Optics", "Defocus"), 1e6),
    "beam_convergence_mrad": (("Optics", "BeamConvergence"), 1e3),
    "screen_current_pa": (("Optics", "LastMeasuredScreenCurrent"), 1e12),
    "dwell_time_us": (("Scan", "DwellTime"), 1e6),
    "frame_time_s": (("Scan", "FrameTime"), 1.0),
    "tilt_alpha_deg": (("Stage", "AlphaTilt"), 180 / np.pi),
    "tilt_beta_deg": (("Stage", "BetaTilt"), 180 / np.pi),
}


def _conditions(meta: dict[str, Any]) -> dict[str, float | str]:
    known: dict[str, float | str] = {}
    for name, (where, factor) in VELOX.items():
        value = h5tree.number(_at(meta, *where))
        if value:
            known[name] = value * factor
    scanned = h5tree.number(_at(meta, "CustomProperties", "StemMagnification", "value"))
    magnification = scanned or h5tree.number(_at(meta, "Optics", "NominalMagnification"))
    exposure_s = _exposure_s(meta)
    known |= {"magnification": magnification} if magnification else {}
    known |= {"exposure_s": exposure_s} if exposure_s else {}
    maker, model = (h5tree.text(_at(meta, "Instrument", key)) for key in ("Manufacturer", "InstrumentModel"))
    texts = {"microscope": " ".join(filter(None, (maker, model))), "detector": _detector(meta)}
    return known | {name: text for name, text in texts.items() if text}


def berkeley_groups(file: Any) -> list[Any]:
    """Groups that hold an array and the vectors of its axes, by their marker or by their members."""
    found: list[Any] = []

    def visit(_: str, node: Any) -> None:
        if isinstance(node, h5py.Group) and "dim1" in node and "dim2" in node and _array(node) is not None:
            found.append(node)

    visit("", file)
    file.visititems(visit)
    marked = [group for group in found if h5tree.number(group.attrs.get("emd_group_type")) == 1]
    return marked or found


def _array(group: Any) -> Any:
    named = group.get("data")
    others = (node for name, node in group.items() if not name.startswith("dim"))
    for node in (named, *others):
        if isinstance(node, h5py.Dataset) and len(node.shape or ()) >= 2 and node.dtype.kind in "biufcV":
            return node
    return None


def berkeley(groups: list[Any], file: Any, path: Path, options: Options) -> Micrograph | Stack:
    """The first image or stack among ``groups``; others are named in a note."""
    fitting = [group for group in groups if len([n for n in _array(group).shape if n > 1]) in (2, 3)] or groups
    group = max(fitting, key=lambda g: (len(_array(g).shape) == 2, -groups.index(g))) if len(fitting) > 1 else fitting[0]
    data, others = _array(group), [g.name.strip("/") for g in groups if g != group]
    notes = (f"the file also holds {', '.join(others)}",) if others else ()
    axes = [_axis(group.get(f"dim{i + 1}"), n) for i, n in enumerate(data.shape)]
    frames = data.shape[-3] if len(data.shape) > 2 else 1
    picked = planes.chosen(path, frames, options) if len(data.shape) == 3 else range(frames)
    h5tree.check(path, data, (len(picked), *data.shape[-2:]))
    (_, y, y_unit), (_, x, x_unit) = axes[-2:]
    size, why = lengths.pixel_size(y, x, y_unit, "EMD dim vectors", x_unit=x_unit)
    name, step, unit = axes[-3] if len(axes) > 2 else ("", 1.0, "")
    header = h5tree.tree(file)
    return planes.gather(
        data,
        path,
        options,
        **planes.third_axis(name, step, unit),
        notes=(*notes, *why),
        pixel_size=_rounded(size),
        conditions=_microscope(header),
        header=header,
        unit=_units(data),
    )


def _axis(vector: Any, length: int) -> tuple[str, float, str]:
    """Name, step and unit of one axis; a vector of two entries gives the first two positions."""
    if not isinstance(vector, h5py.Dataset) or vector.size is None or vector.size < 2 or vector.dtype.kind not in "iuf":
        return "", 1.0, ""
    ends = np.asarray(vector[: max(2, length)], np.float64).ravel()
    step = float((ends[-1] - ends[0]) / (len(ends) - 1))
    return h5tree.text(vector.attrs.get("name")), step, _units(vector)


def _units(node: Any) -> str:
    return h5tree.text(node.attrs.get("units")).replace("[", "").replace("]", "").replace("_", "").strip()


def _rounded(size: PixelSize | None) -> PixelSize | None:
    """Steps taken from vectors carry rounding in their last digits; equal ones are made equal."""
    if size is None or not size.square:
        return size
    return PixelSize(size.mean_nm, size.mean_nm, size.origin, size.relative_error)


def _microscope(header: dict[str, Any]) -> dict[str, float | str]:
    given = header.get("microscope")
    if not isinstance(given, dict):
        return {}
    known: dict[str, float | str] = {}
    voltage = h5tree.number(given.get("voltage"))
    if voltage:
        known["voltage_kv"] = voltage / 1e3 if voltage >= 5e3 else voltage
    for key in ("microscope name", "name", "microscope"):
        if isinstance(given.get(key), str):
            known.setdefault("microscope", given[key])
    return known
