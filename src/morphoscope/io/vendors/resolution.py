"""Resolution tags, believed only when microscope software wrote them in pixels per centimetre."""

from __future__ import annotations

from .facts import Facts, Page
from .text import rectangle

SOFTWARE, MAKE, RESOLUTION_UNIT, X_RESOLUTION, Y_RESOLUTION = 305, 271, 296, 282, 283
MICROSCOPES = ("digital micrograph", "digitalmicrograph", "gatan", "emmenu", "em-menu", "tvips", "analysis", "item", "radius")
CENTIMETRE, NM_PER_CM = 3, 1e7
PRINTED_NM = 20_000
"""Larger pixels are those of a printer or a screen."""


def read(page: Page) -> Facts | None:
    """Pixel size of a file whose ``Software`` is a microscope's; printing resolutions never are one."""
    signature = f"{page.value(SOFTWARE) or ''} {page.value(MAKE) or ''}".lower()
    words = signature.replace("_", " ").replace("-", " ").split()
    if page.value(RESOLUTION_UNIT) != CENTIMETRE or not any(
        name in words or (" " in name and name in signature) for name in MICROSCOPES
    ):
        return None
    x_nm, y_nm = (_nm(page.value(code)) for code in (X_RESOLUTION, Y_RESOLUTION))
    if x_nm is None or x_nm >= PRINTED_NM:
        return None
    return Facts(rectangle(y_nm, x_nm, f"TIFF resolution by {str(page.value(SOFTWARE) or page.value(MAKE)).strip()}"))


def _nm(value: object) -> float | None:
    if isinstance(value, tuple) and len(value) == 2 and value[0] > 0 and value[1] > 0:
        return float(NM_PER_CM * value[1] / value[0])
    return None
