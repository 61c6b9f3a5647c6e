"""TIFF files of every kind: pages, tiles, BigTIFF, ImageJ, OME, and the tags of microscope makers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tifffile

from ..core import Micrograph, Stack
from ..errors import UnreadableFile
from . import limits, sidecar, tiff_page
from .formats import Options
from .plain import plain, text_or_hex
from .vendors import Facts, Page

logging.getLogger("tifffile").addHandler(logging.NullHandler())

MAX_PAGES = 100_000
MAX_TAG_BYTES = 2**22
BULK_TAGS = (273, 279, 320, 324, 325, 347, 34675)
"""Offsets, sizes, colour tables and profiles: they describe the storage, not the specimen."""


def read(path: Path, options: Options) -> Micrograph | Stack:
    """One page gives a Micrograph, several a Stack whose frames keep their own sizes."""
    try:
        with tifffile.TiffFile(path, _multifile=False) as tif:
            return _read(tif, path, options)
    except tifffile.TiffFileError as error:
        raise UnreadableFile(path, f"damaged or cut short TIFF file ({error})") from None


def _read(tif: Any, path: Path, options: Options) -> Micrograph | Stack:
    pages, notes = _pages(tif, path)
    slots = [(page, i) for page in pages for i in range(tiff_page.count(page))]
    chosen = slots[options.frames]
    if not chosen:
        raise UnreadableFile(path, f"holds {len(slots)} frame(s); frames {_spelled(options.frames)} picks none of them")
    wanted = list({id(page): page for page, _ in chosen}.values())
    limits.check_total(path, len(chosen), sum(tiff_page.check(page, path) for page in wanted))
    frames = _frames(path, chosen, options)
    if len(slots) == 1:
        return replace(frames[0], notes=(*frames[0].notes, *notes))
    return Stack(tuple(frames), source=str(path), notes=notes)


def _spelled(frames: slice) -> str:
    return ":".join("" if part is None else str(part) for part in (frames.start, frames.stop, frames.step))


def _pages(tif: Any, path: Path) -> tuple[list[Any], tuple[str, ...]]:
    """Pages that hold an image of their own; reduced copies and masks are left out."""
    if len(tif.pages) > MAX_PAGES:
        raise UnreadableFile(path, f"claims {len(tif.pages):,} pages; at most {MAX_PAGES:,} are read")
    pages = [tif.pages[i] for i in range(len(tif.pages))]
    if not pages:
        raise UnreadableFile(path, "damaged: the TIFF file has no page")
    whole = [page for page in pages if not _is_copy(page)]
    if not whole or len(whole) == len(pages):
        return pages, ()
    left = len(pages) - len(whole)
    return whole, (f"{left} reduced cop{'y' if left == 1 else 'ies'} of the image in the file left out",)


def _is_copy(page: Any) -> bool:
    old = page.tags.get(255)
    return bool(int(page.subfiletype) & 5) or (old is not None and old.value == 2)


def _frames(path: Path, chosen: Sequence[tuple[Any, int]], options: Options) -> list[Micrograph]:
    beside: dict[tuple[int, int], Facts] = {}
    frames = []
    decoded: tuple[Any, list[tiff_page.Plane]] = (None, [])
    for page, index in chosen:
        if decoded[0] is not page:
            decoded = page, tiff_page.planes(page, path)
        micrograph = decoded[1][index].micrograph(options.nan, unit="counts", source=str(path))
        size = micrograph.height_px, micrograph.width_px
        if size not in beside:
            beside[size] = sidecar.from_companions(path, *size)
        facts = sidecar.from_tags(_view(page, *size)).and_then(beside[size])
        frames.append(sidecar.told(replace(micrograph, header={"tiff": _header(page)}), facts))
    return frames


def _view(page: Any, height_px: int, width_px: int) -> Page:
    return Page(height_px, width_px, _raw(page), lambda code: getattr(page.tags.get(code), "value", None))


def _raw(page: Any) -> Callable[[int], bytes | None]:
    def raw(code: int) -> bytes | None:
        tag = page.tags.get(code)
        if tag is None or not 0 < tag.valuebytecount <= MAX_TAG_BYTES:
            return None
        file = page.parent.filehandle
        file.seek(tag.valueoffset)
        return bytes(file.read(tag.valuebytecount))

    return raw


def _header(page: Any) -> dict[str, Any]:
    """Tags of the page by name; text as the file holds it."""
    raw, found = _raw(page), {}
    for tag in page.tags:
        if tag.code in BULK_TAGS:
            continue
        if tag.valuebytecount > MAX_TAG_BYTES:
            found[str(tag.name)] = f"{tag.valuebytecount:,} bytes, not kept"
        elif int(tag.dtype) in (1, 2, 7) and tag.count > 4:
            found[str(tag.name)] = text_or_hex(raw(tag.code) or b"")
        else:
            found[str(tag.name)] = plain(tag.value)
    return found
