"""Lineal path and chords of one phase of a picture or volume."""

from __future__ import annotations

import math
from typing import Annotated, Any

from ..core import Curve, Figure, Param, Quantity, Report, Run
from ..measure import chords as measured
from ..measure import lineal_path as lineal
from ..measure.compatibility import porespy_distance_distribution
from .division import Mask
from .parameters import AsPoreSpy, KeepPrint, Periodic, Phase, PixelSizeByHand, Smoothing, Threshold, only_one
from .statistics import unmasked
from .structure import Input, Label, SliceByHand, both, follow, known, phase_report, structure_of


def lineal_path(
    run: Run,
    image: Input,
    *,
    threshold: Threshold = None,
    phase: Phase = "bright",
    label: Label = None,
    smooth_px: Smoothing = 0.0,
    mask: Mask = None,
    z_max_nm: Annotated[
        float | None, Param("longest needle; a quarter of the shortest side by default", unit="nm", low=0, open_low=True)
    ] = None,
    z_max_px: Annotated[float | None, Param("the same in pixels", unit="px", low=1)] = None,
    porespy: AsPoreSpy = False,
    periodic: Periodic = False,
    keep_print: KeepPrint = False,
    pixel_size_nm: PixelSizeByHand = None,
    slice_nm: SliceByHand = None,
) -> Report:
    """
    Lineal path L(z) of one phase along each axis of a picture or volume, its mean chords, and the chord lengths.

    L(z) is the chance that a needle of length z lies wholly in the phase, as Torquato defines it: the phase's
    fraction at z = 0, and -1 over the mean chord, times the fraction, as its first slope.
    """
    only_one(z_max_nm=z_max_nm, z_max_px=z_max_px)
    structure = structure_of(image, mask=mask, keep_print=keep_print, pixel_size_nm=pixel_size_nm, slice_nm=slice_nm)
    z_max = structure.longest(z_max_nm, z_max_px)
    seen = follow(structure, threshold=threshold, phase=phase, label=label, smooth_px=smooth_px)
    unit, axes = structure.unit, structure.axes
    common: dict[str, Any] = {"mask": structure.mask, "pixel": structure.sides, "periodic": periodic}
    values = {"area_fraction" if structure.ndim == 2 else "volume_fraction": Quantity(seen.share())}
    curves, notes = {}, []
    for number, (name, step) in enumerate(axes.items()):
        run.progress(number, len(axes), f"needles along {name}")
        found = lineal.lineal_path(seen.inside, direction=step, z_max=z_max, rng=run.rng(f"L{name}"), **common)
        cut = measured.chord_lengths(seen.inside, direction=step, rng=run.rng(f"chords {name}"), **common)
        values[f"mean_chord_{name}"] = Quantity(known(found.mean_chord), unit, *both(found.mean_chord_interval))
        values[f"chords_{name}"] = Quantity(int(cut.count.sum()))
        curves[f"L_{name}"] = Curve(found.z, found.value, "z", f"L along {name}", x_unit=unit, y_low=found.low, y_high=found.high)
        if len(cut.length):
            curves[f"chord_lengths_{name}"] = Curve(
                cut.length, cut.probability, "chord length", f"share of chords along {name}", x_unit=unit
            )
        if math.isnan(found.mean_chord):
            notes.append(f"no chord ends along {name}: the phase crosses the whole image, so it has no mean chord there")
    drawn = tuple(name for name in curves if name.startswith("chord"))
    if porespy:
        unmasked(seen)
        for name, step in axes.items():
            other = porespy_distance_distribution(seen.inside, axis=[abs(k) for k in step].index(1))
            curves[f"porespy_{name}"] = Curve(other.x, other.y, "z", f"distance distribution along {name}", x_unit="px")
    named = tuple(name for name in curves if name.startswith("porespy"))
    return phase_report(
        run,
        seen,
        title="Lineal path",
        values=values,
        curves=curves,
        figures={
            "L": Figure("band", tuple(f"L_{name}" for name in axes), f"Lineal path along {', '.join(axes)} with 95 % intervals"),
            **(
                {"porespy": Figure("line", named, "PoreSpy's distance distribution, which is no L(z), in pixels")}
                if named
                else {}
            ),
            **({"chords": Figure("line", drawn, "Chord lengths, by number, corrected for the image's border")} if drawn else {}),
        },
        notes=("intervals: 95 %, by redrawing blocks of the image", *notes),
        cites=("Lu and Torquato, Phys. Rev. A 45, 922 (1992)", "Torquato and Lu, Phys. Rev. E 47, 2950 (1993)"),
    )
