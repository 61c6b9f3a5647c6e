"""Lineal path and chords of one phase of a micrograph."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import numpy as np

from ..core import Curve, Figure, Param, Quantity, Report, Run
from ..io import read_micrograph
from ..measure import chords as measured
from ..measure import lineal_path as lineal
from .parameters import (
    KeepPrint,
    Periodic,
    Phase,
    PixelSizeByHand,
    Smoothing,
    Threshold,
    calibrated,
    only_one,
    scale_notes,
    specimen,
)
from .pictures import save_picture, tinted
from .statistics import phase_of

DIRECTIONS = {"x": (0, 1), "y": (1, 0)}


def lineal_path(
    run: Run,
    image: Annotated[Path, Param("micrograph", accepts="file")],
    *,
    threshold: Threshold = None,
    phase: Phase = "bright",
    smooth_px: Smoothing = 0.0,
    z_max_nm: Annotated[
        float | None, Param("longest needle; a quarter of the shorter side by default", unit="nm", low=0, open_low=True)
    ] = None,
    z_max_px: Annotated[float | None, Param("the same in pixels", unit="px", low=1)] = None,
    periodic: Periodic = False,
    keep_print: KeepPrint = False,
    pixel_size_nm: PixelSizeByHand = None,
) -> Report:
    """
    Lineal path L(z) of one phase along x and y, its mean chords, and the distribution of chord lengths.

    L(z) is the chance that a needle of length z lies wholly in the phase, as Torquato defines it: the area
    fraction at z = 0, and -1 over the mean chord, times the area fraction, as its first slope.
    """
    only_one(z_max_nm=z_max_nm, z_max_px=z_max_px)
    micrograph = specimen(calibrated(read_micrograph(image), pixel_size_nm), keep_print=keep_print)
    if z_max_nm is not None:
        micrograph.scale()
    inside, level = phase_of(micrograph, threshold=threshold, phase=phase, smooth_px=smooth_px)
    pixel = micrograph.pixel_size_nm or (1.0, 1.0)
    unit = "px" if micrograph.pixel_size is None else "nm"
    quarter = min(n * p for n, p in zip(inside.shape, pixel, strict=True)) / 4
    z_max = z_max_nm or (z_max_px * min(pixel) if z_max_px else max(quarter, *pixel))
    values, curves, notes = {"area_fraction": Quantity(float(_share(inside, micrograph.mask)))}, {}, []
    for number, (name, step) in enumerate(DIRECTIONS.items()):
        run.progress(number, 2, f"needles along {name}")
        found = lineal.lineal_path(
            inside, direction=step, z_max=z_max, mask=micrograph.mask, pixel=pixel, periodic=periodic, rng=run.rng(f"L{name}")
        )
        cut = measured.chord_lengths(
            inside, direction=step, mask=micrograph.mask, pixel=pixel, periodic=periodic, rng=run.rng(f"chords {name}")
        )
        low, high = found.mean_chord_interval or (math.nan, math.nan)
        values[f"mean_chord_{name}"] = Quantity(_known(found.mean_chord), unit, _known(low), _known(high))
        values[f"chords_{name}"] = Quantity(int(cut.count.sum()))
        label = f"L_{name}"
        curves[label] = Curve(found.z, found.value, "z", f"L along {name}", x_unit=unit, y_low=found.low, y_high=found.high)
        if len(cut.length):
            curves[f"chord_lengths_{name}"] = Curve(
                cut.length, cut.probability, "chord length", f"share of chords along {name}", x_unit=unit
            )
        if math.isnan(found.mean_chord):
            notes.append(f"no chord ends along {name}: the phase crosses the whole image, so it has no mean chord there")
    values["threshold"] = Quantity(level)
    save_picture(run, "phase.png", tinted(micrograph.pixels, inside))
    drawn = tuple(name for name in curves if name.startswith("chord"))
    return Report(
        title=f"Lineal path of the {phase} phase of {micrograph.name}",
        values=values,
        curves=curves,
        figures={
            "L": Figure("band", ("L_x", "L_y"), "Lineal path along x and y with 95 % intervals"),
            **({"chords": Figure("line", drawn, "Chord lengths, by number, corrected for the image's border")} if drawn else {}),
            "phase": Figure("overlay", ("phase",), f"The {phase} phase, coloured"),
        },
        files={"phase": "phase.png"},
        notes=("intervals: 95 %, by redrawing blocks of the image", *scale_notes(micrograph), *notes),
        cites=("Lu and Torquato, Phys. Rev. A 45, 922 (1992)", "Torquato and Lu, Phys. Rev. E 47, 2950 (1993)"),
    )


def _share(inside: np.ndarray, mask: np.ndarray | None) -> float:
    return float(inside.mean() if mask is None else inside[mask].mean())


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None
