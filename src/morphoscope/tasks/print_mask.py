"""What is printed on a micrograph, as a mask and as a picture without it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from PIL import Image

from ..core import Figure, Param, Quantity, Report, Run
from ..io import read_micrograph, write
from ..measure.annotations import find as find_print
from ..measure.annotations import painted_over
from ..measure.scalebar.ocr import engine
from .pictures import save_picture, tinted


def find(
    run: Run,
    image: Annotated[Path, Param("micrograph with labels, bars, arrows, frames or insets", accepts="file")],
    *,
    words: Annotated[bool, Param("look for grey words too, by character recognition (extra: ocr)")] = False,
) -> Report:
    """
    Panel letters, labels, arrows, insets, scale bars, data bars and frames: where they are, and the picture without.

    The mask is white where the specimen can be read, as the ``mask`` of other tasks wants it. In the cleaned picture the
    print is filled in smoothly from around: good to look at or to train on, but what was filled is no measurement.
    """
    micrograph = read_micrograph(image)
    run.progress(0, 2, "looking for print")
    printed = find_print(micrograph, reader=engine() if words else None)
    run.progress(1, 2, "filling in")
    cleaned = painted_over(micrograph, printed)
    write(cleaned, run.file("cleaned.png"))
    Image.fromarray(np.where(printed.mask, 0, 255).astype(np.uint8)).save(run.file("mask.png"))
    save_picture(run, "overlay.png", tinted(micrograph.pixels, printed.mask, strength=0.6))
    count = len(printed.parts)
    return Report(
        title=f"Print on {micrograph.name}: {printed.share:.2%} of the image" if count else f"No print on {micrograph.name}",
        values={"share": Quantity(printed.share), "parts": Quantity(count)},
        tables={
            "parts": [
                {"kind": kind, "left": left, "top": top, "right": right, "bottom": bottom}
                for kind, (left, top, right, bottom) in printed.parts
            ]
        },
        figures={
            "overlay": Figure("overlay", ("overlay",), "What was taken for print, coloured"),
            "cleaned": Figure("image", ("cleaned",), "The picture without it"),
        },
        files={"mask": "mask.png", "cleaned": "cleaned.png", "overlay": "overlay.png"},
        notes=("the measuring tasks leave print out by themselves; keep_print counts it",),
    )
