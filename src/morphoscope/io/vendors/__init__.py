"""Metadata of microscope makers inside TIFF tags and beside pictures: one file per maker."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .facts import Facts, Page

TAGGED: Mapping[str, Callable[[Page], Facts | None]] = {}
"""Readers of private tags, in the order in which they are believed."""

BESIDE: Mapping[str, Callable[[str, int, int], Facts | None]] = {}
"""Readers of a text beside the picture: ``(text, height_px, width_px)``."""

__all__ = ["BESIDE", "TAGGED", "Facts", "Page"]
