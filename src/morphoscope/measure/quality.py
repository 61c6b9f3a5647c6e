r"""
How good an image is: noise, signal to noise, sharpness, saturation, charging.

============ =====================================================================================
noise        standard deviation of white noise, :math:`1.4826\,\mathrm{median}\,|L * I| / 6`, with
             L = [1 -2 1; -2 4 -2; 1 -2 1], which is blind to planes, in units of full scale [1]_
snr          :math:`\sqrt{\mathrm{var}(I) - \sigma^2} / \sigma`, standard deviation of the signal over
             that of the noise [2]_
sharpness    root mean square spatial frequency of the signal, in rad per pixel,
             :math:`\sqrt{(\langle|\nabla I|^2\rangle - \sigma^2) / (\mathrm{var}(I) - \sigma^2)}` with
             central differences: blur lowers it; it also depends on how fine the specimen is
saturation   share of the pixels at the lowest and at the highest level
charging     rms step between neighbouring row means beyond that of column means, over the
             standard deviation of the signal: baseline streaks along the fast scan axis; 0 for
             isotropic images without streaks
============ =====================================================================================

References
----------
.. [1] J. Immerkaer, Comput. Vis. Image Underst. 64, 300 (1996), doi 10.1006/cviu.1996.0060; the median of
   D. L. Donoho, I. M. Johnstone, Biometrika 81, 425 (1994), doi 10.1093/biomet/81.3.425, in place of its mean.
.. [2] J. T. L. Thong, K. S. Sim, J. C. H. Phang, Scanning 23, 328 (2001), doi 10.1002/sca.4950230506.

Checked against: images with known noise, blur, saturation and streaks, in tests/measure/test_quality.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..core import Micrograph

LAPLACIANS = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])


@dataclass(frozen=True)
class Quality:
    """Figures of merit of one image; None where there is nothing to judge by."""

    noise: float | None
    snr: float | None
    sharpness: float | None
    saturation_low: float
    saturation_high: float
    charging: float | None


def quality(micrograph: Micrograph) -> Quality:
    """Figures of merit of the specimen's part of the image."""
    image = micrograph.above_data_bar()
    pixels = image.pixels.astype(np.float64)
    valid = np.ones(pixels.shape, bool) if image.mask is None else image.mask
    if not valid.any():
        return Quality(None, None, None, 0.0, 0.0, None)
    low, high = (float(np.mean(pixels[valid] == end)) for end in (0.0, 1.0))
    sigma = noise(pixels, valid)
    if sigma is None:
        return Quality(None, None, None, low, high, None)
    signal = float(pixels[valid].var()) - sigma**2
    if signal <= 0:
        return Quality(sigma, 0.0, None, low, high, None)
    rms = math.sqrt(signal)
    return Quality(
        sigma,
        rms / sigma if sigma > 0 else None,
        _sharpness(pixels, valid, sigma, signal),
        low,
        high,
        charging(pixels, valid, rms),
    )


def noise(pixels: np.ndarray, valid: np.ndarray) -> float | None:
    """Standard deviation of white noise; None for an image too small or wholly masked or saturated."""
    if min(pixels.shape) < 3:
        return None
    response = ndimage.convolve(pixels, LAPLACIANS, mode="nearest") / 6
    usable = ndimage.binary_erosion(valid & (pixels > 0) & (pixels < 1), np.ones((3, 3), bool))
    if not usable.any():
        return None
    return float(1.4826 * np.median(np.abs(response[usable])))


def _sharpness(pixels: np.ndarray, valid: np.ndarray, sigma: float, signal: float) -> float | None:
    inner = ndimage.binary_erosion(valid, np.ones((3, 3), bool))
    if not inner.any():
        return None
    rise, run = np.gradient(pixels)
    steep = float(np.mean(rise[inner] ** 2 + run[inner] ** 2)) - sigma**2
    return math.sqrt(max(0.0, steep) / signal)


def charging(pixels: np.ndarray, valid: np.ndarray, signal: float) -> float:
    """Rms step of row means in excess of that of column means, over the signal's standard deviation."""
    steps = []
    for axis in (1, 0):
        count = valid.sum(axis=axis)
        mean = (pixels * valid).sum(axis=axis) / np.maximum(count, 1)
        kept = count >= 0.5 * valid.shape[axis]
        pairs = kept[1:] & kept[:-1]
        steps.append(float(np.mean(np.diff(mean)[pairs] ** 2)) if pairs.any() else 0.0)
    return math.sqrt(max(0.0, steps[0] - steps[1])) / signal
