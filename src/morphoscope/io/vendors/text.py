"""Numbers, lengths, sections and XML as instrument software writes them."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

from ...core import PixelSize
from ..lengths import nm_per
from .facts import Facts

NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?")
LENGTH = re.compile(rf"({NUMBER.pattern})\s*([^\s\d,;/]*)")
MAX_XML_CHARS = 2**22
BAR_SHARE = 0.25
"""A printed bar takes at most this part of the height it was added to."""


def number(text: str | None) -> float | None:
    """The first number of ``text``, with a point or a comma for decimals; None where there is none."""
    found = NUMBER.search(text or "")
    value = float(found[0].replace(",", ".")) if found else math.nan
    return value if math.isfinite(value) else None


def length_nm(text: str | None, unit: str | None = None) -> float | None:
    """Length in nm of ``"7.344 nm"``, ``"10um"`` or, where the text names no unit, of a number in ``unit``."""
    found = LENGTH.search(text or "")
    if found is None:
        return None
    factor = nm_per(found[2]) if found[2] else None
    if factor is None and unit is not None and not found[2]:
        factor = nm_per(unit)
    value = number(found[1])
    return None if factor is None or value is None or value <= 0 else value * factor


def times(text: str | None, factor: float) -> float | None:
    """A number of ``text`` multiplied by ``factor``, rounded to the 12 digits that a float keeps honestly."""
    value = number(text)
    return None if value is None else float(f"{value * factor:.12g}")


def pair(text: str | None) -> tuple[int, int] | None:
    """Two whole numbers such as ``"1280x960"`` or ``"1024 * 768"``."""
    found = re.findall(r"\d+", text or "")
    return (int(found[0]), int(found[1])) if len(found) >= 2 else None


def known(**values: float | str | None) -> dict[str, float | str]:
    """The conditions that have a value."""
    return {name: value for name, value in values.items() if value is not None and value != ""}


def sections(text: str) -> dict[str, str]:
    """Values of an INI text by ``section.key`` in lower case, and by ``key`` alone for lines before any section."""
    found: dict[str, str] = {}
    section = ""
    for line in text.replace("\0", "\n").splitlines():
        line = line.strip()
        if line.startswith("[") and "]" in line:
            section = line[1 : line.index("]")].strip().lower() + "."
        elif "=" in line:
            key, value = line.split("=", 1)
            found.setdefault(section + key.strip().lower(), value.strip())
    return found


def xml(text: str) -> ET.Element:
    """The root of an XML text; one that declares entities is refused, because they can grow without bound."""
    body = text.strip(" \r\n\t\0\1\ufeff")
    body = body[max(body.find("<"), 0) : body.rfind(">") + 1]
    if len(body) > MAX_XML_CHARS or "<!ENTITY" in body or "<!DOCTYPE" in body:
        raise ValueError("XML too long, or with entities of its own")
    return ET.fromstring(re.sub(r'^(<\?xml[^>]*?)\s+encoding="[^"]*"', r"\1", body))


def bare(name: str) -> str:
    """An XML name without its namespace, in lower case."""
    return name.rsplit("}", 1)[-1].lower()


def square(nm: float | None, origin: str, relative_error: float | None = None) -> PixelSize | None:
    """Square pixels of ``nm``, or None where the number is no length."""
    return rectangle(nm, nm, origin, relative_error)


def rectangle(y_nm: float | None, x_nm: float | None, origin: str, relative_error: float | None = None) -> PixelSize | None:
    """Pixels of ``y_nm`` by ``x_nm``; one of them alone stands for both, none or nonsense gives None."""
    y_nm, x_nm = y_nm or x_nm, x_nm or y_nm
    if y_nm is None or x_nm is None or not all(math.isfinite(n) and n > 0 for n in (y_nm, x_nm)):
        return None
    return PixelSize(y_nm, x_nm, f"metadata: {origin}", relative_error)


def fitted(facts: Facts, stated: tuple[int, int] | None, height_px: int, width_px: int) -> Facts:
    """
    ``facts`` for an image of this size, when the header speaks of one of ``stated`` (width, height) pixels.

    An image saved smaller or larger as a whole has pixels larger or smaller in proportion; rows added
    below the stated height are a printed bar.
    """
    if stated is None or min(stated) < 1:
        return facts
    factor = width_px / stated[0]
    image_rows = stated[1] * factor
    surplus = height_px - image_rows
    bar = facts.data_bar_row_px
    if bar is None and 1.5 < surplus <= BAR_SHARE * image_rows:
        bar = round(image_rows)
    facts = replace(facts, data_bar_row_px=bar)
    if factor == 1 or facts.pixel_size is None:
        return facts
    size = f"the header speaks of {stated[0]} x {stated[1]} pixels, the image has {width_px} x {height_px}"
    if abs(surplus) > 1.5 and bar is None:
        return replace(facts, notes=(*facts.notes, f"{size}; taken as cut out, its pixel size left as stated"))
    scaled = facts.pixel_size.scaled(1 / factor, 1 / factor)
    return replace(facts, pixel_size=scaled, notes=(*facts.notes, f"{size}; the pixel size was corrected for it"))
