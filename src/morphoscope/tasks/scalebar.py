"""The scale bars of a folder of images: a table, and a sheet of pictures to check it by eye."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from PIL import Image, ImageDraw

from ..core import Figure, Micrograph, Param, Quantity, Report, Run
from ..errors import InputError, MissingDependency, MorphoscopeError
from ..io import READERS, read_micrograph
from ..measure import scalebar
from ..measure.scalebar import ScaleBar
from .contact_sheet import captioned, grid
from .pictures import ACCENT

PICTURES = ("png", "jpeg", "bmp", "gif", "tiff", "dm", "tia", "mrc", "emd", "hdf5")
"""Formats that are looked for in a folder; a file that is named is read whatever it is."""
SHOWN = 60
"""Most pictures on the sheet."""
COLUMNS, TILE_PX, CLOSE_PX = 4, 280, 64


def read(
    run: Run,
    files: Annotated[tuple[Path, ...], Param("images, or folders of images", accepts="any")],
) -> Report:
    """
    The printed scale bar of each image: its label, its length in pixels, and so the size of a pixel.

    Nothing is guessed: where the label cannot be read beyond doubt, where bars disagree with each other or with the file's
    own pixel size, or where there is no bar, the row has no value and a reason. The sheet shows what was found.
    """
    paths = list(dict.fromkeys(images(files)))
    if not paths:
        raise InputError(
            f"no image in {', '.join(path.name for path in files) or 'what was given'}; give images or folders of images"
        )
    rows: list[dict[str, Any]] = []
    tiles: list[Image.Image] = []
    for k, path in enumerate(paths):
        run.progress(k, len(paths), path.name)
        micrograph, bar = _look(path)
        rows.append(_row(path, bar))
        if len(tiles) < SHOWN:
            tiles.append(_tile(path, micrograph, bar))
    grid(tiles, columns=COLUMNS).save(run.file("sheet.png"))
    answered = sum(row["value_nm"] is not None for row in rows)
    more = (f"the sheet shows the first {SHOWN} of {len(paths)} images",) if len(paths) > SHOWN else ()
    return Report(
        title=f"Scale bars: {answered} of {len(paths)} images answered",
        values={"images": Quantity(len(paths)), "answered": Quantity(answered)},
        tables={"bars": rows},
        files={"sheet": "sheet.png"},
        figures={"sheet": Figure("image", ("sheet",), "What was found: the bar's ends and its label")},
        notes=more,
    )


def images(files: tuple[Path, ...]) -> Iterator[Path]:
    """The files given, and the images inside the folders given, in order of name."""
    known = {extension for name in PICTURES for extension in READERS[name].extensions}
    for path in files:
        if path.is_dir():
            inside = (p for p in path.rglob("*") if not any(part.startswith(".") for part in p.relative_to(path).parts))
            yield from sorted(p for p in inside if p.is_file() and p.suffix.lower() in known)
        else:
            yield path


def _look(path: Path) -> tuple[Micrograph | None, ScaleBar]:
    """One image and its bar; an image that cannot be read is an answer without a value."""
    try:
        micrograph = read_micrograph(path, nan="mask")
        return micrograph, scalebar.read(micrograph)
    except MissingDependency:
        raise
    except MorphoscopeError as error:
        return None, ScaleBar(None, None, 0.0, str(error).removeprefix(f"{path.name}: "))


def _row(path: Path, bar: ScaleBar) -> dict[str, Any]:
    return {
        "file": path.name,
        "value_nm": bar.value_nm,
        "length_px": bar.length_px,
        "pixel_size_nm": bar.pixel_size_nm,
        "confidence": round(bar.confidence, 3),
        "reason": bar.reason,
    }


def _tile(path: Path, micrograph: Micrograph | None, bar: ScaleBar) -> Image.Image:
    """The image with the bar's ends and label marked, bar and label enlarged, and the answer below."""
    tile = Image.new("RGB", (TILE_PX, TILE_PX + CLOSE_PX), "white")
    if micrograph is not None:
        plane = Image.fromarray(np.rint(np.clip(micrograph.pixels, 0, 1) * 255).astype(np.uint8))
        tile.paste(_marked(plane, bar, (0, 0, plane.width, plane.height), (TILE_PX, TILE_PX), boxed=True), (0, 0))
        if bar.ends is not None and bar.label_px is not None:
            (row, start), (_, stop) = bar.ends
            left, top, right, bottom = bar.label_px
            around = (min(left, start) - 8, min(top, row) - 8, max(right, stop) + 9, max(bottom, row) + 9)
            tile.paste(_marked(plane, bar, around, (TILE_PX, CLOSE_PX - 4), boxed=False), (0, TILE_PX + 2))
    found = "no value" if bar.value_nm is None else f"{bar.value_nm:g} nm = {bar.length_px:.1f} px ({bar.confidence:.2f})"
    colours = ("black", "black" if bar.value_nm is None else ACCENT, "grey")
    return captioned(tile, (path.name, found, bar.reason), colours=colours)


def _marked(
    plane: Image.Image, bar: ScaleBar, box: tuple[float, float, float, float], room: tuple[int, int], *, boxed: bool
) -> Image.Image:
    """The part ``box`` of ``plane`` as large as fits into ``room``, with the bar's ends and, if ``boxed``, its label marked."""
    left, top = max(0, int(box[0])), max(0, int(box[1]))
    part = plane.crop((left, top, min(plane.width, int(box[2])), min(plane.height, int(box[3]))))
    scale = min(room[0] / part.width, room[1] / part.height)
    size = (max(1, round(part.width * scale)), max(1, round(part.height * scale)))
    shown = part.resize(size, Image.Resampling.LANCZOS).convert("RGB")
    pen = ImageDraw.Draw(shown)
    for row, column in bar.ends or ():
        x, y = (column + 0.5 - left) * scale, (row + 0.5 - top) * scale
        pen.line([x, y - 7, x, y + 7], fill=ACCENT, width=2 if boxed else 1)
    if boxed and bar.label_px is not None:
        pen.rectangle([edge * scale for edge in bar.label_px], outline=ACCENT)
    return shown
