r"""
The relief of a fracture surface: a self-affine height map.

Heights of broken solids scale as :math:`\langle (h(x + r) - h(x))^2 \rangle \propto r^{2H}` with a Hurst exponent H
of about 0.8 [1]_; the power spectrum then falls as :math:`k^{-2 - 2H}`. The map is a Gaussian field of that spectrum,
flat below the ``plain_px`` wave number so that no image is one single slope.

References
----------
.. [1] E. Bouchaud, J. Phys.: Condens. Matter 9, 4319 (1997), doi 10.1088/0953-8984/9/21/002.

Checked against: the scaling exponent and the standard deviation, in tests/physics/test_fracture.py.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from ..errors import BadParameter


def relief(
    rng: np.random.Generator, *, size_px: int, rms: float = 1.0, hurst: float = 0.8, plain_px: float | None = None
) -> np.ndarray:
    """A periodic square map of standard deviation ``rms``; waves longer than ``plain_px`` (a third of the side) are level."""
    if not 0 < hurst < 1:
        raise BadParameter(f"hurst={hurst:g} must lie between 0 and 1")
    if size_px < 4:
        raise BadParameter(f"size_px={size_px} is too small for a surface; give at least 4")
    ky, kx = np.fft.fftfreq(size_px)[:, None], np.fft.rfftfreq(size_px)[None, :]
    k = np.sqrt(ky**2 + kx**2)
    knee = 1 / (size_px / 3 if plain_px is None else plain_px)
    amplitude = np.maximum(k, knee) ** (-1 - hurst)
    amplitude[0, 0] = 0
    heights = np.asarray(fft.irfft2(amplitude * fft.rfft2(rng.standard_normal((size_px, size_px))), s=(size_px, size_px)))
    return np.asarray(rms * heights / heights.std())
