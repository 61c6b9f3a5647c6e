"""HyperSpy files (``.hspy``, earlier ``.hdf5``): a signal with its axes, its metadata and the original ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py

from ..core import Micrograph, Stack
from ..errors import UnreadableFile
from . import h5tree, lengths, planes
from .formats import Options


def is_hyperspy(file: Any) -> bool:
    """Whether HyperSpy wrote this file."""
    experiments = file.get("Experiments")
    if not isinstance(experiments, h5py.Group):
        return False
    return any(isinstance(node, h5py.Group) and "data" in node for node in experiments.values())


def load(file: Any, path: Path, options: Options) -> Micrograph | Stack:
    """The first signal whose axes can be an image or a stack of images."""
    signals = [n for n in file["Experiments"].values() if isinstance(n, h5py.Group) and isinstance(n.get("data"), h5py.Dataset)]
    fitting = [node for node in signals if sum(n > 1 for n in node["data"].shape) in (2, 3)]
    if not fitting:
        shapes = ", ".join(" x ".join(str(n) for n in node["data"].shape) for node in signals)
        raise UnreadableFile(path, f"holds signals of {shapes} values, neither an image nor a stack of images")
    signal, others = fitting[0], [h5tree.text(node.name.rsplit("/", 1)[-1]) for node in signals if node != fitting[0]]
    data = signal["data"]
    h5tree.check(path, data)
    axes = [_axis(signal.get(f"axis-{i}")) for i in range(len(data.shape))]
    if any(unit.lower() in ("ev", "kev") for _, _, unit in axes):
        raise UnreadableFile(path, "holds spectra (one axis is an energy), not an image")
    (_, y, y_unit), (_, x, x_unit) = axes[-2:]
    size, notes = lengths.pixel_size(y, x, y_unit, "HyperSpy axes", x_unit=x_unit)
    name, step, unit = axes[-3] if len(axes) > 2 else ("", 1.0, "")
    header = h5tree.tree(signal)
    return planes.gather(
        data,
        path,
        options,
        **planes.third_axis(name, step, unit),
        notes=(*notes, *((f"the file also holds {', '.join(others)}",) if others else ())),
        pixel_size=size,
        conditions=_conditions(header),
        header=header,
        unit=_quantity(header),
    )


def _axis(group: Any) -> tuple[str, float, str]:
    """Name, step and unit of one axis; unknown ones are empty."""
    if not isinstance(group, h5py.Group):
        return "", 1.0, ""
    name, unit = (_named(group.attrs.get(key)) for key in ("name", "units"))
    return name, h5tree.number(group.attrs.get("scale")) or 1.0, unit


def _named(value: Any) -> str:
    text = h5tree.text(value)
    return "" if text in ("<undefined>", "_None_", "None") else text


NUMBERS = {
    "beam_energy": ("voltage_kv", 1.0),
    "magnification": ("magnification", 1.0),
    "camera_length": ("camera_length_mm", 1.0),
    "beam_current": ("probe_current_pa", 1e3),
    "working_distance": ("working_distance_mm", 1.0),
    "dwell_time": ("dwell_time_us", 1e6),
}


def _conditions(header: dict[str, Any]) -> dict[str, float | str]:
    """Beam energy in keV, camera length and working distance in mm, current in nA, as HyperSpy defines them."""
    metadata = header.get("metadata")
    instruments = metadata.get("Acquisition_instrument") if isinstance(metadata, dict) else None
    known: dict[str, float | str] = {}
    for kind in ("TEM", "SEM"):
        given = instruments.get(kind) if isinstance(instruments, dict) else None
        if not isinstance(given, dict):
            continue
        for key, (name, factor) in NUMBERS.items():
            value = h5tree.number(given.get(key))
            if value:
                known[name] = value * factor
        if isinstance(given.get("microscope"), str):
            known["microscope"] = given["microscope"]
    return known


def _quantity(header: dict[str, Any]) -> str:
    """Unit of the values, from a quantity such as ``Intensity (counts)``."""
    metadata = header.get("metadata")
    signal = metadata.get("Signal") if isinstance(metadata, dict) else None
    quantity = h5tree.text(signal.get("quantity")) if isinstance(signal, dict) else ""
    return quantity[quantity.index("(") + 1 : -1] if "(" in quantity and quantity.endswith(")") else ""
