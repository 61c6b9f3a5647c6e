"""Shape of one phase of a micrograph: every number that stereology takes from a plane."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..core import Curve, Figure, Micrograph, Param, Quantity, Report, Run
from ..errors import InputError
from ..io import read_micrograph
from ..measure import cluster, correlation, surface, thickness
from ..measure.chords import chord_lengths
from ..measure.lineal_path import lineal_path
from ..measure.minkowski import minkowski
from .parameters import KeepPrint, Phase, PixelSizeByHand, Smoothing, Threshold, calibrated, scale_notes, specimen
from .pictures import save_picture, tinted
from .statistics import phase_of

STEPS = {"0": (0, 1), "45": (-1, 1), "90": (1, 0), "135": (1, 1)}


def morphology(
    run: Run,
    image: Annotated[Path, Param("micrograph", accepts="file")],
    *,
    threshold: Threshold = None,
    phase: Phase = "bright",
    smooth_px: Smoothing = 0.0,
    keep_print: KeepPrint = False,
    pixel_size_nm: PixelSizeByHand = None,
) -> Report:
    """
    Area fraction, interface and Euler number (the Minkowski functionals), chords, local thickness, anisotropy.

    The mean intercept is that of ASTM E112 read for a phase: length inside it over the pieces that lines cut
    out. The interface is Crofton's; what other estimators say is in the table beside it.
    """
    micrograph = specimen(calibrated(read_micrograph(image), pixel_size_nm), keep_print=keep_print)
    inside, level = phase_of(micrograph, threshold=threshold, phase=phase, smooth_px=smooth_px)
    pixel, mask = micrograph.pixel_size_nm or (1.0, 1.0), micrograph.mask
    unit = "px" if micrograph.pixel_size is None else "nm"
    run.progress(0, 4, "correlation")
    r_max = max(min(n * p for n, p in zip(inside.shape, pixel, strict=True)) / 4, *pixel)
    length = correlation.two_point(inside, r_max=r_max, mask=mask, pixel=pixel).correlation_length
    length_px = length / min(pixel)
    run.progress(1, 4, "Minkowski functionals")
    shape = minkowski(inside, mask=mask, pixel=pixel, rng=run.rng("minkowski"), length_px=length_px)
    run.progress(2, 4, "chords")
    chords, curves = _chords(run, inside, mask, pixel, unit)
    run.progress(3, 4, "local thickness")
    local = thickness.local_thickness(inside, mask=mask, pixel=pixel)
    sizes = thickness.pore_sizes(local, rng=run.rng("thickness"), length_px=length_px)
    curves["thickness"] = Curve(
        sizes.diameter, sizes.at_least, "local thickness", "share of the phase at least as thick", x_unit=unit
    )
    per = f"1/{unit}"
    values = {
        "area_fraction": Quantity(shape.fraction, "", *_both(shape.fraction_interval)),
        "interface_per_area": Quantity(shape.interface, per, *_both(shape.interface_interval)),
        "euler_per_area": Quantity(shape.euler, f"1/{unit}²", *_both(shape.euler_interval)),
        "pieces": Quantity(cluster.clusters(inside if mask is None else inside & mask, corners=True)[1]),
        "mean_intercept": _mean_intercept(shape.fraction, shape.interface, shape.interface_interval, unit),
        "thickness_mean": Quantity(sizes.mean, unit, *_both(sizes.mean_interval)),
        "thickness_median": Quantity(sizes.median, unit),
        "correlation_length": Quantity(_known(length), unit),
        **_anisotropy(inside, mask, pixel, r_max),
        "threshold": Quantity(level),
    }
    estimators = surface.by_each_estimator(inside, mask=mask, pixel=pixel)
    save_picture(run, "phase.png", tinted(micrograph.pixels, inside))
    save_picture(run, "thickness.png", local / float(np.percentile(local[local > 0], 99.5)))
    return Report(
        title=f"Morphology of the {phase} phase of {micrograph.name}",
        values=values,
        curves=curves,
        tables={
            "interface": [{"estimator": name, f"interface_per_area [{per}]": value} for name, value in estimators.items()],
            "chords": chords,
        },
        figures={
            "chords": Figure("line", tuple(name for name in curves if name != "thickness"), "Chord lengths by direction"),
            "thickness": Figure("line", ("thickness",), "Local thickness, cumulative from above, by area"),
            "thickness_map": Figure("image", ("thickness_map",), "Local thickness, white from the 99.5th percentile on"),
            "phase": Figure("overlay", ("phase",), f"The {phase} phase, coloured"),
        },
        files={"phase": "phase.png", "thickness_map": "thickness.png"},
        notes=_notes(micrograph, shape.interface, length, estimators),
        cites=(
            "Ohser and Muecklich, Statistical Analysis of Microstructures (2000)",
            "Hildebrand and Rueegsegger, J. Microsc. 185, 67 (1997)",
            "ASTM E112, Standard Test Methods for Determining Average Grain Size",
        ),
    )


def _chords(
    run: Run, inside: np.ndarray, mask: np.ndarray | None, pixel: tuple[float, float], unit: str
) -> tuple[list[dict[str, Any]], dict[str, Curve]]:
    """A row and a curve for each of four directions (of the pixel grid, so that 45 means along its diagonal)."""
    rows, curves = [], {}
    for name, step in STEPS.items():
        cut = chord_lengths(inside, direction=step, mask=mask, pixel=pixel, rng=run.rng(f"chords {name}"))
        angle = math.degrees(math.atan2(-step[0] * pixel[0], step[1] * pixel[1])) % 180
        reach = float(np.linalg.norm(np.array(step) * pixel))
        mean = lineal_path(inside, direction=step, z_max=reach, mask=mask, pixel=pixel).mean_chord
        low, high = _both(cut.mean_interval)
        rows.append({
            "angle_deg": round(angle, 3), "chords": int(cut.count.sum()), f"mean_intercept [{unit}]": mean,
            f"mean_whole_chord [{unit}]": cut.mean, "low": low, "high": high, f"sd [{unit}]": cut.sd,
        })  # fmt: skip
        if len(cut.length):
            curves[f"chords_{name}"] = Curve(
                cut.length, cut.probability, "chord length", f"share at {angle:.3g} deg", x_unit=unit
            )
    return rows, curves


def _mean_intercept(fraction: float, interface: float, bounds: tuple[float, float] | None, unit: str) -> Quantity:
    """Mean chord over all directions, pi phi over the interface per area."""
    if not interface > 0:
        return Quantity(None, unit)
    low, high = bounds or (math.nan, math.nan)
    shorter, longer = (math.pi * fraction / bound if bound > 0 else math.nan for bound in (high, low))
    return Quantity(math.pi * fraction / interface, unit, _known(shorter), _known(longer))


def _anisotropy(inside: np.ndarray, mask: np.ndarray | None, pixel: tuple[float, float], r_max: float) -> dict[str, Quantity]:
    try:
        found = correlation.anisotropy(inside, r_max=r_max, mask=mask, pixel=pixel)
    except InputError:  # no decay within a quarter of the image: there is nothing to compare
        return {"anisotropy": Quantity(None)}
    return {"anisotropy": Quantity(_known(found.ratio)), "long_axis_angle": Quantity(found.angle_deg, "deg")}


def _notes(micrograph: Micrograph, interface: float, length: float, estimators: dict[str, float]) -> tuple[str, ...]:
    notes = ["intervals: 95 %, by redrawing blocks of the image", *scale_notes(micrograph)]
    if interface * max(micrograph.pixel_size_nm or (1.0, 1.0)) > 0.3:
        notes.append("the interface is as fine as the pixels, as noise is; smooth_px=1 or more may be needed")
    if not math.isfinite(length):
        notes.append("the correlation does not fall to 1/e within a quarter of the image, so the intervals are too narrow")
    if estimators["faces"] > 0:
        notes.append("interface_per_area is Crofton's; pixel edges overstate a smooth isotropic interface by 4/pi")
    notes.append("a corner where pixels meet joins them (pieces, Euler number)")
    return tuple(notes)


def _both(interval: tuple[float, float] | None) -> tuple[float | None, float | None]:
    return (None, None) if interval is None else (_known(interval[0]), _known(interval[1]))


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None
