"""TIFF files of every kind: pages, tiles, BigTIFF, ImageJ, OME, and the tags of microscope makers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tifffile

from ..core import Micrograph, Stack
from ..errors import UnreadableFile
from . import kept, limits, planes, sidecar, tiff_chain, tiff_page
from .formats import Options
from .plain import plain, text_or_hex
from .vendors import Facts, Layout, Page, gatan_tiff, imagej

logging.getLogger("tifffile").addHandler(logging.NullHandler())

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
    slots = _slots(pages, path)
    chosen = planes.chosen(path, len(slots), options)
    wanted = list({id(slots[i].page): slots[i] for i in chosen}.values())
    sizes = {id(slot.page): tiff_page.check(slot.page, path) for slot in wanted}
    limits.check_total(
        path, len(chosen), sum(sizes.values()) if len(pages) > 1 else sizes[id(pages[0])] * _repeats(slots, chosen)
    )
    layout, remarks = sidecar.layout(_view(pages[0], *pages[0].shape[:2]), len(slots))
    frames = _frames(path, slots, chosen, layout, options)
    notes = (*notes, *remarks)
    if len(slots) == 1:
        return replace(frames[0], notes=(*frames[0].notes, *notes))
    spacing_nm, step_s = gatan_tiff.third_axis(_view(pages[0], 1, 1)) if layout.axis == "page" else (None, None)
    if spacing_nm or step_s:
        layout = replace(
            layout,
            axis="z" if spacing_nm else "time",
            spacing_nm=spacing_nm,
            times_s=tuple(i * (step_s or 0) for i in range(len(slots))),
        )
    return Stack(
        tuple(frames),
        axis=layout.axis,
        spacing_nm=layout.spacing_nm and layout.spacing_nm * abs(chosen.step),
        times_s=tuple(layout.times_s[i] for i in chosen) if layout.times_s and layout.axis == "time" else None,
        names=tuple(layout.names[i] for i in chosen) if layout.names else (),
        source=str(path),
        notes=notes,
    )


@dataclass(frozen=True)
class _Slot:
    """One grey plane of the file: plane ``plane`` of ``page``, or of the array ``follows`` places behind it."""

    page: Any
    plane: int
    follows: int = 0


def _slots(pages: Sequence[Any], path: Path) -> list[_Slot]:
    if len(pages) == 1 and pages[0].dtype is not None:
        images = imagej.declared(_view(pages[0], 1, 1))
        if tiff_page.following(pages[0], path, images):
            return [_Slot(pages[0], i, n) for n in range(images) for i in range(tiff_page.count(pages[0]))]
    return [_Slot(page, i) for page in pages for i in range(tiff_page.count(page))]


def _repeats(slots: Sequence[_Slot], chosen: range) -> int:
    return len({slots[i].follows for i in chosen})


def _pages(tif: Any, path: Path) -> tuple[list[Any], tuple[str, ...]]:
    """Pages that hold an image of their own; reduced copies and masks are left out."""
    reachable, notes = tiff_chain.count_pages(path)
    pages = [tif.pages[i] for i in range(reachable)]
    calibrated = [page for page in pages if page.is_sis]
    if 0 < len(calibrated) < len(pages):
        return calibrated, (*notes, "the preview beside the calibrated image was left out")
    whole = [page for page in pages if not _is_copy(page)]
    if not whole or len(whole) == len(pages):
        return pages, notes
    left = len(pages) - len(whole)
    return whole, (*notes, f"{left} reduced cop{'y' if left == 1 else 'ies'} of the image in the file left out")


def _is_copy(page: Any) -> bool:
    old = page.tags.get(255)
    return bool(int(page.subfiletype) & 5) or (old is not None and old.value == 2)


def _frames(path: Path, slots: Sequence[_Slot], chosen: range, layout: Layout, options: Options) -> list[Micrograph]:
    beside: dict[tuple[int, int], Facts] = {}
    frames: list[Micrograph] = []
    decoded: tuple[Any, list[tiff_page.Plane]] = (None, [])
    for index in chosen:
        slot = slots[index]
        if decoded[0] != (id(slot.page), slot.follows):
            array = tiff_page.array_at(slot.page, path, slot.follows) if slot.follows else slot.page.asarray()
            counts = "imagej" in layout.of(0).header
            decoded = (id(slot.page), slot.follows), tiff_page.planes(slot.page, array, counts_are_data=counts)
        micrograph = decoded[1][slot.plane].micrograph(options.nan, unit="counts", source=str(path))
        size = micrograph.height_px, micrograph.width_px
        if size not in beside:
            beside[size] = sidecar.from_companions(path, *size)
        facts = layout.of(index).and_then(sidecar.from_tags(_view(slot.page, *size))).and_then(beside[size])
        told = sidecar.told(replace(micrograph, header={"tiff": _header(slot.page)}), facts)
        frames.append(kept.restore(told, layout.kept[index]) if layout.kept else told)
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
