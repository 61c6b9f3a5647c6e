"""A Micrograph or a Stack as OME-TIFF: raw values exactly, PhysicalSizeX with its unit, planes in order."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from ..core import Micrograph, Stack
from ..errors import InputError
from . import kept
from .vendors.ome import OURS

SCHEMA = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
TYPES = {"uint8": "uint8", "uint16": "uint16", "int16": "int16", "uint32": "uint32", "int32": "int32",
         "float32": "float", "float64": "double"}  # fmt: skip
OME_AXIS = {"z": "Z", "time": "T", "channel": "C", "page": "Z"}
NM_PER_CM = 1e7
BIG_BYTES = 2**31


def write(noun: Micrograph | Stack, path: Path) -> None:
    """Uncompressed, one page a frame; frames of one size make one OME image, others one each."""
    if not isinstance(noun, Micrograph | Stack):
        raise InputError(f"a {type(noun).__name__} cannot be an OME-TIFF; give a name ending in .h5")
    frames = noun.frames if isinstance(noun, Stack) else (noun,)
    arrays = [kept.raw_values(frame) for frame in frames]
    if len({array.shape for array in arrays}) == 1:
        common = np.result_type(*arrays)
        if str(common) in TYPES:
            arrays = [array.astype(common) for array in arrays]
    description = _description(noun, frames, arrays)
    with tifffile.TiffWriter(path, bigtiff=sum(array.nbytes for array in arrays) > BIG_BYTES) as tif:
        for index, (frame, array) in enumerate(zip(frames, arrays, strict=True)):
            tif.write(
                array,
                photometric="minisblack",
                description=description if index == 0 else None,
                metadata=None,
                software="morphoscope",
                contiguous=False,
                **_resolution(frame),
            )


def _resolution(frame: Micrograph) -> dict[str, Any]:
    size = frame.pixel_size
    if size is None or not all(1e-6 < NM_PER_CM / nm < 2**31 for nm in (size.x_nm, size.y_nm)):
        return {}
    return {"resolution": (NM_PER_CM / size.x_nm, NM_PER_CM / size.y_nm), "resolutionunit": "CENTIMETER"}


def _description(noun: Micrograph | Stack, frames: Sequence[Micrograph], arrays: Sequence[np.ndarray]) -> bytes:
    ET.register_namespace("", SCHEMA)
    root = ET.Element(f"{{{SCHEMA}}}OME", Creator="morphoscope")
    together = len({(array.shape, array.dtype) for array in arrays}) == 1
    axis = OME_AXIS[noun.axis] if isinstance(noun, Stack) else "Z"
    images = [(0, arrays[0], len(arrays))] if together else [(i, array, 1) for i, array in enumerate(arrays)]
    for number, (first, array, count) in enumerate(images):
        image = ET.SubElement(root, f"{{{SCHEMA}}}Image", ID=f"Image:{number}", Name=frames[first].name)
        _pixels(image, number, array, {axis: count}, noun, frames[first], first)
    told: dict[str, Any] = {"frames": [kept.keep(frame) for frame in frames]}
    if isinstance(noun, Stack):
        told["stack"] = {
            "axis": noun.axis,
            "names": list(noun.names),
            "spacing_nm": noun.spacing_nm,
            "times_s": None if noun.times_s is None else list(noun.times_s),
            "notes": list(noun.notes),
        }
    annotations = ET.SubElement(root, f"{{{SCHEMA}}}StructuredAnnotations")
    comment = ET.SubElement(annotations, f"{{{SCHEMA}}}CommentAnnotation", ID="Annotation:0", Namespace=OURS)
    ET.SubElement(comment, f"{{{SCHEMA}}}Value").text = json.dumps(told)
    return b'<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(root)


def _pixels(
    image: ET.Element, number: int, array: np.ndarray, counts: dict[str, int], noun: Any, frame: Micrograph, first: int
) -> None:
    sizes = {"Z": 1, "C": 1, "T": 1, **counts}
    told = {
        "ID": f"Pixels:{number}",
        "DimensionOrder": "XYZCT",
        "Type": TYPES[str(array.dtype)],
        "SizeX": str(array.shape[1]),
        "SizeY": str(array.shape[0]),
        **{f"Size{axis}": str(count) for axis, count in sizes.items()},
    }
    size = frame.pixel_size
    lengths = {} if size is None else {"X": size.x_nm, "Y": size.y_nm}
    if isinstance(noun, Stack) and noun.spacing_nm is not None:
        lengths["Z"] = noun.spacing_nm
    for axis, nm in lengths.items():
        told |= {f"PhysicalSize{axis}": repr(float(nm)), f"PhysicalSize{axis}Unit": "nm"}
    pixels = ET.SubElement(image, f"{{{SCHEMA}}}Pixels", told)
    names = noun.names if isinstance(noun, Stack) and noun.axis == "channel" else ()
    for channel in range(sizes["C"]):
        named = {"Name": names[channel]} if channel < len(names) else {}
        ET.SubElement(pixels, f"{{{SCHEMA}}}Channel", {"ID": f"Channel:{number}:{channel}", "SamplesPerPixel": "1", **named})
    ET.SubElement(pixels, f"{{{SCHEMA}}}TiffData", IFD=str(first), PlaneCount=str(max(counts.values())))
