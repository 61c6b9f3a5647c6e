"""Power spectrum of a picture or volume: the period of its structure and which way it points."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from ..core import Curve, Figure, Param, Quantity, Report, Run
from ..errors import BadParameter, InputError
from ..measure import spectrum as measured
from .division import Mask
from .parameters import KeepPrint, PixelSizeByHand, only_one
from .pictures import save_picture
from .structure import Input, SliceByHand, Structure, both, known, middle, structure_of


def spectrum(
    run: Run,
    image: Input,
    *,
    mask: Mask = None,
    period_min_nm: Annotated[float | None, Param("shortest period to look for", unit="nm", low=0, open_low=True)] = None,
    period_max_nm: Annotated[float | None, Param("longest period to look for", unit="nm", low=0, open_low=True)] = None,
    period_min_px: Annotated[float | None, Param("shortest period in pixels", unit="px", low=2)] = None,
    period_max_px: Annotated[float | None, Param("longest period in pixels", unit="px", low=2)] = None,
    window: Annotated[str, Param("taper at the image's borders; none for periodic images", choices=("hann", "none"))] = "hann",
    keep_print: KeepPrint = False,
    pixel_size_nm: PixelSizeByHand = None,
    slice_nm: SliceByHand = None,
) -> Report:
    """
    Power spectrum S(q) of the grey values of a picture or volume, its strongest peak as a period, width, orientation.

    The period is 2 pi over the position of the peak, fitted on a sloping background; the order parameter
    of a picture is 1 where all wave vectors of the peak's ring are parallel and near 0 where they point everywhere.
    """
    only_one(period_min_nm=period_min_nm, period_min_px=period_min_px)
    only_one(period_max_nm=period_max_nm, period_max_px=period_max_px)
    structure = structure_of(image, mask=mask, keep_print=keep_print, pixel_size_nm=pixel_size_nm, slice_nm=slice_nm)
    if period_min_nm is not None or period_max_nm is not None:
        structure.need_scale()
    grey, pixel = structure.values.astype(np.float64), structure.sides
    if grey.min() == grey.max():
        raise InputError(f"{structure.name}: all pixels have the same grey level ({grey.min():.3g}), so there is no structure")
    low = period_min_nm or (period_min_px or 0) * min(pixel)
    high = period_max_nm or (period_max_px or math.inf) * min(pixel)
    if low >= high:
        raise BadParameter(f"the shortest period ({low:g}) is not below the longest ({high:g})")
    run.progress(0, 1, "transforms")
    found = measured.measure(
        grey, rng=run.rng("tiles"), pixel=pixel, mask=structure.mask, window=window, period_low=low, period_high=high
    )
    return _report(run, structure, found)


def _report(run: Run, structure: Structure, found: measured.Measured) -> Report:
    unit = structure.unit
    radial, peak, turned = found.radial, found.peak, found.orientation
    values = {"period": Quantity(None, unit)}
    notes = [f"intervals: 95 %, from {found.blocks} tiles redrawn with replacement"]
    if peak is None:
        notes.append("no peak of the spectrum rises above its noise, so no period is given; a narrower range may help")
    else:
        wide, narrow = (known(2 / w) if w else None for w in found.width_interval)
        values = {
            "period": Quantity(peak.period, unit, *both(found.period_interval)),
            "q_peak": Quantity(
                peak.q, f"rad/{unit}", *(known(2 * math.pi / p) if p else None for p in found.period_interval[::-1])
            ),
            "peak_width": Quantity(peak.width, f"rad/{unit}", *both(found.width_interval)),
            "coherence_length": Quantity(2 / peak.width, unit, narrow, wide),
        }
        if turned is not None:
            values["order_parameter"] = Quantity(turned.parameter, "", *both(found.order_interval))
            values["normal_angle"] = Quantity(turned.angle_deg, "deg")
        if peak.period > min(n * p for n, p in zip(structure.values.shape, structure.sides, strict=True)) / 4:
            notes.append("fewer than four periods fit into the image: shading may be taken for structure")
        if turned is not None:
            notes.append("normal_angle: mean direction across the stripes, counter-clockwise from the horizontal")
    save_picture(run, "power.png", _picture(found.map, None if peak is None else peak.q))
    return Report(
        title=f"Power spectrum of {structure.name}" + ("" if structure.ndim == 2 else f" ({structure.extent})"),
        values=values,
        curves={
            "S": Curve(
                radial.q,
                radial.value,
                "q",
                "S",
                x_unit=f"rad/{unit}",
                y_unit=f"{unit}{'²' if structure.ndim == 2 else '³'}",
                y_low=radial.low,
                y_high=radial.high,
            )
        },
        figures={
            "S": Figure("band", ("S",), "Power spectrum averaged over directions, with its 95 % interval"),
            "power": Figure(
                "image",
                ("power",),
                "Power by wave vector, logarithmic, zero in the middle" + ("" if structure.ndim == 2 else "; q along z is 0"),
            ),
        },
        files={"power": "power.png"},
        notes=(*notes, *structure.notes),
        cites=("Welch, IEEE Trans. Audio Electroacoust. 15, 70 (1967)",),
    )


def _picture(found: measured.Spectrum, q_peak: float | None) -> np.ndarray:
    """Logarithm of the power out to three times the peak, dark to bright over five decades; of a volume the middle slice."""
    axes, power = found.axes[-2:], middle(found.power)
    reach = min(float(-axis[0]) for axis in axes)
    reach = reach if q_peak is None else min(reach, 3 * q_peak)
    steps = [float(axis[1] - axis[0]) for axis in axes]
    grid = np.arange(-reach, reach, min(steps))  # equal steps of q on both axes, so that a ring is round
    nearest = (np.rint((grid - axis[0]) / step).astype(int) for axis, step in zip(axes, steps, strict=True))
    power = power[np.ix_(*(np.clip(at, 0, n - 1) for at, n in zip(nearest, power.shape, strict=True)))]
    level = np.log10(np.maximum(power, power.max() * 1e-5))
    return np.asarray((level - level.min()) / max(float(np.ptp(level)), 1e-12))
