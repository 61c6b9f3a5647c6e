"""
A pattern with the coordinates it is averaged in: q of each pixel, or pixels from the beam where q is not known.

A flat detector sees equal solid angles under ever more pixels: counts fall with :math:`\\cos^3 2\\theta`
(distance squared, and the tilt of the pixel [1]_), with :math:`q = (4 \\pi / \\lambda) \\sin\\theta`. ``flat`` divides by it.

``upward`` says which way positive angles turn: a table of Qx and Qy has Qy upwards, a detector's image its
first row on top. Either way angles run counter-clockwise in the picture as ``picture`` turns it.

References
----------
.. [1] B. R. Pauw et al., J. Appl. Cryst. 50, 1800 (2017), doi 10.1107/S1600576717015096, section 3.4.6.

Checked against: brute force over sub-pixels and a detector of known distance, in
tests/validation/test_azimuthal.py.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace

import numpy as np

from ...core import Pattern
from ...errors import InputError

NO_DATA = 1e4
"""Reduction programs give pixels that hold nothing an error like 1e6; more than so many medians is no error."""


@dataclass(frozen=True, eq=False)
class Plane:
    """Intensity at (x, y) from the beam in ``unit`` (1/nm or px); ``valid`` pixels count, ``counts`` are Poisson's."""

    intensity: np.ndarray
    x: np.ndarray
    y: np.ndarray
    valid: np.ndarray
    error: np.ndarray | None
    unit: str
    step: float
    counts: bool = False
    upward: bool = False

    @functools.cached_property
    def radius(self) -> np.ndarray:
        """Distance from the beam."""
        return np.asarray(np.sqrt(self.x * self.x + self.y * self.y))

    @functools.cached_property
    def angle_deg(self) -> np.ndarray:
        """Direction from the beam, counter-clockwise in the picture from the horizontal, -180 to 180."""
        return np.asarray(np.degrees(np.arctan2(self.y if self.upward else -self.y, self.x)))

    def picture(self, plane: np.ndarray) -> np.ndarray:
        """An array of this plane's pixels as it is shown."""
        return plane[::-1] if self.upward else plane


def plane_of(pattern: Pattern, *, centre_px: tuple[float, float] | None = None, step_per_nm: float | None = None) -> Plane:
    """
    The pattern in q where it knows q, else about ``centre_px`` (row, column) in pixels, or in steps of ``step_per_nm``.
    """
    counts = pattern.unit == "counts" and bool((pattern.intensity[pattern.valid] >= 0).all())
    error = pattern.error
    valid = pattern.valid
    if error is not None:
        stated = valid & np.isfinite(error) & (error > 0)
        error, valid = (error, stated & (error < NO_DATA * np.median(error[stated]))) if stated.any() else (None, valid)
    if not valid.any():
        raise InputError(f"{pattern.name}: no pixel counts; all are masked or not numbers")
    x, y, unit = pattern.qx_per_nm, pattern.qy_per_nm, "1/nm"
    upward = x is not None and "detector_distance_m" not in pattern.conditions
    if x is None or y is None:
        if centre_px is None:
            raise InputError(f"{pattern.name}: neither q nor the beam's place is known; give centre_row_px and centre_column_px")
        rows, columns = pattern.intensity.shape
        scale, unit = (1.0, "px") if step_per_nm is None else (step_per_nm, "1/nm")
        y, x = np.broadcast_arrays(
            ((np.arange(rows) - centre_px[0]) * scale)[:, None], ((np.arange(columns) - centre_px[1]) * scale)[None]
        )
    return Plane(pattern.intensity, x, y, valid, error, unit, _step(pattern, x, y), counts, upward)


def _step(pattern: Pattern, x: np.ndarray, y: np.ndarray) -> float:
    """The larger side of a pixel, at the pixel nearest to the beam."""
    if min(x.shape) < 2:
        raise InputError(f"{pattern.name}: a pattern of {x.shape[1]} x {x.shape[0]} pixels is too small to average")
    nearest = np.unravel_index(int(np.argmin(x * x + y * y)), x.shape)
    row, column = (min(int(at), n - 2) for at, n in zip(nearest, x.shape, strict=True))
    across = math.hypot(x[row, column + 1] - x[row, column], y[row, column + 1] - y[row, column])
    down = math.hypot(x[row + 1, column] - x[row, column], y[row + 1, column] - y[row, column])
    return max(across, down)


def flat(plane: Plane, *, wavelength_nm: float) -> Plane:
    """``plane`` with the counts of a flat detector brought to equal solid angles."""
    sine = np.minimum(plane.radius * wavelength_nm / (4 * math.pi), 1.0)
    seen = (1 - 2 * sine**2) ** 3
    if plane.unit != "1/nm" or not (seen[plane.valid] > 0).all():
        raise InputError("the solid angle of pixels needs q and a wavelength at which every pixel lies in front of the sample")
    error = np.sqrt(np.maximum(plane.intensity, 0)) if plane.counts and plane.error is None else plane.error
    return replace(plane, intensity=plane.intensity / seen, error=None if error is None else error / seen)
