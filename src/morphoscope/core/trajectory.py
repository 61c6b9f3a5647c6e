"""Positions of particles over time in a box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .frozen import freeze


@dataclass(frozen=True, eq=False)
class Trajectory:
    """
    ``positions`` (frame, particle, axis) in ``unit``, in boxes of ``lengths`` (frame, axis).

    ``times`` are in ``time_unit``; ``types`` names each particle's kind; ``periodic`` is one flag an axis.
    """

    positions: np.ndarray
    lengths: np.ndarray
    times: np.ndarray
    types: np.ndarray
    unit: str = "sigma"
    time_unit: str = "tau"
    periodic: tuple[bool, ...] = (True, True, True)
    source: str = ""

    def __post_init__(self) -> None:
        freeze(self, "positions", "lengths", "times", "types")
        if self.positions.ndim != 3:
            raise InputError(f"positions have axes (frame, particle, axis), not {self.positions.ndim} axes")
        frames, particles, axes = self.positions.shape
        wanted = {"lengths": (frames, axes), "times": (frames,), "types": (particles,)}
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise InputError(f"{name} has shape {getattr(self, name).shape}, positions ask for {shape}")
        if len(self.periodic) != axes:
            raise InputError(f"{len(self.periodic)} periodic flags for {axes} axes")

    def __len__(self) -> int:
        return len(self.positions)
