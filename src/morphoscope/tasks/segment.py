"""Divide a grey image or volume into phases: a label image that other tasks read."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..core import Curve, Figure, Micrograph, Param, Quantity, Report, Run, Stack
from ..io import write
from ..measure import boundaries, phases, segmentation
from .division import Background, Denoise, Grey, Mask, Method, divided, grey_of
from .parameters import KeepPrint, PixelSizeByHand
from .pictures import contoured, save_picture

BINS = 256


def segment(
    run: Run,
    image: Annotated[Path, Param("grey image or volume", accepts="any")],
    *,
    mask: Mask = None,
    method: Method = "otsu",
    classes: Annotated[int, Param("number of phases, by grey level; more than two with otsu and walk", low=2, high=5)] = 2,
    level: Annotated[float | None, Param("level between two phases by hand, of full scale", low=0, high=1)] = None,
    background: Background = "none",
    background_px: Annotated[
        float | None, Param("sigma or radius of the background; an eighth of the side by default", unit="px", low=1)
    ] = None,
    divide: Annotated[bool, Param("divide the background out, where it is shading, instead of subtracting it")] = False,
    denoise: Denoise = "none",
    denoise_px: Annotated[float, Param("width of the noise filter", unit="px", low=0, high=50, open_low=True)] = 1.0,
    window_px: Annotated[int, Param("adaptive: side of the window, odd", unit="px", low=3, high=9999)] = 15,
    offset: Annotated[float, Param("adaptive: how far below the window's mean still counts, of full scale", low=-1, high=1)] = (
        2 / 255
    ),
    smoothing_px: Annotated[int, Param("adaptive: side of the smoothing box, odd", unit="px", low=1, high=999)] = 5,
    margin: Annotated[
        float, Param("hysteresis, walk: how far beyond the level a pixel is sure, of the way to its class", low=0, high=0.95)
    ] = 0.3,
    keep_print: KeepPrint = False,
    pixel_size_nm: PixelSizeByHand = None,
) -> Report:
    """
    Label every pixel with a phase, from 1 (darkest) to the number of phases (brightest); 0 is left out.

    The file ``labels`` goes on into other tasks. The fractions' intervals hold the finite image and the
    uncertainty of the division itself: of the level, and of noise that crosses it.
    """
    grey = grey_of(image, mask=mask, pixel_size_nm=pixel_size_nm, keep_print=keep_print)
    recipe = segmentation.Recipe(
        method=method,
        classes=classes,
        level=level,
        background=background,
        background_px=background_px,
        divide=divide,
        denoise=denoise,
        denoise_px=denoise_px,
        window_px=window_px,
        offset=offset,
        smoothing_px=smoothing_px,
        margin=margin,
    )
    run.progress(0, 2, "dividing")
    found = divided(grey, recipe)
    run.progress(1, 2, "intervals")
    return _report(run, grey, recipe, found)


def _report(run: Run, grey: Grey, recipe: segmentation.Recipe, found: segmentation.Segmented) -> Report:
    counted = found.labels > 0
    rows = [_row(grey, found, name, counted) for name in phases.present(found.labels, counted)]
    saved = save_labels(run, grey, found.labels)
    plane, labels = (array if array.ndim == 2 else array[len(array) // 2] for array in (grey.pixels, found.labels))
    save_picture(run, "overlay.png", contoured(plane, labels), longest_px=2048)
    density, edges = np.histogram(found.grey[counted], bins=BINS, density=True)
    values = {"phases": Quantity(len(rows))}
    for number, (level, error) in enumerate(zip(found.levels, found.level_errors, strict=True), 1):
        values[f"level_{number}"] = Quantity(level, "", level - 1.96 * error, level + 1.96 * error)
    values["edge_error_px"] = Quantity(_edge_error(found, counted), "px")
    return Report(
        title=f"{len(rows)} phases in {grey.name} by {recipe.method}",
        values=values,
        curves={"histogram": Curve((edges[:-1] + edges[1:]) / 2, density, "grey level", "density")},
        tables={"phases": rows},
        figures={
            "overlay": Figure(
                "overlay", ("overlay",), "Boundaries of the phases" + (", middle slice" if grey.pixels.ndim == 3 else "")
            ),
            "histogram": Figure("line", ("histogram",), "Grey levels that were divided"),
        },
        files={"labels": saved, "overlay": "overlay.png"},
        notes=_notes(grey, counted, found, saved),
        cites=(
            "Otsu, IEEE Trans. Syst. Man Cybern. 9, 62 (1979)",
            "Grady, IEEE Trans. Pattern Anal. Mach. Intell. 28, 1768 (2006)",
        )
        if recipe.method == "walk"
        else ("Otsu, IEEE Trans. Syst. Man Cybern. 9, 62 (1979)",),
    )


def _row(grey: Grey, found: segmentation.Segmented, name: int, counted: np.ndarray) -> dict[str, Any]:
    share = phases.fraction(found.labels, name, mask=counted, segmentation=found.fraction_errors[name])
    return {
        "label": name,
        "fraction": share.value,
        "fraction_low": share.low,
        "fraction_high": share.high,
        "sampling_error": share.sampling_error,
        "segmentation_error": share.segmentation_error,
        "mean_grey": float(grey.pixels[found.labels == name].mean()),
    }


def _edge_error(found: segmentation.Segmented, counted: np.ndarray) -> float | None:
    """The shift of all boundaries that would change fractions as much as their segmentation error."""
    meeting = boundaries.boundaries(found.labels, mask=counted)
    shifts = []
    for name, error in found.fraction_errors.items():
        interface = sum(pair.smooth for pair in meeting if name in (pair.label_a, pair.label_b))
        shifts.append(error / interface if interface > 0 else math.nan)
    return max(shifts) if all(map(math.isfinite, shifts)) else None


def save_labels(run: Run, grey: Grey, labels: np.ndarray) -> str:
    """Write 8-bit labels with the scale of ``grey``: a PNG, of a volume a TIFF."""
    if labels.ndim == 2:
        write(Micrograph.from_raw(labels, pixel_size=grey.pixel_size), run.file("labels.png"))
        return "labels.png"
    slices = tuple(Micrograph.from_raw(plane, pixel_size=grey.pixel_size) for plane in labels)
    write(Stack(slices, axis="z", spacing_nm=grey.spacing_nm), run.file("labels.tif"))
    return "labels.tif"


def _notes(grey: Grey, counted: np.ndarray, found: segmentation.Segmented, saved: str) -> tuple[str, ...]:
    notes = [
        "fraction intervals: 95 %, sampling_error (finite image, its correlation) and segmentation_error in quadrature",
        "segmentation_error: how far other readings of each level lie, its jackknife over blocks, and noise that crosses it",
    ]
    left_out = 1 - float(counted.mean())
    if left_out > 0:
        notes.append(f"{100 * left_out:.3g} % of the pixels are left out: label 0; give ignore=0 to measure phases of {saved}")
    if any(error > 0.5 * share for share, error in _shares(found, counted)):
        notes.append("a fraction is uncertain by more than half of itself: remove noise (denoise) or shading (background) first")
    return (*notes, *grey.notes)


def _shares(found: segmentation.Segmented, counted: np.ndarray) -> list[tuple[float, float]]:
    total = int(np.count_nonzero(counted))
    return [(np.count_nonzero(found.labels == name) / total, error) for name, error in found.fraction_errors.items()]
