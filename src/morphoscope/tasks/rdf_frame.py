r"""
What is learnt of a radial distribution function: :math:`y(s) = \ln (g + 0.02) - \ln (B + 0.02)`, where that is known.

B is what two particles alone would have, the mean of exp(-U) over each bin, which follows exactly from D and eps_nn; and s
is the distance r - D, in which contact and layers of beads lie at one place for every D. Tables without D and
eps_nn are learnt as ln(g + 0.02) against r.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..datasets.rdfs import FLOOR, Rdfs
from ..physics.nanocomposite import lennard_jones

S = np.arange(100) * 0.1 - 1.95
FINE = 20
"""Points in each bin over which exp(-U) is averaged."""
CUT = 2.5


@dataclass(frozen=True, eq=False)
class Frame:
    """For rows of numbers: bins at ``r``, ``shift`` of each row's contact, and ``alone``, ln(B + 0.02)."""

    r: np.ndarray
    shift: np.ndarray
    alone: np.ndarray
    particles: bool

    def target(self, g: np.ndarray) -> np.ndarray:
        """What is learnt of ``g`` (rows, bins); bins without a value count as 1."""
        y = np.log(np.where(np.isfinite(g), g, 1.0) + FLOOR) - self.alone
        if not self.particles:
            return np.asarray(y)
        return np.array([np.interp(S, self.r - shift, row) for shift, row in zip(self.shift, y, strict=True)])

    def back(self, y: np.ndarray) -> np.ndarray:
        """ln(g + 0.02) of what was learnt."""
        if not self.particles:
            return np.asarray(y)
        return np.asarray(self.alone + self.spread(y))

    def spread(self, y: np.ndarray) -> np.ndarray:
        """Against r what is known against s; 0 nearer than any particle comes."""
        if not self.particles:
            return np.asarray(y)
        return np.array([np.interp(self.r - shift, S, row, left=0.0) for shift, row in zip(self.shift, y, strict=True)])


def frame(x: np.ndarray, names: Sequence[str], r: np.ndarray) -> Frame:
    """The frame of rows ``x`` with columns ``names``."""
    if not {"D", "eps_nn"} <= set(names):
        return Frame(r, np.zeros(len(x)), np.zeros((len(x), len(r))), False)
    diameter, eps = x[:, list(names).index("D")], x[:, list(names).index("eps_nn")]
    return Frame(r, diameter, np.log(np.array([alone(r, d, e) for d, e in zip(diameter, eps, strict=True)]) + FLOOR), True)


def alone(r: np.ndarray, diameter: float, eps_nn: float) -> np.ndarray:
    """g(r) of two particles without a matrix, as a mean over each bin."""
    width = r[1] - r[0]
    fine = r[:, None] + width * ((np.arange(FINE) + 0.5) / FINE - 0.5)
    u = lennard_jones(fine, epsilon=eps_nn, sigma=diameter, cutoff=CUT * diameter)
    return np.asarray((np.exp(-np.minimum(u, 500)) * fine**2).sum(1) / (fine**2).sum(1))


def logs(names: Sequence[str]) -> np.ndarray:
    """Which of the numbers are learnt by their logarithm."""
    return np.array([name == "rho" for name in names])


def compositions(table: Rdfs, names: Sequence[str]) -> np.ndarray:
    """One number for each row; rows of the same composition share it."""
    _, group = np.unique(table.numbers(names), axis=0, return_inverse=True)
    return np.asarray(group).reshape(-1)
