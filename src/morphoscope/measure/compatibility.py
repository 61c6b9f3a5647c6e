r"""
Curves as other programs draw them, to compare with what was published; not estimators of ours.

``porespy_radial_before_3_2``: the radial two-point curve of PoreSpy [1]_ releases before 3.2. It treats the
image as periodic, averages displacements of length in (r - w, r] and reports them at r + w / 2, so that it
lies up to 0.03 above S2; counts are truncated to whole numbers on the way. Read correlation.two_point for S2.

``porespy_distance_distribution``: what PoreSpy calls the lineal path distribution, the normalised histogram

.. math:: f(\ell) = \frac{\#\{\mathbf x \in \text{phase}: \ell \le d(\mathbf x) < \ell + \Delta\}}{\phi N \Delta}

of ``d``, the pixels from x to the wall behind it along one axis, x included, and its sum from the right.

References
----------
.. [1] J. T. Gostick et al., J. Open Source Softw. 4, 1296 (2019), doi 10.21105/joss.01296.

Checked against: curves written by PoreSpy itself (2.2.2 and 3.2.0) for three made images, in
tests/validation/test_porespy.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from ..errors import BadParameter, InputError
from .pairs import WORKERS, check_phase, unit_pixel
from .runs import remaining


@dataclass(frozen=True, eq=False)
class Binned:
    """Values at bin centres ``x``; ``cumulative`` sums from the right."""

    x: np.ndarray
    y: np.ndarray
    cumulative: np.ndarray | None = None


def porespy_radial_before_3_2(phase: np.ndarray, *, bins: int = 100) -> Binned:
    """The biased radial curve P(r) of PoreSpy before 3.2, normalised to 1 at zero distance, in pixels."""
    check_phase(phase, None, unit_pixel(phase.ndim, None))
    if phase.shape[-1] % 2 or not phase.any():
        raise InputError("PoreSpy before 3.2 gives no curve for an empty phase or an odd number of columns")
    spectrum = fft.rfftn(phase.astype(float), workers=WORKERS)
    auto = fft.fftshift(np.abs(fft.irfftn(np.abs(spectrum**2), s=phase.shape, workers=WORKERS)))
    far = int(np.ceil(min(phase.shape))) / 2
    width = int(np.ceil(int(far) / bins))
    edges = np.arange(0, int(far) + width, width)
    centre = [np.arange(n) - np.round(n / 2) for n in phase.shape]
    length = np.sqrt(sum(c**2 for c in np.ix_(*centre)))
    ring = np.ceil(length / width - 1e-12).astype(int)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(ring.ravel(), auto.ravel()) / np.bincount(ring.ravel())
    return Binned((edges[1:] + edges[:-1]) / 2, np.trunc(mean[: len(edges) - 1] + 1e-6) / auto.max())


def porespy_distance_distribution(phase: np.ndarray, *, axis: int, bins: int = 10) -> Binned:
    """PoreSpy's lineal path distribution: the normalised histogram of distances to the wall behind, along ``axis``."""
    check_phase(phase, None, unit_pixel(phase.ndim, None))
    if not -phase.ndim <= axis < phase.ndim:
        raise BadParameter(f"axis={axis} is no axis of an image of {phase.ndim}")
    if not phase.any():
        raise InputError("the phase is empty, so it has no distances")
    step = [0] * phase.ndim
    step[axis] = -1
    distance = remaining(phase, direction=step)
    density, edges = np.histogram(distance[distance > 0], bins=bins, density=True)
    share = density * np.diff(edges)
    return Binned((edges[1:] + edges[:-1]) / 2, density, np.cumsum(share[::-1])[::-1])
