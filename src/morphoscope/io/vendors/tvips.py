"""TVIPS EMMENU: tag 37706 of TEM cameras."""

from __future__ import annotations

from .facts import Facts, Page
from .text import known, rectangle

TAG = 37706


def read(page: Page) -> Facts | None:
    """Pixel size in nm and what the microscope reported."""
    told = page.value(TAG)
    if not isinstance(told, dict):
        return None
    y_nm, x_nm = (_positive(told.get(f"PixelSize{axis}")) for axis in "YX")
    volts, exposure_ms = _positive(told.get("TemHighTension")), _positive(told.get("ExposureTime"))
    conditions = known(
        vendor="TVIPS",
        instrument=str(told.get("TemType") or "").strip("\0 "),
        voltage_kv=None if volts is None else volts / 1000,
        magnification=_positive(told.get("TemMagnification")),
        detector=str(told.get("CameraType") or "").strip("\0 "),
        exposure_s=None if exposure_ms is None else exposure_ms / 1000,
    )
    return Facts(rectangle(y_nm, x_nm, "TVIPS PixelSizeX"), conditions)


def _positive(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None
