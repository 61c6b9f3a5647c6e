"""Small files of instruments, written from the facts of their formats, so that the readers meet what they will meet."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

DM_TYPES = {"h": 2, "i": 3, "H": 4, "I": 5, "f": 6, "d": 7, "b": 9, "B": 10, "q": 11, "Q": 12}
DM_KINDS = {
    "int16": 1,
    "float32": 2,
    "complex64": 3,
    "uint8": 6,
    "int32": 7,
    "int8": 9,
    "uint16": 10,
    "uint32": 11,
    "float64": 12,
}
DM_KINDS |= {"complex128": 13, "bool": 14, "int64": 39, "uint64": 40}


class DmWriter:
    """Tag trees of DigitalMicrograph, version 3 or 4, either byte order of the values."""

    def __init__(self, version: int, order: str = "<") -> None:
        self.version, self.order = version, order
        self.wide = ">Q" if version == 4 else ">I"

    def file(self, tree: Mapping[str, Any]) -> bytes:
        body = self.group(tree)
        return (
            struct.pack(">I", self.version)
            + struct.pack(self.wide, len(body) + 8)
            + struct.pack(">I", int(self.order == "<"))
            + body
            + bytes(8)
        )

    def group(self, tree: Mapping[str, Any]) -> bytes:
        tags = b"".join(self.tag(name, value) for name, value in tree.items())
        return b"\1\0" + struct.pack(self.wide, len(tree)) + tags

    def tag(self, name: str, value: Any) -> bytes:
        label = b"" if name.isdigit() else name.encode("latin-1")
        kind, body = (20, self.group(value)) if isinstance(value, dict) else (21, self.data(value))
        length = struct.pack(">Q", len(body)) if self.version == 4 else b""
        return bytes([kind]) + struct.pack(">H", len(label)) + label + length + body

    def data(self, value: Any) -> bytes:
        if isinstance(value, str):
            info, body = [20, 4, len(value)], value.encode("utf-16" + ("-le" if self.order == "<" else "-be"))
        elif isinstance(value, np.ndarray):
            info, body = (
                [20, *self.element(value.dtype), value.size],
                value.astype(value.dtype.newbyteorder(self.order)).tobytes(),
            )
        elif isinstance(value, float):
            info, body = [7], struct.pack(self.order + "d", value)
        else:
            info, body = [3], struct.pack(self.order + "i", value)
        return b"%%%%" + struct.pack(self.wide, len(info)) + b"".join(struct.pack(self.wide, n) for n in info) + body

    def element(self, dtype: np.dtype) -> list[int]:
        if dtype.kind == "c":
            part = 6 if dtype.itemsize == 8 else 7
            return [15, 0, 2, 0, part, 0, part]
        return [8 if dtype.kind == "b" else DM_TYPES[{"u8": "Q", "i8": "q"}.get(dtype.str[1:], dtype.char)]]


def dm(
    path: Path,
    pixels: np.ndarray,
    *,
    version: int = 4,
    order: str = "<",
    steps: Sequence[tuple[float, str]] = ((0.5, "nm"), (0.5, "nm")),
    tags: Mapping[str, Any] | None = None,
    kind: int | None = None,
) -> Path:
    """One image behind a thumbnail; ``steps`` are (step, unit) of x, y and the third axis."""
    image = {
        "ImageData": {
            "Calibrations": {
                "Brightness": {"Origin": 0.0, "Scale": 1.0, "Units": "e-"},
                "Dimension": {str(i): {"Origin": 0.0, "Scale": step, "Units": unit} for i, (step, unit) in enumerate(steps)},
            },
            "Data": np.ascontiguousarray(pixels).ravel(),
            "DataType": kind or DM_KINDS[pixels.dtype.name],
            "Dimensions": {str(i): n for i, n in enumerate(pixels.shape[::-1])},
        },
        "ImageTags": dict(tags or {}),
        "Name": "made",
    }
    thumbnail = {
        "ImageData": {"Data": np.zeros(96 * 96, np.uint32), "DataType": 23, "Dimensions": {"0": 96, "1": 96}},
        "ImageTags": {},
    }
    tree = {"ImageList": {"0": thumbnail, "1": image}, "Thumbnails": {"0": {"ImageIndex": 0}}}
    path.write_bytes(DmWriter(version, order).file(tree))
    return path


def ser(
    path: Path, frames: np.ndarray, *, step_m: tuple[float, float] = (2e-9, 1e-9), wide: bool = False, data_type: int = 0x4122
) -> Path:
    """A TIA series of ``frames`` (frame, row, column), first row on top; ``step_m`` is (y, x)."""
    kinds = {"uint8": 1, "uint16": 2, "uint32": 3, "int8": 4, "int16": 5, "int32": 6, "float32": 7, "float64": 8, "complex64": 9}
    count, height, width = frames.shape
    integer = "<q" if wide else "<i"
    dimension = struct.pack("<iddii", count, 0, 1, 0, 6) + b"Number" + struct.pack("<i", 0)
    table = 26 + struct.calcsize(integer) + len(dimension)
    first = table + 2 * count * struct.calcsize(integer)
    elements, places = b"", []
    for frame in frames:
        places.append(first + len(elements))
        elements += struct.pack("<ddiddihii", 0, step_m[1], 0, 0, step_m[0], 0, kinds[frames.dtype.name], width, height)
        elements += np.ascontiguousarray(frame[::-1]).tobytes()
    tags = [first + len(elements) + 8 * i for i in range(count)]
    clock = b"".join(struct.pack("<HHI", 0x4152, 0, 1_500_000_000 + 2 * i) for i in range(count))
    head = struct.pack("<HHHiiii", 0x4949, 0x0197, 0x220 if wide else 0x210, data_type, 0x4152, count, count)
    body = head + struct.pack(integer, table) + struct.pack("<i", 1) + dimension
    path.write_bytes(body + b"".join(struct.pack(integer, n) for n in (*places, *tags)) + elements + clock)
    return path


def emi(path: Path, *, mode: str = "TEM uP SA Zoom Image") -> Path:
    """The experiment's file beside a series: XML between bytes that nobody documents."""
    rows = {
        "High tension": ("300", "kV"),
        "Magnification": ("59000", "x"),
        "Mode": (mode, ""),
        "Microscope": ("Made Titan", ""),
        "Camera length": ("0.42", "m"),
    }
    data = "".join(f"<Data><Label>{k}</Label><Value>{v}</Value><Unit>{u}</Unit></Data>" for k, (v, u) in rows.items())
    text = f"<ExperimentalDescription><Root>{data}</Root></ExperimentalDescription>"
    text = f"<ObjectInfo>{text}<AcquireDate>today</AcquireDate></ObjectInfo>"
    path.write_bytes(b"JK\0\2" + bytes(50) + text.encode() + bytes(20))
    return path


def mrc(
    path: Path,
    values: np.ndarray,
    *,
    mode: int,
    order: str = "<",
    cell_a: Sequence[float] | None = None,
    volume: bool = False,
    extended: bytes = b"",
    kind: bytes = b"",
) -> Path:
    """An MRC file; ``cell_a`` are the lengths of the cell along x, y, z in Å."""
    nz, ny, nx = values.shape
    head = bytearray(1024)
    words = (
        nx,
        ny,
        nz,
        mode,
        0,
        0,
        0,
        nx,
        ny,
        nz if volume else 1,
        *(cell_a or (nx, ny, nz)),
        90,
        90,
        90,
        1,
        2,
        3,
        0,
        1,
        0.5,
        int(volume),
        len(extended),
    )
    struct.pack_into(order + "10i6f3i3f2i", head, 0, *words)
    head[104 : 104 + len(kind)] = kind
    head[208:214] = b"MAP " + (b"DD" if order == "<" else b"\x11\x11")
    path.write_bytes(bytes(head) + extended + values.astype(values.dtype.newbyteorder(order)).tobytes())
    return path


def velox(
    path: Path,
    images: Mapping[str, np.ndarray],
    *,
    pixel: tuple[float, float] = (4e-10, 2e-10),
    unit: str = "m",
    overlay: bool = False,
) -> Path:
    """A Velox file: one group per detector with (row, column, frame) values and JSON metadata; ``pixel`` is (y, x)."""
    with h5py.File(path, "w") as file:
        for number, (detector, values) in enumerate(images.items()):
            meta = {
                "Instrument": {"Manufacturer": "FEI Company", "InstrumentModel": "Made"},
                "Optics": {"AccelerationVoltage": "200000", "CameraLength": "0.1"},
                "Scan": {"FrameTime": "0.25", "DwellTime": "2e-06"},
                "BinaryResult": {
                    "PixelSize": {"height": str(pixel[0]), "width": str(pixel[1])},
                    "PixelUnitX": unit,
                    "PixelUnitY": unit,
                    "Detector": detector,
                },
                "CustomProperties": {"StemMagnification": {"type": "double", "value": "320000"}},
            }
            group = file.create_group(f"Data/Image/{number:032x}")
            text = np.zeros((6000, values.shape[2]), np.uint8)
            raw = np.frombuffer(json.dumps(meta).encode(), np.uint8)
            text[: len(raw)] = raw[:, None]
            group["Metadata"], group["Data"] = text, values
        if overlay:
            group = file.create_group("Data/Image/" + "f" * 32)
            group["Data"] = np.zeros((4, 4, 1), np.dtype([("r", "u1"), ("g", "u1"), ("b", "u1")]))
    return path


def berkeley(path: Path, values: np.ndarray, axes: Sequence[tuple[str, float, str]]) -> Path:
    """A Berkeley EMD file; ``axes`` are (name, step, unit), slowest first."""
    with h5py.File(path, "w") as file:
        file.attrs["version_major"], file.attrs["version_minor"] = 0, 2
        group = file.create_group("data/made")
        group.attrs["emd_group_type"] = 1
        group["data"] = values
        for number, (name, step, unit) in enumerate(axes, 1):
            vector = group.create_dataset(f"dim{number}", data=np.arange(values.shape[number - 1]) * step)
            vector.attrs["name"], vector.attrs["units"] = name, unit
        file.create_group("microscope").attrs["voltage"] = 300000.0
    return path


def hyperspy(path: Path, values: np.ndarray, axes: Sequence[tuple[str, float, str]]) -> Path:
    """A HyperSpy file; ``axes`` are (name, scale, units), slowest first."""
    with h5py.File(path, "w") as file:
        file.attrs["file_format"] = "HyperSpy"
        group = file.create_group("Experiments/made")
        group["data"] = values
        for number, (name, scale, unit) in enumerate(axes):
            attrs = group.create_group(f"axis-{number}").attrs
            attrs["name"], attrs["scale"], attrs["units"], attrs["size"] = name, scale, unit, values.shape[number]
        group.create_group("metadata/Acquisition_instrument/SEM").attrs["beam_energy"] = 15.0
        group.create_group("metadata/Signal").attrs["quantity"] = "Height (nm)"
    return path


def gwy_component(name: str, kind: str, value: Any) -> bytes:
    """One component of a Gwyddion object."""
    head = name.encode() + b"\0" + kind.encode()
    if kind == "o":
        return head + value
    if kind == "s":
        return head + value.encode() + b"\0"
    if kind == "D":
        return head + struct.pack("<I", value.size) + value.astype("<f8").tobytes()
    return head + struct.pack({"b": "<?", "i": "<i", "d": "<d", "q": "<q"}[kind], value)


def gwy_object(kind: str, *components: bytes) -> bytes:
    """One Gwyddion object."""
    body = b"".join(components)
    return kind.encode() + b"\0" + struct.pack("<I", len(body)) + body


def gwy_field(values: np.ndarray, *, real_m: tuple[float, float], unit_xy: str = "m", unit_z: str = "m") -> bytes:
    """A data field of ``real_m`` (y, x) metres."""
    return gwy_object(
        "GwyDataField",
        gwy_component("xres", "i", values.shape[1]),
        gwy_component("yres", "i", values.shape[0]),
        gwy_component("xreal", "d", real_m[1]),
        gwy_component("yreal", "d", real_m[0]),
        gwy_component("si_unit_xy", "o", gwy_object("GwySIUnit", gwy_component("unitstr", "s", unit_xy))),
        gwy_component("si_unit_z", "o", gwy_object("GwySIUnit", gwy_component("unitstr", "s", unit_z))),
        gwy_component("data", "D", values.ravel()),
    )


def gwy(path: Path, *components: bytes) -> Path:
    """A Gwyddion file of these components."""
    path.write_bytes(b"GWYP" + gwy_object("GwyContainer", *components))
    return path


def nanoscope(
    path: Path,
    channels: Mapping[str, np.ndarray],
    *,
    scan: str = "2 1 ~m",
    scale: str = "V [Sens. Zsens] (0.0003 V/LSB) 20 V",
    sens: str = "V 12.5 nm/V",
    stated: int | None = None,
) -> Path:
    """A Nanoscope file; channels are whole numbers, first row on top."""
    start, sections, body = 8192, [], b""
    for name, values in channels.items():
        raw = np.ascontiguousarray(values[::-1]).astype(values.dtype.newbyteorder("<")).tobytes()
        sections += [
            "\\*Ciao image list",
            f"\\Data offset: {start + len(body)}",
            f"\\Data length: {len(raw)}",
            f"\\Bytes/pixel: {stated or values.dtype.itemsize}",
            f"\\Samps/line: {values.shape[1]}",
            f"\\Number of lines: {values.shape[0]}",
            "\\Line Direction: Trace",
            f"\\Scan Size: {scan}",
            "\\Aspect Ratio: 1:1",
            f'\\@2:Image Data: S [{name}] "{name}"',
            "\\@Z magnify: C [2:Z scale] 1.0",
            f"\\@2:Z scale: {scale}",
        ]
        body += raw
    lines = [
        "\\*File list",
        "\\Version: 0x08150300",
        "\\*Equipment list",
        "\\Microscope: Made",
        "\\*Scanner list",
        f"\\@Sens. Zsens: {sens}",
        "\\*Ciao scan list",
        "\\Scan Rate: 0.5",
    ]
    head = "\r\n".join([*lines, *sections, "\\*File list end"]).encode("latin-1") + b"\r\n\x1a"
    path.write_bytes(head.ljust(start, b"\0") + body)
    return path
