"""Hamamatsu cameras (HPD-TA, HiPic, HCImage): bracketed groups of ``key="value"`` in the ImageDescription."""

from __future__ import annotations

import re

from ..lengths import nm_per
from .facts import Facts, Page
from .text import known, number, rectangle, times

DESCRIPTION, SOFTWARE, ARTIST = 270, 305, 315
ENTRY = re.compile(r'(\w+)=(?:"([^"]*)"|([^,\r\n\[]*))')


def read(page: Page) -> Facts | None:
    """
    Scale of both axes where both are lengths on the specimen.

    A streak camera's axes are wavelength, in nm too, and time: never a pixel size.
    """
    text = page.value(DESCRIPTION)
    signature = f"{page.value(SOFTWARE) or ''} {page.value(ARTIST) or ''}".lower()
    if (
        not isinstance(text, str)
        or "[" not in text
        or not any(s in signature + text[:300].lower() for s in ("hamamatsu", "hpd-ta", "hipic"))
    ):
        return None
    told: dict[str, str] = {}
    for key, quoted, plain in ENTRY.findall(text):
        told.setdefault(key.lower(), quoted or plain.strip())
    software = told.get("software") or str(page.value(SOFTWARE) or "")
    conditions = known(
        vendor="Hamamatsu",
        detector=told.get("cameraname"),
        date=" ".join(t for t in (told.get("date"), told.get("time")) if t),
        exposure_s=_seconds(told.get("exposuretime")),
        software=software.strip(),
    )
    if "hpd-ta" in software.lower() or "streak" in text[:20000].lower():
        note = "a streak camera's image: its axes are wavelength and time, not lengths"
        return Facts(None, conditions, {"hamamatsu": text}, notes=(note,))
    units = [nm_per(told.get(f"scaling{axis}unit", "")) for axis in "yx"]
    scales = [number(told.get(f"scaling{axis}scale")) for axis in "yx"]
    lengths = [unit * scale if unit and scale else None for unit, scale in zip(units, scales, strict=True)]
    size = rectangle(lengths[0], lengths[1], "Hamamatsu ScalingXScale") if all(lengths) else None
    return Facts(size, conditions, {"hamamatsu": text})


def _seconds(text: str | None) -> float | None:
    factor = 1e-3 if text and "ms" in text else 1e-6 if text and ("us" in text or "µs" in text) else 1.0
    return times(text, factor)
