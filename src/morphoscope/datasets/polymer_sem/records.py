"""
The record file: what the article says about each image.

A record is seven lines: key, caption, description, quotation, scale in micrometres, compatibility, reference. The
public file has records with a line too many or too few, and spelling variants. A record therefore starts at a
line that is a key, and the other lines are told apart by the one that can be recognised for certain, the compatibility.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import UnreadableFile

KEY = re.compile(r"\d+(?:_page\d+)?_(?:image\d+(?:_[A-Za-z0-9]{1,3})?|[A-Za-z]\d*)")
GRADES = ("Compatible", "Partially compatible", "Incompatible")
"""The three grades, from miscible to immiscible."""
_PLAIN = {re.sub(r"\W", "", grade).lower(): grade for grade in GRADES}
_NOTHING = {"", "none", "unclear", "-"}


@dataclass(frozen=True)
class Record:
    """One block of the file; ``grade`` is one of GRADES or "" and ``oddity`` says how the block left the form."""

    key: str
    caption: str = ""
    description: str = ""
    quotation: str = ""
    scale: str = ""
    grade: str = ""
    reference: str = ""
    oddity: str = ""

    @property
    def scale_um(self) -> float | None:
        """The printed length of the bar, or None where the record names none or several."""
        try:
            return float(self.scale)
        except ValueError:
            return None


def read_records(path: Path) -> dict[str, Record]:
    """Key to record, in the file's order; of two records with one key the first counts."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise UnreadableFile(path, f"cannot be opened ({error.strerror})") from None
    records: dict[str, Record] = {}
    for key, lines in _blocks(text):
        records.setdefault(key, _record(key, lines))
    if not records:
        raise UnreadableFile(path, "holds no record; a record starts with a line such as 100_page5_image2")
    return records


def _blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    key, lines = "", list[str]()
    for line in (raw.strip() for raw in text.splitlines()):
        if KEY.fullmatch(line):
            if key:
                yield key, lines
            key, lines = line, []
        elif line:
            lines.append(line)
    if key:
        yield key, lines


def _record(key: str, lines: list[str]) -> Record:
    graded = [(i, grade) for i, line in enumerate(lines) if (grade := _grade(line))]
    if not graded:
        caption, description, quotation = (_said(line) for line in [*lines[:3], "", "", ""][:3])
        return Record(key, caption, description, quotation, oddity="no compatibility")
    at, grade = graded[-1]
    before, after = lines[:at], lines[at + 1 :]
    scale = _said(before.pop()) if before and _is_scale(before[-1]) else ""
    caption, description = (_said(before[i]) if i < len(before) else "" for i in (0, 1))
    oddity = ""
    if (len(before), len(after)) != (3, 1):
        oddity = f"{len(lines) + 1} lines instead of 7"
    elif grade != lines[at]:
        oddity = f"{lines[at]!r} read as {grade!r}"
    return Record(key, caption, description, _said(" ".join(before[2:])), scale, grade, _said(" ".join(after)), oddity)


def _grade(line: str) -> str:
    """The grade that ``line`` spells, however it is written, or nothing."""
    plain = re.sub(r"\W", "", line).lower()
    near = difflib.get_close_matches(plain, _PLAIN, n=1, cutoff=0.85) if 8 <= len(plain) <= 24 else []
    return _PLAIN[near[0]] if near else ""


def _is_scale(line: str) -> bool:
    return line.lower() in _NOTHING or re.fullmatch(r"[\d.,/ ]+(?:[unµμ]m)?", line) is not None


def _said(text: str) -> str:
    return "" if text.strip().lower() in _NOTHING else text.strip()
