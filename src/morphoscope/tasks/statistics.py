"""Statistics of the phases of a micrograph."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from ..core import Curve, Figure, Micrograph, Param, Quantity, Report, Run
from ..errors import InputError
from ..io import read_micrograph
from ..measure import correlation
from .parameters import KeepPrint, PixelSizeByHand, calibrated, only_one, specimen
from .pictures import save_picture, tinted


def two_point(
    run: Run,
    image: Annotated[Path, Param("micrograph", accepts="file")],
    *,
    threshold: Annotated[
        float | None, Param("grey level between the phases, of full scale; Otsu's by default", low=0, high=1)
    ] = None,
    phase: Annotated[str, Param("which phase to follow", choices=("bright", "dark"))] = "bright",
    smooth_px: Annotated[float, Param("Gaussian smoothing before the threshold", unit="px", low=0, high=100)] = 0.0,
    r_max_nm: Annotated[
        float | None, Param("longest distance; a quarter of the shorter side by default", unit="nm", low=0, open_low=True)
    ] = None,
    r_max_px: Annotated[float | None, Param("the same in pixels", unit="px", low=1)] = None,
    periodic: Annotated[bool, Param("the image repeats itself on all sides, as a simulated one does")] = False,
    keep_print: KeepPrint = False,
    pixel_size_nm: PixelSizeByHand = None,
) -> Report:
    """
    Two-point correlation S2(r) of one phase, with its area fraction, correlation length and interface.

    S2(r) is the chance that two points a distance r apart both lie in the phase: its area fraction at
    r = 0, the square of that far away, and -1/pi times the interface per area as its first slope.
    """
    only_one(r_max_nm=r_max_nm, r_max_px=r_max_px)
    micrograph = specimen(calibrated(read_micrograph(image), pixel_size_nm), keep_print=keep_print)
    if r_max_nm is not None:
        micrograph.scale()
    inside, level = phase_of(micrograph, threshold=threshold, phase=phase, smooth_px=smooth_px)
    pixel = micrograph.pixel_size_nm or (1.0, 1.0)
    quarter = min(n * p for n, p in zip(inside.shape, pixel, strict=True)) / 4
    r_max = r_max_nm or (r_max_px * min(pixel) if r_max_px else max(quarter, min(pixel)))
    run.progress(0, 2, "counting pairs")
    found = correlation.two_point(inside, r_max=r_max, mask=micrograph.mask, pixel=pixel, periodic=periodic)
    run.progress(1, 2, "intervals")
    spread = correlation.block_bootstrap(
        inside, r_max=r_max, rng=run.rng("blocks"), mask=micrograph.mask, pixel=pixel, periodic=periodic
    )
    return _report(run, micrograph, inside, level, phase, found, spread)


def phase_of(micrograph: Micrograph, *, threshold: float | None, phase: str, smooth_px: float) -> tuple[np.ndarray, float]:
    """Where ``phase`` is, and the grey level that divides the two."""
    grey = micrograph.pixels.astype(np.float64)
    if smooth_px > 0:
        grey = ndimage.gaussian_filter(grey, smooth_px, mode="nearest")
    counted = grey if micrograph.mask is None else grey[micrograph.mask]
    if counted.size == 0:
        raise InputError(f"{micrograph.name}: every pixel is masked")
    low, high = float(counted.min()), float(counted.max())
    if low == high:
        raise InputError(f"{micrograph.name}: all pixels have the same grey level ({low:.3g}), so there are no two phases")
    level = float(threshold_otsu(counted)) if threshold is None else threshold
    if not low <= level < high:
        raise InputError(
            f"{micrograph.name}: threshold={level:g} leaves one phase only; grey levels run from {low:.3g} to {high:.3g}"
        )
    bright = grey > level
    return bright if phase == "bright" else ~bright, level


def _report(
    run: Run,
    micrograph: Micrograph,
    inside: np.ndarray,
    level: float,
    phase: str,
    found: correlation.TwoPoint,
    spread: correlation.Intervals,
) -> Report:
    unit = "px" if micrograph.pixel_size is None else "nm"
    save_picture(run, "phase.png", tinted(micrograph.pixels, inside))
    low, high = spread.s2
    length = found.correlation_length
    return Report(
        title=f"Two-point correlation of the {phase} phase of {micrograph.name}",
        values={
            "area_fraction": Quantity(found.area_fraction, "", *spread.area_fraction),
            "correlation_length": Quantity(_known(length), unit, *map(_known, spread.correlation_length)),
            "interface_per_area": Quantity(found.interface_per_area, f"1/{unit}", *spread.interface_per_area),
            "threshold": Quantity(level),
        },
        curves={"S2": Curve(found.r, found.s2, "r", "S2", x_unit=unit, y_low=low, y_high=high)},
        figures={
            "S2": Figure("band", ("S2",), "Two-point correlation with its 95 % interval"),
            "phase": Figure("overlay", ("phase",), f"The {phase} phase, coloured"),
        },
        files={"phase": "phase.png"},
        notes=_notes(micrograph, found, spread),
        cites=(
            "Debye, Anderson and Brumberger, J. Appl. Phys. 28, 679 (1957)",
            "Torquato, Random Heterogeneous Materials (2002)",
        ),
    )


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _notes(micrograph: Micrograph, found: correlation.TwoPoint, spread: correlation.Intervals) -> tuple[str, ...]:
    size, length = micrograph.pixel_size, found.correlation_length
    notes = [f"intervals: 95 %, from {spread.blocks} blocks about {spread.block_px} px wide"]
    if size is None:
        notes.append("scale: unknown, so lengths are in pixels; give pixel_size_nm, or read the scale bar")
    else:
        notes.append(f"scale: {size.x_nm:.6g} nm a pixel ({size.origin})")
        if not size.square:
            notes.append(f"pixels are not square ({size.y_nm:.6g} nm high); distances are physical")
    if not math.isfinite(length):
        notes.append("the correlation does not fall to 1/e within the longest distance; give a larger one")
    elif spread.block_px * min(found.pixel) < 3 * length:
        notes.append("the image is only a few correlation lengths wide, so its intervals are too narrow")
    if found.interface_per_area * max(found.pixel) > 0.3:
        notes.append("the interface is as fine as the pixels, as noise is; smooth_px=1 or more may be needed")
    return (*notes, *micrograph.notes)
