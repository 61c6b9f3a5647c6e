r"""
Form factors: spheres of one size or of Schulz's or a log-normal distribution, and cylinders in all directions.

All give :math:`\langle F^2 \rangle / \langle V \rangle` in nm³: times the volume fraction and the contrast squared it is the
scattering of dilute particles. Sphere [1]_ and cylinder [2]_:

.. math:: F = 4 \pi \frac{\sin qR - qR \cos qR}{q^3}, \qquad
          \langle F^2 \rangle = \int_0^1 \left[ 2 V\, \frac{\sin(q L u / 2)}{q L u / 2}\,
          \frac{J_1(q R \sqrt{1 - u^2})}{q R \sqrt{1 - u^2}} \right]^2 du

Schulz's distribution of R (a gamma distribution of shape :math:`a = 1 / s^2`, s the relative standard deviation) has a
closed form [3]_, because with :math:`\theta = \bar R / a`

.. math:: \langle R^k e^{2 i q R} \rangle = \theta^k \frac{\Gamma(a + k)}{\Gamma(a)} (1 - 2 i q \theta)^{-(a + k)}

The log-normal one, and the cylinder's radius, are summed. Sizes are number averages.

References
----------
.. [1] Lord Rayleigh, Proc. R. Soc. A 84, 25 (1910), doi 10.1098/rspa.1910.0054.
.. [2] A. Guinier and G. Fournet, Small-Angle Scattering of X-rays (1955), chapter 2.
.. [3] M. Kotlarchyk and S.-H. Chen, J. Chem. Phys. 79, 2461 (1983), doi 10.1063/1.446055.

Checked against: forward and Guinier limits, sums over sizes, thin rods and discs, in tests/validation/test_form_factors.py.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
from scipy import interpolate, special

DISTRIBUTIONS = ("none", "schulz", "lognormal")
LEAST_WIDTH = 1e-3
NODES = 41
CYLINDER_NODES = 21
COUNTS = (40, 60, 90, 130, 200, 300, 450, 650)


def sphere(q: np.ndarray, *, radius: float, width: float = 0.0, distribution: str = "schulz") -> np.ndarray:
    """Spheres of mean ``radius`` whose standard deviation is ``width`` of it."""
    if distribution == "none" or width < LEAST_WIDTH:
        return _sphere_squared(q, radius) / (4 / 3 * math.pi * radius**3)
    if distribution == "schulz":
        return _schulz(q, radius, width)
    sigma = math.sqrt(math.log1p(width**2))
    count = max(NODES, min(2000, math.ceil(2.5 * float(q.max()) * radius * sigma)))
    sizes, shares = _lognormal_nodes(radius, sigma, count)
    volume = float((shares * 4 / 3 * math.pi * sizes**3).sum())
    return np.asarray(sum(share * _sphere_squared(q, size) for size, share in zip(sizes, shares, strict=True)) / volume)


def _sphere_squared(q: np.ndarray, radius: float) -> np.ndarray:
    x = q * radius
    safe = np.maximum(x, 1e-2)
    shape = np.where(x < 1e-2, 1 - x**2 / 10, 3 * (np.sin(safe) - safe * np.cos(safe)) / safe**3)
    return np.asarray((4 / 3 * math.pi * radius**3 * shape) ** 2)


def _schulz(q: np.ndarray, radius: float, width: float) -> np.ndarray:
    a = 1 / width**2
    theta = radius / a
    x = q * radius
    small = x < 0.15 / (1 + 4 * width)
    wave = np.where(small, 0.15 / radius, q)
    t = wave * theta
    powers = [np.exp(-(a + k) * np.log1p(-2j * t)) for k in (0, 1, 2)]
    second = t**2 * a * (a + 1)
    squared = 8 * math.pi**2 / wave**6 * (
        1 - powers[0].real - 2 * t * a * powers[1].imag + second + second * powers[2].real
    )  # fmt: skip
    squared = np.where(small, _schulz_series(q, a, theta), squared)
    return np.asarray(squared / (4 / 3 * math.pi * theta**3 * _rising(a, 3)))


def _schulz_series(q: np.ndarray, a: float, theta: float) -> np.ndarray:
    """The first terms in q, where the closed form is a small difference of large numbers."""
    terms = (1.0, -1 / 5, 3 / 175, -4 / 4725, 2 / 72765)
    series = sum(c * (q * theta) ** (2 * k) * _rising(a, 6 + 2 * k) for k, c in enumerate(terms))
    return np.asarray((4 / 3 * math.pi) ** 2 * theta**6 * series)


def _rising(a: float, k: int) -> float:
    """a (a + 1) ... (a + k - 1), the k-th moment of a gamma distribution of unit scale."""
    return math.prod(a + j for j in range(k))


def _lognormal_nodes(mean: float, sigma: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    z = np.linspace(-6, 6 + 6 * sigma, count)  # R^6 shifts the weight by 6 sigma
    share = np.exp(-(z**2) / 2)
    return mean * np.exp(sigma * z - sigma**2 / 2), share / share.sum()


def cylinder(
    q: np.ndarray, *, radius: float, length: float, width: float = 0.0, distribution: str = "schulz"
) -> np.ndarray:  # fmt: skip
    """Cylinders in all directions; ``width`` is the relative standard deviation of the radius."""
    sizes, shares = np.array([radius]), np.ones(1)
    if distribution != "none" and width >= LEAST_WIDTH:
        sizes, shares = _sizes(radius, width, distribution)
    squared = _directions(q, sizes, shares, length)
    return np.asarray(squared / (math.pi * length * float((shares * sizes**2).sum())))


def _sizes(radius: float, width: float, distribution: str) -> tuple[np.ndarray, np.ndarray]:
    if distribution == "lognormal":
        return _lognormal_nodes(radius, math.sqrt(math.log1p(width**2)), CYLINDER_NODES)
    a = 1 / width**2
    ends = special.gammaincinv(np.array([a, a + 4]), [1e-6, 1 - 1e-6])  # R^4 shifts the weight
    x = np.linspace(ends[0], ends[1], CYLINDER_NODES)
    log = (a - 1) * np.log(np.maximum(x, 1e-12)) - x
    share = np.exp(log - log.max())
    return x * radius / a, share / share.sum()


def _directions(q: np.ndarray, radii: np.ndarray, shares: np.ndarray, length: float) -> np.ndarray:
    """
    Average of F squared over u, the cosine of the angle to the axis, by Gauss and Legendre.

    The factor of the cross-section, averaged over radii, depends on q sqrt(1 - u²) alone, so it is tabled first.
    """
    highest, widest = float(q.max()), float(radii.max())
    u, weight = _nodes(next((n for n in COUNTS if n > 30 + 0.6 * highest * max(length, 2 * widest)), COUNTS[-1]))
    table = np.linspace(0, highest, int(min(4000, max(200, 15 * highest * widest))))
    x = np.maximum(np.outer(table, radii), 1e-9)
    across = ((math.pi * radii**2 * length * 2 * special.j1(x) / x) ** 2) @ shares
    seen = interpolate.CubicSpline(table, across)(np.outer(q, np.sqrt(1 - u**2)))
    along = np.sinc(np.outer(q, u) * (length / 2 / math.pi)) ** 2
    return np.asarray((along * seen) @ weight)


@functools.lru_cache
def _nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Places in [0, 1] and weights of Gauss and Legendre."""
    node, weight = np.polynomial.legendre.leggauss(count)
    return (node + 1) / 2, weight / 2


MODELS: dict[str, Callable[..., np.ndarray]] = {"sphere": sphere, "cylinder": cylinder}
