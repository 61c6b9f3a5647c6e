"""Phases of an image or volume: fractions, interfaces, triple lines, connectivity, tortuosity, layers."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from scipy import ndimage

from ..core import Figure, LabelMap, Micrograph, Param, PixelSize, Quantity, Report, Run, Stack
from ..errors import InputError, UnreadableFile
from ..io import read
from ..measure import boundaries, layers, segmentation
from ..measure import phases as counting
from ..measure.tortuosity import tortuosity
from .division import Background, Denoise, Mask, Method, divided, grey_of, mask_of, sides, volume_or_image
from .parameters import KeepPrint, PixelSizeByHand
from .pictures import save_picture

AXES = {2: "yx", 3: "zyx"}
FIRST = ("label", "fraction", "fraction_low", "fraction_high", "interface_per_voxel", "through_fraction_x", "tortuosity_x")
"""Columns that come first, for terminals are narrow."""

MOST = 16
WHOLE = 1e-3


@dataclass(frozen=True, eq=False)
class Labelled:
    """Labels, where they count, the voxel's sides in nm where known, and how wrong each fraction may be."""

    labels: np.ndarray
    mask: np.ndarray | None
    sides: tuple[float, ...] | None
    errors: dict[int, float] | None
    notes: tuple[str, ...]

    @property
    def unit(self) -> str:
        """Unit of lengths."""
        return "px" if self.sides is None else "nm"


def measure(
    run: Run,
    path: Annotated[Path, Param("image or volume of labels (whole numbers), or a grey one with classes", accepts="any")],
    *,
    mask: Mask = None,
    ignore: Annotated[int | None, Param("a label that is no phase but left out, like 0 of the segment task")] = None,
    classes: Annotated[int | None, Param("for a grey image: divide it into so many phases by grey level", low=2, high=5)] = None,
    method: Method = "otsu",
    background: Background = "none",
    denoise: Denoise = "none",
    edge_error_px: Annotated[
        float, Param("for labels: standard error of where boundaries lie, which widens the fractions", unit="px", low=0, high=100)
    ] = 0.0,
    tortuous: Annotated[str, Param("axes along which tortuosity is solved", choices=("x", "all", "none"))] = "x",
    layered: Annotated[
        str, Param("axis across layers; auto finds layers of a plane", choices=("auto", "none", "x", "y", "z"))
    ] = "auto",
    grains: Annotated[Path | None, Param("image of the same size, one label a grain (0 between them), for contiguity")] = None,
    keep_print: KeepPrint = False,
    pixel_size_nm: PixelSizeByHand = None,
) -> Report:
    """
    Fractions, interfaces, triple lines, connectivity and tortuosity of each phase of a label image or volume.

    The table has one row a label; x is the last axis (columns), y the one before (rows), z the first of a
    volume. Interfaces are counted as faces per voxel, and estimated as smooth surfaces beside. Tortuosity is
    the tortuosity factor, solved on the voxels themselves.
    """
    if classes is None:
        found = _labels_of(path, mask=mask, ignore=ignore, pixel_size_nm=pixel_size_nm)
    else:
        grey = grey_of(path, mask=mask, pixel_size_nm=pixel_size_nm, keep_print=keep_print)
        recipe = segmentation.Recipe(method=method, classes=classes, background=background, denoise=denoise)
        cut = divided(grey, recipe)
        found = Labelled(cut.labels, cut.labels > 0, grey.sides_nm, cut.fraction_errors, grey.notes)
    try:
        names = counting.present(found.labels, found.mask)
    except InputError as error:
        raise UnreadableFile(path, str(error)) from None
    if layered == "z" and found.labels.ndim == 2:
        raise UnreadableFile(path, "a plane has no axis z; take layered=x or layered=y")
    run.progress(0, len(names) + 1, "interfaces")
    meeting = boundaries.boundaries(found.labels, mask=found.mask, pixel=found.sides)
    faces = boundaries.interface_intervals(found.labels, mask=found.mask)
    shared = _contiguity(grains, found)
    rows = []
    for index, name in enumerate(names):
        row = _row(found, name, meeting, faces[name], edge_error_px)
        if shared is not None:
            row["contiguity"] = shared.get(name)
        row |= _transport(run, found, name, tortuous, index + 1, len(names) + 1)
        rows.append({key: row[key] for key in (*(key for key in FIRST if key in row), *row)})
    return _report(run, path, found, rows, meeting, layered)


def _labels_of(path: Path, *, mask: Path | None, ignore: int | None, pixel_size_nm: float | None) -> Labelled:
    """Labels as small whole numbers, from a file that holds them."""
    noun = volume_or_image(path)
    spacing: float | None = None
    if isinstance(noun, Micrograph | Stack):
        size = noun.pixel_size if isinstance(noun, Micrograph) else noun[0].pixel_size
        spacing = None if isinstance(noun, Micrograph) else noun.spacing_nm
        frames = [noun] if isinstance(noun, Micrograph) else list(noun)
        notes = (*noun.notes, *frames[0].notes)
        if any("colour" in note for note in notes):
            raise UnreadableFile(
                path, "a colour picture, not labels (whole numbers of one channel); give classes=2 to divide it by brightness"
            )
        values, notes = (noun.raw() if isinstance(noun, Micrograph) else noun.array()), noun.notes
    elif isinstance(noun, LabelMap):
        values, size, spacing, notes = noun.labels, noun.pixel_size, noun.spacing_nm, ()
    else:
        raise UnreadableFile(path, f"holds a {type(noun).__name__.lower()}, not labels")
    if pixel_size_nm is not None:
        size, spacing = PixelSize(pixel_size_nm, pixel_size_nm), spacing or pixel_size_nm
    labels = _whole(path, values)
    counts = mask_of(mask, labels.shape)
    own = noun.mask if isinstance(noun, Micrograph) else None
    for other in (own, None if ignore is None else labels != ignore):
        if other is not None:
            counts = other if counts is None else counts & other
    return Labelled(labels, counts, sides(labels.ndim, size, spacing), None, notes)


def _whole(path: Path, values: np.ndarray, *, most: int | None = MOST) -> np.ndarray:
    """``values`` as whole numbers; few enough to be labels."""
    rounded: np.ndarray = np.rint(values)
    what, low, high = "", float(rounded.min()), float(rounded.max())
    if float(np.abs(values - rounded).max()) > WHOLE:
        what = "values that are not whole numbers"
    elif max(abs(low), abs(high)) > 2**31 - 1:
        raise UnreadableFile(path, f"holds a label of {max(abs(low), abs(high)):.0f}; labels are smaller than 2^31")
    labels = rounded.astype(np.uint8 if low >= 0 and high <= 255 else np.int32)
    if not what and most is not None and (count := len(counting.labels_in(labels))) > most:
        what = f"{count} grey levels"
    if what:
        raise UnreadableFile(path, f"holds {what}, not labels; give a label image, or classes=2 to divide it by grey level")
    return labels


def _contiguity(path: Path | None, found: Labelled) -> dict[int, float] | None:
    """Contiguity of each phase from a map of its grains; drawn boundaries (0) go to the nearest grain."""
    if path is None:
        return None
    noun = read(path)
    values = noun.labels if isinstance(noun, LabelMap) else noun.raw() if isinstance(noun, Micrograph) else None
    if values is None or values.shape != found.labels.shape:
        size = "no label image" if values is None else "of another size"
        raise UnreadableFile(path, f"a map of grains that is {size}; give one label a grain, as large as the phases")
    grains = _whole(path, values, most=None).astype(np.int64)
    if (grains == 0).any() and (grains > 0).any():
        nearest = ndimage.distance_transform_edt(grains == 0, return_distances=False, return_indices=True)
        grains = grains[tuple(nearest)]
    names, index = np.unique(grains, return_inverse=True)
    labels = counting.present(found.labels)
    votes = [np.bincount(index.ravel(), weights=(found.labels == label).ravel(), minlength=len(names)) for label in labels]
    phase = np.array(labels)[np.argmax(votes, axis=0)]
    return boundaries.contiguity(grains, dict(zip(names.tolist(), phase.tolist(), strict=True)))


def _row(
    found: Labelled, name: int, meeting: list[boundaries.Boundary], faces: boundaries.Density, edge_error_px: float
) -> dict[str, Any]:
    smooth = sum(pair.smooth for pair in meeting if name in (pair.label_a, pair.label_b))
    side = 1.0 if found.sides is None else float(np.mean(found.sides))
    error = edge_error_px * side * smooth if found.errors is None else found.errors.get(name, 0.0)
    share = counting.fraction(found.labels, name, mask=found.mask, segmentation=error)
    return {
        "label": name,
        "fraction": share.value,
        "fraction_low": share.low,
        "fraction_high": share.high,
        "sampling_error": share.sampling_error,
        "segmentation_error": share.segmentation_error,
        "interface_per_voxel": faces.value,
        "interface_low": faces.low,
        "interface_high": faces.high,
        f"interface_smooth_per_{found.unit}": smooth,
    }


def _transport(run: Run, found: Labelled, name: int, tortuous: str, done: int, total: int) -> dict[str, Any]:
    """Connectivity along every axis, tortuosity along those asked for."""
    inside = found.labels == name if found.mask is None else (found.labels == name) & found.mask
    letters = AXES[inside.ndim]
    row: dict[str, Any] = {}
    run.progress(done, total, f"label {name}: connectivity")
    pieces = counting.pieces_of(inside)
    for axis, letter in enumerate(letters):
        row[f"through_fraction_{letter}"] = pieces.through(axis)[0]
    row["largest_piece"] = pieces.largest
    tell = functools.partial(_tell, run, done, total, f"label {name}")
    for axis, letter in enumerate(letters):
        if tortuous not in ("all", letter):
            continue
        way = tortuosity(inside, axis=axis, pixel=found.sides, pieces=pieces, tell=tell)
        row[f"tortuosity_{letter}"] = None if way is None else way.factor
        row[f"tortuosity_of_through_{letter}"] = None if way is None else way.through
        row[f"relative_diffusivity_{letter}"] = 0.0 if way is None else way.diffusivity
        row[f"residual_{letter}"] = None if way is None else max(way.residual, way.mismatch)
    return row


def _tell(run: Run, done: int, total: int, note: str, step: int) -> None:
    run.progress(done, total, f"{note}: flux, step {step}")


def _layers(found: Labelled, names: list[int], layered: str) -> list[dict[str, Any]]:
    """One row for each label that forms a layer along an axis of a plane, or along the axis asked for."""
    letters = AXES[found.labels.ndim]
    axes = [] if layered == "none" else [letters.index(layered)] if layered != "auto" else range(2) if len(letters) == 2 else []
    rows = []
    for axis in axes:
        for name in names:
            layer = layers.layer(found.labels, name, axis=axis, mask=found.mask, pixel=found.sides)
            if layer is None or (layered == "auto" and not layer.is_layer):
                continue
            lengths = {
                "thickness": layer.mean,
                "thickness_low": layer.low,
                "thickness_high": layer.high,
                "thickness_sd": layer.sd,
                "thinnest": layer.least,
                "thickest": layer.greatest,
                "roughness_first": layer.roughness_first,
                "roughness_last": layer.roughness_last,
            }
            row = {"label": name, "across": letters[axis]} | {f"{key}_{found.unit}": value for key, value in lengths.items()}
            rows.append(row | {"tilt_deg": layer.tilt_deg, "columns": layer.share, "filled": layer.filled})
    return rows


def _report(
    run: Run, path: Path, found: Labelled, rows: list[dict[str, Any]], meeting: list[boundaries.Boundary], layered: str
) -> Report:
    labels = found.labels
    plane = labels if labels.ndim == 2 else labels[len(labels) // 2]
    names = [row["label"] for row in rows]
    shown = np.searchsorted(names, plane).clip(0, len(names) - 1) / (len(names) - 1)
    triple = boundaries.triple_density(labels, mask=found.mask)
    smooth = f"interface_smooth_per_{found.unit}"
    pairs = [
        {"label_a": pair.label_a, "label_b": pair.label_b, "interface_per_voxel": pair.faces, smooth: pair.smooth}
        for pair in meeting
    ]
    values = {
        "phases": Quantity(len(rows)),
        "tpb_density": Quantity(triple.value, "1/px²", triple.low, triple.high),
        "tpb_share_of_edges": Quantity(triple.value / boundaries.edges_counted(labels.shape)),
    }
    if found.sides is not None:
        known = boundaries.triple_density(labels, mask=found.mask, pixel=found.sides)
        values["tpb_density_nm"] = Quantity(known.value, "1/nm²", known.low, known.high)
    tables = {"phases": rows, "boundaries": pairs}
    if stacked := _layers(found, names, layered):
        tables["layers"] = stacked
    shape = " x ".join(str(n) for n in reversed(labels.shape))
    return Report(
        title=f"{len(rows)} phases in {path.name} ({shape} {'pixels' if labels.ndim == 2 else 'voxels'})",
        values=values,
        tables=tables,
        figures={
            "phases": Figure("image", ("phases",), "Labels as grey levels" + ("" if labels.ndim == 2 else ", middle slice"))
        },
        files={"phases": save_picture(run, "phases.png", shown)},
        notes=(*_notes(found, rows, bool(stacked)), *found.notes),
        cites=(
            "Underwood, Quantitative Stereology (1970)",
            "Cooper et al., SoftwareX 5, 203 (2016): tortuosity factor",
        ),
    )


def _notes(found: Labelled, rows: list[dict[str, Any]], layered: bool) -> tuple[str, ...]:
    plane = found.labels.ndim == 2
    kind, over = ("pixel edges", "4/pi") if plane else ("voxel faces", "3/2")
    notes = [
        "axes: x is the last (columns), y the one before (rows)" + ("" if plane else ", z the first (slices)"),
        "fraction intervals: 95 %; the finite image with the correlation seen (sampling_error) and the division into phases "
        "(segmentation_error)" + _how_sure(found, rows),
        f"interface_per_voxel counts {kind} between labels inside the image, about {over} times a smooth surface; "
        "interface_smooth is Crofton's",
        f"tpb_density counts {'points per pixel' if plane else 'voxel edges per voxel, about 3/2 of a smooth line,'} "
        "where three labels or more meet; tpb_share_of_edges divides by inner edges instead",
        f"through_fraction: share of a phase in pieces (joined over {'edges' if plane else 'faces'}) that reach from end to end",
    ]
    solved = [key for key in rows[0] if key.startswith("tortuosity_") and not key.startswith("tortuosity_of")]
    if solved:
        notes.append(
            "tortuosity is fraction / (Deff/D0), the factor of TauFactor, with all of the phase as its fraction; "
            "tortuosity_of_through takes what goes through only (as PoreSpy does); the square root of either is a path length"
        )
        worst = max((row[f"residual_{key[-1]}"] or 0.0 for row in rows for key in solved), default=0.0)
        notes.append(f"flux solved until voxels balance; largest relative residual or mismatch of the fluxes {worst:.1g}")
    if any(row[key] is None for row in rows for key in solved):
        notes.append("tortuosity is empty where nothing of a phase goes through")
    if layered:
        notes.append("layers: from the first to the last pixel of a label in each column, square to the layer; roughness is rms")
    if found.sides is None:
        notes.append("scale: unknown, so densities are per pixel or voxel, taken as equal-sided")
    elif max(found.sides) > 1.01 * min(found.sides):
        notes.append("voxels are not cubes: tortuosity, smooth interface and lengths in nm take their sides into account")
    return tuple(notes)


def _how_sure(found: Labelled, rows: list[dict[str, Any]]) -> str:
    if found.errors is not None:
        return ", from the level's uncertainty and noise that crosses it"
    if any(row["segmentation_error"] for row in rows):
        return ", from edge_error_px"
    return ", which is taken as given: edge_error_px adds its own error"
