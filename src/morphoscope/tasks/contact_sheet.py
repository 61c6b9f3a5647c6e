"""Many small pictures on one sheet, to look through by eye."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ..core import Run
from ..errors import MorphoscopeError
from ..io import read_micrograph

COLUMNS, TILE_PX, CAPTION_PX, SHOWN = 6, 200, 20, 120


def contact_sheet(run: Run, tiles: list[tuple[Path, str]]) -> None:
    """``sheet.png``: small pictures in the given order with a caption below each."""
    shown = tiles[:SHOWN]
    if not shown:
        return
    lines = math.ceil(len(shown) / COLUMNS)
    sheet = Image.new("L", (COLUMNS * TILE_PX, lines * (TILE_PX + CAPTION_PX)), 255)
    pen = ImageDraw.Draw(sheet)
    for k, (path, caption) in enumerate(shown):
        left, top = (k % COLUMNS) * TILE_PX, (k // COLUMNS) * (TILE_PX + CAPTION_PX)
        try:
            grey = np.rint(np.clip(read_micrograph(path, nan="mask").pixels, 0, 1) * 255).astype(np.uint8)
        except MorphoscopeError:
            continue
        tile = Image.fromarray(grey)
        tile.thumbnail((TILE_PX - 6, TILE_PX - 6))
        sheet.paste(tile, (left + (TILE_PX - tile.width) // 2, top + (TILE_PX - tile.height) // 2))
        pen.text((left + 6, top + TILE_PX + 2), f"{caption}  {path.name}"[:32], fill=0)
    sheet.save(run.file("sheet.png"))
