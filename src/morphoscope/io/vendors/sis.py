"""Olympus Soft Imaging Solutions (analySIS, iTEM, RADIUS): tags 33560 (binary) and 33471 (INI text)."""

from __future__ import annotations

from typing import Any

from .facts import Facts, Page
from .text import known, number, rectangle

BINARY_TAG, INI_TAG = 33560, 33471


def read(page: Page) -> Facts | None:
    """Pixel size in metres, as the tags' decoder finds it."""
    told: dict[str, Any] = {}
    for code in (INI_TAG, BINARY_TAG):
        value = page.value(code)
        if isinstance(value, dict):
            told.update({str(key).lower(): item for key, item in value.items()})
    if not told:
        return None
    y_nm, x_nm = (_nm(told.get(f"pixelsize{axis}")) for axis in "yx")
    conditions = known(
        vendor="Olympus SIS",
        detector=str(told.get("cameraname") or "").strip("\0 ") or None,
        magnification=number(str(told["magnification"])) if told.get("magnification") else None,
        date=str(told.get("datetime") or ""),
    )
    return Facts(rectangle(y_nm, x_nm, "Olympus SIS pixelsizex"), conditions)


def _nm(value: object) -> float | None:
    return float(f"{value * 1e9:.9g}") if isinstance(value, int | float) and value > 0 else None
