"""Facts about a picture: its own tags first, then the text files that its microscope wrote beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..core import Micrograph
from .companions import companions
from .plain import decode
from .vendors import BESIDE, TAGGED, Facts, Page

BROKEN = (ValueError, LookupError, TypeError, ArithmeticError, AttributeError, OSError, SyntaxError, RecursionError)


def from_tags(page: Page) -> Facts:
    """What the private tags of a TIFF page say; damaged ones leave a note."""
    found = Facts()
    for name, reader in TAGGED.items():
        found = found.and_then(_tried(name, lambda reader=reader: reader(page)))  # type: ignore[misc]
    return found


def from_companions(path: Path, height_px: int, width_px: int) -> Facts:
    """What the files beside ``path`` say; their texts are kept under their own names."""
    found = Facts()
    for beside in companions(path):
        try:
            text = decode(beside.read_bytes())
        except OSError:
            continue
        for name, reader in BESIDE.items():
            facts = _tried(f"{name} ({beside.name})", lambda reader=reader, text=text: reader(text, height_px, width_px))  # type: ignore[misc]
            if facts != Facts():
                found = found.and_then(replace(facts, header={**facts.header, beside.name: text}))
    return found


def _tried(name: str, reader: Callable[[], Facts | None]) -> Facts:
    try:
        return reader() or Facts()
    except BROKEN as error:
        return Facts(notes=(f"metadata of {name} are damaged and were ignored ({type(error).__name__})",))


def told(micrograph: Micrograph, facts: Facts) -> Micrograph:
    """``micrograph`` with what is known about it; a scale it has already stays."""
    bar = facts.data_bar_row_px
    return replace(
        micrograph,
        pixel_size=micrograph.pixel_size or facts.pixel_size,
        conditions={**facts.conditions, **micrograph.conditions},
        header={**micrograph.header, **facts.header},
        data_bar_row_px=bar if bar is not None and 0 < bar < micrograph.height_px else None,
        notes=(*micrograph.notes, *facts.notes),
    )
