"""What the particles task answers: values with intervals, tables, curves, pictures and notes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage, special

from ..core import Curve, Figure, Micrograph, Quantity, Report, Run
from ..measure import point_pattern, population, size_distribution
from ..measure.particle_shapes import Shape
from ..measure.particles import Found
from ..measure.population import Population, Window
from ..measure.size_distribution import FEWEST, Estimate
from .pictures import ACCENT, save_picture

NANO_NM = 100.0
FLOOR_PX = 10.0
"""Diameter below which a particle's outline is mostly pixel steps."""
MANY = 30
BINS = 40
FITTED = ("lognormal_median", "lognormal_sigma", "weibull_scale", "weibull_shape")
CITES = (
    "Vincent and Soille, IEEE Trans. Pattern Anal. Mach. Intell. 13, 583 (1991)",
    "Miles (1974) and Lantuejoul (1980): particles cut by the rim",
    "Ohser and Stoyan, Biom. J. 23, 523 (1981)",
    "Hesterberg, Am. Stat. 69, 371 (2015)",
)


@dataclass(frozen=True, eq=False)
class Seen:
    """
    All that was measured.

    ``same`` and ``others`` are diameters and weights in the middle of the image, as found and divided otherwise.
    """

    whole: Micrograph
    micrograph: Micrograph
    found: Found
    rows: list[Shape]
    shells: list[float | None]
    same: population.Seen
    others: tuple[population.Seen, ...]

    @property
    def unit(self) -> str:
        """Unit of lengths."""
        return "px" if self.micrograph.pixel_size is None else "nm"

    @property
    def pixel(self) -> tuple[float, float]:
        """Height and width of a pixel in that unit."""
        return self.micrograph.pixel_size_nm or (1.0, 1.0)

    @property
    def mean_pixel(self) -> float:
        """Side of a square pixel of the same area."""
        return math.sqrt(self.pixel[0] * self.pixel[1])

    @property
    def complete(self) -> list[Shape]:
        """Particles that no rim cuts."""
        return [shape for shape in self.rows if not shape.at_edge]

    @property
    def window(self) -> Window:
        """The pixels that count, and their scale."""
        mask, size = self.micrograph.mask, self.micrograph.pixel_size
        valid = np.ones(self.micrograph.pixels.shape, bool) if mask is None else mask
        return Window(valid, self.pixel, (size.relative_error or 0.0) if size else 0.0)

    @property
    def floor(self) -> float:
        """Diameter below which nothing is counted."""
        return self.found.dropped_px * self.mean_pixel


def report(run: Run, seen: Seen, *, advance: Callable[[], None]) -> Report:
    """The report, with the label image and the overlay written to the run."""
    found, whole = seen.found, seen.whole
    labels = np.zeros(whole.pixels.shape, np.uint16)
    labels[: seen.micrograph.height_px] = found.labels
    Image.fromarray(labels).save(run.file("labels.png"))
    save_picture(run, "overlay.png", outlined(seen.micrograph.pixels, found.labels), longest_px=2048)
    advance()
    values, known = _values(run, seen)
    curves = _size_curves(seen, values) | _order_curves(seen) if known else {}
    figures = {"overlay": Figure("overlay", ("overlay",), "Outline of each particle; paler where the rim cuts it")}
    tables = {"particles": [_row(seen, index) for index in range(len(seen.rows))]}
    if known:
        tables["budget"] = _budget(known, seen.unit)
    if curves:
        shown = tuple(name for name in ("by_number", "lognormal", "weibull", "by_volume") if name in curves)
        figures["sizes"] = Figure("line", shown, "Share smaller than a diameter, by number with both fits, and by volume")
    if "pair_correlation" in curves:
        figures["order"] = Figure("line", ("pair_correlation",), "How often two centres are so far apart; 1 without order")
    return Report(
        title=f"{found.count} particles in {whole.name}",
        values={"count": Quantity(found.count), **values},
        curves=curves,
        tables=tables,
        figures=figures,
        files={"labels": "labels.png", "overlay": "overlay.png"},
        notes=_notes(seen, known, values),
        cites=CITES,
    )


def _values(run: Run, seen: Seen) -> tuple[dict[str, Quantity], Population | None]:
    """Values of whole particles, of cut ones where there are no others; and their population where it is known."""
    unit, complete = seen.unit, seen.complete
    used = complete or seen.rows
    names = (f"d_mean_{unit}", "d10", "d50", "d90")
    values = {"count_whole": Quantity(len(complete))} | {name: Quantity(None, unit) for name in names}
    if not used:
        return values, None
    d = np.array([shape.diameter for shape in used])
    if len(d) < FEWEST or not complete:
        w = np.array([shape.weight for shape in complete]) if complete else np.ones(len(d))
        values[names[0]] = Quantity(float(w @ d / w.sum()), unit)
        return values, None
    w = np.array([shape.weight for shape in complete])
    known = population.estimated(
        (d, w),
        np.array([[shape.row_px, shape.col_px] for shape in complete]),
        seen.window,
        rng=run.rng("sizes"),
        limit=NANO_NM if unit == "nm" else None,
        same=seen.same,
        others=seen.others,
    )
    e = known.estimates
    values[names[0]] = _quantity(e["mean"], unit)
    values |= {name: _quantity(e[f"{name}_number"], unit) for name in names[1:]}
    values[f"d_sd_{unit}"] = _quantity(e["sd"], unit)
    for kind in ("area", "volume"):
        values |= {f"{n}_{kind}": _quantity(e[f"{n}_{kind}"], unit) for n in names[1:]}
    values["number_per_area"] = _per_area(e["per_area"], unit)
    values |= _fitted(run, d, w, unit)
    if unit == "nm":
        values["share_below_100_nm"] = _quantity(e["below"], "")
    values["floor"] = Quantity(seen.floor, unit)
    return values | _spatial(seen, known), known


def _per_area(estimate: Estimate, unit: str) -> Quantity:
    scale, name = (1e6, "1/µm²") if unit == "nm" else (1.0, "1/px²")
    low, high = (None if end is None else end * scale for end in (estimate.low, estimate.high))
    return Quantity(None if estimate.value is None else estimate.value * scale, name, low, high)


def _fitted(run: Run, d: np.ndarray, w: np.ndarray, unit: str) -> dict[str, Quantity]:
    fit = size_distribution.fits_with_intervals(d, weights=w, rng=run.rng("fits"))
    if fit is None:
        return {}
    units = {"lognormal_median": unit, "weibull_scale": unit}
    return {name: _quantity(estimate, units.get(name, "")) for name, estimate in fit.items()}


def _spatial(seen: Seen, known: Population) -> dict[str, Quantity]:
    """Shells, and how particles lie to each other."""
    values = {}
    shells = np.array([t for t in seen.shells if t is not None]) * seen.mean_pixel
    if 2 * len(shells) > len(seen.shells):
        half = 1.96 * float(shells.std(ddof=1)) / math.sqrt(len(shells)) if len(shells) >= FEWEST else None
        mean = float(shells.mean())
        values["shell"] = Quantity(mean, seen.unit, None if half is None else mean - half, None if half is None else mean + half)
    height, width = seen.micrograph.pixels.shape
    points = _centres(seen)
    rim = 2 * (height * seen.pixel[0] + width * seen.pixel[1])
    values["neighbour_ratio"] = Quantity(point_pattern.clark_evans(points, area=seen.window.area, perimeter=rim))
    values["count_dispersion"] = Quantity(known.dispersion)
    return values


def _centres(seen: Seen) -> np.ndarray:
    return np.asarray(np.array([[shape.row_px, shape.col_px] for shape in seen.rows]) * np.array(seen.pixel))


def _size_curves(seen: Seen, values: dict[str, Quantity]) -> dict[str, Curve]:
    """Share below a diameter, by number with the fits, and by volume."""
    d, w = (np.array([getattr(shape, name) for shape in seen.complete]) for name in ("diameter", "weight"))
    order = np.argsort(d)
    d, w = d[order], w[order]

    def below(name: str, y: np.ndarray) -> Curve:
        return Curve(d, y, "diameter", name, x_unit=seen.unit)

    curves = {
        name: below(f"share {name.replace('_', ' ')}", (np.cumsum(share) - share / 2) / share.sum())
        for name, share in (("by_number", w), ("by_volume", w * d**3))
    }
    fit = {name: values[name].value or 0.0 for name in FITTED if name in values}
    if len(fit) == len(FITTED) and all(fit.values()):
        logs = np.log(d / fit["lognormal_median"]) / fit["lognormal_sigma"]
        curves["lognormal"] = below("log-normal fit", special.ndtr(logs))
        curves["weibull"] = below("Weibull fit", 1 - np.exp(-((d / fit["weibull_scale"]) ** fit["weibull_shape"])))
    return curves


def _order_curves(seen: Seen) -> dict[str, Curve]:
    """Pair correlation and Ripley's function of all centres."""
    points, window = _centres(seen), seen.window
    if len(points) < point_pattern.FEWEST:
        return {}
    furthest = min(n * p for n, p in zip(window.valid.shape, seen.pixel, strict=True)) / 4
    r = np.linspace(0, furthest, BINS + 1)
    pairs, ripley = point_pattern.pair_functions(points, window.valid, pixel=seen.pixel, r=r)
    return {
        "pair_correlation": Curve((r[1:] + r[:-1]) / 2, pairs, "distance", "pair correlation g(r)", x_unit=seen.unit),
        "ripley": Curve(r[1:], ripley - r[1:], "distance", "L(r) - r", x_unit=seen.unit, y_unit=seen.unit),
    }


def _budget(known: Population, unit: str) -> list[dict[str, Any]]:
    """One row a quantity: half widths of the 95 % interval by what they come from."""
    names = {"mean": f"d_mean_{unit}", "d10_number": "d10", "d50_number": "d50", "d90_number": "d90"}
    names |= {"per_area": "number_per_area", "below": "share_below_100_nm"}
    rows = []
    for name, label in names.items():
        if name in known.budget:
            scale = 1e6 if name == "per_area" and unit == "nm" else 1.0
            rows.append({"quantity": label, **{kind: scale * half for kind, half in known.budget[name].items()}})
    return rows


def _quantity(estimate: Estimate, unit: str) -> Quantity:
    return Quantity(estimate.value, unit, estimate.low, estimate.high)


def _row(seen: Seen, index: int) -> dict[str, Any]:
    """One row of the table, units in the names."""
    shape, unit = seen.rows[index], seen.unit
    shell = seen.shells[shape.label - 1]
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
        f"shell_{unit}": None if shell is None else shell * seen.mean_pixel,
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


def _notes(seen: Seen, known: Population | None, values: dict[str, Quantity]) -> tuple[str, ...]:
    ground, rows, complete = seen.found.ground, seen.rows, seen.complete
    level = "" if ground.level is None else f" at {ground.level:.3g} of full scale"
    kind = "brighter" if ground.bright else "darker"
    notes = [f"particles are {kind} than the ground ({ground.method} threshold{level}, smoothed by {ground.sigma_px:g} px)"]
    if not rows:
        notes.append("no particle was found; try another threshold, polarity or smallest_px")
    elif not complete:
        notes.append(f"the rim cuts every particle ({len(rows)}), so the mean size is a lower bound")
    elif len(complete) < FEWEST:
        notes.append(
            f"{len(complete)} whole particle(s) are too few for a distribution: d10, d50, d90 and intervals are left out"
        )
    elif len(complete) < MANY:
        notes.append(f"only {len(complete)} whole particles: their intervals are wide for a reason")
    if rows and len(complete) < len(rows):
        notes.append(f"{len(rows) - len(complete)} particle(s) are cut by the rim: counted, not sized")
    size = seen.micrograph.pixel_size
    if size is None:
        notes.append("scale: unknown or set aside, so lengths are in pixels; give pixel_size_nm, or read the scale bar")
    else:
        notes.append(f"scale: {size.x_nm:.6g} nm a pixel ({size.origin})")
    near = FLOOR_PX * seen.mean_pixel
    if small := sum(shape.diameter < near for shape in rows):
        notes.append(
            f"{small} particle(s) are less than {FLOOR_PX:g} px ({near:.4g} {seen.unit}) wide, near the resolution floor"
        )
    if known is not None:
        notes.append(_floor_note(seen, values))
    if rows and rows[0].circularity is None:
        notes.append("pixels are oblong, so circularity and convexity are left out")
    return (*notes, *seen.micrograph.notes)


def _floor_note(seen: Seen, values: dict[str, Quantity]) -> str:
    """What lies below the floor is not counted; by the log-normal fit that is so much."""
    text = f"nothing below {seen.floor:.4g} {seen.unit} is counted"
    median, sigma = (values.get(name, Quantity(None)).value for name in ("lognormal_median", "lognormal_sigma"))
    if not median or not sigma:
        return text
    share = float(special.ndtr(math.log(seen.floor / median) / sigma))
    return f"{text}; by the log-normal fit {share:.2g} of the particles would be, if they go on as above it"
