"""How wide the fields are that a model was trained on, and a word of warning where others are shown to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..core import Micrograph

SETTING = "field_nm"
BEYOND = 2.0
"""A field is of another scale where it is this much narrower or wider than any of training."""


def width_nm(micrograph: Micrograph) -> float | None:
    """Width of the field, or None where the pixel size is unknown."""
    return None if micrograph.pixel_size_nm is None else float(micrograph.pixel_size_nm[1] * micrograph.width_px)


def learnt(widths_nm: Sequence[float | None]) -> dict[str, Any]:
    """What a model keeps of the widths of its training images: nothing where fewer than half are known."""
    known = [width for width in widths_nm if width is not None]
    return {SETTING: [min(known), max(known)]} if known and 2 * len(known) >= len(widths_nm) else {}


def warning(settings: Mapping[str, Any], widths_nm: Sequence[float | None]) -> tuple[str, ...]:
    """One sentence where images are of another scale than those of training."""
    if SETTING not in settings:
        return ()
    low, high = settings[SETTING]
    known = np.array([width for width in widths_nm if width is not None])
    other = known[(known < low / BEYOND) | (known > high * BEYOND)]
    if not other.size:
        return ()
    return (
        f"{other.size} of {len(widths_nm)} images are of another scale than the model: fields {_um(other.min())} to "
        f"{_um(other.max())} wide, training {_um(low)} to {_um(high)}; do not rely on these answers",
    )


def _um(nm: float) -> str:
    return f"{nm / 1000:.3g} um"
