"""Facts about a picture: its own tags first, then the text files that its microscope wrote beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..core import Micrograph
from .companions import companions
from .plain import decode
from .vendors import BESIDE, LAYOUTS, TAGGED, Facts, Layout, Page, fei

BROKEN = (ValueError, LookupError, TypeError, ArithmeticError, AttributeError, OSError, SyntaxError, RecursionError)


def from_tags(page: Page) -> Facts:
    """What the private tags of a TIFF page say; damaged ones leave a note."""
    found = Facts()
    for name, reader in TAGGED.items():
        found = found.and_then(_tried(name, partial(reader, page)))
    return found


def from_jpeg(raw: bytes, height_px: int, width_px: int) -> Facts:
    """What a microscope wrote between the parts of a JPEG picture."""
    return _tried("FEI", partial(fei.embedded, raw, height_px, width_px))


def layout(page: Page, planes: int) -> tuple[Layout, tuple[str, ...]]:
    """How the ``planes`` images of a file belong together, by the description on its first page."""
    for name, reader in LAYOUTS.items():
        try:
            found = reader(page, planes)
        except BROKEN as error:
            return Layout((Facts(),)), (_ignored(name, error),)
        if found is not None:
            return found, ()
    return Layout((Facts(),)), ()


def from_companions(path: Path, height_px: int, width_px: int) -> Facts:
    """What the files beside ``path`` say; their texts are kept under their own names."""
    found = Facts()
    for beside in companions(path):
        try:
            text = decode(beside.read_bytes())
        except OSError:
            continue
        for name, reader in BESIDE.items():
            facts = _tried(f"{name} ({beside.name})", partial(reader, text, height_px, width_px))
            if facts != Facts():
                found = found.and_then(replace(facts, header={**facts.header, beside.name: text}))
    return found


def _tried(name: str, reader: Callable[[], Facts | None]) -> Facts:
    try:
        return reader() or Facts()
    except BROKEN as error:
        return Facts(notes=(_ignored(name, error),))


def _ignored(name: str, error: BaseException) -> str:
    return f"metadata of {name} are damaged and were ignored ({type(error).__name__})"


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
