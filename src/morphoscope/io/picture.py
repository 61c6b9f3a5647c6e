"""PNG, JPEG, BMP and GIF pictures, with what microscope software wrote into them or beside them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin

from ..core import Micrograph
from ..errors import UnreadableFile
from . import grey, kept, png, sidecar
from .formats import Options
from .limits import check_size
from .plain import plain

CHANNELS: dict[int, tuple[int, ...]] = {0: (), 2: (3,), 3: (3,), 4: (2,), 6: (4,)}
"""Samples of a pixel by a PNG's kind of colour, palettes resolved; none where it is one."""

ORIENTATION = 0x0112
EXIF_IFD = 0x8769


def read(path: Path, options: Options) -> Micrograph:
    """One picture as a Micrograph; its kind is told by its first bytes, not by its name."""
    with open(path, "rb") as file:
        head = file.read(8)
    kind, reader = next((KINDS[magic] for magic in KINDS if head.startswith(magic)), ("jpeg", _jpeg))
    micrograph = reader(path)
    if kind not in path.suffix.lower().replace("jpg", "jpeg") and path.suffix.lower() in (
        ".png",
        ".jpg",
        ".jpeg",
        ".bmp",
        ".gif",
    ):
        micrograph = replace(micrograph, notes=(*micrograph.notes, f"named {path.suffix}, but its content is {kind.upper()}"))
    return sidecar.told(micrograph, sidecar.from_companions(path, micrograph.height_px, micrograph.width_px))


def _png(path: Path) -> Micrograph:
    width, height, depth, colour = png.header(path)
    if depth not in (1, 2, 4, 8, 16) or colour not in CHANNELS:
        raise UnreadableFile(path, f"damaged: no PNG has {depth} bits a sample and colours of kind {colour}")
    check_size(path, (height, width, *CHANNELS[colour]), max(1, depth / 8))
    found = png.chunks(path)
    if depth == 16 and colour != 0:
        samples = np.asarray(imagecodecs.png_decode(found.picture.getvalue()))
        raw, notes = grey.flatten(samples, alpha=colour in (4, 6))
    else:
        raw, notes = _samples(path, PngImagePlugin.PngImageFile(found.picture))
    micrograph = _micrograph(path, raw, (*notes, *found.notes))
    if colour == 0 and depth in (2, 4) and raw.dtype == np.uint8 and not notes:
        micrograph = replace(micrograph, bits=depth, gain=2.0**depth - 1)
    header: dict[str, Any] = {"bit_depth": depth, "colour_type": colour, **found.texts}
    if found.pixels_per_unit:
        header["pHYs"] = list(found.pixels_per_unit)
    micrograph = replace(micrograph, header={**micrograph.header, "png": header})
    return _restored(micrograph, found.texts[kept.KEY]) if kept.KEY in found.texts else micrograph


def _restored(micrograph: Micrograph, text: str) -> Micrograph:
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    return kept.restore(micrograph, told)


def _jpeg(path: Path) -> Micrograph:
    with open(path, "rb") as file:
        image = JpegImagePlugin.JpegImageFile(file)
        check_size(path, _shape(image), 1)
        header, notes = _exif(image)
        raw, remarks = _samples(path, image)
        file.seek(0)
        phenom = sidecar.from_jpeg(file.read(), image.height, image.width)
    turned = grey.upright(raw, int(header.get("orientation", 1)))
    micrograph = _micrograph(path, turned, (*remarks, *notes))
    return sidecar.told(replace(micrograph, header={**micrograph.header, "jpeg": header}), phenom)


def _exif(image: JpegImagePlugin.JpegImageFile) -> tuple[dict[str, Any], list[str]]:
    """What the JPEG says about itself, and the orientation it is to be shown in."""
    header = {str(key): plain(value) for key, value in image.info.items() if key not in ("exif", "icc_profile", "mp")}
    try:
        exif = image.getexif()
        fields = {**dict(exif), **exif.get_ifd(EXIF_IFD)}
        header["exif"] = {str(key): plain(value) for key, value in fields.items()}
        turn = exif.get(ORIENTATION, 1)
        header["orientation"] = turn if turn in range(1, 9) else 1
    except (SyntaxError, ValueError, LookupError, TypeError, OSError, ArithmeticError) as error:
        return header, [f"its EXIF block is damaged and was ignored ({type(error).__name__})"]
    return header, ["turned upright, as its EXIF block asks"] if header["orientation"] != 1 else []


def _bmp(path: Path) -> Micrograph:
    with open(path, "rb") as file:
        image = BmpImagePlugin.BmpImageFile(file)
        bits = int.from_bytes(_at(path, 28, 2), "little")
        packed = image.tile[0].codec_name == "bmp_rle" if image.tile else True
        check_size(path, (image.height, image.width), max(bits, 1) / 8, compressed=packed)
        check_size(path, _shape(image), 1)
        raw, notes = _samples(path, image)
    micrograph = _micrograph(path, raw, notes)
    return replace(micrograph, header={**micrograph.header, "bmp": {"bits_per_pixel": bits}})


def _gif(path: Path) -> Micrograph:
    with open(path, "rb") as file:
        image = GifImagePlugin.GifImageFile(file)
        check_size(path, (image.height, image.width, 4), 1)
        moving = image.is_animated
        image.seek(0)
        raw, notes = _samples(path, image)
    return _micrograph(path, raw, (*notes, "an animated GIF; this is its first picture") if moving else notes)


def _shape(image: Image.Image) -> tuple[int, ...]:
    bands = len(image.getbands())
    return (image.height, image.width) if bands == 1 else (image.height, image.width, bands)


def _at(path: Path, offset: int, count: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(count)


def _samples(path: Path, image: Image.Image) -> tuple[np.ndarray, tuple[str, ...]]:
    """Grey values of a Pillow image of any mode; nothing before this has decoded a pixel."""
    try:
        image.load()
    except OSError as error:
        if re.search("truncated|unexpected end", str(error)):
            raise UnreadableFile(path, "cut short: the file ends before its picture does") from None
        raise
    see_through = image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info
    if see_through and not image.mode.startswith("I"):
        return grey.flatten(np.asarray(image.convert("RGBA")), alpha=True)
    if image.mode in ("1", "L") or image.mode.startswith("I"):
        return np.asarray(image), ()
    return grey.flatten(np.asarray(image.convert("RGB")))


def _micrograph(path: Path, raw: np.ndarray, notes: tuple[str, ...]) -> Micrograph:
    raw = raw if raw.dtype.isnative else raw.astype(raw.dtype.newbyteorder("="))
    return Micrograph.from_raw(raw, unit="counts", source=str(path), notes=notes)


KINDS = {png.SIGNATURE: ("png", _png), b"\xff\xd8": ("jpeg", _jpeg), b"BM": ("bmp", _bmp), b"GIF8": ("gif", _gif)}
"""Name and reader by the first bytes."""
