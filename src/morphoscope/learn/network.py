"""
A judgement from a network: evidence from pictures, and from the descriptors whether to answer at all.

``NetworkJudge`` holds one network or several of one kind, whose evidence is averaged, and a ``Judge`` on descriptors as
its guard: the guard says what is too unlike the training images, and holds the cuts between grades.

Checked against: its own outputs after a way through a folder, in tests/learn/test_fitting.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..core import Model
from .backbones import Network, build
from .epochs import Pictures, Scale
from .fitting import device_of, evidence
from .judge import NETWORK_KIND, Judge
from .recipe import NONE, Recipe


@dataclass(frozen=True, eq=False)
class NetworkJudge:
    """``states`` are the weights of each network and ``scales`` lead from their outputs to evidence."""

    guard: Judge
    model: str
    size_px: int
    states: tuple[Mapping[str, np.ndarray], ...]
    scales: tuple[Scale, ...]

    def evidence(self, pictures: Pictures, *, device: str = "auto") -> np.ndarray:
        """Mean over the networks of the log odds of the second of two classes, or one column for each of more."""
        return self.heard(self.networks(device=device), pictures)

    def heard(self, networks: Iterable[Network], pictures: Pictures) -> np.ndarray:
        """The same from ``networks`` that are built already."""
        every = np.arange(len(pictures.grey))
        found = [scale.evidence(evidence(one, pictures, every)) for one, scale in zip(networks, self.scales, strict=True)]
        return np.asarray(np.mean(found, axis=0))

    def networks(self, *, device: str = "auto") -> Iterator[Network]:
        """The networks, one after the other."""
        for state in self.states:
            network = self.fresh(0)
            network.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in state.items()})
            yield network.to(device_of(device))

    def fresh(self, seed: int) -> Network:
        """A network of the same kind that learnt nothing."""
        return build(Recipe(self.model, NONE, size_px=self.size_px), classes=len(self.scales[0].shift), seed=seed)

    def to_model(self, settings: dict[str, Any], card: str) -> Model:
        """As numbers and JSON."""
        guard = self.guard.to_model(settings, card)
        described = {
            "model": self.model,
            "size_px": self.size_px,
            "temperatures": [scale.temperature for scale in self.scales],
            "shifts": [scale.shift.tolist() for scale in self.scales],
        }
        arrays = {f"guard.{name}": array for name, array in guard.arrays.items()}
        for k, state in enumerate(self.states):
            arrays |= {f"network.{k}.{name}": array for name, array in state.items()}
        return Model(NETWORK_KIND, {**guard.settings, "network": described}, arrays, card)

    @classmethod
    def from_model(cls, model: Model) -> NetworkJudge:
        """The inverse of ``to_model``."""
        told = model.settings["network"]
        guard = Judge.from_model(Model(model.kind, model.settings, _under(model.arrays, "guard."), model.card))
        scales = tuple(Scale(t, np.array(s)) for t, s in zip(told["temperatures"], told["shifts"], strict=True))
        states = tuple(_under(model.arrays, f"network.{k}.") for k in range(len(scales)))
        return cls(guard, told["model"], int(told["size_px"]), states, scales)


def _under(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
