"""HDF5 files: our own layout, EMD, HyperSpy, NXcanSAS and NXdata, and any file with one obvious image."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from ..core import Curve, LabelMap, Micrograph, Pattern, Stack, Trajectory
from ..errors import UnreadableFile
from . import emd, h5tree, hyperspy, lengths, nexus, planes, saved
from .formats import Options
from .saved import write

__all__ = ["read", "write"]

OBVIOUS = ("data", "image", "images", "img", "pixels", "raw", "volume", "exported_data", "intensity")
LISTED = 6


def read(path: Path, options: Options) -> Micrograph | Stack | Pattern | LabelMap | Curve | Trajectory:
    """What the file holds, by the layout it follows."""
    with h5tree.opened(path) as file:
        if saved.is_saved(file):
            return saved.load(file, path, options)
        if hyperspy.is_hyperspy(file):
            return hyperspy.load(file, path, options)
        if emd.is_velox(file):
            return emd.velox(file, path, options)
        scattering = nexus.scattering(file)
        if scattering is not None:
            return nexus.load_scattering(scattering, file, path)
        plotted = nexus.plotted(file)
        if plotted is not None:
            return nexus.load_plotted(plotted, file, path, options)
        groups = emd.berkeley_groups(file)
        if groups:
            return emd.berkeley(groups, file, path, options)
        return _obvious(file, path, options)


def _obvious(file: Any, path: Path, options: Options) -> Micrograph | Stack:
    """The one dataset that can be an image or a stack of images."""
    found = h5tree.images(file)
    if not found:
        raise UnreadableFile(path, "an HDF5 file without any array of two or three axes")
    named = [node for node in found if node.name.rsplit("/", 1)[-1].lower() in OBVIOUS]
    best = found if len(found) == 1 else named
    if len(best) != 1:
        listed = [f"{node.name} ({' x '.join(str(n) for n in node.shape)})" for node in found[:LISTED]]
        more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
        raise UnreadableFile(
            path, f"holds {len(found)} arrays, none obviously the image: {', '.join(listed)}{more}; save one alone"
        )
    node = best[0]
    h5tree.check(path, node)
    size, spacing_nm, notes = _element_size(node)
    if len(found) > 1:
        notes += (f"the image is {node.name}; the file holds {len(found) - 1} more array(s)",)
    volume = spacing_nm is not None
    return planes.gather(
        node,
        path,
        options,
        colour=True,
        axis="z" if volume else "page",
        spacing_nm=spacing_nm,
        notes=notes,
        pixel_size=size,
        header=h5tree.tree(file),
        unit=h5tree.text(node.attrs.get("units")) if "units" in node.attrs else "",
    )


def _element_size(node: Any) -> tuple[Any, float | None, tuple[str, ...]]:
    """Pixel size from attributes other programs write: ``element_size_um`` (z, y, x) or ``pixel_size_nm``."""
    for name, unit in (("element_size_um", "um"), ("pixel_size_nm", "nm"), ("pixel_size_um", "um"), ("pixel_size_m", "m")):
        for holder in (node, node.parent, node.file):
            given = holder.attrs.get(name)
            if given is None:
                continue
            with contextlib.suppress(TypeError, ValueError):
                steps = [float(n) for n in given] if getattr(given, "ndim", 0) else [float(given)] * 2
                size, notes = lengths.pixel_size(steps[-2], steps[-1], unit, f"HDF5 attribute {name}")
                depth = steps[0] * (lengths.nm_per(unit) or 1.0) if len(steps) == 3 and len(node.shape) > 2 else None
                return size, depth if depth and depth > 0 else None, notes
    return None, None, ()
