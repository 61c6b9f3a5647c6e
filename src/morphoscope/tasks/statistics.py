"""Two-point statistics of one phase of a picture or volume."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from PIL import Image

from ..core import Curve, Figure, Param, Quantity, Report, Run
from ..errors import BadParameter
from ..measure import compatibility, correlation
from ..measure.cluster import two_point_cluster
from ..measure.pairs import Radial
from .division import Mask
from .parameters import AsPoreSpy, KeepPrint, Periodic, Phase, PixelSizeByHand, Smoothing, Threshold, only_one
from .structure import Followed, Input, Label, SliceByHand, Structure, both, follow, known, phase_report, structure_of


def two_point(
    run: Run,
    image: Input,
    *,
    threshold: Threshold = None,
    phase: Phase = "bright",
    label: Label = None,
    smooth_px: Smoothing = 0.0,
    mask: Mask = None,
    r_max_nm: Annotated[
        float | None, Param("longest distance; a quarter of the shortest side by default", unit="nm", low=0, open_low=True)
    ] = None,
    r_max_px: Annotated[float | None, Param("the same in pixels", unit="px", low=1)] = None,
    along: Annotated[
        str, Param("S2 along these directions too: axes, or degrees in a picture, counter-clockwise from x, such as x,y,45")
    ] = "",
    half_angle_deg: Annotated[
        float, Param("how far from a direction a needle may point", unit="deg", low=0, high=90, open_low=True)
    ] = 10.0,
    clusters: Annotated[bool, Param("the two-point cluster function C2 too: both ends in one connected piece")] = False,
    vectors: Annotated[bool, Param("S2 of every displacement too, as an array and, of a picture, as a map")] = False,
    porespy: AsPoreSpy = False,
    periodic: Periodic = False,
    keep_print: KeepPrint = False,
    pixel_size_nm: PixelSizeByHand = None,
    slice_nm: SliceByHand = None,
) -> Report:
    """
    Two-point correlation S2(r) of one phase of a picture or volume, with its fraction, correlation length and interface.

    S2(r) is the chance that two points a distance r apart both lie in the phase: its fraction at r = 0, the
    square of that far away, and its first slope is -1/pi times the interface per area (-1/4 times that per volume).
    On request also S2 along directions, and C2(r), the chance that both points lie in one connected piece.
    """
    only_one(r_max_nm=r_max_nm, r_max_px=r_max_px)
    structure = structure_of(image, mask=mask, keep_print=keep_print, pixel_size_nm=pixel_size_nm, slice_nm=slice_nm)
    ways = directions(along, structure)
    r_max = structure.longest(r_max_nm, r_max_px)
    seen = follow(structure, threshold=threshold, phase=phase, label=label, smooth_px=smooth_px)
    common: dict[str, Any] = {"r_max": r_max, "mask": structure.mask, "pixel": structure.sides, "periodic": periodic}
    stages = ["pairs", *(f"pairs along {name}" for name in ways), *(["pairs in clusters"] if clusters else [])]

    def tell(done: int, blocks: int) -> None:
        run.progress(stage * blocks + done, len(stages) * blocks, f"{stages[stage]}, block {done + 1} of {blocks}")

    stage = 0
    run.progress(0, 1, "counting pairs")
    found = correlation.two_point(seen.inside, **common)
    spread = correlation.block_bootstrap(seen.inside, rng=run.rng("blocks"), tell=tell, **common)
    more: dict[str, tuple[str, Radial]] = {}
    for name, way in ways.items():
        stage += 1
        cone = correlation.directional(
            seen.inside, direction=way, half_angle_deg=half_angle_deg, rng=run.rng(f"along {name}"), tell=tell, **common
        )
        more[f"S2_{name}"] = (f"S2 along {name}", cone)
    if clusters:
        stage += 1
        more["C2"] = ("C2", two_point_cluster(seen.inside, rng=run.rng("clusters"), tell=tell, **common))
    report = _report(run, seen, found, spread, more)
    if vectors:
        report = _with_vectors(run, report, seen, r_max, periodic=periodic)
    return _as_porespy(report, seen) if porespy else report


def directions(text: str, structure: Structure) -> dict[str, tuple[float, ...]]:
    """Named directions in physical space of a list such as ``x,y,45``."""
    found: dict[str, tuple[float, ...]] = {}
    for part in (part.strip().lower() for part in text.split(",")):
        if part in structure.axes:
            found[part] = tuple(float(k) for k in structure.axes[part])
        elif part:
            try:
                angle = float(part)
            except ValueError:
                angle = math.nan
            if structure.ndim == 3 or not math.isfinite(angle):
                allowed = ", ".join(structure.axes) + ("" if structure.ndim == 3 else " or an angle in degrees")
                raise BadParameter(f"along: {part!r} is no direction here; allowed: {allowed}")
            found[f"{angle:g}"] = (-math.sin(math.radians(angle)), math.cos(math.radians(angle)))
    return found


def _report(
    run: Run, seen: Followed, found: correlation.TwoPoint, spread: correlation.Intervals, more: dict[str, tuple[str, Radial]]
) -> Report:
    unit = seen.of.unit
    low, high = spread.s2
    part, per = ("area", "area") if seen.of.ndim == 2 else ("volume", "volume")
    curves = {"S2": Curve(found.r, found.s2, "r", "S2", x_unit=unit, y_low=low, y_high=high)}
    for name, (words, curve) in more.items():
        curves[name] = Curve(curve.r, curve.value, "r", words, x_unit=unit, y_low=curve.low, y_high=curve.high)
    figures = {"S2": Figure("band", ("S2",), "Two-point correlation with its 95 % interval")}
    along = tuple(name for name in more if name != "C2")
    if along:
        figures["along"] = Figure("band", along, "Two-point correlation by direction, with 95 % intervals")
    if "C2" in more:
        figures["C2"] = Figure("band", ("S2", "C2"), "Both ends in the phase (S2), and both in one connected piece of it (C2)")
    return phase_report(
        run,
        seen,
        title="Two-point correlation",
        values={
            f"{part}_fraction": Quantity(found.area_fraction, "", *spread.area_fraction),
            "correlation_length": Quantity(known(found.correlation_length), unit, *both(spread.correlation_length)),
            f"interface_per_{per}": Quantity(found.interface_per_area, f"1/{unit}", *spread.interface_per_area),
        },
        curves=curves,
        figures=figures,
        notes=_notes(found, spread),
        cites=(
            "Debye, Anderson and Brumberger, J. Appl. Phys. 28, 679 (1957)",
            "Torquato, Random Heterogeneous Materials (2002)",
            *(("Torquato, Beasley and Chiew, J. Chem. Phys. 88, 6540 (1988)",) if "C2" in more else ()),
        ),
    )


def _with_vectors(run: Run, report: Report, seen: Followed, r_max: float, *, periodic: bool) -> Report:
    """``report`` with S2 of every displacement: rows from 0, columns from minus the longest to the longest."""
    lag = tuple(min(int(r_max / side), n - 1) for side, n in zip(seen.of.sides, seen.inside.shape, strict=True))
    found = correlation.correlation_map(seen.inside, lag_px=lag, mask=seen.of.mask, periodic=periodic)
    np.save(run.file("vectors.npy"), found)
    files, figures = {**report.files, "vectors": "vectors.npy"}, dict(report.figures)
    if found.ndim == 2:
        levels = np.nan_to_num(255 * found / max(float(np.nanmax(found)), 1e-12))
        Image.fromarray(np.rint(levels).astype(np.uint8)).save(run.file("vectors.png"))
        files["vector_map"] = "vectors.png"
        figures["vectors"] = Figure(
            "image", ("vector_map",), f"S2 of displacements up to {lag[0]} rows down and {lag[1]} columns to either side"
        )
    return replace(report, files=files, figures=figures)


def _as_porespy(report: Report, seen: Followed) -> Report:
    """``report`` with the biased curve of PoreSpy before 3.2, for comparison with published ones."""
    unmasked(seen)
    found = compatibility.porespy_radial_before_3_2(seen.inside)
    curve = Curve(found.x, found.y, "r", "P(r) of PoreSpy before 3.2", x_unit="px")
    figure = Figure("line", ("porespy",), "The biased curve of PoreSpy before 3.2, 1 at zero distance, in pixels")
    return replace(report, curves={**report.curves, "porespy": curve}, figures={**report.figures, "porespy": figure})


def unmasked(seen: Followed) -> None:
    """Refuse PoreSpy's curves where parts are left out, which it knows nothing of."""
    if seen.of.mask is not None and not seen.of.mask.all():
        raise BadParameter(
            "porespy: parts of the image are left out, and PoreSpy's curves know no mask; give keep_print or no mask"
        )


def _notes(found: correlation.TwoPoint, spread: correlation.Intervals) -> tuple[str, ...]:
    length = found.correlation_length
    notes = [f"intervals: 95 %, from {spread.blocks} blocks about {spread.block_px} px wide"]
    if not math.isfinite(length):
        notes.append("the correlation does not fall to 1/e within the longest distance; give a larger one")
    elif spread.block_px * min(found.pixel) < 3 * length:
        notes.append("the image is only a few correlation lengths wide, so its intervals are too narrow")
    if found.interface_per_area * max(found.pixel) > 0.3:
        notes.append("the interface is as fine as the pixels, as noise is; smooth_px=1 or more may be needed")
    return tuple(notes)
