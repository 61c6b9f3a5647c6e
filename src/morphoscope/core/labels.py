"""Whole numbers on a micrograph or a volume: phases, particles, grains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..errors import InputError
from .frozen import freeze
from .pixel_size import PixelSize


@dataclass(frozen=True, eq=False)
class LabelMap:
    """
    Labels on a plane or, with three axes, in a volume whose slices are ``spacing_nm`` apart.

    ``names`` says what a label means; 0 is background unless it is named.
    """

    labels: np.ndarray
    pixel_size: PixelSize | None = None
    spacing_nm: float | None = None
    names: Mapping[int, str] = field(default_factory=dict)
    source: str = ""
    history: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        freeze(self, "labels")
        if self.labels.dtype.kind not in "iub" or self.labels.ndim not in (2, 3):
            raise InputError(f"labels are whole numbers on 2 or 3 axes, not {self.labels.dtype} on {self.labels.ndim}")
        if self.spacing_nm is not None and not (math.isfinite(self.spacing_nm) and self.spacing_nm > 0):
            raise InputError(f"the slices of a volume are a positive length apart, not {self.spacing_nm} nm")
