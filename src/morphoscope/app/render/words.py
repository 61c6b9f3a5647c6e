"""Numbers, units and names as people read them."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape

SUFFIXES = ("_per_nm2", "_per_nm", "_nm2", "_nm", "_px", "_deg", "_kv", "_s", "_mm", "_percent")
SYMBOLS = {
    "um": "µm",
    "1/nm": "nm⁻¹",
    "1/A": "Å⁻¹",
    "1/px": "px⁻¹",
    "1/nm²": "nm⁻²",
    "1/px²": "px⁻²",
    "1/µm²": "µm⁻²",
    "A": "Å",
    "nm2": "nm²",
    "nm^2": "nm²",
    "deg": "°",
    "degree": "°",
}
POSITIONAL = 1e6
"""Numbers below this are written out, rounded, and not as powers of ten."""
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
CALLED = {
    "d_mean": "Mean diameter",
    "d_sd": "Spread of diameters (sd)",
    "by_number": "Sizes, cumulative",
    "share_below_100_nm": "Share below 100 nm",
    "p_holm": "p (Holm)",
    "hedges_g": "Hedges' g",
    "cliffs_delta": "Cliff's δ",
    "number_per_area": "Particles per area",
    "print_share": "Share of print",
}
"""Names that read badly once their underscores are gone."""
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/[^\s\"'<>]*[^\s\"'<>.,;)\]])", re.IGNORECASE)


def human(name: str) -> str:
    """``pixel_size_nm`` as "Pixel size"; names that hold capitals, such as S2, are kept."""
    if name in CALLED:
        return CALLED[name]
    for suffix in SUFFIXES:
        if name.endswith(suffix) and len(name) > len(suffix):
            name = name.removesuffix(suffix)
            break
    if name in CALLED:
        return CALLED[name]
    text = name.replace("_", " ").strip()
    return text if any(c.isupper() for c in text) else text[:1].upper() + text[1:]


ENDINGS = {"_per_nm2": "nm⁻²", "_per_um2": "µm⁻²", "_per_nm": "nm⁻¹", "_per_px2": "px⁻²", "_per_px": "px⁻¹", "_nm": "nm",
           "_px": "px", "_deg": "°"}  # fmt: skip


def head(column: str) -> str:
    """A column's name with the unit that its ending states: "d_mean_nm" as "Mean diameter (nm)"."""
    for bound in ("_low", "_high"):
        if (
            column.endswith(bound)
            and column != bound[1:]
            and head(column.removesuffix(bound)) != human(column.removesuffix(bound))
        ):
            return f"{head(column.removesuffix(bound))}, {bound[1:]}"
    for ending, unit in ENDINGS.items():
        if column.endswith(ending) and len(column) > len(ending):
            return axis_title(human(column.removesuffix(ending)), unit)
    return human(column)


def unit_symbol(unit: str) -> str:
    """``um`` as µm, ``1/nm`` as nm⁻¹; nothing for a pure number."""
    return "" if unit == "1" else SYMBOLS.get(unit, unit)


def axis_title(name: str, unit: str) -> str:
    """ "r (nm)"; without markup, because plotly would read it."""
    text = human(name) if "_" in name else name
    text = f"{text} ({unit_symbol(unit)})" if unit_symbol(unit) else text
    return text.replace("<", "‹").replace(">", "›")


def number(value: Any, digits: int = 5) -> str:
    """A number as the command line prints it, with a power of ten in place of e+05."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:d}"
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.{digits}g}"
    if 1 <= abs(value) < POSITIONAL:
        text = f"{float(text):.15g}"
    if text in ("nan", "inf", "-inf"):
        return "unknown"
    mantissa, e, power = text.partition("e")
    return f"{mantissa}×10{str(int(power)).translate(SUPERSCRIPT)}" if e else text


def duration(seconds: float) -> str:
    """ "3.2 s", "4 min 10 s", "2 h 5 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def size(count: int) -> str:
    """Bytes as kB or MB."""
    if count < 1000:
        return f"{count} bytes"
    value, unit = (count / 1e3, "kB") if count < 1e6 else (count / 1e6, "MB")
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}"


def linked(text: str) -> Markup:
    """``text`` escaped, with every DOI a link."""
    parts: list[Markup] = []
    end = 0
    for match in _DOI.finditer(text):
        doi = match.group(1)
        parts.append(escape(text[end : match.start()]))
        parts.append(Markup('<a href="https://doi.org/{0}" rel="noreferrer">doi:{0}</a>').format(doi))
        end = match.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def translucent(colour: str, alpha: float) -> str:
    """``#rrggbb`` with an opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"
