"""A two-dimensional scattering pattern with its q axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import numpy as np

from ..errors import InputError
from .frozen import freeze


@dataclass(frozen=True, eq=False)
class Pattern:
    """
    Scattered intensity per pixel.

    ``qx_per_nm`` and ``qy_per_nm`` have the intensity's shape, or are None when the file does not know
    them (a picture of a pattern); they are never guessed. ``mask`` is True where the detector counted,
    False under the beam stop, in gaps and where the file holds NaN. ``centre_px`` is the beam's (row, col).
    """

    intensity: np.ndarray
    qx_per_nm: np.ndarray | None = None
    qy_per_nm: np.ndarray | None = None
    error: np.ndarray | None = None
    mask: np.ndarray | None = None
    centre_px: tuple[float, float] | None = None
    unit: str = ""
    source: str = ""
    history: tuple[str, ...] = ()
    conditions: Mapping[str, float | str] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        freeze(self, "intensity", "qx_per_nm", "qy_per_nm", "error", "mask")
        if self.intensity.ndim != 2 or self.intensity.size == 0:
            raise InputError(f"{self.name}: a pattern has two axes and at least one pixel, not shape {self.intensity.shape}")
        for what in ("qx_per_nm", "qy_per_nm", "error", "mask"):
            array = getattr(self, what)
            if array is not None and array.shape != self.intensity.shape:
                raise InputError(f"{self.name}: {what} has shape {array.shape}, the intensity {self.intensity.shape}")
        if self.mask is not None and self.mask.dtype != bool:
            raise InputError(f"{self.name}: a mask is made of True and False, not of {self.mask.dtype}")

    @property
    def name(self) -> str:
        """The file's name, or "this pattern"."""
        return PurePath(self.source).name or "this pattern"

    @property
    def q_per_nm(self) -> np.ndarray | None:
        """Magnitude of q at each pixel, or None."""
        if self.qx_per_nm is None or self.qy_per_nm is None:
            return None
        return np.asarray(np.hypot(self.qx_per_nm, self.qy_per_nm))

    @property
    def valid(self) -> np.ndarray:
        """Pixels that counted: inside the mask and finite."""
        finite = np.isfinite(self.intensity)
        return np.asarray(finite if self.mask is None else finite & self.mask)
