"""What the images of one file are to each other: slices, moments, channels or mere pages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.stack import Axis
from .facts import Facts

NAMED: tuple[Axis, ...] = ("channel", "z", "time")


@dataclass(frozen=True)
class Layout:
    """
    Facts of each image (one entry stands for all), the axis they lie along and their places on it.

    ``kept`` is what our own writer left about each image.
    """

    facts: tuple[Facts, ...]
    axis: Axis = "page"
    names: tuple[str, ...] = ()
    spacing_nm: float | None = None
    times_s: tuple[float, ...] | None = None
    kept: tuple[Mapping[str, Any], ...] = ()

    def of(self, index: int) -> Facts:
        """Facts of the image at ``index``."""
        return self.facts[index] if index < len(self.facts) else self.facts[0] if len(self.facts) == 1 else Facts()


def laid_out(
    facts: Facts, counts: Mapping[str, int], planes: int, *, spacing_nm: float | None = None, step_s: float | None = None
) -> Layout:
    """
    The layout of ``planes`` images that run over the axes in ``counts``, the first axis fastest.

    Several axes at once are pages, whose names tell the place on each of them.
    """
    long = {name: count for name, count in counts.items() if count > 1}
    if math.prod(long.values()) != planes or not long:
        return Layout((facts,))
    if len(long) > 1:
        return Layout((facts,), names=tuple(_place(index, long) for index in range(planes)))
    axis: Axis = next((name for name in NAMED if name in long), "page")
    return Layout(
        (facts,),
        axis,
        spacing_nm=spacing_nm if axis == "z" else None,
        times_s=tuple(i * step_s for i in range(planes)) if axis == "time" and step_s else None,
    )


def _place(index: int, counts: Mapping[str, int]) -> str:
    parts = []
    for name, count in counts.items():
        parts.append(f"{name} {index % count + 1}")
        index //= count
    return ", ".join(parts)
