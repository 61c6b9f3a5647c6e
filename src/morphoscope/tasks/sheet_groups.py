"""Which group, and which specimen, each of many images belongs to: by table, by file name, or by sub-folder."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import BadParameter, InputError, UnreadableFile

PARTS = ("group", "specimen")


@dataclass(frozen=True)
class Member:
    """One image, its name below the folder that holds all of them, its group ("" for none) and specimen ("" for its own)."""

    path: Path
    name: str
    group: str = ""
    specimen: str = ""


def members(files: Sequence[Path], given: Sequence[Path], *, table: Path | None, names: str | None) -> list[Member]:
    """
    The images ``files`` with their groups; ``given`` are the files and folders they were found in.

    With neither ``table`` nor ``names``, images in different sub-folders are different groups.
    """
    if table is not None and names is not None:
        raise BadParameter("give groups either as a table or by file names, not both")
    root = _root(files, given)
    shown = [file.relative_to(root).as_posix() for file in files]
    if table is not None:
        found = _by_table(files, shown, table)
    elif names is not None:
        found = _by_name(files, shown, names)
    else:
        parents = [PurePosixPath(name).parts[0] if "/" in name else "" for name in shown]
        found = [Member(file, name, group) for file, name, group in zip(files, shown, parents, strict=True)]
        return found if len(set(parents)) > 1 else [Member(file, name) for file, name in zip(files, shown, strict=True)]
    if len(distinct := groups_of(found)) < 2:
        where = table.name if table is not None else f"names={names!r}"
        one = f"puts all images in one group ({distinct[0]})" if distinct else "gives no image a group"
        raise BadParameter(f"{where} {one}; a comparison needs two groups or more")
    return found


def groups_of(found: Sequence[Member]) -> list[str]:
    """Names of the groups, in order."""
    return sorted({member.group for member in found if member.group}, key=_natural)


def _natural(name: str) -> list[tuple[int, float, str]]:
    """A key that sorts "5 %" before "10 %"."""
    parts = re.split(r"(\d+(?:\.\d+)?)", name.lower())
    return [(0, float(part), "") if part[:1].isdigit() else (1, 0.0, part) for part in parts if part]


def _root(files: Sequence[Path], given: Sequence[Path]) -> Path:
    """The deepest folder that holds all images, or the one folder that was given."""
    if len(given) == 1 and given[0].is_dir():
        return given[0]
    return Path(os.path.commonpath([file.parent for file in files]))


def _by_table(files: Sequence[Path], shown: Sequence[str], table: Path) -> list[Member]:
    rows = _rows(table)
    by_name: dict[str, list[int]] = {}
    for index, name in enumerate(shown):
        for known in {name, PurePosixPath(name).name}:
            by_name.setdefault(known, []).append(index)
    belongs: dict[int, tuple[str, str]] = {}
    absent: list[str] = []
    for line, row in rows:
        name = row["file"].replace("\\", "/").removeprefix("./")
        places = by_name.get(name, [])
        if not places:
            absent.append(row["file"])
        elif len(places) > 1:
            raise UnreadableFile(
                table, f"line {line}: there are {len(places)} files {name}; name the folder too, as in {shown[places[0]]}"
            )
        elif belongs.setdefault(places[0], (row["group"], row.get("specimen", ""))) != (row["group"], row.get("specimen", "")):
            raise UnreadableFile(table, f"line {line}: {name} is given two groups or specimens")
    if absent:
        listed = ", ".join(absent[:3]) + (", ..." if len(absent) > 3 else "")
        what = "a file that is" if len(absent) == 1 else f"{len(absent)} files that are"
        raise UnreadableFile(table, f"names {what} not among the {len(files)} images: {listed}")
    return [
        Member(file, name, *belongs.get(index, ("", ""))) for index, (file, name) in enumerate(zip(files, shown, strict=True))
    ]


def _rows(table: Path) -> list[tuple[int, dict[str, str]]]:
    """Line number and cells of each row; the separator is whichever the header uses."""
    try:
        text = table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise UnreadableFile(table, "cannot be read as a table in UTF-8; save it as CSV with columns file and group") from None
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=separator)
    columns = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    if not {"file", "group"} <= set(columns):
        raise UnreadableFile(table, f"needs the columns file and group; it has {', '.join(filter(None, columns)) or 'none'}")
    reader.fieldnames = columns
    rows: list[tuple[int, dict[str, str]]] = []
    for cells in reader:
        row: dict[str, str] = {name: (cells.get(name) or "").strip() for name in ("file", "group", "specimen") if name in columns}
        if row["file"] and row["group"]:
            rows.append((reader.line_num, row))
    if not rows:
        raise UnreadableFile(table, "has no row with a file and a group")
    return rows


def _by_name(files: Sequence[Path], shown: Sequence[str], names: str) -> list[Member]:
    pattern = _pattern(names)
    found = []
    for file, name in zip(files, shown, strict=True):
        match = pattern.fullmatch(file.stem) or pattern.fullmatch(file.name)
        parts = match.groupdict() if match else {}
        found.append(Member(file, name, parts.get("group") or "", parts.get("specimen") or ""))
    if not any(member.group for member in found):
        raise BadParameter(f"names={names!r} fits none of the {len(files)} file names, such as {files[0].name}")
    return found


def _pattern(names: str) -> re.Pattern[str]:
    """``{group}`` and ``{specimen}`` take what stands in their place, ``*`` anything."""
    if names.count("{group}") != 1 or names.count("{specimen}") > 1:
        raise BadParameter(f"names={names!r} must hold {{group}} once, and may hold {{specimen}} once; * stands for anything")
    pieces = re.split(r"(\{[^}]*\}|\*)", names)
    made = []
    for piece in pieces:
        if piece == "*":
            made.append(".*")
        elif piece.startswith("{"):
            if piece[1:-1] not in PARTS:
                raise BadParameter(f"names={names!r}: {piece} is unknown; there are {{group}} and {{specimen}}")
            made.append(f"(?P<{piece[1:-1]}>.+?)")
        else:
            made.append(re.escape(piece))
    return re.compile("".join(made))


def check(found: Sequence[Member], reference: str | None) -> None:
    """Refuse a reference that is no group."""
    known = groups_of(found)
    if reference is not None and reference not in known:
        raise InputError(f"reference: there is no group {reference!r}; there are {', '.join(known) or 'none'}")
