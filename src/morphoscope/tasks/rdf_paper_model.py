"""The paper's network as a model that answers: forest, decoder, picture, g(r); and the folder it is kept in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import learn
from ..core import Model
from ..datasets.rdfs import FLOOR
from ..learn.curve_model import Known
from ..learn.latent_forest import LatentForest
from . import rdf_frame
from .rdf_model import KIND, Answer, Predictor

PAPER_KIND = "distribution by the paper's network"
KINDS = (KIND, PAPER_KIND)


@dataclass(frozen=True, eq=False)
class PaperPredictor:
    """
    ``network`` draws the picture of what ``forest`` says of the numbers ``names``; ``simulated`` are the rows it learnt from.

    The paper gives no band. This one is of one width in ln(g + 0.02), ``half``, which held 90 % of the held-out bins.
    """

    names: tuple[str, ...]
    r: np.ndarray
    simulated: Known
    network: Any
    forest: LatentForest
    half: float

    def __call__(self, x: np.ndarray) -> Answer:
        """The answer for rows ``x`` of numbers in the order of ``names``."""
        g = learn.rdf_network.curve(self.r, self.network.decode(self.forest(x)))
        y = np.log(g + FLOOR)
        low, high = (np.maximum(np.exp(y + sign * self.half) - FLOOR, 0) for sign in (-1, 1))
        return Answer(g, low, high, self.simulated.inside(x), np.zeros(len(x), dtype=bool))

    def to_model(self, settings: Mapping[str, Any], card: str) -> Model:
        """As numbers and JSON."""
        weights = {f"weight_{name}": tensor.numpy() for name, tensor in self.network.state_dict().items()}
        rows = {
            f"known_{name}": np.asarray(getattr(self.simulated, name), np.float64) for name in ("logs", "low", "high", "inputs")
        }
        return Model(
            PAPER_KIND, {**settings, "names": list(self.names), "half": self.half}, {"r": self.r, **rows, **weights,
            **self.forest.arrays()}, card,
        )  # fmt: skip

    @classmethod
    def from_model(cls, model: Model) -> PaperPredictor:
        """The inverse of ``to_model``."""
        told, arrays = model.settings, model.arrays
        network = learn.rdf_network.Autoencoder(int(told["latent"]), str(told["autoencoder"]))
        learn.rdf_network.load(network, arrays)
        known = {name: np.asarray(arrays[f"known_{name}"], float) for name in ("logs", "low", "high", "inputs")}
        rows = Known(known["logs"] > 0, known["low"], known["high"], known["inputs"])
        return cls(tuple(told["names"]), arrays["r"], rows, network.eval(), LatentForest.of(arrays), float(told["half"]))


def known_rows(x: np.ndarray, names: tuple[str, ...]) -> Known:
    """The rows ``x`` as the range of a model."""
    logs = rdf_frame.logs(names)
    z = np.where(logs, np.log(np.maximum(x, 1e-300)), x)
    rows = Known(logs, z.min(0), z.max(0), np.empty((0, x.shape[1])))
    return Known(logs, rows.low, rows.high, rows.scaled(x))


def predictor_of(model: Model) -> Predictor | PaperPredictor:
    """What can answer, of either kind."""
    return PaperPredictor.from_model(model) if model.kind == PAPER_KIND else Predictor.from_model(model)
