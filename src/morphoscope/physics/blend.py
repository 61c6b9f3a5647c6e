r"""
Phase separation of a blend of two polymers: Cahn-Hilliard dynamics with the Flory-Huggins free energy.

Free energy of mixing per lattice site, in kT, of chains of ``n_a`` and ``n_b`` segments [1]_:

.. math:: f(\phi) = \frac{\phi}{N_A} \ln \phi + \frac{1 - \phi}{N_B} \ln (1 - \phi) + \chi \phi (1 - \phi)

The mixture is unstable where f'' < 0, that is above the spinodal

.. math:: \chi_s(\phi) = \frac{1}{2} \left( \frac{1}{N_A \phi} + \frac{1}{N_B (1 - \phi)} \right), \qquad
          \chi_c = \frac{1}{2} \left( \frac{1}{\sqrt{N_A}} + \frac{1}{\sqrt{N_B}} \right)^2

and separates into the two compositions that share a tangent (the binodal). Its composition evolves by [2]_

.. math:: \frac{\partial \phi}{\partial t} = M \nabla^2 \left( f'(\phi) - \kappa \nabla^2 \phi \right)

with constant mobility and no noise but the initial one. The step is semi-implicit in Fourier space with a
stabilising term A as large as half the steepest f'' in the field, which keeps the free energy falling [3]_;
the mean composition never changes.

**Units.** Energies are divided by ``energy`` = 2 |chi - chi_c| kT, so that f'' is about -1 in the middle
of a quenched symmetric blend. Lengths are in pixels, and kappa = ``energy`` * ``interface_px``**2: the
width of an interface in pixels is a choice, after which a pixel may be given any length in nm, because
late morphologies of different age differ by a factor of length only. One unit of time is
1 / (M * ``energy``) square pixels; the fastest growing wave of a symmetric blend is about
8.9 ``interface_px`` long and grows by e in 4 ``interface_px``**2 units.

References
----------
.. [1] P. J. Flory, J. Chem. Phys. 10, 51 (1942), doi 10.1063/1.1723621.
.. [2] J. W. Cahn, J. E. Hilliard, J. Chem. Phys. 28, 258 (1958), doi 10.1063/1.1744102.
.. [3] D. J. Eyre, MRS Proc. 529, 39 (1998), doi 10.1557/PROC-529-39; L.-Q. Chen, J. Shen, Comput. Phys.
   Commun. 108, 147 (1998), doi 10.1016/S0010-4655(97)00115-X.

Checked against: the common tangent, linear growth rates, an interface's excess energy and the coarsening
exponent 1/3, in tests/validation/test_blend.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import fft, optimize

from ..errors import BadParameter

WORKERS = 2
STEEPEST = 12.0
"""
Largest f'' (in units of ``energy``) that is followed. Where a coexisting phase is so pure that f'' is
larger, f' goes on as the straight line of that slope through the coexisting composition.
"""
BISECTIONS = 1000
"""Steps that root finding may take between ends a million apart; the usual hundred are too few for rare blends."""


@dataclass(frozen=True)
class Blend:
    """``phi`` is the volume fraction of A; ``chi`` is per lattice site; ``n_a``, ``n_b`` are segments per chain."""

    chi: float
    phi: float = 0.5
    n_a: float = 100.0
    n_b: float = 100.0

    def __post_init__(self) -> None:
        if not 0 < self.phi < 1:
            raise BadParameter(f"composition={self.phi:g} must lie between 0 and 1")
        if min(self.n_a, self.n_b) < 1:
            raise BadParameter(f"a chain of {min(self.n_a, self.n_b):g} segments cannot be; give at least 1")

    def free_energy(self, phi: np.ndarray) -> np.ndarray:
        """f(phi) in kT per site."""
        return np.asarray(phi * np.log(phi) / self.n_a + (1 - phi) * np.log1p(-phi) / self.n_b + self.chi * phi * (1 - phi))

    def slope(self, phi: np.ndarray) -> np.ndarray:
        """f'(phi), the exchange chemical potential."""
        entropy = (np.log(phi) + 1) / self.n_a - (np.log1p(-phi) + 1) / self.n_b
        return np.asarray(entropy + self.chi * (1 - 2 * phi))

    def curvature(self, phi: np.ndarray) -> np.ndarray:
        """f''(phi); negative inside the spinodal."""
        return np.asarray(1 / (self.n_a * phi) + 1 / (self.n_b * (1 - phi)) - 2 * self.chi)

    @property
    def chi_spinodal(self) -> float:
        """chi at which a mixture of this composition turns unstable."""
        return 0.5 * (1 / (self.n_a * self.phi) + 1 / (self.n_b * (1 - self.phi)))

    @property
    def chi_critical(self) -> float:
        """Smallest chi at which a mixture of any composition turns unstable."""
        return 0.5 * (1 / math.sqrt(self.n_a) + 1 / math.sqrt(self.n_b)) ** 2

    @property
    def energy(self) -> float:
        """The unit of energy, 2 |chi - chi_c| kT, at least a twentieth of 2 chi_c."""
        return 2 * max(abs(self.chi - self.chi_critical), 0.05 * self.chi_critical)

    def spinodal(self) -> tuple[float, float] | None:
        """Compositions between which the mixture is unstable, or None at or below the critical chi."""
        if self.chi <= self.chi_critical:
            return None
        b = 1 / self.n_b - 1 / self.n_a - 2 * self.chi
        root = math.sqrt(b * b - 8 * self.chi / self.n_a)
        return (-b - root) / (4 * self.chi), (-b + root) / (4 * self.chi)

    def binodal(self) -> tuple[float, float] | None:
        """Coexisting compositions (poor and rich in A) by the common tangent; None at or below the critical chi."""
        tangent = self.tangent()
        return None if tangent is None else (_expit(tangent[0]), _expit(tangent[1]))

    def tangent(self) -> tuple[float, float, float] | None:
        """Log odds ln(phi / (1 - phi)) of the two coexisting compositions, and the slope of their common tangent."""
        spinodal = self.spinodal()
        if spinodal is None or spinodal[1] - spinodal[0] < 1e-6:
            return None
        left, right = (math.log(p / (1 - p)) for p in spinodal)

        def touch(slope: float) -> tuple[float, float]:
            low = optimize.brentq(lambda z: self._slope_at(z) - slope, -1e6, left, xtol=1e-13, maxiter=BISECTIONS)
            high = optimize.brentq(lambda z: self._slope_at(z) - slope, right, 1e6, xtol=1e-13, maxiter=BISECTIONS)
            return low, high

        def gap(slope: float) -> float:
            low, high = touch(slope)
            rise = self._energy_at(high) - self._energy_at(low)
            return rise - slope * (_expit(high) - _expit(low))

        bottom, top = self._slope_at(right), self._slope_at(left)
        margin = 1e-9 * (top - bottom)
        slope = float(optimize.brentq(gap, bottom + margin, top - margin, xtol=1e-15, maxiter=BISECTIONS))
        return (*touch(slope), slope)

    def _slope_at(self, z: float) -> float:
        """f' at phi = 1 / (1 + exp(-z)), exact however close to a pure polymer."""
        log_a, log_b = _log_expit(z), _log_expit(-z)
        return (log_a + 1) / self.n_a - (log_b + 1) / self.n_b + self.chi * (_expit(-z) - _expit(z))

    def _energy_at(self, z: float) -> float:
        log_a, log_b = _log_expit(z), _log_expit(-z)
        a, b = _expit(z), _expit(-z)
        return a * log_a / self.n_a + b * log_b / self.n_b + self.chi * a * b

    @property
    def state(self) -> str:
        """What equilibrium thermodynamics says: "miscible", "metastable" or "immiscible"."""
        if self.chi > self.chi_spinodal:
            return "immiscible"
        binodal = self.binodal()
        return "metastable" if binodal is not None and binodal[0] < self.phi < binodal[1] else "miscible"


def _expit(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


def _log_expit(z: float) -> float:
    return -math.log1p(math.exp(-z)) if z > 0 else z - math.log1p(math.exp(z))


def mixed(rng: np.random.Generator, blend: Blend, *, size_px: int, noise: float = 0.01) -> np.ndarray:
    """A mixed blend with white composition noise of standard deviation ``noise`` min(phi, 1 - phi)."""
    ripple = rng.standard_normal((size_px, size_px))
    ripple -= ripple.mean()
    return np.asarray(blend.phi + noise * min(blend.phi, 1 - blend.phi) * ripple)


class Evolution:
    """
    A blend in time. ``spectrum`` (the composition's transform) and ``time`` are its whole state, so that a
    copy of both goes on exactly as the original would.
    """

    def __init__(self, blend: Blend, composition: np.ndarray, *, interface_px: float = 1.0) -> None:
        if composition.ndim != 2 or min(composition.shape) < 4:
            raise BadParameter(f"a composition map has at least 4 x 4 pixels, not {composition.shape}")
        self.blend, self.shape = blend, composition.shape
        self.spectrum = fft.rfft2(composition, workers=WORKERS)
        self.time = 0.0
        self.kappa = interface_px**2
        ky, kx = 2 * np.pi * np.fft.fftfreq(self.shape[0]), 2 * np.pi * np.fft.rfftfreq(self.shape[1])
        self.k2 = ky[:, None] ** 2 + kx[None, :] ** 2
        (self.low, self.low_slope), (self.high, self.high_slope) = (self._cut(end) for end in (0, 1))

    def _cut(self, end: int) -> tuple[float, float]:
        """Composition beyond which f' is a straight line, and the slope of that line."""
        blend, steepest = self.blend, STEEPEST * self.blend.energy
        tangent = blend.tangent()
        if tangent is None:
            edge = 0.05 * blend.phi if end == 0 else 1 - 0.05 * (1 - blend.phi)
            return edge, float(blend.curvature(np.array(edge)))
        pure, other = _expit(tangent[end]), _expit(tangent[1 - end])
        if 1e-12 < pure < 1 - 1e-12 and float(blend.curvature(np.array(pure))) <= steepest:
            return pure, float(blend.curvature(np.array(pure)))

        def excess(phi: float) -> float:
            return float(blend.slope(np.array(phi))) - tangent[2] - steepest * (phi - pure)

        near, middle = pure + (other - pure) * 1e-9, (pure + other) / 2
        return float(optimize.brentq(excess, near, middle)), steepest

    @property
    def composition(self) -> np.ndarray:
        """Volume fraction of A at each pixel."""
        return np.asarray(fft.irfft2(self.spectrum, s=self.shape, workers=WORKERS))

    def potential(self, phi: np.ndarray) -> tuple[np.ndarray, float]:
        """f' in units of ``energy``, and the steepest f'' met."""
        inside = np.clip(phi, self.low, self.high)
        slope = self.blend.slope(inside)
        least, most = float(phi.min()), float(phi.max())
        if least < self.low or most > self.high:
            slope = slope + (phi - inside) * np.where(phi < self.low, self.low_slope, self.high_slope)
        ends = np.clip(np.array([least, most]), self.low, self.high)
        steep = max(
            float(self.blend.curvature(ends).max()), self.low_slope * (least < self.low), self.high_slope * (most > self.high)
        )
        return np.asarray(slope / self.blend.energy), steep / self.blend.energy

    def step(self, until: float) -> None:
        """One step, short while the first waves grow and longer as the domains age, but not beyond time ``until``."""
        slope, steep = self.potential(self.composition)
        stabiliser = max(0.5 * steep, 0.5)
        dt = min(2.0 / stabiliser, 1.0, 0.05 + 0.01 * self.time, until - self.time)
        held = self.k2 * (stabiliser + self.kappa * self.k2)
        drive = fft.rfft2(slope, workers=WORKERS) - stabiliser * self.spectrum
        moved = (self.spectrum - dt * self.k2 * drive) / (1 + dt * held)
        moved[0, 0] = self.spectrum[0, 0]
        self.spectrum = moved
        self.time = until if until - self.time <= dt else self.time + dt


def structure_factor(composition: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""
    Wave number (rad per pixel) and angular mean of :math:`|\hat\phi(k) - \hat\phi(0)|^2 / n`, in rings one wave wide.
    """
    height, width = composition.shape
    spectrum = np.abs(fft.rfft2(composition - composition.mean(), workers=WORKERS)) ** 2 / composition.size
    ky, kx = 2 * np.pi * np.fft.fftfreq(height), 2 * np.pi * np.fft.rfftfreq(width)
    k = np.hypot(ky[:, None], kx[None, :])
    weight = np.where((kx == 0) | (np.isclose(kx, np.pi)), 1.0, 2.0)[None, :] * np.ones_like(k)
    width_k = 2 * np.pi / min(height, width)
    ring = np.rint(k / width_k).astype(int)
    rings = min(height, width) // 2
    kept = (ring > 0) & (ring <= rings)
    count, total, radius = (np.bincount(ring[kept], (weight * v)[kept], rings + 1)[1:] for v in (np.ones_like(k), spectrum, k))
    return radius / count, total / count


def domain_size_px(composition: np.ndarray) -> float:
    """Mean wavelength 2 pi / k1, where k1 is the first moment of the ring-averaged structure factor."""
    k, s = structure_factor(composition)
    return float(2 * np.pi * s.sum() / (k * s).sum())


def phase_compositions(composition: np.ndarray) -> tuple[float, float]:
    """Median composition inside each of the two phases, away from interfaces."""
    middle = (float(composition.min()) + float(composition.max())) / 2
    steep = np.hypot(*np.gradient(composition))
    flat = steep <= 0.1 * steep.max()
    poor, rich = composition[flat & (composition < middle)], composition[flat & (composition >= middle)]
    fallback = float(composition.mean())
    return (float(np.median(poor)) if poor.size else fallback), (float(np.median(rich)) if rich.size else fallback)
