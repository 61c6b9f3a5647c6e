"""CanSAS 1-D files (XML, versions 1.0 and 1.1): I(Q) with its errors and the units the file names."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from ..core import Curve
from ..errors import UnreadableFile
from . import lengths

MAX_DEPTH = 40


def parse(text: str, path: Path, frames: slice = slice(None)) -> Curve:
    """
    The first data set of those that ``frames`` picks; a note counts them.

    ``header["data_sets"]`` is their number; ``header["slit_length"]`` the slit's length, in the unit of Q, of
    slit-smeared data.
    """
    try:
        root = ElementTree.fromstring(
            text.strip("\0\x1a \r\n\t").encode("utf-8") if "encoding" not in text[:120] else _reencoded(text)
        )
    except ElementTree.ParseError as error:
        raise UnreadableFile(path, f"broken XML ({error})") from None
    if _tag(root) != "SASroot":
        raise UnreadableFile(path, f"an XML file of <{_tag(root)[:40]}>, not CanSAS data (<SASroot>)")
    sets = [(entry, data) for entry in _children(root, "SASentry") for data in _children(entry, "SASdata")]
    sets = [(entry, data) for entry, data in sets if _children(data, "Idata")]
    if not sets:
        raise UnreadableFile(path, "a CanSAS file without a single point of data")
    picked = range(len(sets))[frames]
    if not picked:
        raise UnreadableFile(path, f"holds {len(sets)} data set(s); the one asked for is not among them")
    entry, data = sets[picked[0]]
    which = "the first" if picked[0] == 0 else f"number {picked[0] + 1}"
    notes: tuple[str, ...] = (f"the file holds {len(sets)} data sets; this is {which}",) if len(sets) > 1 else ()
    columns, units = _points(_children(data, "Idata"))
    good = np.isfinite(columns["Q"]) & np.isfinite(columns["I"])
    if not good.any():
        raise UnreadableFile(path, "a CanSAS file without a single point of finite Q and I")
    if not good.all():
        notes += (f"{int((~good).sum())} point(s) without numbers were left out",)
    errors = {name: columns[name][good] for name in ("Idev", "Qdev") if np.isfinite(columns[name]).all()}
    header = {**_tree(entry, 0), "data_sets": len(sets)}
    if np.isfinite(columns["dQl"]).any():
        header["slit_length"] = float(np.nanmedian(columns["dQl"]))
        notes += ("slit-smeared data: the file gives the slit's length and width instead of an error of Q",)
    return Curve(
        columns["Q"][good], columns["I"][good], "Q", "I", lengths.spelled(units["Q"]), lengths.spelled(units["I"]),
        y_error=errors.get("Idev"), x_error=errors.get("Qdev"), source=str(path), header=header, notes=notes,
    )  # fmt: skip


def _reencoded(text: str) -> bytes:
    """The text without its XML declaration, whose encoding no longer holds, as UTF-8."""
    start = text.index("<")
    end = text.index("?>", start) + 2 if text[start:].startswith("<?xml") and "?>" in text else start
    return text[end:].strip("\0\x1a \r\n\t").encode("utf-8")


def _tag(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]


def _children(node: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [child for child in node if _tag(child) == name]


def _points(points: list[ElementTree.Element]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    columns: dict[str, list[float]] = {name: [] for name in ("Q", "I", "Idev", "Qdev", "dQl")}
    units = {"Q": "", "I": ""}
    for point in points:
        row = {_tag(child): child for child in point}
        for name, column in columns.items():
            column.append(_number(row[name].text) if name in row else math.nan)
        for name in units:
            if name in row and not units[name]:
                units[name] = row[name].get("unit", "")
    return {name: np.array(column) for name, column in columns.items()}, units


def _number(text: str | None) -> float:
    try:
        return float((text or "").strip().replace(",", "."))
    except ValueError:
        return math.nan


def _tree(node: ElementTree.Element, depth: int) -> dict[str, Any]:
    """Everything but the points, as nested dicts of text; several of one name become a list."""
    found: dict[str, Any] = {f"@{name.rpartition('}')[2]}": value for name, value in node.attrib.items()}
    for child in node:
        name = _tag(child)
        if name == "Idata" or depth > MAX_DEPTH or not isinstance(child.tag, str):
            continue
        value: Any = _tree(child, depth + 1) if len(child) else _leaf(child)
        if name in found:
            value = [*(found[name] if isinstance(found[name], list) else [found[name]]), value]
        found[name] = value
    return found


def _leaf(node: ElementTree.Element) -> str:
    unit = node.get("unit", "")
    return " ".join(filter(None, ((node.text or "").strip(), unit)))
