"""Simulated scattering of known truth, for the tests of measure/scattering."""

from __future__ import annotations

import numpy as np

from morphoscope.measure.scattering.curves import Scattered


def noisy(q, intensity, relative, rng, *, background=0.0):
    """A curve with Gaussian errors of ``relative`` size, stated in its file."""
    truth = intensity + background
    error = relative * truth
    return Scattered(q, truth + error * rng.standard_normal(len(q)), error, True)


def exact(q, intensity):
    """The same without noise, its errors 0.1 % and not stated."""
    return Scattered(q, intensity, 1e-3 * np.abs(intensity) + 1e-12 * np.abs(intensity).max(), False)


def coil(q, rg):
    """Debye's Gaussian coil, 1 at q = 0."""
    x = (q * rg) ** 2
    return 2 * (np.exp(-x) - 1 + x) / x**2


def stack(q, *, thick, thin, spread):
    """q² I of a paracrystalline stack of two layers (Hosemann, Tchoubar), ``spread`` the sd of each thickness."""
    one, two = (np.exp(1j * q * d - (q * s) ** 2 / 2) for d, s in ((thick, spread), (thin, spread)))
    return np.real((1 - one) * (1 - two) / (1 - one * two)) / q**2


def with_peaks(q, places, *, width, heights, power=3.0, level=1.0, flat=0.0):
    """Gaussian peaks of full width ``width`` on a power law."""
    made = level * (q / q[0]) ** -power + flat
    for place, height in zip(places, heights, strict=True):
        made = made + height * np.exp(-4 * np.log(2) * ((q - place) / width) ** 2)
    return made
