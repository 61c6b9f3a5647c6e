"""What the studio shows of a file before anything is computed: pixels as PNG, and the facts beside them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .. import io
from ..core import Curve, LabelMap, Micrograph, Pattern, PixelSize, Stack
from ..errors import MorphoscopeError
from .render.pictures import Picture, display_range, drawn, grey
from .render.words import human, number, size
from .workspace import Workspace

SHOWN_SIDE_PX = 4096
THUMBNAIL_PX = 320
KEPT = 6
LONGEST_TEXT = 200


@dataclass(frozen=True, eq=False)
class Preview:
    """
    One file as it is shown.

    ``facts`` are (label, text) for people, ``image`` the numbers a viewer needs: size in pixels, length
    of a pixel, and ``value = offset + gain * grey`` where grey runs from 0 to 255. ``picture`` is None
    where the file holds no image.
    """

    name: str
    kind: str
    facts: tuple[tuple[str, str], ...]
    image: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    picture: Picture | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything but the pixels."""
        facts = [{"label": label, "text": text} for label, text in self.facts]
        return {"name": self.name, "kind": self.kind, "facts": facts, "image": dict(self.image), "notes": list(self.notes)}


def preview(path: Path) -> Preview:
    """The file at ``path`` as the studio shows it; remembered while the file stays as it is."""
    status = path.stat()
    return _preview(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=KEPT)
def _preview(path: Path, changed_ns: int, count: int) -> Preview:
    del changed_ns
    noun = io.read(path, nan="mask")
    first = noun[0] if isinstance(noun, Stack) else noun
    facts = [("File", f"{path.name}, {size(count)}"), *_facts(noun)]
    notes = tuple(getattr(noun, "notes", ())) or tuple(getattr(first, "notes", ()))
    shown = drawn(noun, path, largest_px=SHOWN_SIDE_PX) if isinstance(first, Micrograph | Pattern | LabelMap) else None
    image = {} if shown is None else {"scale": shown.scale, **_image(first)}
    return Preview(path.name, type(noun).__name__, tuple(facts), image, notes, shown)


@functools.lru_cache(maxsize=64)
def small(path: Path) -> Picture:
    """A thumbnail of the file at ``path``, plain grey where it holds no image; uploads never change, so it is remembered."""
    try:
        return drawn(io.read(path, nan="mask"), path, largest_px=THUMBNAIL_PX)
    except MorphoscopeError:
        return grey(np.full((3, 4), 0.5))


def _image(noun: object) -> dict[str, Any]:
    """Numbers that the viewer turns cursor positions and grey values into lengths and raw values with."""
    if isinstance(noun, Micrograph):
        black, white = display_range(noun)
        per_grey = noun.gain * (white - black) / 255
        return {
            "width_px": noun.width_px,
            "height_px": noun.height_px,
            "pixel_nm": None if noun.pixel_size_nm is None else list(noun.pixel_size_nm),
            "data_bar_row_px": noun.data_bar_row_px,
            "offset": noun.offset + noun.gain * black,
            "gain": per_grey,
            "unit": noun.unit,
            "exact": noun.bits <= 8,
        }
    plane = noun.intensity if isinstance(noun, Pattern) else noun.labels if isinstance(noun, LabelMap) else None
    if plane is None:
        raise TypeError(f"{type(noun).__name__} has no pixels")
    known = {"height_px": plane.shape[-2], "width_px": plane.shape[-1], "data_bar_row_px": None, "pixel_nm": None}
    if isinstance(noun, LabelMap) and noun.pixel_size is not None:
        known["pixel_nm"] = [noun.pixel_size.y_nm, noun.pixel_size.x_nm]
    return {**known, "offset": None, "gain": None, "unit": "", "exact": False}


def _facts(noun: object) -> list[tuple[str, str]]:
    if isinstance(noun, Stack):
        return [("Holds", f"{len(noun)} frames along {noun.axis}; the first is shown"), *_facts(noun[0])]
    if isinstance(noun, Micrograph):
        facts = [("Size", f"{noun.width_px} × {noun.height_px} px, {noun.bits} bit"), *_scale(noun)]
        if noun.data_bar_row_px is not None:
            facts.append(("Data bar", f"below row {noun.data_bar_row_px}; kept out of what is measured"))
        return [*facts, *_conditions(noun.conditions)]
    if isinstance(noun, Pattern):
        height, width = noun.intensity.shape
        q = "known for each pixel" if noun.qx_per_nm is not None else "not in the file"
        return [("Size", f"{width} × {height} px"), ("q", q), *_conditions(noun.conditions)]
    if isinstance(noun, Curve):
        return [("Holds", f"a curve of {len(noun)} points"), ("Axes", f"{noun.y_name} against {noun.x_name}")]
    return [("Holds", type(noun).__name__)]


def _scale(noun: Micrograph) -> list[tuple[str, str]]:
    if noun.pixel_size is None:
        return [("Pixel size", "unknown; give it by hand where a task asks for it")]
    height, width = noun.extent_nm
    return [
        ("Pixel size", _pixel(noun.pixel_size)),
        ("Known from", noun.pixel_size.origin),
        ("Field of view", f"{length(width)} × {length(height)}"),
    ]


def _pixel(known: PixelSize) -> str:
    text = f"{known.x_nm:.5g} nm" if known.square else f"{known.x_nm:.5g} nm wide, {known.y_nm:.5g} nm high"
    return text if known.relative_error is None else f"{text} ± {known.relative_error:.2%}"


def length(nm: float) -> str:
    """A length in the unit that gives a readable number."""
    for unit, factor in (("mm", 1e6), ("µm", 1e3)):
        if nm >= factor:
            return f"{nm / factor:.4g} {unit}"
    return f"{nm:.4g} nm"


def _conditions(known: Mapping[str, float | str]) -> list[tuple[str, str]]:
    """What the file says of the instrument; the unit is the ending of the name."""
    facts = []
    for name, value in known.items():
        stem, _, unit = name.rpartition("_")
        text = number(value) if isinstance(value, int | float) else str(value)
        numeric = isinstance(value, int | float) and bool(stem)
        facts.append((human(stem if numeric else name), f"{text} {_UNITS.get(unit, unit)}" if numeric else text[:LONGEST_TEXT]))
    return facts


_UNITS = {
    "kv": "kV",
    "v": "V",
    "um": "µm",
    "deg": "°",
    "pa": "Pa",
    "na": "nA",
    "pa_current": "pA",
    "ua": "µA",
    "x": "×",
    "c": "°C",
    "k": "K",
}


def uploads(workspace: Workspace, *, most: int = 12) -> list[dict[str, Any]]:
    """Files that were uploaded, newest first, with the reference that names each; side-cars belong to their image."""
    root = workspace.root / "inputs"
    files = [path for path in root.glob("*/*") if path.is_file() and not path.parent.name.startswith(".")]
    sidecars = {companion for path in files for companion in io.companions(path)}
    files = [path for path in files if path not in sidecars]
    newest = sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)[:most]
    return [
        {"name": path.name, "reference": f"upload:{path.parent.name}/{path.name}", "bytes": path.stat().st_size}
        for path in newest
    ]


def companions_of(workspace: Workspace, reference: str) -> list[str]:
    """References to all files that came together with this upload, itself included."""
    path = workspace.inputs.resolve(reference, web=True)
    return [f"upload:{path.parent.name}/{other.name}" for other in sorted(path.parent.iterdir()) if other.is_file()]


def reference_to(workspace: Workspace, path: str) -> str:
    """The reference behind a path that a run was given, as the browser may give it back; "" for files from elsewhere."""
    for kind, root in (("upload", workspace.root / "inputs"), ("run", workspace.root / "runs")):
        if Path(path).is_relative_to(root):
            return f"{kind}:{Path(path).relative_to(root).as_posix()}"
    return ""
