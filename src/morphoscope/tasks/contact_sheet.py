"""Many small pictures on one sheet, to look through by eye."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from ..core import Run
from ..errors import MorphoscopeError
from ..io import read_micrograph

COLUMNS, TILE_PX, SHOWN = 6, 200, 120
GAP_PX, LINE_PX, FONT_PX = 8, 18, 13


def contact_sheet(run: Run, tiles: Sequence[tuple[Path, str]]) -> None:
    """``sheet.png``: small pictures in the given order with a caption and the file's name below each."""
    if tiles:
        shown = (captioned(picture, (words, path.name), side_px=TILE_PX) for path, words, picture in _read(tiles[:SHOWN]))
        grid(list(shown), columns=COLUMNS).save(run.file("sheet.png"), compress_level=1)


def captioned(
    picture: Image.Image, lines: Sequence[str], *, side_px: int | None = None, colours: Sequence[str | tuple[int, int, int]] = ()
) -> Image.Image:
    """``picture``, brought into a square of ``side_px`` if that is given, with each of ``lines`` below it."""
    small = picture.convert("RGB")
    if side_px is not None:
        small = ImageOps.pad(small, (side_px, side_px), Image.Resampling.LANCZOS, color="white")
    tile = Image.new("RGB", (small.width, small.height + LINE_PX * len(lines) + 4), "white")
    tile.paste(small, (0, 0))
    pen, font = ImageDraw.Draw(tile), ImageFont.load_default(FONT_PX)
    for k, line in enumerate(lines):
        fill = colours[k] if k < len(colours) else "black"
        pen.text((2, small.height + 2 + k * LINE_PX), _fitting(line, pen, font, small.width - 4), fill=fill, font=font)
    return tile


def grid(tiles: Sequence[Image.Image], *, columns: int) -> Image.Image:
    """All ``tiles`` side by side, row after row."""
    across = min(columns, len(tiles))
    wide, tall = (max(tile.size[k] for tile in tiles) + GAP_PX for k in (0, 1))
    sheet = Image.new("RGB", (across * wide - GAP_PX, -(-len(tiles) // across) * tall - GAP_PX), "white")
    for k, tile in enumerate(tiles):
        sheet.paste(tile, (k % across * wide, k // across * tall))
    return sheet


def _read(tiles: Sequence[tuple[Path, str]]) -> Iterator[tuple[Path, str, Image.Image]]:
    for path, words in tiles:
        try:
            grey = np.rint(np.clip(read_micrograph(path, nan="mask").pixels, 0, 1) * 255).astype(np.uint8)
        except MorphoscopeError:
            continue
        yield path, words, Image.fromarray(grey)


def _fitting(text: str, pen: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room_px: int) -> str:
    """``text`` in the letters that the font has, its middle left out where it is too long."""
    text = text.replace("\u03bc", "u").replace("\u00b5", "u")  # the font that Pillow brings has no micro sign
    plain = text.encode("latin-1", "replace").decode("latin-1")
    keep = len(plain)
    while keep > 4 and pen.textlength(plain, font=font) > room_px:
        keep -= 1
        plain = f"{text[: keep // 2]}..{text[len(text) - keep // 2 :]}".encode("latin-1", "replace").decode("latin-1")
    return plain
