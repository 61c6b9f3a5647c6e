r"""
A radial grid and the three-dimensional Fourier transform of functions of distance alone:

.. math:: \hat f(k) = \frac{4 \pi}{k} \int_0^\infty r f(r) \sin kr \, dr, \qquad
          f(r) = \frac{1}{2 \pi^2 r} \int_0^\infty k \hat f(k) \sin kr \, dk

Both integrals are sums on equally spaced points (the type I sine transform), which are exact inverses of
each other. Lengths are in whatever unit ``dr`` is in.

Checked against: the transforms of a Gaussian and of a sphere, in tests/physics/test_prism_parts.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import fft

from ...errors import BadParameter


@dataclass(frozen=True)
class Grid:
    """``points`` distances ``dr``, 2 ``dr``, ...; 2^n - 1 of them transform fastest."""

    dr: float
    points: int

    def __post_init__(self) -> None:
        if not self.dr > 0 or self.points < 8:
            raise BadParameter(
                f"a grid of {self.points} points, {self.dr:g} apart, is none; give 8 or more, a positive step apart"
            )

    @cached_property
    def r(self) -> np.ndarray:
        """Distances."""
        return self.dr * np.arange(1, self.points + 1)

    @property
    def dk(self) -> float:
        """Step of the wave numbers."""
        return float(np.pi / (self.dr * (self.points + 1)))

    @cached_property
    def k(self) -> np.ndarray:
        """Wave numbers in radians per length."""
        return self.dk * np.arange(1, self.points + 1)

    def to_k(self, f: np.ndarray) -> np.ndarray:
        """Transform of ``f`` along its last axis."""
        return np.asarray(2 * np.pi * self.dr / self.k * fft.dst(f * self.r, type=1))

    def to_r(self, f: np.ndarray) -> np.ndarray:
        """Inverse of ``to_k``."""
        return np.asarray(self.dk / (4 * np.pi**2) / self.r * fft.dst(f * self.k, type=1))

    def coarser(self) -> Grid:
        """The grid of every second point."""
        return Grid(2 * self.dr, self.points // 2)
