r"""
What a composition is wanted for, as a number for each g(r); and where the next simulation promises most.

.. math:: EI(x) = \left\langle \max(0, v(g) - v_{best}) \right\rangle_{g \sim p(g | x)}

is the expected improvement [1]_ of the value v over the best that was simulated, a mean over curves drawn from the surrogate;
where g does not show the wanted state there is none. Before any simulation showed it, the chance of the state takes its place.

References
----------
.. [1] D. R. Jones, M. Schonlau, W. J. Welch, J. Global Optim. 13, 455 (1998), doi 10.1023/A:1008306431147.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..datasets.rdfs import FLOOR
from ..errors import BadParameter
from ..measure import rdf
from .rdf_model import Predictor

GOALS = ("dispersed", "bridged", "aggregated", "peak", "learn")
DRAWS = 48
APART = 0.1
"""Least distance of the proposals of one round, in scaled numbers."""
NOTHING = -np.inf


@dataclass(frozen=True)
class Goal:
    """``kind`` is one of GOALS; ``peak_r`` is where the first peak is wanted, for ``peak``."""

    kind: str
    peak_r: float | None = None

    def __post_init__(self) -> None:
        if (self.kind == "peak") != (self.peak_r is not None):
            raise BadParameter("give peak_r, where the first peak is wanted, with goal=peak and with no other goal")

    @property
    def words(self) -> str:
        """What the value is."""
        return {
            "dispersed": "rho where particles are dispersed",
            "bridged": "ln of the bridged peak over the contact peak",
            "aggregated": "ln of the contact peak over the bridged peak",
            "peak": f"distance of the first peak from {self.peak_r}, negative",
            "learn": "nothing: the surrogate is to become better",
        }[self.kind]

    def shown(self, r: np.ndarray, g: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Which curves ``g`` (..., row, bin) of compositions ``x`` show what is wanted."""
        if self.kind in rdf.STATES:
            return np.asarray(rdf.states(r, g, x[:, 0]) == rdf.STATES.index(self.kind))
        return np.ones(g.shape[:-1], dtype=bool)

    def value(self, r: np.ndarray, g: np.ndarray, x: np.ndarray) -> np.ndarray:
        """How good curves are, the higher the better; minus infinity where they do not show what is wanted."""
        if self.kind == "dispersed":
            value = np.broadcast_to(np.log(x[:, 2]), g.shape[:-1])
        elif self.kind in ("bridged", "aggregated"):
            touching, bridged, _ = rdf.shells(r, g, x[:, 0])
            value = np.log(bridged + FLOOR) - np.log(touching + FLOOR)
            value = value if self.kind == "bridged" else -value
        elif self.kind == "peak":
            value = -np.abs(first_peaks(r, g) - float(self.peak_r or 0))
        else:
            value = np.zeros(g.shape[:-1])
        return np.asarray(np.where(self.shown(r, g, x), value, NOTHING))

    def told(self, value: float) -> float | None:
        """A value as a person reads it; None where there is none."""
        if not np.isfinite(value):
            return None
        return float(np.exp(value)) if self.kind == "dispersed" else abs(value) if self.kind == "peak" else value


def first_peaks(r: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Positions of the first local maxima that are at least half as high as the highest, of many curves at once."""
    g = np.where(np.isfinite(g), g, 0.0)
    low = np.full((*g.shape[:-1], 1), -1.0)
    peak = (g >= np.concatenate([low, g[..., :-1]], -1)) & (g > np.concatenate([g[..., 1:], low], -1))
    return np.asarray(r[(peak & (g >= g.max(-1, keepdims=True) / 2)).argmax(-1)])


def promise(
    predictor: Predictor, goal: Goal, x: np.ndarray, best: float, rng: np.random.Generator, draws: int = DRAWS
) -> np.ndarray:
    """Expected improvement of each row of ``x``; for ``learn`` by how much it makes all the others better known."""
    if goal.kind == "learn":
        return np.asarray(predictor.simulated.benefit(x, x))
    g = predictor.draws(x, rng=rng, count=draws)
    value = goal.value(predictor.r, g, x)
    if not np.isfinite(best):
        return np.asarray(np.isfinite(value).mean(0))
    return np.asarray(np.maximum(np.where(np.isfinite(value), value, best) - best, 0).mean(0))


def expected(
    predictor: Predictor, goal: Goal, x: np.ndarray, rng: np.random.Generator, draws: int = DRAWS
) -> tuple[np.ndarray, np.ndarray]:
    """The chance that each row of ``x`` shows what is wanted, and its mean value where it does (minus infinity where never)."""
    g = predictor.draws(x, rng=rng, count=draws)
    value = goal.value(predictor.r, g, x)
    seen = np.isfinite(value)
    total = np.where(seen, value, 0.0).sum(0)
    return seen.mean(0), np.where(seen.any(0), total / np.maximum(seen.sum(0), 1), NOTHING)


def apart(predictor: Predictor, x: np.ndarray, score: np.ndarray, count: int) -> np.ndarray:
    """The places of the ``count`` best rows that are not too near to each other; fewer where there are not so many."""
    z = predictor.simulated.scaled(x)
    chosen = list[int]()
    for k in np.argsort(-score, kind="stable"):
        if all(np.linalg.norm(z[k] - z[other]) >= APART for other in chosen):
            chosen.append(int(k))
        if len(chosen) == count:
            break
    return np.array(chosen, dtype=int)
