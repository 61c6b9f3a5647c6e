r"""
Which lattice the positions of the peaks fit, if any: lamellae, hexagonal cylinders, cubic phases.

Reflections of a lattice lie at :math:`q = q_1 \sqrt{m / m_1}` with its own m (h² + k² + l², or h² + hk + k²), the first peak
being its first reflection. Each candidate is judged by the likelihood of the other positions,

.. math:: L = \prod_j \left[ \frac{1 - \epsilon}{n} \sum_{k=1}^{n} N(\ln \tfrac{q_j}{q_1}; \ln r_k, \sigma_j)
          + \frac{\epsilon}{\Delta} \right] \times p^{\text{found}} (1 - p)^{\text{missing}}

over its n reflections up to the last peak (range :math:`\Delta` of ln q): a lattice with many reflections must explain more with
them. A reflection is seen with probability p = 0.85, for form factors extinguish some. :math:`\sigma_j` is the error of both
positions and 0.3 % of calibration and distortion. ``spheres`` (the maxima of a sphere's form factor, 2 % allowed, for they
stand on a slope) and ``none`` (anywhere) compete with the lattices at equal odds. The score is the posterior probability. An
answer needs 0.85 and three peaks. Body-centred and simple cubic differ at the seventh reflection only, so simple cubic is
hardly ever certain.

References
----------
.. [1] I. W. Hamley and V. Castelletto, Prog. Polym. Sci. 29, 909 (2004), doi 10.1016/j.progpolymsci.2004.06.001: ratios.

Checked against: made positions with errors and extinctions (wrong answers below 5 %), in
tests/validation/test_scattering_peaks.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .peaks import Peak

SQUARES: dict[str, tuple[int, ...]] = {
    "lamellar": tuple(n * n for n in range(1, 11)),
    "hexagonal": (1, 3, 4, 7, 9, 12, 13, 16, 19, 21, 25, 27, 28, 31, 36, 37, 39, 43, 48, 49),
    "body-centred cubic": (2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 30, 32, 34, 36, 38, 40, 42),
    "face-centred cubic": (3, 4, 8, 11, 12, 16, 19, 20, 24, 27, 32, 35, 36, 40, 43, 44, 48),
    "gyroid": (6, 8, 14, 16, 20, 22, 24, 26, 30, 32, 38, 40, 42, 46, 48, 50, 52, 54, 56),
    "simple cubic": (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 24, 25),
}
"""Squared positions of the allowed reflections, in units of (2 pi / a)², or of the first for layers and hexagons."""

SPHERE_MAXIMA = (5.763, 9.095, 12.323, 15.515, 18.689, 21.854)
SEEN = 0.85
STRAY = 0.02
DISTORTION = 0.003
SLOPE = 0.02
NEEDED = 0.85
LEAST_PEAKS = 3


@dataclass(frozen=True)
class Candidate:
    """A lattice with its ``score``, which peaks are which reflection, how far off they are, and its period."""

    lattice: str
    score: float
    reflections: tuple[int | None, ...]
    off: tuple[float | None, ...]
    missing: int
    q1: float
    q1_error: float


@dataclass(frozen=True)
class Indexing:
    """All candidates, best first; ``lattice`` is the answer, or "" where it is not sure."""

    lattice: str
    candidates: tuple[Candidate, ...]


def index(peaks: Sequence[Peak]) -> Indexing:
    """Compare the positions of ``peaks`` with every lattice."""
    if len(peaks) < 2:
        return Indexing("", ())
    ordered = sorted(peaks, key=lambda one: one.q)
    q = np.array([peak.q for peak in ordered])
    error = np.array([peak.q_error for peak in ordered])
    first = math.hypot(error[0] / q[0], DISTORTION)
    sigma = np.hypot(error[1:] / q[1:], math.hypot(first, DISTORTION))
    place = np.log(q[1:] / q[0])
    span = max(float(place[-1]) + 3 * float(sigma[-1]), 0.1)
    logs = {name: _log_likelihood(place, sigma, span, _ratios(squares)) for name, squares in SQUARES.items()}
    logs["spheres"] = _log_likelihood(place, np.hypot(sigma, SLOPE), span, np.log(np.array(SPHERE_MAXIMA[1:]) / SPHERE_MAXIMA[0]))
    logs["none"] = -len(place) * math.log(span) + len(place) * math.log(SEEN)
    highest = max(logs.values())
    total = sum(math.exp(value - highest) for value in logs.values())
    scores = {name: math.exp(value - highest) / total for name, value in logs.items()}
    candidates = sorted((_candidate(name, scores[name], q, error, span) for name in logs), key=lambda one: -one.score)
    best = candidates[0]
    sure = (
        len(q) >= LEAST_PEAKS
        and best.score >= NEEDED
        and best.lattice in SQUARES
        and all(number is not None for number in best.reflections)
    )
    return Indexing(best.lattice if sure else "", tuple(candidates))


def _ratios(squares: Sequence[int]) -> np.ndarray:
    return 0.5 * np.log(np.array(squares[1:]) / squares[0])


def _log_likelihood(place: np.ndarray, sigma: np.ndarray, span: float, ratios: np.ndarray) -> float:
    expected = ratios[ratios <= span]
    if not len(expected):
        return len(place) * math.log(STRAY / span)
    bells = np.exp(-(((place[:, None] - expected) / sigma[:, None]) ** 2) / 2) / (sigma[:, None] * math.sqrt(2 * math.pi))
    likelihood = (1 - STRAY) * bells.mean(axis=1) + STRAY / span
    taken = len(set(np.argmax(bells, axis=1).tolist()))
    return float(np.log(likelihood).sum()) + taken * math.log(SEEN) + (len(expected) - taken) * math.log(1 - SEEN)


def _candidate(name: str, score: float, q: np.ndarray, error: np.ndarray, span: float) -> Candidate:
    """Reflections of the peaks and the first one's position fitted to all of them."""
    if name not in SQUARES:
        return Candidate(name, score, (None,) * len(q), (None,) * len(q), 0, float(q[0]), float(error[0]))
    squares = np.array(SQUARES[name])
    ratio = np.sqrt(squares / squares[0])
    nearest = np.abs(np.log(q[:, None] / q[0] / ratio)).argmin(axis=1)
    weight = (ratio[nearest] / np.hypot(error, DISTORTION * q)) ** 2
    q1 = float((weight * q / ratio[nearest]).sum() / weight.sum())
    off = q / (q1 * ratio[nearest]) - 1
    allowed = 4 * np.hypot(error / q, 2 * DISTORTION)
    known = np.abs(off) <= allowed
    missing = max(0, int((np.log(ratio) <= span).sum()) - len(set(nearest.tolist())))
    return Candidate(
        name, score,
        tuple(int(squares[k]) if ok else None for k, ok in zip(nearest, known, strict=True)),
        tuple(float(o) if ok else None for o, ok in zip(off, known, strict=True)),
        missing, q1, float(1 / math.sqrt(weight.sum())),
    )  # fmt: skip


def spacing(lattice: str, q1: float) -> tuple[str, float]:
    """What the first reflection at ``q1`` gives: the layers' period, or the lattice constant a, in nm."""
    if lattice == "lamellar":
        return "period", 2 * math.pi / q1
    if lattice == "hexagonal":
        return "lattice_constant", 4 * math.pi / (math.sqrt(3) * q1)
    return "lattice_constant", 2 * math.pi * math.sqrt(SQUARES[lattice][0]) / q1
