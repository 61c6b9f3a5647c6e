"""
The grammar of a scale bar's label: a number, a unit of length, nothing else that would change its meaning.

Character recognition confuses l and 1, O and 0, drops the decimal point, reads "nm" or "µm" as "mm" and "µm" as "pm". What has
one sensible reading is read so; what has two is refused, or left to a caller who knows the pixel size.

Checked against: labels as they are printed and as they are misread, in tests/measure/test_scalebar_label.py.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

NM = {"pm": 1e-3, "Å": 0.1, "nm": 1.0, "µm": 1e3, "mm": 1e6, "cm": 1e7}

SPELLINGS = {
    "µm": (
        "um",
        "µm",
        "µ",
        "u",
        "µrn",
        "urn",
        "µn",
        "micron",
        "microns",
        "µms",
        "hm",
        "ym",
        "jm",
        "jum",
        "jim",
        "jun",
        "µum",
        "µµm",
        "yum",
        "gm",
        "pum",
        "uum",
    ),
    "nm": ("nm", "nrn", "nn", "nms"),
    "mm": ("mm", "rnrn", "mrn"),
    "pm": ("pm", "prn"),
    "cm": ("cm",),
    "Å": ("å", "ang", "angstrom"),
}
SURE = {"um", "µm", "nm", "mm", "å", "pm", "micron", "microns", "cm"}
UNITS = {spelling: unit for unit, spellings in SPELLINGS.items() for spelling in spellings}

ROUND = (1.0, 2.0, 5.0)
USUAL = (*ROUND, 1.5, 2.5, 3.0, 4.0, 6.0, 8.0)
RARE = (1.2, 7.0, 7.5, 9.0)
LARGEST_MM = 10.0
SMALLEST_PM = 50.0
PIXELS_NM = (5e-4, 1e5)
"""Pixels below half a picometre or above a tenth of a millimetre are no micrograph's."""

_DIGITS = str.maketrans(
    {"l": "1", "I": "1", "|": "1", "i": "1", "!": "1", "O": "0", "o": "0", "Q": "0", "D": "0", "[": "1", "]": "1"}
)
_NUMBER = r"(?<![\d.,:/])(?P<number>(?:[\dlI|iOoQD!\[\]]{1,4}(?:[.,·]\s?[\dlIOo]{1,3})?|[.,·]\d{1,2}))"
_UNIT = r"(?P<unit>[A-Za-zµÅå]{1,8}(?:\s?m(?![A-Za-z]))?)"
_TOKEN = re.compile(_NUMBER + r"[\s_\-~]{0,5}" + _UNIT + r"(?P<rest>.{0,3})")
_RECIPROCAL = re.compile(r"1\s*/\s*[nµuÅA]|/\s?[nµu]m|m\s?[-−⁻–~]\s?[1l¹]|m[¹⁻]|m\s?[\^{]")


@dataclass(frozen=True)
class Length:
    """
    A length as printed: ``value`` in ``unit``, ``nm``, and how plainly it was written, from 0 to 1.

    ``others_nm`` are what it may mean instead ("100 mm" for 100 nm); ``start`` and ``stop`` are where
    in the text it stands.
    """

    value: float
    unit: str
    plain: float
    others_nm: tuple[float, ...] = ()
    start: int = 0
    stop: int = 0

    @property
    def nm(self) -> float:
        """The length in nm."""
        return self.value * NM[self.unit]


def sensible(length: Length, length_px: float) -> Length | None:
    """``length`` in the meaning that gives ``length_px`` pixels a possible size, or None where there is none or several."""
    low, high = PIXELS_NM
    possible = [nm for nm in (length.nm, *length.others_nm) if low <= nm / length_px <= high]
    if not possible or possible[0] == length.nm:
        return length if possible else None
    if len(possible) > 1:
        return length
    unit = next(name for name, nm in NM.items() if math.isclose(length.value * nm, possible[0]))
    return replace(length, unit=unit, others_nm=(), plain=max(0.5, 0.7 * length.plain))


def tidy(text: str) -> str:
    """``text`` with one sign for micro and Ångström and plain spaces."""
    text = re.sub(r"[μՄʯ]", "µ", text).replace("Å", "Å").replace("ｍ", "m").replace("\u3000", " ")
    return re.sub(r"\s+", " ", text).strip()


def is_other(text: str) -> bool:
    """Whether ``text`` says something else than a bar's length: a reciprocal length, or a result such as "R = 2 nm"."""
    text = tidy(text)
    return bool(_RECIPROCAL.search(text) or re.search(r"[±=<>≈]", text))


def parse(text: str, *, any_value: bool = False) -> list[Length]:
    """Every length in ``text``; ``any_value`` admits numbers that a bar does not usually have, such as 4.29."""
    text = tidy(text)
    if is_other(text):
        return []
    found = (_length(match, any_value) for match in _TOKEN.finditer(text))
    return [length for length in found if length is not None]


def _length(match: re.Match[str], any_value: bool) -> Length | None:
    number, unit = match["number"], match["unit"]
    plain = 1.0
    if not re.search(r"\d", number) and not re.fullmatch(r"[lI|i]?[lI|iOo0]*", number):
        return None
    spelled = _unit_of(unit, number)
    if spelled is None:
        return None
    unit, sure = spelled
    plain *= 1.0 if sure else 0.6
    clean = number.translate(_DIGITS)
    plain *= 1.0 if clean == number else 0.8
    clean = re.sub(r"[,·]\s?", ".", clean).replace(" ", "")
    if re.match(r"0\d", clean) or clean.endswith("."):
        return None  # "05" has lost its decimal point
    value = float(clean)
    if value <= 0:
        return None
    rest = match["rest"]
    if re.match(r"[-−⁻¹²³\d/^{]", rest) or re.match(r"\s?/", rest):
        return None
    usual = mantissa_weight(value)
    if usual == 0.0 and not any_value:
        return None
    return _meant(value, unit, plain * (usual or 0.8), match.span("number")[0], match.span("unit")[1])


def _unit_of(unit: str, number: str) -> tuple[str, bool] | None:
    """The unit that ``unit`` spells, and whether it is plainly written."""
    compact = unit.replace(" ", "")
    if compact == "A" or compact == "Å":
        return "Å", compact == "Å"
    low = compact.lower()
    if compact in ("M", "MM", "Nm", "NM", "Mm") and low != "nm" and low != "mm":
        return None
    if low in UNITS:
        return UNITS[low], low in SURE and compact != "MM"
    return None


def _meant(value: float, unit: str, plain: float, start: int, stop: int) -> Length | None:
    """The length with what it may mean instead, or None where it cannot be."""
    others: tuple[float, ...] = ()
    if unit == "pm":
        if value < SMALLEST_PM:
            return Length(value, "µm", 0.7 * plain, (), start, stop)  # no micrograph resolves that
        others, plain = (value * NM["µm"],), 0.3 * plain
    elif unit == "mm" and value > LARGEST_MM:
        others, plain = (value * NM["nm"], value * NM["µm"]), 0.1 * plain
    elif unit == "mm":
        others, plain = (value * NM["µm"],), 0.8 * plain
    elif (unit == "Å" and value > 500) or (unit == "cm" and value > 5) or (unit == "µm" and value > 5000):
        return None
    return Length(value, unit, plain, others, start, stop)


def mantissa_weight(value: float) -> float:
    """How usual ``value`` is on a bar: 1 for 1, 2, 5 times a power of ten, 0 for what is never printed."""
    mantissa = value / 10 ** math.floor(math.log10(value) + 1e-9)
    for weight, numbers in ((1.0, ROUND), (0.9, USUAL), (0.65, RARE)):
        if any(math.isclose(mantissa, number, rel_tol=1e-6) for number in numbers):
            return weight
    return 0.0
