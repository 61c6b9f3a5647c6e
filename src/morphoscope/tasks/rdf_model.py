"""From a composition to g(r) with a band: what was learnt, and the folder it is kept in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import Model
from ..datasets.rdfs import FLOOR
from ..learn.curve_model import Curves
from . import rdf_frame

KIND = "distribution from composition"
NORMAL_90 = 1.6449
"""Half the width of a normal distribution's 90 % interval, in standard deviations."""
LEAST_SPREAD = 0.03
"""Smallest standard deviation of ln g that a band is made of."""


@dataclass(frozen=True, eq=False)
class Answer:
    """g with its 90 % band for each row, and which rows lie where simulations were (``inside``) and where theory was."""

    g: np.ndarray
    low: np.ndarray
    high: np.ndarray
    inside: np.ndarray
    theory: np.ndarray


@dataclass(frozen=True, eq=False)
class Predictor:
    """
    ``simulated`` holds what simulations show beyond ``theory``'s share, or all of it where that is None.

    The band is ``width`` times as wide as the standard deviation says, which held-out compositions determined.
    """

    names: tuple[str, ...]
    r: np.ndarray
    simulated: Curves
    theory: Curves | None
    share: float
    width: float

    def logarithm(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """ln(g + 0.02) and its standard deviation before ``width``."""
        y, spread = self.simulated(x)
        if self.theory is not None:
            y = y + self.share * self.theory.mean(x)
            beyond = ~self.simulated.inside(x)
            if beyond.any():
                spread[beyond] = np.hypot(spread[beyond], self.theory.spread(x[beyond]))
        frame = rdf_frame.frame(x, self.names, self.r)
        return frame.back(y), frame.spread(spread)

    def __call__(self, x: np.ndarray) -> Answer:
        """The answer for rows ``x`` of numbers in the order of ``names``."""
        y, spread = self.logarithm(x)
        half = NORMAL_90 * self.width * np.maximum(spread, LEAST_SPREAD)
        low, g, high = (np.maximum(np.exp(np.minimum(one, 300)) - FLOOR, 0) for one in (y - half, y, y + half))
        known = np.zeros(len(x), dtype=bool) if self.theory is None else self.theory.inside(x)
        return Answer(g, low, high, self.simulated.inside(x), known)

    def mean(self, x: np.ndarray) -> np.ndarray:
        """g of each row alone, without its band, which is most of the work."""
        frame = rdf_frame.frame(x, self.names, self.r)
        y = self.simulated.mean(x) + (0.0 if self.theory is None else self.share * self.theory.mean(x))
        return np.asarray(np.maximum(np.exp(np.minimum(frame.back(y), 300)) - FLOOR, 0))

    def draws(self, x: np.ndarray, *, rng: np.random.Generator, count: int) -> np.ndarray:
        """Possible g (draw, row, bin) of rows ``x``, without the noise of simulations."""
        frame = rdf_frame.frame(x, self.names, self.r)
        known = 0.0 if self.theory is None or not self.share else self.share * self.theory.mean(x)
        y = np.array([frame.back(one + known) for one in self.simulated.draws(x, rng=rng, count=count)])
        return np.asarray(np.maximum(np.exp(np.minimum(y, 300)) - FLOOR, 0))

    def to_model(self, settings: Mapping[str, Any], card: str) -> Model:
        """As numbers and JSON."""
        arrays = {"r": self.r, **self.simulated.arrays("simulated_")}
        if self.theory is not None:
            arrays |= self.theory.arrays("theory_")
        told = {**settings, "names": list(self.names), "share": self.share, "width": self.width}
        return Model(KIND, told, arrays, card)

    @classmethod
    def from_model(cls, model: Model) -> Predictor:
        """The inverse of ``to_model``."""
        arrays = {name: array.astype(float) for name, array in model.arrays.items()}
        theory = Curves.of(arrays, "theory_") if "theory_low" in arrays else None
        told = model.settings
        names, share, width = tuple(told["names"]), float(told["share"]), float(told["width"])
        return cls(names, arrays["r"], Curves.of(arrays, "simulated_"), theory, share, width)
