"""Shape of one phase of a picture or volume: every number that stereology takes from it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core import Curve, Figure, Quantity, Report, Run
from ..errors import InputError
from ..measure import cluster, correlation, surface, thickness
from ..measure.chords import chord_lengths
from ..measure.lineal_path import lineal_path
from ..measure.minkowski import Minkowski, minkowski
from .division import Mask
from .parameters import KeepPrint, Periodic, Phase, PixelSizeByHand, Smoothing, Threshold
from .pictures import save_picture
from .structure import Followed, Input, Label, SliceByHand, both, follow, known, middle, phase_report, structure_of

STAGES = 5
STEPS = {"0": (0, 1), "45": (-1, 1), "90": (1, 0), "135": (1, 1)}


def morphology(
    run: Run,
    image: Input,
    *,
    threshold: Threshold = None,
    phase: Phase = "bright",
    label: Label = None,
    smooth_px: Smoothing = 0.0,
    mask: Mask = None,
    periodic: Periodic = False,
    keep_print: KeepPrint = False,
    pixel_size_nm: PixelSizeByHand = None,
    slice_nm: SliceByHand = None,
) -> Report:
    """
    Fraction, interface and Euler number (the Minkowski functionals), chords, local thickness, anisotropy of one phase.

    The mean intercept is the mean chord over all directions: length inside the phase over the pieces that lines cut
    out, from the fraction and the interface. The interface is Crofton's; what other estimators say is in the table beside it.
    """
    structure = structure_of(image, mask=mask, keep_print=keep_print, pixel_size_nm=pixel_size_nm, slice_nm=slice_nm)
    seen = follow(structure, threshold=threshold, phase=phase, label=label, smooth_px=smooth_px)
    inside = seen.inside
    common: dict[str, Any] = {"mask": structure.mask, "pixel": structure.sides}
    run.progress(0, STAGES, "correlation")
    r_max = structure.longest(None, None)
    length = correlation.two_point(inside, r_max=r_max, periodic=periodic, **common).correlation_length
    length_px = length / min(structure.sides)
    turned = _anisotropy(seen, r_max, periodic)
    run.progress(1, STAGES, "Minkowski functionals")
    shape = minkowski(inside, periodic=periodic, rng=run.rng("minkowski"), length_px=length_px, **common)
    run.progress(2, STAGES, "chords")
    chords, curves = _chords(run, seen, periodic)

    def tell(done: int, radii: int) -> None:
        run.progress(3 * radii + done, STAGES * radii, f"local thickness, radius {done + 1} of {radii}")

    local = thickness.local_thickness(inside, tell=tell, **common)
    sizes = thickness.pore_sizes(local, rng=run.rng("thickness"), length_px=length_px)
    curves["thickness"] = Curve(
        sizes.diameter, sizes.at_least, "local thickness", "share of the phase at least as thick", x_unit=structure.unit
    )
    estimators = surface.by_each_estimator(inside, periodic=periodic, **common)
    return _report(run, seen, shape, sizes, local, length, chords, curves, turned, estimators)


def _report(
    run: Run,
    seen: Followed,
    shape: Minkowski,
    sizes: thickness.PoreSizes,
    local: np.ndarray,
    length: float,
    chords: list[dict[str, Any]],
    curves: dict[str, Curve],
    turned: dict[str, Quantity],
    estimators: dict[str, float],
) -> Report:
    of, unit = seen.of, seen.of.unit
    per, part = f"1/{unit}", "area" if of.ndim == 2 else "volume"
    values = {
        f"{part}_fraction": Quantity(shape.fraction, "", *both(shape.fraction_interval)),
        f"interface_per_{part}": Quantity(shape.interface, per, *both(shape.interface_interval)),
        f"euler_per_{part}": Quantity(shape.euler, f"{per}{'²' if of.ndim == 2 else '³'}", *both(shape.euler_interval)),
        "pieces": Quantity(cluster.clusters(seen.inside if of.mask is None else seen.inside & of.mask, corners=True)[1]),
        "mean_intercept": _mean_intercept(shape, unit, math.pi if of.ndim == 2 else 4.0),
        "thickness_mean": Quantity(sizes.mean, unit, *both(sizes.mean_interval)),
        "thickness_median": Quantity(sizes.median, unit),
        "correlation_length": Quantity(known(length), unit),
        **turned,
    }
    shown = middle(local)
    save_picture(run, "thickness.png", shown / max(float(np.percentile(local[local > 0], 99.5)), 1e-300))
    section = "" if of.ndim == 2 else ", middle slice"
    return phase_report(
        run,
        seen,
        title="Morphology",
        values=values,
        curves=curves,
        tables={
            "interface": [{"estimator": name, f"interface_per_{part} [{per}]": value} for name, value in estimators.items()],
            "chords": chords,
        },
        figures={
            "chords": Figure("line", tuple(name for name in curves if name != "thickness"), "Chord lengths by direction"),
            "thickness": Figure("line", ("thickness",), f"Local thickness, cumulative from above, by {part}"),
            "thickness_map": Figure(
                "image", ("thickness_map",), f"Local thickness, white from the 99.5th percentile on{section}"
            ),
        },
        files={"thickness_map": "thickness.png"},
        notes=_notes(seen, shape.interface, length, estimators),
        cites=(
            "Ohser and Muecklich, Statistical Analysis of Microstructures (2000)",
            "Hildebrand and Rueegsegger, J. Microsc. 185, 67 (1997)",
        ),
    )


def _chords(run: Run, seen: Followed, periodic: bool) -> tuple[list[dict[str, Any]], dict[str, Curve]]:
    """A row and a curve for each axis, in a plane also for the diagonals of the pixel grid."""
    rows, curves = [], {}
    of, unit = seen.of, seen.of.unit
    steps = STEPS if of.ndim == 2 else of.axes
    square = len(set(of.values.shape)) == 1  # diagonals of other periodic pictures do not close
    for name, step in steps.items():
        if periodic and not square and sum(map(abs, step)) > 1:
            continue
        common: dict[str, Any] = {"direction": step, "mask": of.mask, "pixel": of.sides, "periodic": periodic}
        cut = chord_lengths(seen.inside, rng=run.rng(f"chords {name}"), **common)
        mean = lineal_path(seen.inside, z_max=float(np.linalg.norm(np.array(step) * of.sides)), **common).mean_chord
        low, high = both(cut.mean_interval)
        along: dict[str, Any] = {"axis": name}
        if of.ndim == 2:
            along = {"angle_deg": round(math.degrees(math.atan2(-step[0] * of.sides[0], step[1] * of.sides[1])) % 180, 3)}
        rows.append({
            **along, "chords": int(cut.count.sum()), f"mean_intercept [{unit}]": mean,
            f"mean_whole_chord [{unit}]": cut.mean, "low": low, "high": high, f"sd [{unit}]": cut.sd,
        })  # fmt: skip
        if len(cut.length):
            where = f"along {name}" if of.ndim == 3 else f"at {along['angle_deg']:.3g} deg"
            curves[f"chords_{name}"] = Curve(cut.length, cut.probability, "chord length", f"share {where}", x_unit=unit)
    return rows, curves


def _mean_intercept(shape: Minkowski, unit: str, factor: float) -> Quantity:
    """Mean chord over all directions: pi phi over the interface per area, 4 phi over that per volume."""
    if not shape.interface > 0:
        return Quantity(None, unit)
    low, high = shape.interface_interval or (math.nan, math.nan)
    shorter, longer = (factor * shape.fraction / bound if bound > 0 else math.nan for bound in (high, low))
    return Quantity(factor * shape.fraction / shape.interface, unit, known(shorter), known(longer))


def _anisotropy(seen: Followed, r_max: float, periodic: bool) -> dict[str, Quantity]:
    of = seen.of
    try:
        found = correlation.anisotropy(seen.inside, r_max=r_max, mask=of.mask, pixel=of.sides, periodic=periodic)
    except InputError:  # no decay within a quarter of the image: there is nothing to compare
        return {"anisotropy": Quantity(None)}
    if of.ndim == 2:
        return {"anisotropy": Quantity(known(found.ratio)), "long_axis_angle": Quantity(found.angle_deg, "deg")}
    parts = {f"long_axis_{name}": Quantity(float(found.axes[0] @ np.array(step))) for name, step in of.axes.items()}
    return {"anisotropy": Quantity(known(found.ratio)), **parts}


def _notes(seen: Followed, interface: float, length: float, estimators: dict[str, float]) -> tuple[str, ...]:
    notes = ["intervals: 95 %, by redrawing blocks of the image"]
    if interface * max(seen.of.sides) > 0.3:
        notes.append("the interface is as fine as the pixels, as noise is; smooth_px=1 or more may be needed")
    if not math.isfinite(length):
        notes.append("the correlation does not fall to 1/e within a quarter of the image, so the intervals are too narrow")
    if estimators["faces"] > 0:
        counted, over = ("pixel edges", "4/pi") if seen.of.ndim == 2 else ("voxel faces", "3/2")
        notes.append(f"the interface is Crofton's; {counted} overstate a smooth isotropic interface by {over}")
    notes.append("a corner where pixels meet joins them (pieces, Euler number)")
    return tuple(notes)
