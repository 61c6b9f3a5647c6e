"""Metadata of any library as text, numbers, lists and dictionaries, so that it can be kept as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, time
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np

MAX_DEPTH = 20


def plain(value: Any, *, depth: int = 0) -> Any:
    """``value`` as str, int, float, bool, None, list or dict; bytes become text, or hexadecimal where they are none."""
    if depth > MAX_DEPTH:
        return str(value)
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, bytes | bytearray):
        return text_or_hex(bytes(value))
    if isinstance(value, float | Fraction) or type(value).__name__ == "IFDRational":
        return _number(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth=depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item, depth=depth + 1) for item in value]
    if isinstance(value, date | time):
        return value.isoformat()
    return value if isinstance(value, str | int | bool) or value is None else str(value)


def _number(value: Any) -> float | str:
    try:
        number = float(value)
    except (ArithmeticError, ValueError):
        return str(value)
    return number if math.isfinite(number) else str(number)


def text_or_hex(raw: bytes) -> str:
    """Text where the bytes are text of some encoding, else hexadecimal."""
    body = raw.rstrip(b"\0")
    if b"\0" not in body and sum(byte < 32 and byte not in b"\t\r\n\f" for byte in body) == 0:
        return decode(body)
    return raw.hex()


def decode(raw: bytes) -> str:
    """Text of microscope software: UTF-16 with or without its mark, UTF-8, else Windows' western letters."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    if len(raw) > 3 and raw[:40:2].count(0) > len(raw[:40:2]) // 2:
        return raw.decode("utf-16-be", "replace")
    if len(raw) > 3 and raw[1:40:2].count(0) > len(raw[1:40:2]) // 2:
        return raw.decode("utf-16-le", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
