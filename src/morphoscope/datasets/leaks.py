"""What the training part of a split already knows of its test part."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..core import Dataset, Micrograph, Stack
from ..errors import UnknownFormat, UnreadableFile
from ..io import read
from ..measure import lookalike


@dataclass(frozen=True)
class Pair:
    """A training file and the test file it gives away; ``score`` is 1 for the same bytes."""

    train_key: str
    test_key: str
    train_file: Path
    test_file: Path
    score: float = 1.0

    def __str__(self) -> str:
        return f"{self.train_file.name} ~ {self.test_file.name} ({self.score:.2f})"


@dataclass(frozen=True)
class Leaks:
    """
    Everything found between two parts of a data set, and how much was looked at.

    ``groups`` are (group, training rows, test rows); ``keys`` stand in both parts; ``identical`` files
    have the same bytes; ``similar`` images show the same place though their bytes differ. ``unread``
    says which files could not be compared as images.
    """

    name: str
    train_rows: int
    test_rows: int
    groups: tuple[tuple[str, int, int], ...]
    keys: tuple[str, ...]
    identical: tuple[Pair, ...]
    similar: tuple[Pair, ...]
    train_images: int | None
    test_images: int | None
    unread: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.groups or self.keys or self.identical or self.similar)

    def sentence(self) -> str:
        """What was found and what it means, for a person."""
        if found := "; ".join([*self._shared_rows(), *self._shared_files()]):
            return f"{self.name}: {found}; scores on this split will be too good. {self._looked()}"
        rows = f"{_count(self.train_rows, 'training row')} and {_count(self.test_rows, 'test row')}"
        return f"{self.name}: {rows} share no group, no key and no byte-identical file. {self._looked()}"

    def __str__(self) -> str:
        return self.sentence()

    def _shared_rows(self) -> Iterator[str]:
        if self.groups:
            rows, worst = sum(test for _, _, test in self.groups), max(self.groups, key=lambda group: group[2])[0]
            come = f"{_count(self.test_rows, 'test row')} {'comes' if rows == 1 else 'come'}"
            yield f"{rows} of {come} from a group that is also in training (such as {worst!r})"
        if self.keys:
            yield f"{_count(len(self.keys), 'key')} {_are(self.keys, 'stands', 'stand')} in both parts (such as {self.keys[0]!r})"

    def _shared_files(self) -> Iterator[str]:
        if self.identical:
            files, first = {pair.test_file for pair in self.identical}, self.identical[0]
            are = _are(files, "is byte-identical to a training file", "are byte-identical to training files")
            yield f"{_count(len(files), 'test file')} {are}, e.g. {first.train_file.name} = {first.test_file.name}"
        if self.similar:
            images = {pair.test_file for pair in self.similar}
            are = _are(images, "is a near-duplicate", "are near-duplicates")
            share = f"{len(images)} of {_count(self.test_images or 0, 'test image')}"
            yield f"{share} {are} of a training image, e.g. {self.similar[0]}"

    def _looked(self) -> str:
        if self.train_images is None or self.test_images is None:
            return "Images were not compared."
        both = f"{_count(self.train_images, 'training image')} and {_count(self.test_images, 'test image')}"
        if not (self.train_images and self.test_images):
            text = f"Images could not be compared: there are {both}."
        elif self.similar:
            text = f"Looked at {both}."
        else:
            text = f"Among {both} none is a turned, mirrored, cropped, rescaled, recompressed or brightened copy of another."
        if self.unread:
            text += f" Not compared because unreadable: {_count(len(self.unread), 'file')} ({self.unread[0]})."
        return text


class _File(NamedTuple):
    key: str
    path: Path
    digest: str


def find(train: Dataset, test: Dataset, *, images: bool = True) -> Leaks:
    """
    Shared groups, shared keys, files with the same bytes and, with ``images``, lookalike pictures.

    Files that hold no picture (curves, tables) are compared by their bytes alone.
    """
    digest = functools.cache(sha256)
    ours, theirs = ([_File(s.key, path, digest(path)) for s in part for path in s.files.values()] for part in (train, test))
    unread: dict[Path, str] = {}
    left, right = (_signatures(files, unread) if images else [] for files in (ours, theirs))
    alike = lookalike.find([signature for _, signature in left], [signature for _, signature in right])
    similar = ((left[pair.one][0], right[pair.other][0], pair.score) for pair in alike)
    return Leaks(
        name=test.name if train.name == test.name else f"{train.name} against {test.name}",
        train_rows=len(train),
        test_rows=len(test),
        groups=_shared_groups(train, test),
        keys=tuple(sorted({sample.key for sample in train} & {sample.key for sample in test})),
        identical=tuple(_identical(ours, theirs)),
        similar=tuple(_pair(a, b, round(score, 3)) for a, b, score in similar if a.digest != b.digest),
        train_images=len(left) if images else None,
        test_images=len(right) if images else None,
        unread=tuple(unread.values()),
    )


def _shared_groups(train: Dataset, test: Dataset) -> tuple[tuple[str, int, int], ...]:
    ours, theirs = (Counter(sample.group for sample in part) for part in (train, test))
    return tuple((group, ours[group], theirs[group]) for group in sorted(ours.keys() & theirs.keys()))


def _identical(ours: list[_File], theirs: list[_File]) -> Iterator[Pair]:
    by_digest = defaultdict(list)
    for file in ours:
        by_digest[file.digest].append(file)
    for file in theirs:
        yield from (_pair(twin, file, 1.0) for twin in by_digest.get(file.digest, ()))


def _pair(ours: _File, theirs: _File, score: float) -> Pair:
    return Pair(ours.key, theirs.key, ours.path, theirs.path, score)


def _signatures(files: list[_File], unread: dict[Path, str]) -> list[tuple[_File, lookalike.Signature]]:
    """Each picture among ``files`` once; ``unread`` collects what the readers said of broken ones."""
    found = []
    for file in {file.path: file for file in files}.values():
        try:
            noun = read(file.path, nan="mask")
        except UnknownFormat:
            continue
        except UnreadableFile as error:
            unread[file.path] = str(error)
            continue
        image = noun[0] if isinstance(noun, Stack) else noun
        if isinstance(image, Micrograph):
            found.append((file, lookalike.signature(image)))
    return found


def sha256(path: Path) -> str:
    """The digest of a file's bytes, which names an image whatever it is called."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise UnreadableFile(path, "no such file") from None
    except OSError as error:
        raise UnreadableFile(path, f"cannot be opened ({error.strerror})") from None


def _are(things: Sized, singular: str, plural: str) -> str:
    return singular if len(things) == 1 else plural


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
