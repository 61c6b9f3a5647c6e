r"""
A micrograph whose print is filled with the specimen's own texture, for judges that would learn the print instead.

The filling is the smooth one of ``annotations.painted_over`` plus the fine structure, the difference of the picture
from its own local mean, of places where nothing is printed: the picture is shifted by parts of its sides that follow the
golden ratio until every printed pixel has a source. What stood there before has no influence on the result.

Checked against: pictures that differ in the print only, and the roughness of the filling, in
tests/measure/test_print_filling.py.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..core import Micrograph
from .annotations import Print, painted_over

SMOOTH_PX = 6.0
TRIES = 60
STEPS = (0.6180339887, 0.4142135624)
"""Shifts along the two axes, in parts of the side: irrational and unlike, so that no source repeats soon."""


def textured_over(micrograph: Micrograph, printed: Print) -> np.ndarray:
    """Pixels of ``micrograph`` with what is printed, or was never measured, filled."""
    hidden = printed.mask if micrograph.mask is None else printed.mask | ~micrograph.mask
    if not hidden.any() or hidden.all():
        return np.asarray(micrograph.pixels, np.float32)
    smooth = painted_over(micrograph, Print(hidden, printed.parts)).pixels.astype(np.float32)
    shown = (~hidden).astype(np.float32)
    weight = np.maximum(ndimage.gaussian_filter(shown, SMOOTH_PX), 1e-6)
    fine = np.where(hidden, 0, smooth - ndimage.gaussian_filter(smooth * shown, SMOOTH_PX) / weight)
    filled, open_ = np.where(hidden, 0, fine), hidden.copy()
    for k in range(1, TRIES + 1):
        shift = tuple(round(side * (k * step % 1)) for side, step in zip(hidden.shape, STEPS, strict=True))
        found = open_ & ~np.roll(hidden, shift, (0, 1))
        filled[found] = np.roll(fine, shift, (0, 1))[found]
        open_ &= ~found
        if not open_.any():
            break
    return np.asarray(np.clip(np.where(hidden, smooth + filled, micrograph.pixels), 0, 1), np.float32)
