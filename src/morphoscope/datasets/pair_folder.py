"""
Paired files of a user: a folder with the folders SEM and SAXS, any two folders, or a CSV table.

Files belong together when their names agree up to the extension and a word like _SEM or _SAXS at the end, as in the
public pairs of Doerk et al. (SEM doi 10.18126/09ow-8g8k, SAXS doi 10.18126/qboh-6fav). A table has the columns ``sem`` and
``saxs`` (file names beside it, either may be empty), and may have ``name``, ``morphology`` and ``group``; such a table in a
folder, ``pairs.csv``, comes first. Where a partner is a curve, it takes the pattern's place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..core import Curve, Micrograph, Pattern
from ..errors import InputError, UnreadableFile
from ..io import READERS, read, read_micrograph
from ..io.grey import COLOUR_ON_IT, IN_COLOUR
from .labelled import table_rows
from .pairs import Pair

TABLE = "pairs.csv"
AREA_PX = (830, 1280)
"""The public micrographs' rows and columns above the data bar."""
ENDING = re.compile(r"[ _.-]*(sem|saxs|ome)$", re.IGNORECASE)
SHOWN = 3


@dataclass(frozen=True)
class PairFiles:
    """The files of one pair; either may be missing."""

    name: str
    sem: Path | None
    saxs: Path | None
    morphology: str | None = None
    group: str = ""


def find(path: Path, *, partner: Path | None = None, missing: bool = False) -> tuple[PairFiles, ...]:
    """
    The pairs at ``path``: a table, a folder with one, a folder of two folders, or with ``partner`` two folders.

    Files without a partner are refused unless ``missing`` allows them.
    """
    if partner is not None:
        return _by_name(path, partner, missing=missing)
    if path.is_file():
        return _from_table(path, missing=missing)
    if not path.is_dir():
        raise InputError(f"{path}: no such folder or table of pairs")
    if (path / TABLE).is_file():
        return _from_table(path / TABLE, missing=missing)
    inside = sorted(p for p in path.iterdir() if p.is_dir())
    sems, patterns = ([p for p in inside if word in p.name.lower()] for word in ("sem", "saxs"))
    if len(sems) != 1 or len(patterns) != 1:
        raise InputError(
            f"{path.name}: no {TABLE} and not one folder SEM beside one folder SAXS; name the two folders, or a table"
        )
    return _by_name(sems[0], patterns[0], missing=missing)


def read_pairs(files: Iterable[PairFiles]) -> Iterator[Pair]:
    """Each pair as it is read; pictures of patterns must all be grey or all colour-mapped."""
    told: tuple[bool, str] | None = None
    for one in files:
        pattern = None if one.saxs is None else _partner(one.saxs)
        if isinstance(pattern, Pattern) and pattern.qx_per_nm is None and one.saxs is not None:
            coloured = any(note in (IN_COLOUR, COLOUR_ON_IT) for note in pattern.notes)
            if told is not None and told[0] != coloured:
                first, second = (told[1], one.saxs.name) if told[0] else (one.saxs.name, told[1])
                raise InputError(
                    f"{first} is colour-mapped and {second} is grey, so their levels cannot be compared; export all in one way"
                )
            told = (coloured, one.saxs.name)
        sem = None if one.sem is None else _above_bar(read_micrograph(one.sem, nan="mask"))
        yield Pair(one.name, sem, pattern, one.morphology, one.group)


def _partner(path: Path) -> Pattern | Curve:
    noun = read(path, nan="mask", as_pattern=True)
    if not isinstance(noun, Pattern | Curve):
        raise UnreadableFile(path, f"holds a {type(noun).__name__.lower()}, not a scattering pattern or a curve")
    return noun


def _above_bar(image: Micrograph) -> Micrograph:
    """Without the rows of a printed bar: where one is known, or where the picture is as wide as the public ones."""
    rows, columns = image.pixels.shape
    last = image.data_bar_row_px or (AREA_PX[0] if columns == AREA_PX[1] and rows > AREA_PX[0] else rows)
    return image if last >= rows else image.crop(0, 0, last, columns)


def _by_name(sems: Path, patterns: Path, *, missing: bool) -> tuple[PairFiles, ...]:
    first, second = _named(sems), _named(patterns)
    alone = sorted(first.keys() ^ second.keys())
    if alone and not missing:
        listed = ", ".join(alone[:SHOWN]) + (f" and {len(alone) - SHOWN} more" if len(alone) > SHOWN else "")
        raise InputError(
            f"{len(first)} files in {sems.name} and {len(second)} in {patterns.name} are no pairs: {listed} without a partner; "
            "complete them, or allow missing partners"
        )
    return tuple(PairFiles(name, first.get(name), second.get(name)) for name in sorted(first.keys() | second.keys()))


def _named(folder: Path) -> dict[str, Path]:
    """The readable files of ``folder`` by the name that pairs them."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    known = {extension for reader in READERS.values() for extension in reader.extensions}
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix.lower() in known and not path.name.startswith("."):
            name = ENDING.sub("", path.stem) or path.stem
            if name in found:
                raise InputError(f"{folder.name}: {found[name].name} and {path.name} would be one specimen {name!r}; rename one")
            found[name] = path
    if not found:
        raise InputError(f"{folder}: no file that can be read")
    return found


def _from_table(path: Path, *, missing: bool) -> tuple[PairFiles, ...]:
    rows, columns = table_rows(path)
    if absent := [name for name in ("sem", "saxs") if name not in columns]:
        raise InputError(f"{path.name}: no column {absent[0]!r}; a table of pairs has the columns sem and saxs")
    found = tuple(_row(path, number, row) for number, row in enumerate(rows, start=2))
    if not found:
        raise InputError(f"{path.name}: no row below the header")
    names = [one.name for one in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"{path.name}: the name {twice[0]!r} stands in more than one row; names must differ")
    alone = [one.name for one in found if one.sem is None or one.saxs is None]
    if alone and not missing:
        raise InputError(f"{path.name}: {alone[0]} has no partner; complete the row, or allow missing partners")
    return found


def _row(table: Path, number: int, row: dict[str, str | None]) -> PairFiles:
    known = {name: value.strip() for name, value in row.items() if name and isinstance(value, str) and value.strip()}
    files = {kind: table.parent / known[kind] if kind in known else None for kind in ("sem", "saxs")}
    for kind, path in files.items():
        if path is not None and not path.is_file():
            raise InputError(f"{table.name}, line {number}: no file {known[kind]} beside the table")
    given = files["sem"] or files["saxs"]
    if given is None:
        raise InputError(f"{table.name}, line {number}: neither a micrograph nor a pattern is named")
    name = known.get("name", given.stem)
    return PairFiles(name, files["sem"], files["saxs"], known.get("morphology"), known.get("group", ""))
