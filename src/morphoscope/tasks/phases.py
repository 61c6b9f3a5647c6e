"""Phases of a label image or volume: fractions, interfaces, triple lines, connectivity, tortuosity."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..core import Figure, LabelMap, Micrograph, Param, PixelSize, Quantity, Report, Run, Stack
from ..errors import InputError, UnreadableFile
from ..io import read, read_micrograph
from ..measure import phases as counting
from ..measure import threshold
from ..measure.tortuosity import tortuosity
from .parameters import PixelSizeByHand
from .pictures import save_picture

AXES = {2: "yx", 3: "zyx"}
MOST = 16
WHOLE = 1e-3


def measure(
    run: Run,
    path: Annotated[Path, Param("image or volume of labels (whole numbers)", accepts="any")],
    *,
    mask: Annotated[Path | None, Param("image of the same size: white counts, black is left out", accepts="file")] = None,
    classes: Annotated[int | None, Param("for a grey image: divide it into so many phases by grey level", low=2, high=5)] = None,
    tortuous: Annotated[str, Param("axes along which tortuosity is solved", choices=("x", "all", "none"))] = "x",
    pixel_size_nm: PixelSizeByHand = None,
) -> Report:
    """
    Fractions, interfaces, triple lines, connectivity and tortuosity of each phase of a label image or volume.

    The table has one row a label. Interfaces are counted as faces per voxel, and estimated as smooth
    surfaces beside; tortuosity is solved on the voxels themselves.
    """
    labels, sides, notes = labels_of(path, classes=classes, pixel_size_nm=pixel_size_nm)
    valid = _mask(mask, labels)
    try:
        names = counting.present(labels, valid)
    except InputError as error:
        raise UnreadableFile(path, str(error)) from None
    masked = labels if valid is None else np.where(valid, labels, min(names) - 1)
    pairs = counting.faces(labels, mask=valid)
    rows = []
    for index, name in enumerate(names):
        run.progress(index, len(names), f"label {name}")
        row = _row(labels, name, pairs, valid, sides)
        inside = masked == name
        for axis, letter in zip(range(labels.ndim), AXES[labels.ndim], strict=True):
            row[f"through_fraction_{letter}"] = counting.through(inside, axis=axis)[0]
            if tortuous == "all" or tortuous == letter:
                tell = functools.partial(_tell, run, index, len(names), f"label {name}")
                row[f"tortuosity_{letter}"] = tortuosity(inside, axis=axis, pixel=sides, tell=tell)
        rows.append(row)
    return _report(run, path, labels, rows, pairs, valid, sides, notes)


def _tell(run: Run, done: int, total: int, note: str, step: int) -> None:
    run.progress(done, total, f"{note}: flux, step {step}")


def labels_of(
    path: Path, *, classes: int | None, pixel_size_nm: float | None
) -> tuple[np.ndarray, tuple[float, ...] | None, tuple[str, ...]]:
    """Labels as small whole numbers, the voxel's sides in nm where known, and notes."""
    noun = read(path)
    if isinstance(noun, Stack) and len(noun) == 1:
        noun = noun[0]
    if isinstance(noun, Micrograph):
        size, spacing, notes = noun.pixel_size, None, noun.notes
        values = noun.raw() if classes is None else threshold.multi_otsu(noun.pixels, classes=classes, mask=noun.mask)[0]
    elif isinstance(noun, Stack):
        if noun.axis not in ("z", "page"):
            raise UnreadableFile(path, f"{len(noun)} frames along {noun.axis} are no volume; give one frame, or slices along z")
        size, spacing, notes = noun[0].pixel_size, noun.spacing_nm, noun.notes
        values = noun.array() if classes is None else threshold.multi_otsu(noun.array(), classes=classes)[0]
    elif isinstance(noun, LabelMap):
        values, size, spacing, notes = noun.labels, noun.pixel_size, noun.spacing_nm, ()
    else:
        raise UnreadableFile(path, f"holds a {type(noun).__name__.lower()}, not labels")
    if pixel_size_nm is not None:
        size, spacing = PixelSize(pixel_size_nm, pixel_size_nm), spacing or pixel_size_nm
    return _whole(path, values), _sides(values.ndim, size, spacing), notes


def _whole(path: Path, values: np.ndarray) -> np.ndarray:
    """``values`` as whole numbers; few enough to be labels."""
    rounded: np.ndarray = np.rint(values)
    found = np.unique(rounded)
    if len(found) > MOST or float(np.abs(values - rounded).max()) > WHOLE:
        what = f"{len(found)} grey levels" if len(found) > MOST else "values that are not whole numbers"
        raise UnreadableFile(path, f"holds {what}, not labels; give a label image, or classes=2 to divide it by grey level")
    if float(np.abs(found).max()) > 2**31 - 1:
        raise UnreadableFile(path, f"holds a label of {np.abs(found).max():.0f}; labels are smaller than 2^31")
    return rounded.astype(np.uint8 if found[0] >= 0 and found[-1] <= 255 else np.int32)


def _sides(ndim: int, size: PixelSize | None, spacing: float | None) -> tuple[float, ...] | None:
    if size is None:
        return None
    plane = (size.y_nm, size.x_nm)
    return plane if ndim == 2 else (size.mean_nm if spacing is None else spacing, *plane)


def _mask(path: Path | None, labels: np.ndarray) -> np.ndarray | None:
    """Where labels count, from a file: a plane, or for a volume one plane for all slices or a volume."""
    if path is None:
        return None
    noun = read(path)
    inside = noun.array() > 0 if isinstance(noun, Stack) else read_micrograph(path).pixels > 0.5
    if labels.ndim == 3 and inside.ndim == 2 and inside.shape == labels.shape[1:]:
        inside = np.broadcast_to(inside, labels.shape)
    if inside.shape != labels.shape:
        sizes = ", the labels are ".join(" x ".join(map(str, reversed(shape))) for shape in (inside.shape, labels.shape))
        raise UnreadableFile(path, f"a mask of {sizes}; give one of the same size")
    return np.asarray(inside, bool)


def _row(
    labels: np.ndarray,
    name: int,
    pairs: dict[tuple[int, int], float],
    valid: np.ndarray | None,
    sides: tuple[float, ...] | None,
) -> dict[str, Any]:
    share = counting.fraction(labels, name, mask=valid)
    smooth = counting.smooth_interface(labels, name, mask=valid)
    row: dict[str, Any] = {
        "label": name,
        "fraction": share.value,
        "fraction_low": share.low,
        "fraction_high": share.high,
        "interface_per_voxel": counting.faces_of(pairs, name),
        "interface_smooth_per_px": smooth,
    }
    if sides is not None and max(sides) <= 1.01 * min(sides):
        row["interface_smooth_per_nm"] = smooth / sides[-1]
    layer = counting.layer(labels, name, axis=labels.ndim - 2)
    if layer is not None:
        row |= {"layer_mean_px": layer.mean_px, "layer_sd_px": layer.sd_px, "layer_share": layer.share}
    return row


def _report(
    run: Run,
    path: Path,
    labels: np.ndarray,
    rows: list[dict[str, Any]],
    pairs: dict[tuple[int, int], float],
    valid: np.ndarray | None,
    sides: tuple[float, ...] | None,
    notes: tuple[str, ...],
) -> Report:
    plane = labels if labels.ndim == 2 else labels[len(labels) // 2]
    names = [row["label"] for row in rows]
    shown = np.searchsorted(names, plane).clip(0, len(names) - 1) / (len(names) - 1)
    triple = counting.triple_density(labels, mask=valid)
    boundaries = [{"label_a": a, "label_b": b, "interface_per_voxel": count} for (a, b), count in pairs.items()]
    shape = " x ".join(str(n) for n in reversed(labels.shape))
    values = {"phases": Quantity(len(rows)), "tpb_density": Quantity(triple, "1/px²")}
    if sides is not None and max(sides) <= 1.01 * min(sides):
        values["tpb_density_nm"] = Quantity(triple / sides[-1] ** 2, "1/nm²")
    return Report(
        title=f"{len(rows)} phases in {path.name} ({shape} {'pixels' if labels.ndim == 2 else 'voxels'})",
        values=values,
        tables={"phases": rows, "boundaries": boundaries},
        figures={
            "phases": Figure("image", ("phases",), "Labels as grey levels" + ("" if labels.ndim == 2 else ", middle slice"))
        },
        files={"phases": save_picture(run, "phases.png", shown)},
        notes=(*_notes(labels, rows, sides), *notes),
        cites=(
            "Underwood, Quantitative Stereology (1970)",
            "Cooper et al., SoftwareX 5, 203 (2016): tortuosity factor",
        ),
    )


def _notes(labels: np.ndarray, rows: list[dict[str, Any]], sides: tuple[float, ...] | None) -> tuple[str, ...]:
    kind = "pixel edges" if labels.ndim == 2 else "voxel faces"
    over = "4/pi" if labels.ndim == 2 else "3/2"
    triple = "points per pixel" if labels.ndim == 2 else "voxel edges per voxel, longer than a smooth line"
    notes = [
        f"interface_per_voxel counts {kind} between labels, about {over} times a smooth surface; interface_smooth is Crofton's",
        f"tpb_density counts triple {triple}",
        "fraction intervals are 95 % for a random structure whose correlation is the one seen",
        "axes: x is the column, y the row" + ("" if labels.ndim == 2 else ", z the slice"),
    ]
    if any(row.get("tortuosity_x", 1) is None for row in rows):
        notes.append("tortuosity is empty where nothing of a phase goes through")
    if sides is None:
        notes.append("scale: unknown, so densities are per pixel or voxel, taken as equal-sided")
    elif max(sides) > 1.01 * min(sides):
        notes.append("voxels are not cubes: tortuosity takes their sides into account, interface and triple lines count voxels")
    return tuple(notes)
