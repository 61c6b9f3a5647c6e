"""Particles of a micrograph: how many, how large, of which shape, with intervals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from PIL import Image
from scipy import ndimage

from ..core import Curve, Figure, Micrograph, Param, Quantity, Report, Run
from ..errors import InputError, UnreadableFile
from ..io import read_micrograph
from ..measure import particles as finding
from ..measure import shading, size_distribution
from ..measure.particle_shapes import Shape, shapes
from ..measure.size_distribution import FEWEST, Estimate
from .parameters import KeepPrint, PixelSizeByHand, calibrated, only_one, specimen
from .pictures import ACCENT, save_picture

NANO_NM = 100.0
MOST_LABELS = 65535
FLOOR_PX = 10.0
"""Diameter below which a particle's outline is mostly pixel steps."""


def measure(
    run: Run,
    image: Annotated[Path, Param("micrograph of particles", accepts="file")],
    *,
    mask: Annotated[Path | None, Param("image of the same size: white counts, black is left out", accepts="file")] = None,
    threshold: Annotated[str, Param("how particles are told from the ground", choices=finding.METHODS)] = "auto",
    polarity: Annotated[str, Param("whether particles are brighter or darker", choices=finding.POLARITIES)] = "auto",
    background: Annotated[str, Param("uneven illumination to take off", choices=shading.BACKGROUNDS)] = "none",
    smooth_px: Annotated[float | None, Param("Gaussian smoothing; by the noise unless given", unit="px", low=0, high=50)] = None,
    split: Annotated[float, Param("a neck narrower by this share divides two particles; 0 never", low=0, high=0.95)] = 0.15,
    grooves: Annotated[float, Param("dark grooves this deep, of the contrast, divide too; 0 never", low=0, high=1)] = 0.2,
    smallest_px: Annotated[float | None, Param("smallest diameter; 5 px by default", unit="px", low=0, high=1e4)] = None,
    smallest_nm: Annotated[float | None, Param("the same in nm", unit="nm", low=0, open_low=True)] = None,
    debris: Annotated[float, Param("pieces smaller than this share of the typical diameter are dropped", low=0, high=1)] = 0.15,
    fill_holes: Annotated[bool, Param("hollow and pale cores belong to the particle")] = True,
    unit: Annotated[str, Param("unit of lengths; nm where the scale is known", choices=("auto", "nm", "px"))] = "auto",
    keep_print: KeepPrint = False,
    pixel_size_nm: PixelSizeByHand = None,
) -> Report:
    """
    Count particles and measure size and shape of each: diameter, Feret, aspect, circularity, orientation.

    Sizes are those of whole particles, weighted for the larger ones that the rim cuts more often. The
    intervals hold counting and scale, not what was found wrongly: look at the overlay.
    """
    only_one(smallest_px=smallest_px, smallest_nm=smallest_nm)
    whole = calibrated(masked(read_micrograph(image), mask), pixel_size_nm)
    if unit == "nm" or smallest_nm is not None:
        whole.scale()
    seen = specimen(whole if unit != "px" else replace(whole, pixel_size=None), keep_print=keep_print)
    least = smallest_nm / whole.scale().mean_nm if smallest_nm is not None else (5.0 if smallest_px is None else smallest_px)
    settings = finding.Settings(
        method=threshold,
        polarity=polarity,
        background=background,
        smooth_px=smooth_px,
        split=split,
        grooves=grooves,
        debris=debris,
        smallest_px=least,
        fill_holes=fill_holes,
    )
    grey = seen.pixels.astype(np.float64)
    run.progress(0, 3, "looking for particles")
    try:
        found = finding.find(grey, mask=seen.mask, settings=settings)
    except InputError as error:
        raise type(error)(f"{whole.name}: {error}") from None
    if found.count > MOST_LABELS:
        raise InputError(f"{whole.name}: {found.count} particles are more than a label image holds; raise smallest_px")
    run.progress(1, 3, "measuring shapes")
    rows = shapes(found.labels, grey=grey, pixel=seen.pixel_size_nm or (1.0, 1.0), mask=seen.mask)
    run.progress(2, 3, "intervals")
    return _report(run, whole, seen, found, rows)


def masked(micrograph: Micrograph, mask: Path | None) -> Micrograph:
    """``micrograph`` with the white pixels of the file ``mask`` as those that count."""
    if mask is None:
        return micrograph
    chosen = read_micrograph(mask).pixels > 0.5
    if chosen.shape != micrograph.pixels.shape:
        sizes = (
            f"{chosen.shape[1]} x {chosen.shape[0]} pixels, {micrograph.name} is {micrograph.width_px} x {micrograph.height_px}"
        )
        raise UnreadableFile(mask, f"a mask of {sizes}; give one of the same size")
    if not chosen.any():
        raise UnreadableFile(mask, "the mask is black everywhere; white pixels are those that count")
    return replace(micrograph, mask=chosen if micrograph.mask is None else chosen & micrograph.mask)


def _report(run: Run, whole: Micrograph, seen: Micrograph, found: finding.Found, rows: list[Shape]) -> Report:
    unit = "px" if seen.pixel_size is None else "nm"
    labels = np.zeros(whole.pixels.shape, np.uint16)
    labels[: seen.height_px] = found.labels
    Image.fromarray(labels).save(run.file("labels.png"))
    save_picture(run, "overlay.png", outlined(seen.pixels, found.labels), longest_px=2048)
    values, curves = _sizes(run, seen, rows, unit)
    figures = {
        "overlay": Figure("overlay", ("overlay",), "Outline of each particle; paler where the rim cuts it"),
        "particles": Figure("box", ("particles",), "Every particle"),
    }
    if curves:
        figures["sizes"] = Figure("line", tuple(curves), "Share of particles smaller than a diameter")
    return Report(
        title=f"{found.count} particles in {whole.name}",
        values={"count": Quantity(found.count), **values},
        curves=curves,
        tables={"particles": [_row(shape, unit) for shape in rows]},
        figures=figures if rows else {"overlay": figures["overlay"]},
        files={"labels": "labels.png", "overlay": "overlay.png"},
        notes=_notes(seen, found, rows, unit),
        cites=(
            "Vincent and Soille, IEEE Trans. Pattern Anal. Mach. Intell. 13, 583 (1991)",
            "Miles (1974) and Lantuejoul (1980): particles cut by the rim",
            "Hesterberg, Am. Stat. 69, 371 (2015)",
        ),
    )


def _sizes(run: Run, seen: Micrograph, rows: list[Shape], unit: str) -> tuple[dict[str, Quantity], dict[str, Curve]]:
    """Values and the cumulative curve of whole particles; of cut ones where there are no others."""
    complete = [shape for shape in rows if not shape.at_edge]
    used = complete or rows
    names = (f"d_mean_{unit}", "d10", "d50", "d90")
    values = {"count_whole": Quantity(len(complete))} | {name: Quantity(None, unit) for name in names}
    if not used:
        return values, {}
    d = np.array([shape.diameter for shape in used])
    w = np.array([shape.weight for shape in complete]) if complete else np.ones(len(d))
    error = (seen.pixel_size.relative_error or 0.0) if seen.pixel_size else 0.0
    known = size_distribution.sizes(d, rng=run.rng("sizes"), weights=w, calibration=error)
    values[names[0]] = _quantity(known.mean, unit)
    values |= {name: _quantity(q, unit) for name, q in zip(names[1:], known.quantiles["number"], strict=True)}
    if len(d) < FEWEST or not complete:
        return values, {}
    values[f"d_sd_{unit}"] = _quantity(known.sd, unit)
    for kind in ("area", "volume"):
        values |= {f"{n}_{kind}": _quantity(q, unit) for n, q in zip(names[1:], known.quantiles[kind], strict=True)}
    values |= _density(seen, w, unit) | _fitted(d, w, unit)
    if unit == "nm":
        values["share_below_100_nm"] = _quantity(size_distribution.share_below(d, NANO_NM, weights=w), "")
    order = np.argsort(d)
    share = (np.cumsum(w[order]) - w[order] / 2) / w.sum()
    return values, {"by_number": Curve(d[order], share, "diameter", "share of smaller particles", x_unit=unit)}


def _density(seen: Micrograph, w: np.ndarray, unit: str) -> dict[str, Quantity]:
    """Particles per area, with the interval of a count of independent particles."""
    height, width = seen.pixel_size_nm or (1.0, 1.0)
    pixels = seen.pixels.size if seen.mask is None else int(seen.mask.sum())
    area = pixels * height * width / (1e6 if unit == "nm" else 1.0)
    half = 1.96 * float(np.sqrt((w**2).sum()))
    total = float(w.sum())
    return {
        "number_per_area": Quantity(
            total / area, "1/µm²" if unit == "nm" else "1/px²", max(0.0, total - half) / area, (total + half) / area
        )
    }


def _fitted(d: np.ndarray, w: np.ndarray, unit: str) -> dict[str, Quantity]:
    fit = size_distribution.fits(d, weights=w)
    if fit is None:
        return {}
    return {
        "lognormal_median": Quantity(fit.lognormal_median, unit),
        "lognormal_sigma": Quantity(fit.lognormal_sigma),
        "weibull_scale": Quantity(fit.weibull_scale, unit),
        "weibull_shape": Quantity(fit.weibull_shape),
    }


def _quantity(estimate: Estimate, unit: str) -> Quantity:
    return Quantity(estimate.value, unit, estimate.low, estimate.high)


def _row(shape: Shape, unit: str) -> dict[str, Any]:
    """One row of the table, units in the names."""
    return {
        "label": shape.label,
        "row_px": shape.row_px,
        "col_px": shape.col_px,
        f"area_{unit}2": shape.area,
        f"diameter_{unit}": shape.diameter,
        f"feret_max_{unit}": shape.feret_max,
        f"feret_min_{unit}": shape.feret_min,
        "aspect": shape.aspect,
        "circularity": shape.circularity,
        "solidity": shape.solidity,
        "convexity": shape.convexity,
        "orientation_deg": shape.orientation_deg,
        "mean_grey": shape.mean_grey,
        f"neighbour_{unit}": shape.neighbour,
        "at_edge": shape.at_edge,
        "weight": shape.weight,
    }


def outlined(plane: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Grey ``plane`` with the inner outline of every label coloured, those at the rim paler."""
    inner = ndimage.minimum_filter(labels, 3, mode="nearest") != ndimage.maximum_filter(labels, 3, mode="nearest")
    cut = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    colour = np.repeat(plane[..., None].astype(np.float32), 3, axis=2)
    line = inner & (labels > 0)
    colour[line] = np.array(ACCENT, np.float32) / 255
    colour[line & np.isin(labels, cut[cut > 0])] = (1.0, 0.85, 0.4)
    return colour


def _notes(seen: Micrograph, found: finding.Found, rows: list[Shape], unit: str) -> tuple[str, ...]:
    complete = [shape for shape in rows if not shape.at_edge]
    level = "" if found.level is None else f" at {found.level:.3g} of full scale"
    kind = "brighter" if found.bright else "darker"
    notes = [f"particles are {kind} than the ground ({found.method} threshold{level}, smoothed by {found.smooth_px:g} px)"]
    if not rows:
        notes.append("no particle was found; try another threshold, polarity or smallest_px")
    elif not complete:
        notes.append(f"the rim cuts every particle ({len(rows)}), so the mean size is a lower bound")
    elif len(complete) < FEWEST:
        notes.append(
            f"{len(complete)} whole particle(s) are too few for a distribution: d10, d50, d90 and intervals are left out"
        )
    elif len(complete) < 30:
        notes.append(f"only {len(complete)} whole particles: their intervals are wide for a reason")
    if rows and len(complete) < len(rows):
        notes.append(f"{len(rows) - len(complete)} particle(s) are cut by the rim: counted, not sized")
    if seen.pixel_size is None:
        notes.append("scale: unknown or set aside, so lengths are in pixels; give pixel_size_nm, or read the scale bar")
    else:
        notes.append(f"scale: {seen.pixel_size.x_nm:.6g} nm a pixel ({seen.pixel_size.origin})")
    floor = FLOOR_PX * (seen.pixel_size.mean_nm if seen.pixel_size else 1.0)
    if small := sum(shape.diameter < floor for shape in rows):
        notes.append(f"{small} particle(s) are less than {FLOOR_PX:g} px ({floor:.4g} {unit}) wide, near the resolution floor")
    if rows and rows[0].circularity is None:
        notes.append("pixels are oblong, so circularity and convexity are left out")
    return (*notes, *seen.notes)
