"""A Micrograph as PNG of 8 or 16 bits; the exact scale travels in a text chunk, the resolution in ``pHYs``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from ..core import Micrograph
from ..errors import InputError
from . import kept

NM_PER_INCH = 2.54e7
MAX_PER_METRE = 2**31 - 1


def write(micrograph: Micrograph, path: Path) -> None:
    """Whole raw values from 0 to 65535 are stored as they are; others as 65536 levels of grey."""
    if not isinstance(micrograph, Micrograph):
        raise InputError(f"a {type(micrograph).__name__} cannot be a PNG; write one frame, or give a name ending in .tif or .h5")
    values, stored = kept.raw_values(micrograph), "raw"
    if values.dtype not in (np.uint8, np.uint16):
        values, stored = np.rint(np.clip(micrograph.pixels, 0, 1) * kept.LEVELS).astype(np.uint16), "levels"
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Software", "morphoscope")
    texts.add_text(kept.KEY, json.dumps(kept.keep(micrograph, stored=stored)))
    size = micrograph.pixel_size
    if size is not None and max(1e9 / size.x_nm, 1e9 / size.y_nm) < MAX_PER_METRE:
        Image.fromarray(values).save(path, "PNG", pnginfo=texts, dpi=(NM_PER_INCH / size.x_nm, NM_PER_INCH / size.y_nm))
    else:
        Image.fromarray(values).save(path, "PNG", pnginfo=texts)
