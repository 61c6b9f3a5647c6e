r"""
The small-angle scattering pattern of a thin film, as a detector behind a beam stop counts it.

The beam sees many grains, so the pattern is the mean power spectrum of independent ``films``, and of their mirror images
[1]_:

.. math:: S(\mathbf q) = \frac{1}{A} \left\langle \left| \int (\psi - \bar\psi)\, e^{-i \mathbf q \mathbf r}\,
          d^2 r \right|^2 \right\rangle, \qquad
          \int S(\mathbf q)\, \frac{d^2 q}{(2 \pi)^2} = \langle \psi^2 \rangle - \bar\psi^2

It is falling off with the interface's width (:math:`e^{-q^2 \sigma^2}`), blurred by the beam's size, set on diffuse and
parasitic scattering, and counted (Poisson). The stop with its arm and the gaps between modules count nothing. q is in
1/nm, S in nm^2 per unit of contrast squared.

``draw`` makes the random choices, ``detect`` is a function of them: the same ``Beamline`` gives the same pattern.

References
----------
.. [1] R.-J. Roe, Methods of X-Ray and Neutron Scattering in Polymer Science (2000), chapters 1 and 5.

Checked against: the integral of the spectrum, the place of the peak of known lines, and Poisson statistics, in
tests/physics/test_scattering.py.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
from scipy import fft, ndimage

from ..core import Pattern
from ..errors import BadParameter


@dataclass(frozen=True)
class Beamline:
    """
    A detector of ``size_px`` squared that reaches ``q_max_per_nm`` along its axes.

    ``counts`` is the highest mean count of the film's scattering on a ring that is full, ``interface_nm`` the width that
    damps, ``blur_px`` the beam's standard deviation, ``diffuse`` and ``parasitic`` shares of ``counts``. ``seed`` fixes
    the noise.
    """

    size_px: int = 192
    q_max_per_nm: float = 0.4
    counts: float = 2000.0
    interface_nm: float = 1.5
    blur_px: float = 0.8
    diffuse: float = 0.02
    parasitic: float = 0.5
    stop_px: float = 12.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 16 <= self.size_px <= 4096:
            raise BadParameter(f"size_px={self.size_px} must lie between 16 and 4096")
        for name in ("q_max_per_nm", "counts"):
            if not getattr(self, name) > 0:
                raise BadParameter(f"{name}={getattr(self, name):g} must be positive")

    @property
    def step_per_nm(self) -> float:
        """Width of a detector pixel in q."""
        return 2 * self.q_max_per_nm / self.size_px


def draw(rng: np.random.Generator, *, q_max_per_nm: float = 0.4) -> Beamline:
    """A session at a beamline."""
    return Beamline(
        q_max_per_nm=q_max_per_nm,
        counts=float(np.exp(rng.uniform(np.log(1000), np.log(4000)))),
        interface_nm=float(rng.uniform(1.0, 2.5)),
        blur_px=float(rng.uniform(0.7, 1.0)),
        diffuse=float(rng.uniform(0.01, 0.03)),
        parasitic=float(rng.uniform(0.3, 1.0)),
        seed=int(rng.integers(2**31)),
    )


def power_spectrum(films: np.ndarray, *, pixel_nm: tuple[float, float]) -> np.ndarray:
    """Mean S(q) of periodic ``films`` (count, rows, columns) and their mirror images, q = 0 at [0, 0]."""
    if films.ndim != 3 or 0 in films.shape:
        raise BadParameter(f"films are planes one behind the other, not an array of shape {films.shape}")
    rows, columns = films.shape[1:]
    area = pixel_nm[0] * pixel_nm[1]
    centred = films - films.mean(axis=(1, 2), keepdims=True)
    power = np.zeros((rows, columns))
    for film in centred:
        power += np.abs(fft.fft2(film)) ** 2
    power *= area / (len(films) * rows * columns)
    mirrored = np.roll(power[::-1], 1, axis=0)  # |F|^2 is even already, so one mirror gives all four
    return np.asarray((power + mirrored) / 2)


def on_detector(power: np.ndarray, beam: Beamline, *, pixel_nm: tuple[float, float]) -> np.ndarray:
    """S(q) at the pixels of the detector, beam in its middle; zero beyond what the films resolve."""
    offsets = (np.arange(beam.size_px) - (beam.size_px - 1) / 2) * beam.step_per_nm
    centred = fft.fftshift(power)
    places = [offsets * n * d / (2 * math.pi) + n // 2 for n, d in zip(power.shape, pixel_nm, strict=True)]
    rows, columns = np.meshgrid(*places, indexing="ij")
    return np.asarray(ndimage.map_coordinates(centred, [rows, columns], order=1, mode="constant"))


def detect(films: np.ndarray, beam: Beamline, *, pixel_nm: tuple[float, float], period_nm: float) -> Pattern:
    """What the detector counts of ``films`` (periodic, one behind the other), whose usual distance is ``period_nm``."""
    y, x = axes(beam)
    q = np.hypot(x, y)
    scattering = on_detector(power_spectrum(films, pixel_nm=pixel_nm), beam, pixel_nm=pixel_nm)
    scattering = ndimage.gaussian_filter(scattering * np.exp(-((q * beam.interface_nm) ** 2)), beam.blur_px)
    first = 2 * math.pi / period_nm
    ring = np.abs(q - first) < 0.12 * first
    film = scattering / max(float(scattering[ring].mean()), 1e-12)
    halo = (0.1 / ((np.abs(x) + np.abs(y)) / first + 0.1)) ** 2.4 * 10 * beam.parasitic
    mean = beam.counts * (0.25 * film + halo + beam.diffuse)
    counted = np.random.default_rng(beam.seed).poisson(mean)
    mask = seen(beam)
    return Pattern(
        np.where(mask, counted, 0).astype(np.float32),
        qx_per_nm=x,
        qy_per_nm=y,
        mask=mask,
        centre_px=((beam.size_px - 1) / 2, (beam.size_px - 1) / 2),
        unit="counts",
        history=(f"detect({', '.join(f'{k}={v!r}' for k, v in asdict(beam).items())})",),
        notes=("simulated pattern",),
    )


def axes(beam: Beamline) -> tuple[np.ndarray, np.ndarray]:
    """qy (upwards positive) and qx of each pixel."""
    offsets = (np.arange(beam.size_px) - (beam.size_px - 1) / 2) * beam.step_per_nm
    y, x = np.meshgrid(-offsets, offsets, indexing="ij")
    return y, x


def seen(beam: Beamline) -> np.ndarray:
    """Where the detector counts: not under the stop and its arm, nor in the gaps between modules."""
    size = beam.size_px
    offset = np.arange(size) - (size - 1) / 2
    y, x = np.meshgrid(offset, offset, indexing="ij")
    mask = np.hypot(x, y) > beam.stop_px
    mask &= ~((np.abs(x) < 0.021 * size) & (y > 0))  # the arm that holds the stop
    for row in (0.08, 0.89):
        mask[round(row * size) : round(row * size) + round(0.05 * size)] = False
    return np.asarray(mask)
