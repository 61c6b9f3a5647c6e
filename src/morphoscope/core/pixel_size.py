"""How long one pixel is, how well that is known, and who said so."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..errors import BadParameter


@dataclass(frozen=True)
class PixelSize:
    """
    Length of one pixel along y (rows) and x (columns).

    ``origin`` says where the number came from: ``"metadata: ..."``, ``"scale bar: ..."`` or
    ``"given"``. ``relative_error`` is one standard error as a fraction, None when nobody stated it.
    """

    y_nm: float
    x_nm: float
    origin: str = "given"
    relative_error: float | None = None

    def __post_init__(self) -> None:
        for length in (self.y_nm, self.x_nm):
            if not (math.isfinite(length) and length > 0):
                raise BadParameter(f"pixel size must be a positive length in nm, not {length}")
        if self.relative_error is not None and not (math.isfinite(self.relative_error) and self.relative_error >= 0):
            raise BadParameter(f"the relative error of a pixel size must be a fraction of at least 0, not {self.relative_error}")

    @property
    def square(self) -> bool:
        """Whether y and x agree to one part in a million."""
        return math.isclose(self.y_nm, self.x_nm, rel_tol=1e-6)

    @property
    def mean_nm(self) -> float:
        """Geometric mean of the two lengths: the side of a square pixel of the same area."""
        return self.x_nm if self.y_nm == self.x_nm else math.sqrt(self.y_nm * self.x_nm)

    def scaled(self, y: float, x: float) -> PixelSize:
        """The size of a pixel that covers ``y`` by ``x`` of these."""
        return replace(self, y_nm=self.y_nm * y, x_nm=self.x_nm * x)
