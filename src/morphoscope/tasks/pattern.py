"""Averages of a two-dimensional scattering pattern, and how strongly it is oriented."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from scipy import ndimage

from ..core import Curve, Figure, Param, Pattern, Quantity, Report, Run, Stack
from ..errors import BadParameter, InputError, UnreadableFile
from ..io import read, read_micrograph, read_pattern
from ..io.geometry import Geometry
from ..measure.scattering import anisotropy, azimuthal, centre, curves, peaks, plane
from .parameters import only_one
from .pictures import ACCENT, save_picture

CentreRow = Annotated[
    float | None, Param("row of the beam, counted from 0 at the top; found by symmetry where not known", unit="px")
]
CentreColumn = Annotated[float | None, Param("column of the beam, counted from 0 at the left", unit="px")]
QStep = Annotated[
    float | None,
    Param("q from one pixel to the next, where the file does not know q", unit="1/nm", low=0, open_low=True),
]
Mask = Annotated[Path | None, Param("image of the same size: white counts, black is left out", accepts="file")]
FULL_RING = 0.95
MOST_OF_RING = 0.6


def measure(
    run: Run,
    pattern: Annotated[Path, Param("scattering pattern, or a picture of one", accepts="file")],
    *,
    mask: Mask = None,
    centre_row_px: CentreRow = None,
    centre_column_px: CentreColumn = None,
    q_step_per_nm: QStep = None,
    ring_min_per_nm: Annotated[
        float | None, Param("inner edge of the ring whose orientation is measured", unit="1/nm", low=0)
    ] = None,
    ring_max_per_nm: Annotated[float | None, Param("outer edge of the ring", unit="1/nm", low=0, open_low=True)] = None,
    ring_min_px: Annotated[float | None, Param("the inner edge in pixels, where q is not known", unit="px", low=0)] = None,
    ring_max_px: Annotated[float | None, Param("the outer edge in pixels", unit="px", low=0, open_low=True)] = None,
    axis_deg: Annotated[
        float | None, Param("axis of Herman's factor; the preferred direction by default", unit="deg", low=-360, high=360)
    ] = None,
    sector_deg: Annotated[
        float | None, Param("direction of the sector average; the preferred one by default", unit="deg")
    ] = None,
    sector_width_deg: Annotated[float, Param("width of a sector, on both sides of the beam", unit="deg", low=1, high=180)] = 30.0,
    bin_width: Annotated[float | None, Param("width of a ring in units of q; one pixel by default", low=0, open_low=True)] = None,
    bin_deg: Annotated[float, Param("step of the profile around the ring", unit="deg", low=0.5, high=45)] = 5.0,
    error: Annotated[str, Param("standard errors: what the file states, counts, or scatter", choices=azimuthal.ERRORS)] = "auto",
    split: Annotated[int, Param("each pixel is cut into so many parts along both sides", low=1, high=10)] = 1,
    solid_angle: Annotated[bool, Param("correct a flat detector's counts for the solid angle of its pixels")] = False,
    logarithmic: Annotated[bool, Param("the file holds decimal logarithms of the intensity")] = False,
) -> Report:
    """
    Radial and sector averages of a scattering pattern with standard errors, and the orientation of a ring.

    Herman's factor f is 1 where the ring scatters along the axis only, 0 where it is even and -1/2 where it
    scatters across, with the weight sin(angle) of structures alike all around the axis; the order parameter is
    the mean of cos 2 angle in the plane. The file average.csv can be given to measure scattering.
    """
    only_one(ring_min_per_nm=ring_min_per_nm, ring_min_px=ring_min_px)
    only_one(ring_max_per_nm=ring_max_per_nm, ring_max_px=ring_max_px)
    seen = seen_pattern(
        read_pattern(pattern),
        mask=mask,
        centre_px=pair(centre_row_px, centre_column_px),
        q_step_per_nm=q_step_per_nm,
        logarithmic=logarithmic,
    )
    flat = seen.plane
    if solid_angle:
        flat = plane.flat(flat, wavelength_nm=_wavelength(seen.pattern))
    run.progress(0, 3, "averaging")
    mean = azimuthal.average(flat, width=bin_width, error=error, split=split)
    low, high, how = _ring(flat, mean, (ring_min_per_nm, ring_max_per_nm), (ring_min_px, ring_max_px), seen.pattern.name)
    run.progress(1, 3, "around the ring")
    around = azimuthal.profile(flat, low=low, high=high, step_deg=bin_deg, error=error)
    turned = anisotropy.anisotropy(around, axis_deg=axis_deg)
    run.progress(2, 3, "sectors")
    oriented = turned.order_interval[0] > 0
    sectors = {}
    if sector_deg is not None or oriented:
        first = turned.angle_deg if sector_deg is None else sector_deg
        names = ("along", "across") if sector_deg is None else ("sector", "beside")
        for name, angle in zip(names, (first, first + 90), strict=True):
            sectors[name] = (angle % 180, azimuthal.average(
                flat, width=bin_width, error=error, split=split, sector=(angle, sector_width_deg)
            ))  # fmt: skip
    found = Measured(seen, flat, mean, (low, high, how), around, turned, sectors, sector_width_deg, split)
    return _report(run, found)


@dataclass(frozen=True, eq=False)
class Seen:
    """A pattern as it was read, its coordinates, and notes on how they were known."""

    pattern: Pattern
    plane: plane.Plane
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Measured:
    """Everything the report tells."""

    seen: Seen
    plane: plane.Plane
    mean: azimuthal.Average
    ring: tuple[float, float, str]
    around: azimuthal.Profile
    turned: anisotropy.Anisotropy
    sectors: dict[str, tuple[float, azimuthal.Average]]
    sector_width_deg: float
    split: int


def pair(row: float | None, column: float | None) -> tuple[float, float] | None:
    if (row is None) != (column is None):
        raise BadParameter("a beam centre is a row and a column; give both centre_row_px and centre_column_px")
    return None if row is None or column is None else (row, column)


def seen_pattern(
    pattern: Pattern,
    *,
    mask: Path | None = None,
    centre_px: tuple[float, float] | None = None,
    q_step_per_nm: float | None = None,
    logarithmic: bool = False,
) -> Seen:
    """A pattern with its mask and its coordinates; the beam is looked for where nobody says where it is."""
    if logarithmic:
        with np.errstate(over="ignore"):
            linear = 10.0**pattern.intensity
        if not np.isfinite(linear[pattern.valid]).all():
            raise InputError(f"{pattern.name}: values up to {pattern.intensity[pattern.valid].max():.3g} are no logarithms")
        pattern = replace(pattern, intensity=linear, error=None, unit="")
    if mask is not None:
        pattern = _masked(pattern, mask)
    notes = list(pattern.notes)
    if pattern.qx_per_nm is not None:
        if centre_px is not None or q_step_per_nm is not None:
            notes.append("the file knows q, so the centre and the step given by hand are not used")
        return Seen(pattern, plane.plane_of(pattern), tuple(notes))
    at = centre_px or pattern.centre_px
    if at is None:
        found = centre.find(pattern)
        if found is None:
            raise InputError(
                f"{pattern.name}: where the beam is, is not known, and no symmetry shows it; give "
                "centre_row_px and centre_column_px"
            )
        at, alike = found
        notes.append(
            f"beam centre: row {at[0]:.2f}, column {at[1]:.2f}, found by symmetry (correlation {alike:.2f}); "
            "give centre_row_px and centre_column_px if you know better"
        )
    else:
        notes.append(f"beam centre: row {at[0]:.2f}, column {at[1]:.2f}, {'given' if centre_px else 'from the file'}")
    pattern = replace(pattern, centre_px=at)
    known = _by_geometry(pattern, at) if q_step_per_nm is None else None
    if known is not None:
        pattern = replace(pattern, qx_per_nm=known[0], qy_per_nm=known[1])
        notes.append("q: from the distance, wavelength and pixel size of the file")
    elif q_step_per_nm is None:
        notes.append("q is not known, so distances from the beam are in pixels; q_step_per_nm gives the scale")
    else:
        notes.append(f"q: {q_step_per_nm:g} 1/nm a pixel, given, the same everywhere")
    return Seen(pattern, plane.plane_of(pattern, centre_px=at, step_per_nm=q_step_per_nm), tuple(notes))


def _masked(pattern: Pattern, path: Path) -> Pattern:
    noun = read(path)
    inside = noun.array()[0] > 0 if isinstance(noun, Stack) else read_micrograph(path).pixels > 0.5
    if inside.shape != pattern.intensity.shape:
        sizes = ", the pattern is ".join(" x ".join(map(str, reversed(a.shape))) for a in (inside, pattern.intensity))
        raise UnreadableFile(path, f"a mask of {sizes}; give one of the same size")
    return replace(pattern, mask=inside if pattern.mask is None else pattern.mask & inside)


def _by_geometry(pattern: Pattern, at: tuple[float, float]) -> tuple[np.ndarray, np.ndarray] | None:
    """qx and qy from the conditions a header named, where only the centre was missing."""
    known = pattern.conditions
    numbers = [known.get(name) for name in ("detector_distance_m", "wavelength_nm", "detector_pixel_y_um", "detector_pixel_x_um")]
    if any(not isinstance(number, int | float) for number in numbers):
        return None
    distance, wavelength, y_um, x_um = (float(number) for number in numbers if number is not None)
    rows, columns = pattern.intensity.shape
    return Geometry(distance, wavelength, (y_um * 1e-6, x_um * 1e-6), at).q_per_nm((rows, columns))


def _wavelength(pattern: Pattern) -> float:
    wavelength = pattern.conditions.get("wavelength_nm")
    if not isinstance(wavelength, int | float) or pattern.qx_per_nm is None:
        raise InputError(f"{pattern.name}: the file knows no wavelength and q, so solid angles cannot be corrected")
    return float(wavelength)


def _ring(
    flat: plane.Plane,
    mean: azimuthal.Average,
    per_nm: tuple[float | None, float | None],
    px: tuple[float | None, float | None],
    name: str,
) -> tuple[float, float, str]:
    """Edges of the ring to look around, and why these."""
    given, other = (per_nm, px) if flat.unit == "1/nm" else (px, per_nm)
    if any(edge is not None for edge in other):
        word = "_per_nm" if flat.unit == "1/nm" else "_px"
        raise BadParameter(f"{name}: distances from the beam are in {flat.unit}; give ring_min{word} and ring_max{word}")
    if any(edge is not None for edge in given):
        low, high = given[0] or 0.0, given[1] or float(mean.q[-1])
        if low >= high:
            raise BadParameter(f"the inner edge of the ring ({low:g}) is not below the outer one ({high:g})")
        return low, high, "given"
    expected = (
        2 * math.pi * np.maximum(mean.q, flat.step / 4) * np.gradient(mean.q) / flat.step**2 if len(mean.q) > 1 else np.ones(1)
    )
    share = mean.pixels / expected
    covered = mean.q[share >= MOST_OF_RING]
    seen = [one for one in _peaks_of(mean) if len(covered) and covered[0] <= one.q <= covered[-1]]
    strongest = max(seen, key=lambda one: one.height, default=None)
    if strongest is not None:
        half = min(strongest.width / 2, strongest.q / 2)
        return strongest.q - half, strongest.q + half, "the strongest peak of the average, as wide as it is at half height"
    full = mean.q[share >= FULL_RING]
    if not len(full):
        return float(mean.q[0]), float(mean.q[-1]), "everything, for no ring is full"
    return float(full[0]), float(full[-1]), "all rings of which the detector sees the whole"


def _peaks_of(mean: azimuthal.Average) -> list[peaks.Peak]:
    try:
        return peaks.find(curves.ready(Curve(mean.q, mean.value, "q", "I", y_error=mean.error), name="", per_nm=1.0))
    except InputError:
        return []


def _curve(mean: azimuthal.Average, unit: str, intensity: str) -> Curve:
    name = "q" if unit == "1/nm" else "distance"
    return Curve(mean.q, mean.value, name, "I", x_unit=unit, y_unit=intensity, y_error=mean.error, x_error=mean.spread)


def _report(run: Run, found: Measured) -> Report:
    flat, turned, (low, high, how) = found.plane, found.turned, found.ring
    pattern, unit = found.seen.pattern, found.plane.unit
    values = {
        "rings": Quantity(len(found.mean.q)),
        "distance_min" if unit == "px" else "q_min_per_nm": Quantity(float(found.mean.q[0]), unit),
        "distance_max" if unit == "px" else "q_max_per_nm": Quantity(float(found.mean.q[-1]), unit),
        "masked_share": Quantity(float(1 - flat.valid.mean())),
        "ring_low": Quantity(low, unit),
        "ring_high": Quantity(high, unit),
        "order_parameter": Quantity(turned.order, "", *map(_known, turned.order_interval)),
        "herman_factor": Quantity(turned.herman, "", *map(_known, turned.herman_interval)),
    }
    angle, half = turned.angle_deg, turned.angle_error_deg
    certain = turned.order_interval[0] > 0 and math.isfinite(half)
    values["preferred_angle"] = Quantity(angle, "deg", angle - half, angle + half) if certain else Quantity(None, "deg")
    intensity = pattern.unit
    lines = {"I": _curve(found.mean, unit, intensity)}
    lines |= {name: _curve(mean, unit, intensity) for name, (_, mean) in found.sectors.items()}
    around = found.around
    lines["ring"] = Curve(around.angle_deg, around.value, "angle", "I", "deg", intensity, y_error=around.error)
    figures = {
        "pattern": Figure("image", ("pattern",), "Intensity, logarithmic, with the ring and the sectors"),
        "I": Figure("points", ("I",), "Average over all directions with its 95 % interval"),
        "ring": Figure("band", ("ring",), "Intensity around the ring with its 95 % interval"),
    }
    if found.sectors:
        angles = " and ".join(f"{name} {angle:.0f}°" for name, (angle, _) in found.sectors.items())
        figures["sectors"] = Figure(
            "line", tuple(found.sectors), f"Averages over sectors {found.sector_width_deg:g}° wide: {angles}"
        )
    save_picture(run, "pattern.png", _picture(found))
    _save_average(run, found.mean, unit, intensity)
    return Report(
        title=f"Averages of the scattering pattern {pattern.name}",
        values=values,
        curves=lines,
        figures=figures,
        files={"pattern": "pattern.png", "average": "average.csv"},
        notes=(*_notes(found, how), *found.seen.notes),
        cites=("Pauw et al., J. Appl. Cryst. 50, 1800 (2017)", "Hermans and Platzek, Kolloid-Z. 88, 68 (1939)"),
    )


def _notes(found: Measured, how: str) -> list[str]:
    turned = found.turned
    errors = {
        "sigma": "the errors the file states for its pixels",
        "poisson": "the counts, as Poisson's law has it",
        "scatter": "the scatter of the pixels of a ring",
    }[found.mean.how]
    binning = (
        "each pixel counts whole in the ring of its middle"
        if found.split == 1
        else f"each pixel is cut into {found.split} x {found.split} parts, so neighbouring rings share pixels"
    )
    axis = "the preferred direction" if abs(turned.axis_deg - turned.angle_deg) < 1e-9 else f"{turned.axis_deg:.1f}°"
    notes = [
        f"standard errors: from {errors}; intervals are 95 %",
        f"binning: {binning}; q of a ring is the mean of its pixels, and its width enters average.csv as dq",
        f"ring: {how}",
        f"Herman's factor: about {axis}, with the weight sin(angle) of structures alike all around the axis",
        "angles: counter-clockwise in the picture from the horizontal, between 0 and 180 degrees",
    ]
    if turned.order_interval[0] <= 0:
        notes.append("no preferred direction: the order parameter is compatible with 0")
    if turned.missing > 0:
        notes.append(f"{100 * turned.missing:.0f} % of the ring's directions hold no pixel, opposite ones joined; interpolated")
    return notes


def _picture(found: Measured) -> np.ndarray:
    """Logarithm of the intensity, the ring's edges and the sectors' borders in colour, as wide as the eye needs."""
    flat = found.plane
    positive = flat.valid & (flat.intensity > 0)
    shown = np.zeros(flat.intensity.shape)
    if positive.any():
        level = np.log(flat.intensity[positive])
        low, high = np.percentile(level, [5, 99.9])
        shown[positive] = np.clip((level - low) / max(float(high - low), 1e-12), 0, 1)
    times = max(1, round(600 / max(shown.shape)))
    x, y = (ndimage.zoom(a, times, order=1, mode="nearest", grid_mode=True) for a in (flat.x, flat.y))
    radius, angle = np.hypot(x, y), np.degrees(np.arctan2(y if flat.upward else -y, x))
    coloured = np.repeat(np.kron(shown, np.ones((times, times)))[..., None], 3, axis=2)
    thick = 0.7 * flat.step / times * max(1.0, max(shown.shape) / 800)
    lines = np.zeros(radius.shape, bool)
    for edge in found.ring[:2]:
        lines |= np.abs(radius - edge) < thick
    for middle, _ in found.sectors.values():
        for side in (-1, 1):
            away = (angle - middle - side * found.sector_width_deg / 2 + 90) % 180 - 90
            lines |= (radius * np.abs(np.sin(np.radians(away))) < thick) & (radius < 1.6 * found.ring[1])
    coloured[lines] = np.array(ACCENT) / 255
    return np.asarray(flat.picture(coloured))


def _save_average(run: Run, mean: azimuthal.Average, unit: str, intensity: str) -> None:
    head = f"{'q' if unit == '1/nm' else 'distance'} [{unit}],I [{intensity or 'a.u.'}],dI,dq,pixels\n"
    rows = zip(mean.q, mean.value, mean.error, mean.spread, mean.pixels, strict=True)
    text = "".join(f"{q:.8g},{value:.8g},{error:.6g},{spread:.6g},{pixels}\n" for q, value, error, spread, pixels in rows)
    run.file("average.csv").write_text(head + text, encoding="utf-8")


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None
