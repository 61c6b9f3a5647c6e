"""The picture or volume whose structure a task measures, the phase it follows in it, and the report all such tasks share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from ..core import Curve, Figure, LabelMap, Param, PixelSize, Quantity, Report, Run, Stack
from ..errors import BadParameter, InputError, MissingPixelSize
from ..io import read, read_micrograph
from .division import mask_of
from .division import sides as sides_of
from .parameters import calibrated, scale_notes, specimen
from .pictures import save_picture, tinted

Input = Annotated[Path, Param("micrograph, or volume: slices along z, or the pages of one file", accepts="file")]
Label = Annotated[int | None, Param("follow this number of an image of labels, in place of a grey level", low=0)]
SliceByHand = Annotated[
    float | None,
    Param("distance between the slices of a volume; the width of a pixel by default", unit="nm", low=0, high=1e9, open_low=True),
]
AXES = {2: "yx", 3: "zyx"}
MOST_LABELS = 64


@dataclass(frozen=True, eq=False)
class Structure:
    """
    ``values`` of a plane or volume, where they count, and the sides of a pixel or voxel in ``unit``.

    ``gain`` and ``offset`` lead from the values to the numbers of the file.
    """

    name: str
    values: np.ndarray
    mask: np.ndarray | None
    sides: tuple[float, ...]
    unit: str
    notes: tuple[str, ...]
    offset: float = 0.0
    gain: float = 1.0

    @property
    def ndim(self) -> int:
        return self.values.ndim

    @property
    def axes(self) -> dict[str, tuple[int, ...]]:
        """The step along each axis by its letter, x first."""
        return {AXES[self.ndim][k]: tuple(int(k == other) for other in range(self.ndim)) for k in reversed(range(self.ndim))}

    @property
    def extent(self) -> str:
        """Size in words."""
        return " x ".join(str(n) for n in reversed(self.values.shape)) + (" pixels" if self.ndim == 2 else " voxels")

    def labels(self) -> np.ndarray:
        """The file's numbers, where they are few and whole."""
        raw = self.values * self.gain + self.offset
        whole: np.ndarray = np.rint(raw)
        found = np.unique(whole if self.mask is None else whole[self.mask])
        if float(np.abs(raw - whole).max()) > 1e-3 or float(np.abs(found).max()) > 2**31 - 1:
            raise InputError(f"{self.name}: holds values that are not whole numbers, so it is no image of labels")
        return whole.astype(np.int32)

    def longest(self, nm: float | None, px: float | None) -> float:
        """The longest distance to look at: as asked for, or a quarter of the shortest side."""
        if nm is not None:
            self.need_scale()
            return nm
        if px is not None:
            return px * min(self.sides)
        quarter = min(n * p for n, p in zip(self.values.shape, self.sides, strict=True)) / 4
        return float(max(quarter, *self.sides))

    def need_scale(self) -> None:
        """Refuse where lengths in nm make no sense."""
        if self.unit != "nm":
            raise MissingPixelSize(f"{self.name} has no pixel size; give pixel_size_nm=... or read its scale bar first")


def structure_of(
    path: Path, *, mask: Path | None, keep_print: bool, pixel_size_nm: float | None, slice_nm: float | None
) -> Structure:
    """The picture or volume in the file at ``path``, without what is printed on a picture."""
    noun = read(path)
    if isinstance(noun, Stack) and noun.axis in ("z", "page") and len({f.pixels.shape for f in noun}) == 1 and len(noun) > 1:
        return _volume(path, noun, mask, pixel_size_nm, slice_nm)
    if isinstance(noun, LabelMap):
        size = noun.pixel_size if pixel_size_nm is None else PixelSize(pixel_size_nm, pixel_size_nm)
        values = noun.labels.astype(np.float32)
        sides = sides_of(values.ndim, size, slice_nm or noun.spacing_nm)
        notes = tuple(_scale_notes(size, sides))
        return Structure(path.name, values, mask_of(mask, values.shape), sides or (1.0,) * values.ndim, _unit(sides), notes)
    if slice_nm is not None:
        raise BadParameter(f"{path.name} is no volume, so slice_nm means nothing; leave it out")
    whole = calibrated(read_micrograph(path), pixel_size_nm)
    seen = specimen(whole, keep_print=keep_print)
    given = mask_of(mask, (whole.height_px, whole.width_px))
    if given is not None:
        given = given[: seen.height_px]
        seen = replace(seen, mask=given if seen.mask is None else seen.mask & given)
    return Structure(
        seen.name, seen.pixels, seen.mask, seen.pixel_size_nm or (1.0, 1.0), _unit(seen.pixel_size_nm), tuple(scale_notes(seen)),
        seen.offset, seen.gain,
    )  # fmt: skip


def _volume(path: Path, stack: Stack, mask: Path | None, pixel_size_nm: float | None, slice_nm: float | None) -> Structure:
    first = calibrated(stack[0], pixel_size_nm)
    known = None if pixel_size_nm is not None else stack.spacing_nm
    raw = {(frame.offset, frame.gain) for frame in stack}
    if len(raw) > 1:  # slices scaled one by one
        array = stack.array()
        offset, gain = float(array.min()), float(np.ptp(array)) or 1.0
        values = ((array - offset) / gain).astype(np.float32)
    else:
        ((offset, gain),) = raw
        values = np.stack([frame.pixels for frame in stack])
    counts = mask_of(mask, values.shape)
    if any(frame.mask is not None for frame in stack):
        own = np.stack([np.ones(values.shape[1:], bool) if frame.mask is None else frame.mask for frame in stack])
        counts = own if counts is None else own & counts
    sides = sides_of(3, first.pixel_size, slice_nm or known)
    notes = [*_scale_notes(first.pixel_size, sides), f"the {len(stack)} slices of the file are taken as one volume", *stack.notes]
    return Structure(path.name, values, counts, sides or (1.0,) * 3, _unit(sides), tuple(notes), offset, gain)


def _unit(sides: tuple[float, ...] | None) -> str:
    return "px" if sides is None else "nm"


def _scale_notes(size: PixelSize | None, sides: tuple[float, ...] | None) -> list[str]:
    if size is None or sides is None:
        return ["scale: unknown, so lengths are in pixels; give pixel_size_nm"]
    notes = [f"scale: {size.x_nm:.6g} nm a pixel ({size.origin})"]
    if max(sides) > 1.001 * min(sides):
        notes.append(
            f"sides of a voxel, {AXES[len(sides)]}: {', '.join(f'{side:.6g}' for side in sides)} nm; distances are physical"
        )
    return notes


@dataclass(frozen=True, eq=False)
class Followed:
    """One phase of a structure: where it is, what it is called, and the grey level it was found by, if it was."""

    of: Structure
    inside: np.ndarray
    called: str
    level: float | None = None

    def share(self) -> float:
        """The phase's fraction of what counts."""
        return float(self.inside.mean() if self.of.mask is None else self.inside[self.of.mask].mean())


def follow(structure: Structure, *, threshold: float | None, phase: str, label: int | None, smooth_px: float) -> Followed:
    """The bright or dark phase by a grey level, or the phase of one label."""
    if label is not None:
        if threshold is not None or smooth_px > 0:
            raise BadParameter("a label is followed as it is; leave threshold and smooth_px out, or the label")
        labels = structure.labels()
        found = np.unique(labels if structure.mask is None else labels[structure.mask])
        if label not in found or len(found) < 2:
            which = ", ".join(map(str, found[:12])) + (", ..." if len(found) > 12 else "")
            what = "no" if label not in found else "only"
            raise InputError(
                f"{structure.name}: {what} pixel carries label={label}" + (f"; it holds {which}" if what == "no" else "")
            )
        return Followed(structure, labels == label, f"phase {label}")
    grey = structure.values
    if smooth_px > 0:
        grey = ndimage.gaussian_filter(grey.astype(np.float64), smooth_px, mode="nearest")
    counted = grey if structure.mask is None else grey[structure.mask]
    if counted.size == 0:
        raise InputError(f"{structure.name}: every pixel is masked")
    low, high = float(counted.min()), float(counted.max())
    if low == high:
        raise InputError(f"{structure.name}: all pixels have the same grey level ({low:.3g}), so there are no two phases")
    level = float(threshold_otsu(counted.astype(np.float64))) if threshold is None else threshold
    if not low <= level < high:
        raise InputError(
            f"{structure.name}: threshold={level:g} leaves one phase only; grey levels run from {low:.3g} to {high:.3g}"
        )
    bright = grey > level
    return Followed(structure, bright if phase == "bright" else ~bright, f"{phase} phase", level)


def phase_report(
    run: Run,
    seen: Followed,
    *,
    title: str,
    values: Mapping[str, Quantity],
    curves: Mapping[str, Curve],
    figures: Mapping[str, Figure],
    notes: tuple[str, ...],
    cites: tuple[str, ...],
    tables: Mapping[str, list[dict[str, Any]]] | None = None,
    files: Mapping[str, str] | None = None,
) -> Report:
    """What was found about one phase, with a picture of it, the grey level that made it, and how the scale was known."""
    plane = middle(seen.of.values)
    low, high = float(plane.min()), float(plane.max())
    shown = plane if low >= 0 and high <= 1 and seen.level is not None else (plane - low) / max(high - low, 1e-12)
    save_picture(run, "phase.png", tinted(shown, middle(seen.inside)))
    section = "" if seen.of.ndim == 2 else ", middle slice"
    level = {} if seen.level is None else {"threshold": Quantity(seen.level)}
    return Report(
        title=f"{title} of the {seen.called} of {seen.of.name}" + ("" if seen.of.ndim == 2 else f" ({seen.of.extent})"),
        values={**values, **level},
        curves=curves,
        tables=tables or {},
        figures={**figures, "phase": Figure("overlay", ("phase",), f"The {seen.called}, coloured{section}")},
        files={"phase": "phase.png", **(files or {})},
        notes=(*notes, *seen.of.notes),
        cites=cites,
    )


def middle(field: np.ndarray) -> np.ndarray:
    """A plane as it is, of a volume the middle slice."""
    return field if field.ndim == 2 else field[len(field) // 2]


def known(number: float) -> float | None:
    """``number``, or None where it is not finite."""
    return number if math.isfinite(number) else None


def both(interval: tuple[float, float] | None) -> tuple[float | None, float | None]:
    """The ends of an interval, None where they are unknown."""
    return (None, None) if interval is None else (known(interval[0]), known(interval[1]))
