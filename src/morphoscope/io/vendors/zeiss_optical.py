"""Zeiss AxioVision and ZEN: light microscope pictures, with XML where the software wrote it."""

from __future__ import annotations

from .facts import Facts, Page
from .text import bare, known, length_nm, number, rectangle, xml

DESCRIPTION, MODEL, DATE = 270, 272, 306
XML_TAGS = (33424, 34732, 65000, DESCRIPTION)


def read(page: Page) -> Facts | None:
    """The camera's name; the scale of an XML text, in micrometres, where there is one."""
    model = str(page.value(MODEL) or "")
    if "axiocam" not in model.lower():
        return None
    size, header = None, {}
    for code in XML_TAGS:
        text = page.value(code)
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        if isinstance(text, str) and "<" in text and "Scal" in text:
            told = {bare(node.tag): node.text or "" for node in xml(text).iter()}
            x_nm, y_nm = (_scaling(told, axis) for axis in "xy")
            size, header = rectangle(y_nm, x_nm, "Zeiss AxioVision scaling"), {"zeiss_xml": text}
    return Facts(size, known(vendor="Zeiss", detector=model.strip(), date=str(page.value(DATE) or "")), header)


def _scaling(told: dict[str, str], axis: str) -> float | None:
    for key in (f"scaling{axis}", f"scalefactor{axis}", f"scalefactorfor{axis}"):
        if number(told.get(key)):
            return length_nm(told[key], "um")
    return None
