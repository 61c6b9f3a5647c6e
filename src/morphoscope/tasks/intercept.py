"""Mean lineal intercept of grains and the ASTM grain size number."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from scipy import ndimage

from ..core import Curve, Figure, Param, Quantity, Report, Run
from ..errors import InputError
from ..measure import intercept as measured
from .division import Mask
from .parameters import KeepPrint, PixelSizeByHand
from .pictures import save_picture, tinted
from .structure import SliceByHand, Structure, known, middle, structure_of

ANGLES = (0, 45, 90, 135)


def intercept(
    run: Run,
    image: Annotated[
        Path, Param("image or volume of grains, each with a number of its own, or of their outlines", accepts="file")
    ],
    *,
    boundaries: Annotated[
        str,
        Param(
            "what lies between grains: bright lines, dark lines, or none (0 is then no grain); auto: the rarer of two levels",
            choices=("auto", "bright", "dark", "none"),
        ),
    ] = "auto",
    spacing_px: Annotated[float, Param("distance between parallel test lines", unit="px", low=1)] = 20.0,
    mask: Mask = None,
    keep_print: KeepPrint = False,
    pixel_size_nm: PixelSizeByHand = None,
    slice_nm: SliceByHand = None,
) -> Report:
    """
    Mean lineal intercept of grains after ASTM E112, along lines and circles, with the grain size number G.

    Test lines are laid over a map of grains; the mean intercept is their length over the boundaries that they cross.
    In a picture lines run at 0, 45, 90 and 135 degrees, and on three circles; in a volume along its axes.
    """
    structure = structure_of(image, mask=mask, keep_print=keep_print, pixel_size_nm=pixel_size_nm, slice_nm=slice_nm)
    grains, note = _grains(structure, boundaries)
    common: dict[str, Any] = {"pixel": structure.sides, "mask": structure.mask}
    run.progress(0, 2, "lines")
    lines = measured.along_lines(grains, spacing_px=spacing_px, rng=run.rng("lines"), **common)
    rows = [_row("lines, all directions", lines, structure.unit)]
    notes = [note, f"intervals: 95 %, from {lines.blocks} blocks redrawn with replacement", *structure.notes]
    values = {"mean_intercept": _quantity(lines, structure.unit)}
    if structure.ndim == 2:
        for angle in ANGLES:
            found = _try(measured.along_lines, grains, spacing_px=spacing_px, angles_deg=(angle,), **common)
            rows += [] if found is None else [_row(f"lines at {angle} deg", found, structure.unit)]
        run.progress(1, 2, "circles")
        circles = _try(measured.along_circles, grains, rng=run.rng("circles"), **common)
        if circles is not None:
            rows.append(_row("three circles", circles, structure.unit))
            values["mean_intercept_circles"] = _quantity(circles, structure.unit)
    if structure.unit == "nm":
        low, high = lines.interval or (math.nan, math.nan)
        values["astm_grain_size"] = Quantity(
            measured.astm_grain_size(lines.mean),
            "",
            measured.astm_grain_size(high) if math.isfinite(high) else None,
            measured.astm_grain_size(low) if low > 0 else None,
        )
    values["boundaries_crossed"] = Quantity(lines.crossings)
    return _report(run, structure, grains, lines, values, rows, tuple(notes))


def _grains(structure: Structure, boundaries: str) -> tuple[np.ndarray, str]:
    """Numbered grains, 0 where there is none, and a note on what was taken for a boundary."""
    labels = structure.labels()
    counted = labels if structure.mask is None else labels[structure.mask]
    names, count = np.unique(counted, return_counts=True)
    if len(names) < 2:
        raise InputError(f"{structure.name}: all pixels have the same value ({names[0]}), so there are no grains")
    if boundaries == "none" or (boundaries == "auto" and len(names) > 2):
        return labels, "each number of the image is a grain; 0 is none"
    if len(names) > 2:
        raise InputError(f"{structure.name}: outlines are an image of two levels, and this one has {len(names)}; divide it first")
    bright = boundaries == "bright" or (boundaries == "auto" and count[1] < count[0])
    grains = ndimage.label(labels == names[0 if bright else 1])[0]
    return grains, f"{'bright' if bright else 'dark'} pixels were taken for the boundaries between {int(grains.max())} grains"


def _try(along: Any, grains: np.ndarray, **given: Any) -> measured.Intercepts | None:
    """Intercepts along some of the lines; None where these cross nothing."""
    try:
        found: measured.Intercepts = along(grains, **given)
    except InputError:
        return None
    return found


def _quantity(found: measured.Intercepts, unit: str) -> Quantity:
    low, high = found.interval or (math.nan, math.nan)
    return Quantity(found.mean, unit, known(low), known(high))


def _row(lines: str, found: measured.Intercepts, unit: str) -> dict[str, Any]:
    return {
        "test_lines": lines, f"length [{unit}]": found.length, "crossed": found.crossings,
        f"mean_intercept [{unit}]": found.mean, f"mean_segment [{unit}]": known(found.mean_segment),
    }  # fmt: skip


def _report(
    run: Run,
    structure: Structure,
    grains: np.ndarray,
    lines: measured.Intercepts,
    values: dict[str, Quantity],
    rows: list[dict[str, Any]],
    notes: tuple[str, ...],
) -> Report:
    plane = middle(grains)
    edge = plane == 0
    for axis in (0, 1):
        edge |= np.diff(plane, axis=axis, append=np.take(plane, [-1], axis)) != 0
    save_picture(run, "grains.png", tinted(np.full(plane.shape, 0.85), edge, strength=1.0))
    sizes = np.sort(lines.segments)
    curves = {}
    if len(sizes):
        share = 1 - np.arange(len(sizes)) / len(sizes)
        curves["segments"] = Curve(sizes, share, "segment", "share at least as long", x_unit=structure.unit)
    return Report(
        title=f"Mean lineal intercept of {structure.name} ({structure.extent})",
        values=values,
        curves=curves,
        tables={"intercepts": rows},
        figures={
            **(
                {"segments": Figure("line", ("segments",), "Whole grains along the lines, cumulative from above")}
                if curves
                else {}
            ),
            "grains": Figure("overlay", ("grains",), "Boundaries" + ("" if structure.ndim == 2 else ", middle slice")),
        },
        files={"grains": "grains.png"},
        notes=notes,
        cites=("ASTM E112, Standard Test Methods for Determining Average Grain Size",),
    )
