"""What the metadata of an instrument say, in one vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...core import PixelSize


@dataclass(frozen=True)
class Page:
    """
    What a vendor's reader may look at: the tags of a page and the size of its image.

    ``raw(code)`` gives the bytes of a tag, ``value(code)`` its decoded value; both None where it is absent.
    """

    height_px: int
    width_px: int
    raw: Callable[[int], bytes | None]
    value: Callable[[int], Any]


@dataclass(frozen=True)
class Facts:
    """
    Understood metadata of one image.

    ``conditions`` have units in their names; ``header`` holds the vendor's text as the file holds it.
    """

    pixel_size: PixelSize | None = None
    conditions: Mapping[str, float | str] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)
    data_bar_row_px: int | None = None
    notes: tuple[str, ...] = ()

    def and_then(self, other: Facts) -> Facts:
        """Both together; where they say different things, ``self`` is believed."""
        bar = self.data_bar_row_px
        return Facts(
            self.pixel_size or other.pixel_size,
            {**other.conditions, **self.conditions},
            {**other.header, **self.header},
            other.data_bar_row_px if bar is None else bar,
            (*self.notes, *other.notes),
        )
