"""A table of numbers found in a text, and the names of its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import lengths

MARKS = "#%!/ \t"
WORDS_OF_UNITS = ("a.u.", "arb. units", "counts", "deg", "°", "K", "eV", "keV", "%", "mV", "V", "Pa", "MPa", "GPa", "Hz", "σ")


@dataclass(frozen=True)
class Table:
    """
    Rows of equal length, NaN where the text has a word for a missing number.

    ``above`` are the lines before it, ``around`` all other lines of the file that are not empty.
    """

    values: np.ndarray
    above: Sequence[str]
    around: Sequence[str]
    separator: str | None
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Everything around the table."""
        return "\n".join(self.around)

    def names(self) -> list[str]:
        """The names of the columns, from the last lines above that have as many words; empty where there are none."""
        count = self.values.shape[1]
        lines = [line for line in self.above if line.strip(MARKS)][-3:]
        for line in reversed(lines):
            for words in _splits(line, self.separator):
                if len(words) == count and all(words) and not any(_is_number(word) for word in words):
                    return words
        return []


def _splits(line: str, separator: str | None) -> list[list[str]]:
    """The words of a line under every way to part them, the file's own separator first."""
    bare = line.strip(MARKS)
    ways = [re.split(re.escape(separator), bare)] if separator else []
    if "|" in bare:
        ways.append([word for word in bare.split("|")[1:] if word.strip()])
    ways += [re.split(r"\s{2,}|\t", bare), bare.split()]
    if " - " in bare:
        ways.append(re.sub(r"^data columns( are)?\s*", "", bare, flags=re.IGNORECASE).split(" - "))
    if "," in bare and separator != ",":
        ways.append(bare.split(","))
    return [[word.strip(MARKS + '"') for word in words] for words in ways]


def _is_number(word: str) -> bool:
    try:
        float(word.replace(",", "."))
    except ValueError:
        return False
    return True


def name_and_unit(word: str) -> tuple[str, str]:
    """``Q (1/nm)`` as ("Q", "1/nm"); ``g(r)`` stays a name, since r is no unit."""
    word = word.strip().removeprefix("<").removesuffix(">") if re.fullmatch(r"<[^<>]+>", word.strip()) else word.strip()
    square = re.fullmatch(r"(.*?)[\s_,/]*\[([^\]]*)\]", word)
    if square and square[1]:
        return square[1].strip(), lengths.spelled(square[2])
    for pattern in (r"(.+?)[\s_,]*\(((?:[^()]|\([^()]*\))*)\)", r"(.+?)\s*[,/]\s*(\S+)", r"(\S+)\s+(\S+)"):
        found = re.fullmatch(pattern, word)
        if found and is_unit(found[2]):
            return found[1].strip(), lengths.spelled(found[2])
    return word, ""


def is_unit(word: str) -> bool:
    """Whether ``word`` is a length, an inverse length, a time or another unit that curves have."""
    known = lengths.per_nm(word) is not None or lengths.nm_per(word) is not None or lengths.seconds_per(word) is not None
    return known or word.strip() in WORDS_OF_UNITS
