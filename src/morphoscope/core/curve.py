"""y(x) with names and units: S(r), g(r), I(q), lineal path, learning curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import InputError
from .frozen import freeze


@dataclass(frozen=True, eq=False)
class Curve:
    """
    Values ``y`` at ``x``; ``y_error`` is one standard error where it is known.

    ``y_low`` and ``y_high`` bound the 95 % interval; they follow from ``y_error`` unless given.
    """

    x: np.ndarray
    y: np.ndarray
    x_name: str
    y_name: str
    x_unit: str = ""
    y_unit: str = ""
    y_error: np.ndarray | None = None
    x_error: np.ndarray | None = None
    y_low: np.ndarray | None = None
    y_high: np.ndarray | None = None
    source: str = ""
    header: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        freeze(self, "x", "y", "y_error", "x_error", "y_low", "y_high")
        if self.x.ndim != 1:
            raise InputError(f"a curve has one axis, not {self.x.ndim}")
        for what in ("y", "y_error", "x_error", "y_low", "y_high"):
            array = getattr(self, what)
            if array is not None and array.shape != self.x.shape:
                raise InputError(f"x has shape {self.x.shape}, {what} has {array.shape}")

    def __len__(self) -> int:
        return len(self.x)

    def interval(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Lower and upper bound of the 95 % interval of y, or None and None."""
        if self.y_low is not None or self.y_high is not None or self.y_error is None:
            return self.y_low, self.y_high
        return self.y - 1.96 * self.y_error, self.y + 1.96 * self.y_error
