"""NeXus files: reduced scattering of the canSAS definition, and the plot that a file names as its default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..core import Curve, Micrograph, Pattern, Stack
from ..errors import UnreadableFile
from . import h5tree, lengths, planes
from .formats import Options


def _groups(file: Any, attribute: str, value: str) -> list[Any]:
    found: list[Any] = []

    def visit(_: str, node: Any) -> None:
        if isinstance(node, h5py.Group) and h5tree.text(node.attrs.get(attribute)) == value:
            found.append(node)

    file.visititems(visit)
    return found


def scattering(file: Any) -> Any:
    """The first group of class SASdata that holds intensities, or None."""
    marked = _groups(file, "canSAS_class", "SASdata")
    return next((group for group in marked if isinstance(group.get("I"), h5py.Dataset)), None)


def load_scattering(group: Any, file: Any, path: Path) -> Curve | Pattern:
    """I(Q) as a Curve, I(Qx, Qy) as a Pattern."""
    arrays = {name: _array(group[name], path) for name in ("I", "Q", "Qx", "Qy", "Idev", "Qdev") if name in group}
    intensity, header, notes = arrays["I"], h5tree.tree(file), tuple[str, ...]()
    unit = h5tree.text(group["I"].attrs.get("units"))
    if intensity.ndim == 1 and "Q" in arrays:
        return Curve(
            arrays["Q"], intensity, "Q", "I", lengths.spelled(h5tree.text(group["Q"].attrs.get("units"))), lengths.spelled(unit),
            y_error=arrays.get("Idev"), x_error=arrays.get("Qdev"), source=str(path), header=header,
        )  # fmt: skip
    if intensity.ndim != 2:
        raise UnreadableFile(path, f"holds scattering of {intensity.ndim} axes; one and two are read")
    qx, qy = (_per_nm(group[name]) if name in group else None for name in ("Qx", "Qy"))
    if qx is not None and qy is not None and qx.ndim == qy.ndim == 1:
        qx, qy = np.meshgrid(qx, qy) if (len(qy), len(qx)) == intensity.shape else np.meshgrid(qx, qy, indexing="ij")
    if qx is None or qy is None or qx.shape != intensity.shape:
        qx, qy, notes = None, None, ("the file gives no Qx and Qy for its intensities",)
    finite = np.isfinite(intensity)
    return Pattern(
        intensity, qx, qy, error=arrays.get("Idev"), mask=finite if not finite.all() else None,
        unit=lengths.spelled(unit), source=str(path), header=header, notes=notes,
    )  # fmt: skip


def _array(dataset: Any, path: Path) -> np.ndarray:
    h5tree.check(path, dataset)
    return np.asarray(dataset[()], np.float64)


def _per_nm(dataset: Any) -> np.ndarray | None:
    factor = lengths.per_nm(h5tree.text(dataset.attrs.get("units")))
    return None if factor is None else np.asarray(dataset[()], np.float64) * factor


def plotted(file: Any) -> Any:
    """The first NXdata group whose signal has two or three axes, or None."""
    for group in _groups(file, "NX_class", "NXdata"):
        data = group.get(h5tree.text(group.attrs.get("signal")) or "data")
        if isinstance(data, h5py.Dataset) and sum(n > 1 for n in data.shape or ()) in (2, 3) and data.dtype.kind in "biufc":
            return group
    return None


def load_plotted(group: Any, file: Any, path: Path, options: Options) -> Micrograph | Stack:
    """The signal of an NXdata group with the steps of the axes it names."""
    data = group[h5tree.text(group.attrs.get("signal")) or "data"]
    h5tree.check(path, data)
    named = h5tree.plain(group.attrs.get("axes")) or []
    named = named if isinstance(named, list) else str(named).split(":")
    axes = [_step(group.get(str(name))) for name in named]
    axes = axes if len(axes) == len(data.shape) else [(1.0, "")] * len(data.shape)
    (y, y_unit), (x, x_unit) = axes[-2:]
    size, notes = lengths.pixel_size(y, x, y_unit, "NXdata axes", x_unit=x_unit)
    step, unit = axes[-3] if len(axes) > 2 else (1.0, "")
    return planes.gather(
        data,
        path,
        options,
        **planes.third_axis("", step, unit),
        notes=notes,
        pixel_size=size,
        header=h5tree.tree(file),
        unit=h5tree.text(data.attrs.get("units")),
    )


def _step(vector: Any) -> tuple[float, str]:
    if not isinstance(vector, h5py.Dataset) or vector.ndim != 1 or vector.size < 2 or vector.dtype.kind not in "iuf":
        return 1.0, ""
    ends = np.asarray([vector[0], vector[-1]], np.float64)
    return float((ends[1] - ends[0]) / (vector.size - 1)), h5tree.text(vector.attrs.get("units"))
