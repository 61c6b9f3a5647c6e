"""One page of a TIFF file to grey planes: inverted, palette, colour, transparent, channels side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core import Micrograph
from ..errors import UnreadableFile
from . import grey
from .limits import check_size

WHITE_IS_ZERO, RGB, PALETTE, CMYK, YCBCR = 0, 2, 3, 5, 6
COLOURS = {RGB: 3, YCBCR: 3, CMYK: 4}
ORIENTATION_TAG = 274
UNCOMPRESSED = 1


@dataclass(frozen=True)
class Plane:
    """Raw values of one grey plane, how many bits the file gives each, and what was done to them."""

    raw: np.ndarray
    bits: int
    notes: tuple[str, ...] = ()

    def micrograph(self, nan: str, **known: Any) -> Micrograph:
        """The plane in [0, 1]; fewer than 8 bits keep their levels as 8 do."""
        raw, bits = self.raw, self.bits
        known["notes"] = (*self.notes, *known.get("notes", ()))
        if raw.dtype.kind == "u" and bits < 8:
            full = float(2**bits - 1)
            return Micrograph(raw.astype(np.float32) / np.float32(full), gain=full, bits=bits, **known)
        return replace(Micrograph.from_raw(raw, nan=nan, **known), bits=bits)


def count(page: Any) -> int:
    """How many grey planes the page holds, without decoding it."""
    sizes = dict(zip(page.axes, page.shape, strict=False))
    depth = math.prod(n for axis, n in sizes.items() if axis not in "YXS")
    samples = sizes.get("S", 1)
    return int(depth * (samples if samples > 1 and not _mixes(page, samples) else 1))


def _mixes(page: Any, samples: int) -> bool:
    """Whether the samples of a pixel make one colour; otherwise they are channels of their own."""
    photometric = int(page.photometric)
    return photometric in COLOURS or (samples == 2 and _extra(page)[:1] in ((1,), (2,)))


def _extra(page: Any) -> tuple[int, ...]:
    return tuple(int(extra) for extra in page.extrasamples)


def check(page: Any, path: Path) -> float:
    """Refuse a page that is too large, empty or cut short before it is decoded; gives its bytes once decoded."""
    if page.dtype is None:
        raise UnreadableFile(
            path, f"its TIFF pixels of {page.bitspersample} bits in format {page.sampleformat} are not supported"
        )
    bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    packed = int(page.compression) != UNCOMPRESSED
    check_size(path, page.shape, bits / 8, compressed=packed)
    check_size(path, page.shape, page.dtype.itemsize)
    _check_segments(page, path, packed, math.prod(page.shape) * bits / 8)
    return float(math.prod(page.shape) * page.dtype.itemsize)


def _check_segments(page: Any, path: Path, packed: bool, wanted: float) -> None:
    offsets, counts = page.dataoffsets, page.databytecounts
    if not offsets or not any(counts):
        raise UnreadableFile(path, "damaged: the TIFF page has no pixel data")
    held = path.stat().st_size
    if (
        not packed
        and offsets[0] + wanted <= held
        and all(a + n == b for a, n, b in zip(offsets, counts, offsets[1:], strict=False))
    ):
        return
    if len(offsets) < math.prod(page.chunked):
        raise UnreadableFile(path, f"damaged: {len(offsets)} of {math.prod(page.chunked)} blocks of pixels are in the file")
    if any(offset + n > held for offset, n in zip(offsets, counts, strict=False)):
        raise UnreadableFile(path, f"cut short: its pixels lie beyond the end of the file ({held:,} bytes)")


def following(page: Any, path: Path, images: int) -> bool:
    """Whether ``images`` arrays of the page's shape follow one another in the file, as large ImageJ stacks do."""
    if images < 2 or int(page.compression) != UNCOMPRESSED or page.is_tiled:
        return False
    wanted = page.dataoffsets[0] + images * page.nbytes
    if wanted > path.stat().st_size:
        raise UnreadableFile(path, f"cut short: {images:,} images need {wanted:,} bytes, the file has {path.stat().st_size:,}")
    return True


def array_at(page: Any, path: Path, index: int) -> np.ndarray:
    """The array number ``index`` of those that follow the page's own."""
    dtype = page.dtype.newbyteorder(page.parent.byteorder)
    flat = np.fromfile(path, dtype, count=math.prod(page.shape), offset=page.dataoffsets[0] + index * page.nbytes)
    return flat.reshape(page.shape)


def planes(page: Any, array: np.ndarray, *, counts_are_data: bool = False) -> list[Plane]:
    """
    The grey planes of a page that was checked and decoded, as they are to be displayed.

    With ``counts_are_data`` a palette is a mere choice of display and the numbers under it are kept.
    """
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    axes = page.axes
    if array.ndim != len(axes):
        array = array.reshape(page.shape)
    order = [i for i, axis in enumerate(axes) if axis not in "YXS"] + [axes.index(axis) for axis in "YXS" if axis in axes]
    array = array.transpose(order)
    samples = array.shape[-1] if "S" in axes else 1
    array = array.reshape(-1, *array.shape[-3 if "S" in axes else -2 :])
    bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    if samples > 1 and not _mixes(page, samples):
        array = np.moveaxis(array, -1, 1).reshape(-1, *array.shape[1:3])
        samples = 1
    elif samples == 1 and "S" in axes:
        array = array[..., 0]
    turn = _orientation(page)
    done = [_plane(page, plane, bits, samples, counts_are_data) for plane in array]
    return [replace(plane, raw=grey.upright(plane.raw, turn)) for plane in done]


def _orientation(page: Any) -> int:
    tag = page.tags.get(ORIENTATION_TAG)
    return int(tag.value) if tag is not None and isinstance(tag.value, int) else 1


def _plane(page: Any, array: np.ndarray, bits: int, samples: int, counts_are_data: bool) -> Plane:
    photometric = int(page.photometric)
    if samples > 1:
        return _colour(page, array, bits)
    if photometric == PALETTE and page.colormap is not None:
        return _palette(array, bits, np.asarray(page.colormap), counts_are_data)
    if photometric == WHITE_IS_ZERO:
        return Plane(_inverted(array, bits), bits, ("stored with white as zero; inverted, so that dark is dark",))
    return Plane(array, bits)


def _inverted(array: np.ndarray, bits: int) -> np.ndarray:
    if array.dtype.kind == "f":
        return np.asarray(np.nanmax(array) + np.nanmin(array) - array)
    if array.dtype.kind == "u":
        return np.asarray(array.dtype.type(2**bits - 1) - array)
    return np.asarray(~array)


def _colour(page: Any, array: np.ndarray, bits: int) -> Plane:
    photometric = int(page.photometric)
    colours = COLOURS.get(photometric, 1)
    white = float(2**bits - 1) if array.dtype.kind == "u" else None
    base, extra, kinds = array[..., :colours], array[..., colours : colours + 1], _extra(page)
    notes: tuple[str, ...] = ()
    if photometric == CMYK:
        full = array.dtype.type(white or 1)
        base = ((full - base[..., :3]).astype(np.float64) * (full - base[..., 3:4]) / full).astype(array.dtype)
    if photometric == WHITE_IS_ZERO:
        base, notes = _inverted(base, bits), ("stored with white as zero; inverted, so that dark is dark",)
    alpha = extra.shape[-1] == 1 and (not kinds or kinds[0] in (1, 2))
    if extra.shape[-1] == 1 and not alpha:
        alpha = np.ptp(base) == 0 and np.ptp(extra) > 0
        notes += () if alpha else ("a further sample of each pixel has no stated meaning and was left out",)
    stacked = np.concatenate([base, extra], axis=-1) if alpha else base
    raw, done = grey.flatten(stacked, alpha=alpha, premultiplied=alpha and kinds[:1] == (1,), white=white)
    return Plane(raw, bits, (*notes, *done))


def _palette(array: np.ndarray, bits: int, colours: np.ndarray, counts_are_data: bool) -> Plane:
    """Colours of a palette; those of a file that keeps 8-bit values in 16-bit entries as well."""
    if counts_are_data:
        return Plane(array, bits, ("shown with a colour table; the numbers under it were kept",))
    if bits <= 8 and colours.max(initial=0) > 255:
        colours = colours >> 8
    deep = bits > 8
    samples = colours.astype(np.uint16 if deep else np.uint8).T[np.minimum(array.astype(np.intp), colours.shape[1] - 1)]
    raw, notes = grey.flatten(samples)
    return Plane(raw, 16 if deep else 8, notes)
