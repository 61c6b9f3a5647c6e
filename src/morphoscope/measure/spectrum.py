r"""
Power spectrum S(q) of a picture: how strongly each wave vector is present; its peak, width and orientation.

.. math:: S(\mathbf q) = \frac{V_1 \left| \sum_{\mathbf x} w\, (f - \bar f)\, e^{-i \mathbf q \cdot \mathbf x} \right|^2}
          {\sum_{\mathbf x} w^2}, \qquad \int \frac{d^d q}{(2 \pi)^d} S(\mathbf q) = \sigma^2

``w`` is the window (Hann by default, or none) times the mask, ``f`` the grey value or phase, ``V_1`` the area
or volume of a pixel; q is in rad per unit of ``pixel``. White noise of variance v has S = v V_1. For a
periodic image without window, S is the Fourier transform of the covariance S2 - phi^2 (Wiener-Khinchin [1]_).
``radial`` averages over directions, in rings one fundamental step wide.

``find_peak`` fits a Lorentzian on a straight background, :math:`h / (1 + ((q - q_0) / \gamma)^2) + a + b q`, about the
most prominent maximum of log S; period 2 pi / q_0, width 2 gamma, and 2 / (2 gamma) is a coherence length.
``orientation``: power-weighted order parameter :math:`|\langle e^{i m \theta} \rangle|` in a ring of q, 1 for a
single crystal of stripes, near 0 for many grains (m = 2 stripes, 6 hexagonal).

References
----------
.. [1] S. Torquato, Random Heterogeneous Materials (2002), section 2.2, doi 10.1007/978-1-4757-6355-3.
.. [2] P. D. Welch, IEEE Trans. Audio Electroacoust. 15, 70 (1967), doi 10.1109/TAU.1967.1161901, for tiles.

Checked against: Parseval's sum, white noise, plane waves, the transform of S2 and a made lamellar pattern of
known period and width, in tests/validation/test_spectrum.py.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage, optimize, signal

from ..errors import BadParameter, InputError
from . import bootstrap
from .pairs import WORKERS, unit_pixel


@dataclass(frozen=True, eq=False)
class Spectrum:
    """S on the grid of wave vectors, zero frequency in the middle; ``axes`` are the components of q."""

    power: np.ndarray
    axes: tuple[np.ndarray, ...]

    @property
    def q(self) -> np.ndarray:
        """Length of each wave vector."""
        return np.asarray(np.sqrt(sum(component**2 for component in np.ix_(*self.axes))))


@dataclass(frozen=True, eq=False)
class RadialSpectrum:
    """S averaged over directions; ``modes`` is the number of wave vectors in each ring."""

    q: np.ndarray
    value: np.ndarray
    modes: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None


@dataclass(frozen=True)
class Peak:
    """A maximum of S(q) at ``q``, ``height`` above its background, ``width`` wide at half of it."""

    q: float
    width: float
    height: float

    @property
    def period(self) -> float:
        """2 pi / q."""
        return 2 * math.pi / self.q


@dataclass(frozen=True)
class Orientation:
    """Order ``parameter`` in [0, 1] and the direction of the mean wave vector, counter-clockwise from the row direction."""

    parameter: float
    angle_deg: float


def power_spectrum(
    grey: np.ndarray, *, pixel: tuple[float, ...] | None = None, mask: np.ndarray | None = None, window: str = "hann"
) -> Spectrum:
    """S(q) of ``grey`` (any numbers, 2 or 3 axes) with its mean removed."""
    pixel = unit_pixel(grey.ndim, pixel)
    if grey.ndim not in (2, 3) or min(grey.shape) < 4:
        raise InputError(f"a power spectrum needs at least 4 pixels along each of 2 or 3 axes, not an image of {grey.shape}")
    if mask is not None and mask.shape != grey.shape:
        raise InputError(f"mask of {mask.shape} on an image of {grey.shape}")
    if window not in ("hann", "none"):
        raise BadParameter(f"window={window!r} is not known; allowed: hann, none")
    sides = [signal.windows.hann(n, sym=False) if window == "hann" else np.ones(n) for n in grey.shape]
    weight = functools.reduce(np.multiply.outer, sides)
    weight = weight if mask is None else weight * mask
    total = float(weight.sum())
    if not total > 0:
        raise InputError("no pixel is left outside the mask; nothing can be counted")
    mean = float((weight * grey).sum()) / total
    half = fft.rfftn(weight * (grey - mean), workers=WORKERS)
    power = (half.real**2 + half.imag**2) * (math.prod(pixel) / float((weight**2).sum()))
    axes = tuple(2 * np.pi * np.fft.fftshift(np.fft.fftfreq(n, p)) for n, p in zip(grey.shape, pixel, strict=True))
    return Spectrum(np.fft.fftshift(_both_halves(power, grey.shape)), axes)


def _both_halves(half: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The whole spectrum of a real field from its half."""
    last = shape[-1]
    full = np.empty(shape)
    full[..., : last // 2 + 1] = half
    mirror = half[..., 1 : (last + 1) // 2][..., ::-1]
    for axis in range(len(shape) - 1):
        mirror = np.roll(np.flip(mirror, axis), 1, axis)
    full[..., last // 2 + 1 :] = mirror
    return full


def radial(spectrum: Spectrum) -> RadialSpectrum:
    """S averaged over directions, up to the shortest axis' Nyquist frequency, without q = 0."""
    return _rings(spectrum, _step(spectrum))


def _step(spectrum: Spectrum) -> float:
    return float(max(abs(axis[1] - axis[0]) for axis in spectrum.axes))


def _rings(spectrum: Spectrum, step: float) -> RadialSpectrum:
    q = spectrum.q
    furthest = min(float(-axis[0]) for axis in spectrum.axes)
    ring = np.rint(q / step).astype(int).ravel()
    count = int(furthest / step) + 1
    used = (ring > 0) & (ring < count)
    modes, power, length = (
        np.bincount(ring[used], weights, count)[1:] for weights in (None, spectrum.power.ravel()[used], q.ravel()[used])
    )
    kept = modes > 0
    return RadialSpectrum(length[kept] / modes[kept], power[kept] / modes[kept], modes[kept])


@dataclass(frozen=True, eq=False)
class _Fit:
    """A peak, the rings it was fitted to, and how its position and width move with S of each (first order)."""

    peak: Peak
    rings: np.ndarray
    influence: np.ndarray


def find_peak(found: RadialSpectrum, *, q_low: float = 0.0, q_high: float = math.inf) -> Peak | None:
    """The most prominent peak of S(q) between ``q_low`` and ``q_high``, or None where there is none above the noise."""
    fit = _locate(found, q_low, q_high)
    return None if fit is None else fit.peak


def _locate(found: RadialSpectrum, q_low: float, q_high: float) -> _Fit | None:
    chosen = np.flatnonzero((found.q >= q_low) & (found.q <= q_high) & (found.value > 0))
    q, value, modes = found.q[chosen], found.value[chosen], found.modes[chosen]
    if len(q) < 5:
        return None
    level = np.log(ndimage.gaussian_filter1d(value, 1.0, mode="nearest"))
    tops, facts = signal.find_peaks(level, prominence=1e-3)
    noise = 10 / np.sqrt(modes[tops])  # of log S, smoothed, over many rings of windowed modes
    sure = facts["prominences"] > np.maximum(noise, 0.1)
    if not sure.any():
        return None
    top = int(tops[np.argmax(np.where(sure, facts["prominences"], 0))])
    wide = float(signal.peak_widths(np.exp(level), [top], rel_height=0.5)[0][0])
    half = max(3, math.ceil(1.5 * wide))
    part = slice(max(0, top - half), top + half + 1)
    return _fitted(q[part], value[part], modes[part], float(q[top]), wide * float(q[1] - q[0]), chosen[part])


def _lorentzian(q: np.ndarray, centre: float, gamma: float, height: float, base: float, slope: float) -> np.ndarray:
    return np.asarray(height / (1 + ((q - centre) / gamma) ** 2) + base + slope * (q - q[0]) / (q[-1] - q[0]))


def _fitted(q: np.ndarray, value: np.ndarray, modes: np.ndarray, top: float, width: float, rings: np.ndarray) -> _Fit | None:
    """Lorentzian on a straight background; None where it does not settle inside the window."""
    scale, step = float(value.max()), float(q[1] - q[0])
    start = [top, min(max(width / 2, step), q[-1] - q[0]), 0.8, float(value.min()) / scale, 0.0]
    bounds = ([q[0], step / 10, 0, -2, -np.inf], [q[-1], q[-1] - q[0], 10, 2, np.inf])
    sigma = np.maximum(value, 0.05 * scale) / scale / np.sqrt(modes)
    try:
        best, _ = optimize.curve_fit(_lorentzian, q, value / scale, start, sigma=sigma, bounds=bounds, max_nfev=2000)
    except (RuntimeError, ValueError):
        return None
    centre, gamma, height = (float(v) for v in best[:3])
    if not (q[0] < centre < q[-1] and height > 0):
        return None
    u = (q - centre) / gamma
    bell = 1 / (1 + u**2)
    slopes = [2 * height * u * bell**2 / gamma, 2 * height * u**2 * bell**2 / gamma, bell, np.ones_like(q), q - q[0]]
    influence = np.linalg.pinv(np.stack(slopes, axis=1) / sigma[:, None])[:2] / sigma / scale
    return _Fit(Peak(centre, 2 * gamma, height * scale), rings, influence)


def orientation(spectrum: Spectrum, *, q_low: float, q_high: float, fold: int = 2) -> Orientation:
    """Order parameter of ``fold``-fold symmetry of the wave vectors between ``q_low`` and ``q_high``, in a plane."""
    if spectrum.power.ndim != 2:
        raise BadParameter("the orientation order parameter is one of a plane; take a section of the volume")
    qy, qx = np.ix_(*spectrum.axes)
    q = spectrum.q
    ring = (q >= q_low) & (q <= q_high)
    power = spectrum.power[ring]
    if not power.sum() > 0:
        raise InputError(f"there is no power between q={q_low:g} and q={q_high:g}")
    theta = np.broadcast_to(np.arctan2(-qy, qx), q.shape)[ring]
    moment = complex((power * np.exp(1j * fold * theta)).sum() / power.sum())
    return Orientation(abs(moment), math.degrees(math.atan2(moment.imag, moment.real)) / fold % (360 / fold))


@dataclass(frozen=True, eq=False)
class Measured:
    """Spectrum, its radial average with band, its peak with the intervals of period and width, and the orientation."""

    map: Spectrum
    radial: RadialSpectrum
    peak: Peak | None
    orientation: Orientation | None
    period_interval: tuple[float, float]
    width_interval: tuple[float, float]
    order_interval: tuple[float, float]
    blocks: int


def measure(
    grey: np.ndarray,
    *,
    rng: np.random.Generator,
    pixel: tuple[float, ...] | None = None,
    mask: np.ndarray | None = None,
    window: str = "hann",
    period_low: float = 0.0,
    period_high: float = math.inf,
    draws: int = 200,
) -> Measured:
    """
    S(q) with its peak between two periods; intervals by redrawing tiles of the image.

    Each tile's spectrum is averaged over the rings of the tile (Welch); tiles redrawn with replacement give
    the spread of S and, to first order, of the fitted period and width, about the values of the whole image.
    """
    pixel = unit_pixel(grey.ndim, pixel)
    q_low, q_high = 2 * math.pi / period_high, (2 * math.pi / period_low if period_low > 0 else math.inf)
    full = power_spectrum(grey, pixel=pixel, mask=mask, window=window)
    rings = radial(full)
    peak = find_peak(rings, q_low=q_low, q_high=q_high)
    length = 2 * peak.period / min(pixel) if peak else math.inf
    tiling, _ = bootstrap.blocks(grey.shape, length_px=length)
    used = [block for block in tiling if mask is None or mask[block].mean() > 0.5]
    weights = bootstrap.redraw(len(used), rng=rng, draws=draws)
    size = tuple(min(block[axis].stop - block[axis].start for block in used) for axis in range(grey.ndim))
    cut = [tuple(slice(part.start, part.start + n) for part, n in zip(block, size, strict=True)) for block in used]
    maps = [power_spectrum(grey[b], pixel=pixel, mask=None if mask is None else mask[b], window=window) for b in cut]
    tiles = [radial(one) for one in maps]
    curves = weights @ np.array([tile.value for tile in tiles]) / len(used)
    low, high = bootstrap.interval(curves / np.mean([t.value for t in tiles], axis=0), np.ones(curves.shape[1]), count=len(used))
    low, high = (np.interp(rings.q, tiles[0].q, bound) * rings.value for bound in (low, high))
    rings = RadialSpectrum(rings.q, rings.value, rings.modes, np.maximum(low, 0), high)
    unknown = (math.nan, math.nan)
    if peak is None:
        return Measured(full, rings, None, None, unknown, unknown, unknown, len(used))
    period, width = _spread(peak, tiles[0], curves, q_low, q_high, len(used))
    ring = (max(peak.q - peak.width / 2, 0.0), peak.q + peak.width / 2)
    turned = orientation(full, q_low=ring[0], q_high=ring[1]) if grey.ndim == 2 else None
    return Measured(
        full,
        rings,
        peak,
        turned,
        period,
        width,
        _order_interval(maps, ring, weights, turned, len(used)),
        len(used),
    )


def _spread(
    peak: Peak, tile: RadialSpectrum, curves: np.ndarray, q_low: float, q_high: float, count: int
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Intervals of period and width: how the redrawn tile spectra move the peak that is fitted to their mean."""
    mean = curves.mean(axis=0)
    fit = _locate(RadialSpectrum(tile.q, mean, tile.modes * count), q_low, q_high)
    if fit is None:
        return (math.nan, math.nan), (math.nan, math.nan)
    moved, wider = ((curves - mean)[:, fit.rings] @ fit.influence.T).T
    q = np.maximum(peak.q + moved, peak.q / 10)
    return (
        bootstrap.positive_interval(2 * math.pi / q, peak.period, count=count),
        bootstrap.positive_interval(peak.width + 2 * wider, peak.width, count=count),
    )


def _about(sample: np.ndarray, value: float, count: int) -> tuple[float, float]:
    """Interval of ``sample``, moved so that its median is ``value``."""
    return bootstrap.positive_interval(sample - np.nanmedian(sample) + value, value, count=count)


def _order_interval(
    maps: list[Spectrum], ring: tuple[float, float], weights: np.ndarray, turned: Orientation | None, count: int
) -> tuple[float, float]:
    """Interval of the order parameter from the tiles' moments in a ring widened to their coarser grid."""
    if turned is None:
        return math.nan, math.nan
    qy, qx = np.ix_(*maps[0].axes)
    step = _step(maps[0])
    inside = (maps[0].q >= ring[0] - step) & (maps[0].q <= ring[1] + step)
    wave = np.exp(2j * np.broadcast_to(np.arctan2(-qy, qx), inside.shape)[inside])
    sums = np.array([((m.power[inside] * wave).sum(), m.power[inside].sum()) for m in maps])
    drawn = weights @ sums
    low, high = _about(np.abs(drawn[:, 0]) / drawn[:, 1].real, turned.parameter, count)
    return low, min(1.0, high)
