r"""
Structure of single molecules as wave numbers see it, normalised to the number of sites N at k = 0:

.. math:: \omega(k) = \frac{1}{N} \sum_{i,j} \left\langle \frac{\sin k r_{ij}}{k r_{ij}} \right\rangle
          = 1 + \frac{2}{N} \sum_{n=1}^{N-1} (N - n) \, \omega_n(k)

where :math:`\omega_n` belongs to two sites n bonds apart. It is :math:`e^{-n k^2 b^2 / 6}` in a Gaussian
chain, :math:`(\sin kb / kb)^n` in a freely jointed one, and in Koyama's semiflexible chain [1]_ [2]_

.. math:: \omega_n(k) = \frac{\sin B_n k}{B_n k} e^{-A_n^2 k^2}, \quad
          B_n^2 = C_n \langle r_n^2 \rangle, \quad A_n^2 = \tfrac{1}{6} (1 - C_n) \langle r_n^2 \rangle, \quad
          C_n^2 = \frac{1}{2} \left( 5 - 3 \frac{\langle r_n^4 \rangle}{\langle r_n^2 \rangle^2} \right)

which has the right second and fourth moment at every separation. The angle between neighbouring bonds is
distributed as :math:`\exp(\kappa \cos\Theta)`, cut where second neighbours would overlap; the moments follow
from it bond by bond.

Lengths are in any one unit, wave numbers in radians per that unit.

References
----------
.. [1] R. Koyama, J. Phys. Soc. Jpn. 34, 1029 (1973), doi 10.1143/JPSJ.34.1029.
.. [2] K. G. Honnell, J. G. Curro, K. S. Schweizer, Macromolecules 23, 3496 (1990), doi 10.1021/ma00216a018.

Checked against: Debye's function, sampled chains and the published curves of [2]_, in
tests/validation/test_prism_published.py and tests/physics/test_prism_parts.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import integrate, optimize

from ...errors import BadParameter, InputError

Omega = Callable[[np.ndarray], np.ndarray]
"""omega(k) of one kind of site."""

STIFFEST = 50.0


def single(k: np.ndarray) -> np.ndarray:
    """A molecule of one site."""
    return np.ones_like(k)


def gaussian(length: int, *, bond: float = 1.0) -> Omega:
    """A Gaussian chain of ``length`` sites whose bonds have the mean square length ``bond``**2."""
    _check(length, bond)
    return lambda k: _sum_of_powers(np.exp(-(k**2) * bond**2 / 6), length)


def freely_jointed(length: int, *, bond: float = 1.0) -> Omega:
    """A chain of ``length`` sites with stiff bonds that turn freely."""
    _check(length, bond)
    return lambda k: _sum_of_powers(np.sinc(k * bond / np.pi), length)


def gaussian_ring(length: int, *, bond: float = 1.0) -> Omega:
    """A closed Gaussian chain of ``length`` sites."""
    _check(length, bond)
    apart = np.arange(1, length)
    weight = apart * (length - apart) / length

    def omega(k: np.ndarray) -> np.ndarray:
        return 1 + _blockwise(k, lambda part: np.exp(-np.outer(part**2, weight) * bond**2 / 6).sum(1))

    return omega


def koyama(length: int, *, bond: float, stiffness: float = 0.0, diameter: float = 1.0) -> Omega:
    """
    A semiflexible chain of ``length`` sites of ``diameter`` whose bonds prefer to go straight on.

    ``stiffness`` is kappa, the bending energy in kT; second neighbours do not overlap.
    """
    _check(length, bond)
    squared, fourth = moments(length, bond=bond, stiffness=stiffness, diameter=diameter)
    shape = np.sqrt(np.clip((5 - 3 * fourth / squared**2) / 2, 0, 1))
    b, a2 = np.sqrt(shape * squared), (1 - shape) * squared / 6
    count = 2 / length * (length - np.arange(1, length))

    def block(k: np.ndarray) -> np.ndarray:
        return np.asarray((np.sinc(np.outer(k, b) / np.pi) * np.exp(-np.outer(k**2, a2))) @ count)

    return lambda k: 1 + _blockwise(k, block)


def moments(length: int, *, bond: float, stiffness: float, diameter: float) -> tuple[np.ndarray, np.ndarray]:
    """<r^2> and <r^4> of sites 1 to ``length`` - 1 bonds apart in the chain that ``koyama`` describes."""
    cosine, legendre = _turns(bond, stiffness, diameter)
    r2 = ru = r4 = r2ru = ru2 = 0.0  # means of r^2, r.u, r^4, r^2 (r.u), (r.u)^2; u: direction of the last bond
    squared, fourth = np.empty(length - 1), np.empty(length - 1)
    for n in range(length - 1):
        forward, across = cosine * ru, (1 - legendre) / 3 * r2 + legendre * ru2  # of r on the next bond; its square
        r4 += bond**4 + 2 * bond**2 * r2 + 4 * bond**2 * across + 4 * bond * cosine * r2ru + 4 * bond**3 * forward
        r2ru = cosine * r2ru + bond * r2 + 2 * bond * across + 3 * bond**2 * forward + bond**3
        ru2 = across + 2 * bond * forward + bond**2
        r2 += 2 * bond * forward + bond**2
        ru = forward + bond
        squared[n], fourth[n] = r2, r4
    return squared, fourth


def stiffness_for(ratio: float, length: int, *, bond: float, diameter: float = 1.0) -> float:
    """The ``stiffness`` at which <R^2> / ((N - 1) bond^2) of a chain of ``length`` sites is ``ratio``."""

    def excess(stiffness: float) -> float:
        squared, _ = moments(length, bond=bond, stiffness=stiffness, diameter=diameter)
        return float(squared[-1] / ((length - 1) * bond**2)) - ratio

    if excess(-STIFFEST) > 0 or excess(STIFFEST) < 0:
        raise BadParameter(f"no chain of {length} sites has <R^2> = {ratio:g} (N - 1) b^2; ratios from 1.3 to 3 are usual")
    return float(optimize.brentq(excess, -STIFFEST, STIFFEST))


def tabulated(k: np.ndarray, omega: np.ndarray) -> Omega:
    """
    A measured or simulated omega(k), between its points by straight lines.

    Below its first point it is even in k; above its last it keeps its last value, so the table must reach
    wave numbers where omega is flat.
    """
    k, omega = np.asarray(k, float), np.asarray(omega, float)
    if k.ndim != 1 or k.shape != omega.shape or len(k) < 2 or not (np.isfinite(k).all() and np.isfinite(omega).all()):
        raise InputError("a table of omega(k) has two columns of the same length, finite, of at least 2 rows")
    if k[0] < 0 or (np.diff(k) <= 0).any():
        raise InputError("the wave numbers of a table of omega(k) must rise from zero or above")
    return lambda wanted: np.interp(wanted**2, k**2, omega)


def _check(length: int, bond: float) -> None:
    if length < 1 or not bond > 0:
        raise BadParameter(f"a chain of {length} sites with bonds of {bond:g} cannot be; give a site or more and a positive bond")


def _turns(bond: float, stiffness: float, diameter: float) -> tuple[float, float]:
    """Mean cosine of the angle between neighbouring bonds, and mean of its second Legendre polynomial."""
    least = diameter**2 / (2 * bond**2) - 1
    if least >= 1:
        raise BadParameter(f"sites of diameter {diameter:g} overlap along bonds of {bond:g}; bonds must exceed half of it")
    least = max(least, -1.0)
    peak = stiffness if stiffness > 0 else stiffness * least

    def mean(power: int) -> float:
        found, _ = integrate.quad(lambda c: c**power * math.exp(stiffness * c - peak), least, 1)
        return float(found)

    total = mean(0)
    return mean(1) / total, 1.5 * mean(2) / total - 0.5


def _sum_of_powers(f: np.ndarray, length: int) -> np.ndarray:
    """1 + 2/N sum (N - n) f^n by Horner's rule, which loses no digits at small wave numbers."""
    total = np.zeros_like(f)
    for n in range(length - 1, 0, -1):
        total += length - n
        total *= f
    return np.asarray(1 + 2 / length * total)


def _blockwise(k: np.ndarray, function: Callable[[np.ndarray], np.ndarray], size: int = 512) -> np.ndarray:
    return np.concatenate([function(k[i : i + size]) for i in range(0, len(k), size)])
