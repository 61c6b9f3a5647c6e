"""
Labels that a person corrected: kept in the workspace, images included, so that a model can learn from them.

``corrections/corrections.csv`` is a labelled table like any other (columns file and label), so it can be given to a
training as ``--data`` or beside other data as ``--corrections``; both know the word ``corrections``. An image counts
once for each set of classes: corrected again, the last word stands.
"""

from __future__ import annotations

import csv
import getpass
import hashlib
import io as text_io
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import BadParameter, NotFound, UnreadableFile, WorkspaceError

TABLE = "corrections.csv"
COLUMNS = ("file", "label", "sha256", "classes", "who", "when")


@dataclass(frozen=True)
class Correction:
    """One row: ``file`` is relative to the table, ``classes`` are those there were to choose from, joined by ``;``."""

    file: str
    label: str
    sha256: str
    classes: str
    who: str
    when: str


class Corrections:
    """The corrected labels of one workspace; ``alone`` keeps two writers apart."""

    def __init__(self, root: Path, alone: Callable[[], AbstractContextManager[object]]) -> None:
        self._root, self._alone = root, alone

    @property
    def table(self) -> Path:
        """The table, which appears with the first correction."""
        return self._root / TABLE

    def all(self) -> list[Correction]:
        """Every correction, oldest first."""
        try:
            with open(self.table, newline="", encoding="utf-8") as file:
                return [Correction(*(row[name] or "" for name in COLUMNS)) for row in csv.DictReader(file)]
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
            raise UnreadableFile(self.table, f"is no table of corrections ({error})") from None

    def labels(self, classes: Sequence[str]) -> dict[str, str]:
        """SHA-256 of an image to its corrected label, of those that were chosen from ``classes``."""
        return {row.sha256: row.label for row in self.all() if row.classes == joined(classes)}

    def add(self, image: Path, label: str, *, classes: Sequence[str], who: str = "") -> Correction:
        """Say that ``image`` is of ``label``, one of ``classes``."""
        if label not in classes:
            raise BadParameter(f"label: {label!r} is not one of {', '.join(classes)}")
        try:
            digest = hashlib.sha256(image.read_bytes()).hexdigest()
        except OSError as error:
            raise UnreadableFile(image, f"cannot be opened ({error.strerror})") from None
        place = Path("images") / digest[:16] / image.name
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        row = Correction(place.as_posix(), label, digest, joined(classes), who or _user(), when)
        with self._alone():
            self._keep(image, self._root / place)
            others = [old for old in self.all() if (old.sha256, old.classes) != (row.sha256, row.classes)]
            self._write([*others, row])
        return row

    def remove(self, digest: str, *, classes: Sequence[str]) -> None:
        """Take back what was said of the image with the SHA-256 ``digest``."""
        with self._alone():
            rows = self.all()
            left = [row for row in rows if (row.sha256, row.classes) != (digest, joined(classes))]
            if len(left) == len(rows):
                raise NotFound("there is no correction of this image")
            self._write(left)
            if all(row.sha256 != digest for row in left):
                shutil.rmtree(self._root / "images" / digest[:16], ignore_errors=True)

    def _keep(self, image: Path, place: Path) -> None:
        if not place.exists():
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                part = place.with_name(f".{place.name}.part")
                shutil.copyfile(image, part)
                part.rename(place)
            except OSError as error:
                raise WorkspaceError(f"{image.name} cannot be kept in the workspace ({error.strerror})") from None

    def _write(self, rows: Sequence[Correction]) -> None:
        text = text_io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
        part = self.table.with_name(f".{TABLE}.new")
        part.write_text(text.getvalue(), encoding="utf-8")
        part.replace(self.table)


def joined(classes: Sequence[str]) -> str:
    """A set of classes as one cell."""
    return ";".join(sorted(classes))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
