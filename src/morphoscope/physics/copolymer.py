r"""
Block copolymer films on a chemical grating: the Ohta-Kawasaki model with a surface field, in a plane.

The order parameter psi (positive where one block is rich, bright in the micrograph) evolves by [1]_ [2]_

.. math:: \frac{\partial \psi}{\partial t} = \nabla^2 \left( \psi^3 - \psi - \nabla^2 \psi - h\,g(x) \right)
          - \alpha \left( \psi - m(x) \right) + \eta, \qquad
          g(x) = \frac{\tanh\left( s\,(\cos(2 \pi x / P) - o) \right)}{\tanh s}, \qquad m(x) = m_0 + m_1\,g(x)

with the stripes' field ``h`` and pitch ``P``, the blend's mean composition ``m0``, which follows the stripes by
``m1``, and thermal noise eta. A mixed film grows fastest at the wave number

.. math:: k^* = \sqrt{(1 - 3 m_0^2) / 2} \qquad \text{where} \quad 4 \alpha < (1 - 3 m_0^2)^2

and coarsens towards the period of least energy, L0 = 2 pi / alpha^(1/4), in which lengths are given. A film of two layers
(``tilt_deg``) has an upper layer whose lines keep their natural period on wider ones below by turning, to either hand
grain by grain [3]_; the plane then holds the upper layer, and the lower one stays the grating's. The field and the
composition wander slowly over the film, as dose and thickness do. The step is semi-implicit in Fourier space
(stabilised by C = 1), single precision; the box is periodic and holds a whole number of stripes.

References
----------
.. [1] T. Ohta, K. Kawasaki, Macromolecules 19, 2621 (1986), doi 10.1021/ma00164a028.
.. [2] Y. Oono, S. Puri, Phys. Rev. A 38, 434 (1988), doi 10.1103/PhysRevA.38.434.
.. [3] G. S. Doerk et al., Sci. Adv. 9, eadd3687 (2023), doi 10.1126/sciadv.add3687.

Checked against: the growth rate of each wave, conservation of the composition, and the period of the film that forms,
in tests/physics/test_copolymer.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import fft

from ..errors import BadParameter

KINDS = ("hexagonal", "skew", "alternating lines", "ladders")
"""The morphologies that ``draw`` aims at; what a film shows is measured on it."""
LOWER = 0.2
"""Amplitude with which the lines of a lower layer show through the upper one."""
ALPHA = 0.12
STEP = 0.8
NATURAL = 2 * math.pi / ALPHA**0.25
"""L0 in the model's own unit of length."""
PIXELS = 6
"""Pixels of the simulation per natural period."""


@dataclass(frozen=True)
class Film:
    """
    A film and its grating: compositions and fields in the model's units, ``pitch`` and ``wander`` lengths in L0.

    ``offset`` and ``sharpness`` shape the stripes; ``roughness`` is the share by which field and composition wander.
    """

    composition: float = 0.0
    modulation: float = 0.0
    field: float = 0.03
    pitch: float = 1.0
    offset: float = 0.0
    sharpness: float = 2.0
    tilt_deg: float = 0.0
    noise: float = 0.1
    roughness: float = 0.3
    steps: int = 170

    def __post_init__(self) -> None:
        for name, low, high in (("composition", -0.5, 0.5), ("pitch", 0.3, 6.0), ("sharpness", 0.1, 20.0), ("steps", 1, 10**6)):
            if not low <= getattr(self, name) <= high:
                raise BadParameter(f"{name}={getattr(self, name):g} must lie between {low:g} and {high:g}")


def evolve(
    film: Film, *, rng: np.random.Generator, shape: tuple[int, int] = (416, 640), count: int = 1, start: float = 0.15
) -> np.ndarray:
    """
    ``count`` independent films (count, rows, columns) of ``shape``, six pixels to a natural period, from the mixed state.

    ``start`` is the standard deviation of the white noise in the mixed film.

    Columns are stretched by less than half a stripe in all so that a whole number of stripes fits.
    """
    rows, columns = shape
    dy, dx = spacing(film, columns)
    ky = (2 * np.pi * fft.fftfreq(rows, dy)).astype(np.float32)[:, None]
    kx = (2 * np.pi * fft.rfftfreq(columns, dx)).astype(np.float32)[None]
    k2 = ky**2 + kx**2
    denominator = 1 / (1 + np.float32(STEP) * (k2**2 + np.float32(ALPHA) + k2))
    slope = np.float32(STEP) * k2
    return np.stack([_one(film, rng, shape, (dy, dx), slope, denominator, start) for _ in range(count)])


def spacing(film: Film, columns: int) -> tuple[float, float]:
    """Width of a pixel along rows (y) and columns (x), in the model's unit."""
    step = NATURAL / PIXELS
    stripes = max(1, round(columns * step / (film.pitch * NATURAL)))
    return step, stripes * film.pitch * NATURAL / columns


def _one(
    film: Film,
    rng: np.random.Generator,
    shape: tuple[int, int],
    step: tuple[float, float],
    slope: np.ndarray,
    denominator: np.ndarray,
    start: float,
) -> np.ndarray:
    field, mean, below = _surroundings(film, rng, shape, step)
    source = np.float32(STEP * ALPHA) * fft.rfft2(mean)
    psi = mean + np.float32(start) * rng.standard_normal(shape, dtype=np.float32)
    spectrum = fft.rfft2(psi)
    heat = np.float32(film.noise * math.sqrt(STEP))
    for number in range(film.steps):
        force = psi * (psi * psi - np.float32(2)) - field
        spectrum += source - slope * fft.rfft2(force, overwrite_x=True)
        if heat > 0 and number % 4 == 0 and number < 0.85 * film.steps:
            spectrum += heat * fft.rfft2(rng.standard_normal(shape, dtype=np.float32))
        spectrum *= denominator
        psi = fft.irfft2(spectrum, s=shape)
    return np.asarray(psi + below, np.float32)


def _surroundings(
    film: Film, rng: np.random.Generator, shape: tuple[int, int], step: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The surface field and the mean composition at each place, and what shows of a lower layer."""
    y, x = (np.arange(n) * d for n, d in zip(shape, step, strict=True))
    phase, other = rng.uniform(0, 2 * np.pi, 2)
    wave = np.cos(2 * np.pi * x / (film.pitch * NATURAL) + phase) - film.offset
    stripes = (np.tanh(film.sharpness * wave) / math.tanh(film.sharpness))[None]
    strength = np.clip(1 + film.roughness * slow(rng, shape), 0, 2)
    mean = film.composition + film.modulation * stripes * strength + 0.05 * film.roughness * slow(rng, shape)
    below = np.zeros(1, np.float32)
    if film.tilt_deg:
        below = (LOWER * np.cos(2 * np.pi * x / (film.pitch * NATURAL) + phase)).astype(np.float32)[None]
        turned = math.radians(film.tilt_deg)
        hand = np.tanh(4 * slow(rng, shape, length=40.0) + rng.choice([-6.0, 6.0]))
        across = 2 * np.pi / NATURAL * math.cos(turned) * x[None]
        along = 2 * np.pi / NATURAL * math.sin(turned) * y[:, None]
        bend = other + 3 * film.roughness * slow(rng, shape)
        stripes = np.where(hand > 0, np.cos(across + along + bend), np.cos(across - along + bend))
    return (film.field * stripes * strength).astype(np.float32), mean.astype(np.float32), below


def slow(rng: np.random.Generator, shape: tuple[int, int], *, length: float = 7.0) -> np.ndarray:
    """A periodic random field of unit variance that varies over ``length`` natural periods."""
    white = rng.standard_normal(shape, dtype=np.float32)
    ky, kx = fft.fftfreq(shape[0])[:, None], fft.rfftfreq(shape[1])[None]
    sigma = length * PIXELS
    smooth = fft.irfft2(fft.rfft2(white) * np.exp(-2 * (np.pi * sigma) ** 2 * (ky**2 + kx**2)), s=shape)
    smooth -= smooth.mean()
    return np.asarray(smooth / max(float(smooth.std()), 1e-12))


def enlarge(psi: np.ndarray, factor: int = 2) -> np.ndarray:
    """The same periodic field on a grid ``factor`` times finer, exact for every wave it holds."""
    rows, columns = psi.shape
    spectrum = fft.rfft2(psi)
    fine = np.zeros((rows * factor, columns * factor // 2 + 1), spectrum.dtype)
    half = rows // 2
    fine[:half, : columns // 2] = spectrum[:half, : columns // 2]
    fine[-half:, : columns // 2] = spectrum[-half:, : columns // 2]
    return np.asarray(fft.irfft2(fine, s=(rows * factor, columns * factor)) * factor**2)


def draw(kind: str, rng: np.random.Generator) -> Film:
    """A film that will most likely show ``kind``."""

    def u(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    general = {"noise": u(0.06, 0.13), "roughness": u(0.1, 0.35), "steps": int(rng.integers(120, 200))}
    if kind == "hexagonal":
        return Film(-u(0.21, 0.29), 0.0, u(0.006, 0.025), u(0.82, 1.02), **general)  # type: ignore[arg-type]
    if kind == "skew":
        tilt = u(20.0, 50.0)
        pitch = 1 / math.cos(math.radians(tilt))
        return Film(u(-0.06, 0.08), 0.0, u(0.015, 0.045), pitch, tilt_deg=tilt, **general)  # type: ignore[arg-type]
    if kind == "alternating lines":
        return Film(-u(0.05, 0.12), u(0.035, 0.085), u(0.035, 0.05), u(1.68, 1.86), u(0.5, 0.7), 2.0, **general)  # type: ignore[arg-type]
    if kind == "ladders":
        return Film(u(0.17, 0.23), 0.0, u(0.05, 0.08), u(1.27, 1.42), u(0.5, 0.65), u(3.0, 4.0), **general)  # type: ignore[arg-type]
    raise BadParameter(f"no morphology {kind!r}; they are {', '.join(KINDS)}")
