"""Sizes, periods and lattices from a scattering curve; a pattern is averaged first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..core import Curve, Figure, Param, Pattern, Quantity, Report, Run
from ..errors import BadParameter, InputError, UnreadableFile
from ..io import lengths, read
from ..measure.scattering import azimuthal, correlation, guinier, lattices, model_fit, peaks, porod
from ..measure.scattering.curves import Scattered, ready
from ..measure.scattering.form_factors import DISTRIBUTIONS, MODELS
from ..measure.scattering.porod import Invariant
from .pattern import CentreColumn, CentreRow, QStep, pair, seen_pattern

UNITS = {"1/nm": 1.0, "1/A": 10.0}
LAYERS = "long_period_nm and thin_layer_nm hold for stacks of layers; that the sample is one is not shown by this curve"


def measure(
    run: Run,
    curve: Annotated[Path, Param("scattering curve I(q), or a pattern, which is averaged first", accepts="file")],
    *,
    model: Annotated[str, Param("form factor to fit", choices=("none", *MODELS))] = "none",
    distribution: Annotated[str, Param("distribution of the radius in the fit", choices=DISTRIBUTIONS)] = "schulz",
    q_unit: Annotated[str, Param("unit of q, where the file does not say it", choices=("file", *UNITS))] = "file",
    q_min_per_nm: Annotated[float | None, Param("leave out what lies below", unit="1/nm", low=0)] = None,
    q_max_per_nm: Annotated[float | None, Param("leave out what lies beyond", unit="1/nm", low=0, open_low=True)] = None,
    guinier_min_per_nm: Annotated[float | None, Param("start of Guinier's range; found by default", unit="1/nm", low=0)] = None,
    guinier_max_per_nm: Annotated[
        float | None, Param("end of Guinier's range; q Rg = 1.3 by default", unit="1/nm", low=0)
    ] = None,
    porod_min_per_nm: Annotated[float | None, Param("start of Porod's range; found by default", unit="1/nm", low=0)] = None,
    data_set: Annotated[
        int | None, Param("which data set of the file, from 1; by default the first, and all together for a fit", low=1)
    ] = None,
    centre_row_px: CentreRow = None,
    centre_column_px: CentreColumn = None,
    q_step_per_nm: QStep = None,
) -> Report:
    """
    Peaks with their lattice, Guinier's radius, Porod's law, invariant, correlation functions, and a fitted form factor.

    What a curve does not show is left out and said: one peak is no lattice, a rising curve has no radius of
    gyration. For other averages of a pattern run measure pattern and give its average.csv.
    """
    sets, unit, notes = _curves(curve, q_unit, data_set, (pair(centre_row_px, centre_column_px), q_step_per_nm))
    low, high = q_min_per_nm or 0.0, q_max_per_nm or math.inf
    if low >= high:
        raise BadParameter(f"q_min_per_nm={low:g} is not below q_max_per_nm={high:g}")
    sets = [data.between(low, high) for data in sets]
    if len(sets[0]) < 8 or not (sets[0].intensity > 0).any():
        raise InputError(f"{curve.name}: {len(sets[0])} points lie between {low:g} and {high:g} 1/nm; an analysis needs 8")
    data = sets[0]
    run.progress(0, 3, "peaks")
    found = peaks.find(data)
    run.progress(1, 3, "limits")
    near = None if data.slit is not None else guinier.fit(data, q_low=guinier_min_per_nm, q_high=guinier_max_per_nm)
    beyond = max((one.q + one.width for one in found if not one.shoulder), default=0.0)
    far = None if data.slit is not None else porod.fit(data, q_low=porod_min_per_nm, beyond=beyond)
    total = None if far is None else porod.invariant(data, far, near)
    run.progress(2, 3, "fit")
    fitted = None if model == "none" else model_fit.fit(sets, model=model, distribution=distribution)
    parts = Parts(sets, unit, found, lattices.index(found), near, far, total, fitted)
    return _report(curve, parts, notes)


@dataclass(frozen=True, eq=False)
class Parts:
    """Everything the report tells; the first of ``sets`` is analysed, all are fitted."""

    sets: list[Scattered]
    unit: str
    peaks: list[peaks.Peak]
    indexing: lattices.Indexing
    guinier: guinier.Guinier | None
    porod: porod.Porod | None
    invariant: Invariant | None
    fit: model_fit.Fit | None


def _curves(
    path: Path, q_unit: str, data_set: int | None, beam: tuple[tuple[float, float] | None, float | None]
) -> tuple[list[Scattered], str, tuple[str, ...]]:
    """The file's curves in 1/nm, the unit of the intensity, and notes."""
    first = 0 if data_set is None else data_set - 1
    noun = read(path, nan="mask", frames=slice(first, first + 1), as_pattern=True)
    if isinstance(noun, Curve):
        count = int(noun.header.get("data_sets", 1))
        if first >= count:
            raise BadParameter(f"data_set={data_set}: {path.name} holds {count}")
        others = range(1, count) if data_set is None else range(0)
        nouns = [noun, *(read(path, frames=slice(k, k + 1)) for k in others)]
        made = [
            ready(c, name=path.name, per_nm=_per_nm(c, path, q_unit), slit=c.header.get("slit_length"))
            for c in nouns
            if isinstance(c, Curve)
        ]
        notes = noun.notes if count == 1 or data_set is not None else (*noun.notes, "a fit takes all of them; data_set picks one")
        return made, noun.y_unit, notes
    if not isinstance(noun, Pattern):
        raise UnreadableFile(path, f"holds a {type(noun).__name__.lower()}, neither a scattering curve nor a pattern")
    seen = seen_pattern(noun, centre_px=beam[0], q_step_per_nm=beam[1])
    if seen.plane.unit != "1/nm":
        raise InputError(f"{path.name}: a pattern without q; give q_step_per_nm, or run measure pattern, which answers in pixels")
    mean = azimuthal.average(seen.plane)
    data = ready(
        Curve(mean.q, mean.value, "q", "I", "1/nm", y_error=mean.error), name=path.name, per_nm=1.0
    )  # fmt: skip
    how = f"averaged over all directions first, errors from {mean.how}; the width of the rings is not taken for resolution"
    return [data], seen.pattern.unit, (*seen.notes, how)


def _per_nm(curve: Curve, path: Path, q_unit: str) -> float:
    """What one unit of q is in 1/nm; the file's own unit goes first."""
    factor = lengths.per_nm(curve.x_unit) if curve.x_unit else None
    if factor is not None:
        return factor
    if curve.x_unit:
        raise UnreadableFile(path, f"its x is in {curve.x_unit}, which is no unit of q; give a curve of q in 1/nm or 1/Å")
    if q_unit == "file":
        raise UnreadableFile(path, "does not say the unit of q; give q_unit=1/nm or q_unit=1/A")
    return UNITS[q_unit]


def _report(path: Path, parts: Parts, notes: tuple[str, ...]) -> Report:
    values, tables = _peak_values(parts)
    values |= _limit_values(parts)
    lines, figures = _figures(parts)
    layered, layer_values = _layers(parts)
    lines |= layered
    values |= layer_values
    if layered:
        captions = {"gamma": "Correlation function in three dimensions", "K": "Correlation function across layers"}
        figures |= {name: Figure("line", (name,), captions[name]) for name in layered}
    if parts.fit is not None:
        values |= _fit_values(parts.fit, parts.unit, stated=all(data.stated for data in parts.sets))
    return Report(
        title=f"Scattering of {path.name}",
        values=values,
        curves=lines,
        tables=tables,
        figures=figures,
        notes=(*_notes(parts), *([LAYERS] if layer_values and not parts.indexing.lattice else []), *notes),
        cites=(
            "Guinier and Fournet, Small-Angle Scattering of X-rays (1955)",
            "Glatter and Kratky, Small Angle X-ray Scattering (1982)",
            "Strobl and Schneider, J. Polym. Sci. Polym. Phys. 18, 1343 (1980)",
            "Kotlarchyk and Chen, J. Chem. Phys. 79, 2461 (1983)",
        ),
    )


def _within(value: float, sd: float, unit: str = "") -> Quantity:
    """A number with the 95 % interval of its standard error."""
    return Quantity(value, unit, value - 1.96 * sd, value + 1.96 * sd) if math.isfinite(sd) else Quantity(value, unit)


def main_peak(parts: Parts) -> peaks.Peak | None:
    """The first peak of a lattice, else the one that rises highest; None where maxima are a form factor's."""
    best = parts.indexing.candidates[0] if parts.indexing.candidates else None
    if not parts.peaks or (best is not None and best.lattice == "spheres" and best.score >= 0.5):
        return None
    if parts.indexing.lattice:
        return parts.peaks[0]
    return max(parts.peaks, key=lambda one: one.height + one.background)


def _peak_values(parts: Parts) -> tuple[dict[str, Quantity], dict[str, list[dict[str, Any]]]]:
    values, tables = dict[str, Quantity](), dict[str, list[dict[str, Any]]]()
    main, answer = main_peak(parts), parts.indexing
    if main is not None:
        values |= {
            "q_peak": _within(main.q, main.q_error, "1/nm"),
            "period_nm": _within(main.period, main.period * main.q_error / main.q, "nm"),
            "peak_width": _within(main.width, main.width_error, "1/nm"),
            "peak_height": _within(main.height, main.height_error, parts.unit),
        }
    if answer.lattice:
        best = answer.candidates[0]
        name, size = lattices.spacing(best.lattice, best.q1)
        values[f"{name}_nm" if name != "period" else "layer_period_nm"] = _within(size, size * best.q1_error / best.q1, "nm")
        values["lattice_score"] = Quantity(best.score)
    if parts.peaks:
        best_of = answer.candidates[0] if answer.lattice else None
        tables["peaks"] = [
            {
                "q_per_nm": peak.q,
                "q_error_per_nm": peak.q_error,
                "ratio": peak.q / parts.peaks[0].q,
                "width_per_nm": peak.width,
                "width_error_per_nm": peak.width_error,
                "height": peak.height,
                "height_error": peak.height_error,
                "shape": peak.shape,
                "shoulder": peak.shoulder,
                "reflection": None if best_of is None else best_of.reflections[k],
            }
            for k, peak in enumerate(parts.peaks)
        ]
    if answer.candidates:
        tables["lattices"] = [
            {
                "lattice": one.lattice,
                "score": one.score,
                "missing": one.missing,
                "largest_misfit": max((abs(off) for off in one.off if off is not None), default=None),
            }
            for one in answer.candidates
        ]
    return values, tables


def _limit_values(parts: Parts) -> dict[str, Quantity]:
    values = dict[str, Quantity]()
    near, far, total = parts.guinier, parts.porod, parts.invariant
    if near is not None:
        values["rg_nm"] = _within(near.rg, near.rg_error, "nm")
        values["i0"] = _within(near.i0, near.i0_error, parts.unit)
        values["guinier_q_max"] = Quantity(near.q_high, "1/nm")
    if far is not None:
        values |= {
            "porod_exponent": _within(far.exponent, far.exponent_error),
            "background": _within(far.background, far.background_error, parts.unit),
        }
        if far.sharp:
            values["porod_constant"] = _within(far.constant, far.constant_error, f"{parts.unit or 'a.u.'}/nm⁴")
    if total is not None and far is not None:
        values["invariant"] = _within(total.value, total.error, f"{parts.unit or 'a.u.'}/nm³")
        length = 4 * total.value / (math.pi * far.constant)
        spread = math.hypot(total.error / total.value, far.constant_error / far.constant)
        values["porod_length_nm"] = _within(length, length * spread, "nm")
    return values


def _fit_values(fit: model_fit.Fit, unit: str, *, stated: bool) -> dict[str, Quantity]:
    known = {name: _within(value, fit.errors[name]) for name, value in fit.values.items()}
    radius, low, high = known["radius"].value or 0.0, known["radius"].low, known["radius"].high
    values = {"radius_nm": Quantity(radius, "nm", low, high)}
    values["diameter_nm"] = Quantity(2 * radius, "nm", *(None if end is None else 2 * end for end in (low, high)))
    if "length" in known:
        values["length_nm"] = Quantity(known["length"].value, "nm", known["length"].low, known["length"].high)
    if "width" in known:
        floor = 0.0 if "width" in fit.at_bound else max(known["width"].low or 0.0, 0.0)
        values["polydispersity"] = Quantity(known["width"].value, "", floor, known["width"].high)
    values["fit_scale"] = _within(fit.values["scale"], fit.errors["scale"], f"{unit or 'a.u.'}/nm³")
    values["fit_background"] = _within(fit.values["background"], fit.errors["background"], unit)
    if stated:
        values["reduced_chi_square"] = Quantity(fit.reduced)
    return values


def _figures(parts: Parts) -> tuple[dict[str, Curve], dict[str, Figure]]:
    data, unit = parts.sets[0], parts.unit
    lines = {"I": Curve(data.q, data.intensity, "q", "I", "1/nm", unit, y_error=data.error if data.stated else None)}
    shown = ["I"]
    if parts.fit is not None:
        for index, (seen, curve) in enumerate(zip(parts.sets, parts.fit.curves, strict=True), 1):
            name = "fit" if index == 1 else f"fit_{index}"
            lines[name] = Curve(seen.q, curve, "q", "I", "1/nm", unit)
            if index > 1:
                lines[f"I_{index}"] = Curve(seen.q, seen.intensity, "q", "I", "1/nm", unit, y_error=seen.error)
        shown.append("fit")
    near, far = parts.guinier, parts.porod
    if far is not None:
        q = data.q[data.q >= far.q_low]
        lines["porod"] = Curve(q, far.constant * q**-4 + far.background, "q", "I", "1/nm", unit)
        shown.append("porod")
    figures = {
        "I": Figure("points", tuple(shown), "Intensity with its 95 % interval" + (", and what was fitted" if shown[1:] else ""))
    }
    for index in range(2, len(parts.sets) + 1):
        if f"fit_{index}" in lines:
            figures[f"I_{index}"] = Figure("points", (f"I_{index}", f"fit_{index}"), f"Data set {index} and its fit")
    if near is not None:
        part = data.only((data.q <= 1.4 * near.q_high) & (data.intensity > 0))
        axis = "q²"
        level = np.log(part.intensity / near.i0)
        error = part.error / part.intensity if data.stated else None
        lines["guinier"] = Curve(part.q**2, level, axis, "ln I/I₀", "1/nm²", y_error=error)
        inside = part.q[(part.q >= near.q_low) & (part.q <= near.q_high)]
        lines["guinier_line"] = Curve(inside**2, -(inside**2) * near.rg**2 / 3, axis, "ln I/I₀", "1/nm²")
        figures["guinier"] = Figure("points", ("guinier", "guinier_line"), "Guinier plot; the line spans the range that was used")
    return lines, figures


def _layers(parts: Parts) -> tuple[dict[str, Curve], dict[str, Quantity]]:
    """Correlation functions where there is an invariant; layers where there is a peak of lamellae or of nothing better."""
    far, total = parts.porod, parts.invariant
    if far is None or total is None:
        return {}, {}
    main = main_peak(parts)
    reach = min(3 * main.period if main else 8 * 2 * math.pi / parts.sets[0].q[-1] * 4, math.pi / parts.sets[0].q[0])
    if parts.guinier is not None and main is None:
        reach = 4 * parts.guinier.rg
    gamma = correlation.three_dimensional(parts.sets[0], far, total, parts.guinier, r_max=reach)
    lines = {"gamma": Curve(gamma.r, gamma.value, "r", "gamma", "nm")}
    if main is None or parts.indexing.lattice not in ("", "lamellar"):
        return lines, {}
    across = correlation.across_layers(parts.sets[0], far, total, parts.guinier, z_max=reach)
    layers = correlation.layers(across)
    if layers is None:
        return lines, {}
    lines["K"] = Curve(across.r, across.value, "z", "K", "nm")
    return lines, {"long_period_nm": Quantity(layers.period, "nm"), "thin_layer_nm": Quantity(layers.thin, "nm")}


def _notes(parts: Parts) -> list[str]:
    data = parts.sets[0]
    notes = ["intervals: 95 %, from " + ("the errors the file states" if data.stated else "the scatter about each fit")]
    notes += _peak_notes(parts)
    near, far, total = parts.guinier, parts.porod, parts.invariant
    if data.slit is None and near is None:
        notes.append("no Guinier range: the curve does not fall as Guinier's law has it at its smallest q")
    if near is not None:
        notes.append(
            f"Guinier: {near.points} points, q Rg from {near.q_low * near.rg:.2f} to {near.q_high * near.rg:.2f}; "
            f"the straight line alone gives {near.rg_line:.4g} nm; "
            f"residuals {'pass' if near.passed else 'do not pass'} (p = {near.p_value:.2g})"
        )
    if data.slit is not None:
        notes.append("a slit smeared this curve, so Guinier's and Porod's laws do not hold; a fit takes the slit into account")
    elif far is None:
        notes.append("no Porod range: no factor of two in q at the end follows a power law, so there is no invariant either")
    else:
        notes.append(f"Porod: {far.points} points from {far.q_low:.4g} 1/nm on; the constant is that of exponent 4")
        if not far.sharp:
            notes.append(
                f"the exponent {far.exponent:.2f} is not 4, so there is no Porod constant, no invariant and no Porod length"
            )
    if total is None and far is not None and far.sharp:
        notes.append("no invariant: too much of it lies outside of the data, or Porod's constant is not certain")
    if total is not None:
        notes.append(
            f"invariant: {100 * total.share_low:.2g} % is extrapolated below the data, {100 * total.share_high:.2g} % beyond "
            f"{total.q_switch:.4g} 1/nm"
        )
    if parts.fit is not None:
        notes += _fit_notes(parts.fit, parts.sets)
    return notes


def _peak_notes(parts: Parts) -> list[str]:
    answer = parts.indexing
    if not parts.peaks:
        return ["no peak rises above the noise"]
    if len(parts.peaks) == 1:
        return ["lattice: not known; one peak is no lattice, and its period holds if it is a structure's and no form factor's"]
    best, second = answer.candidates[:2]
    if answer.lattice:
        return [f"lattice: {answer.lattice} (score {best.score:.2f})"]
    if best.lattice == "spheres" and best.score >= 0.5:
        return [
            "the maxima lie as those of a sphere's form factor do, so they are no lattice and no period is given; fit a sphere"
        ]
    return [
        f"lattice: not sure; {best.lattice} scores {best.score:.2f}, {second.lattice} {second.score:.2f}; "
        "an answer needs three peaks and 0.85"
    ]


def _fit_notes(fit: model_fit.Fit, sets: list[Scattered]) -> list[str]:
    ways = ["a slit" if data.slit is not None else "the resolution dq" if data.q_sd is not None else "nothing" for data in sets]
    notes = [f"fit: {fit.model} smeared by {' and '.join(dict.fromkeys(ways))}; sizes are number averages"]
    if fit.widened:
        notes.append(
            "the curve's own errors would let its minima rule the fit, so it was fitted with errors of at least 15 % of the "
            "intensity around each point; the chi-square is that of its own errors"
        )
    if all(data.stated for data in sets) and fit.reduced > 2:
        notes.append(f"reduced chi-square {fit.reduced:.3g}: the model does not describe the curve within its errors")
    if "width" in fit.at_bound:
        limit = (
            "lowest: sizes are equal as far as the curve shows" if fit.values["width"] < 0.1 else "highest: not this distribution"
        )
        notes.append(f"polydispersity is at its {limit}")
    others = [name for name in fit.at_bound if name != "width"]
    if others:
        notes.append(f"the curve does not determine the {' and '.join(others)}")
    return notes
