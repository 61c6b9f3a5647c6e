"""
Labelled images in whatever form a user has them: the public layout, a folder for each class, or a CSV table.

What must not be separated is a group: an article, a specimen. Where nothing says so each image is its own
group, and a note warns that several images of one specimen would then help each other.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections import Counter
from itertools import combinations
from pathlib import Path

from ..core import Dataset, Sample
from ..errors import BadParameter, InputError, UnreadableFile
from ..io import READERS
from . import polymer_sem

PICTURES = ("png", "jpeg", "bmp", "gif", "tiff", "dm", "tia", "mrc", "emd", "hdf5")
UNKNOWN = "unknown; ask whoever gave you the images"
ALONE = (
    "each image counts as its own specimen; where several images show one specimen, say so by a column group or a "
    "group pattern, or the scores are too good"
)


def load(path: Path, *, group_pattern: str = "") -> Dataset:
    """
    The labelled images at ``path``: the public layout, a folder of class folders, or a CSV with columns file and label.

    ``group_pattern`` is a regular expression; images whose paths match it alike (its first group, or the whole match)
    stay together.
    """
    if path.is_file():
        dataset = _from_table(path)
    elif polymer_sem.find(path) is not None:
        dataset = polymer_sem.load(path)
    else:
        dataset = _from_folders(path)
    if group_pattern:
        dataset = regrouped(dataset, group_pattern)
    _check_labels(dataset)
    return dataset


def _from_folders(folder: Path) -> Dataset:
    known = {extension for name in PICTURES for extension in READERS[name].extensions}
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    samples, alone = [], False
    for label in classes:
        for path in sorted(label.rglob("*")):
            inner = path.relative_to(label)
            if path.suffix.lower() in known and path.is_file() and not any(part.startswith(".") for part in inner.parts):
                specimen = inner.parent.as_posix()
                alone |= specimen == "."
                key = path.relative_to(folder).as_posix()
                group = key if specimen == "." else f"{label.name}/{specimen}"
                samples.append(Sample(key, group, {"image": path}, label.name))
    if not samples:
        raise InputError(f"{folder}: no labelled image; give a folder with one folder of images for each class, or a CSV table")
    return Dataset(folder.resolve().name, tuple(samples), UNKNOWN, folder.resolve().name, (ALONE,) if alone else ())


def _from_table(path: Path) -> Dataset:
    samples = read_table(path)
    alone = all(sample.group == sample.key for sample in samples)
    return Dataset(path.stem, samples, UNKNOWN, path.name, (ALONE,) if alone else ())


def read_table(path: Path) -> tuple[Sample, ...]:
    """Every row of a CSV table with columns file and label; groups, numbers and texts where it has them."""
    rows, columns = table_rows(path)
    if missing := [name for name in ("file", "label") if name not in columns]:
        raise InputError(f"{path.name}: no column {missing[0]!r}; it needs the columns file and label, and may have group")
    samples = tuple(_row(path, number, row) for number, row in enumerate(rows, start=2))
    if not samples:
        raise InputError(f"{path.name}: no row below the header")
    return samples


def table_rows(path: Path) -> tuple[list[dict[str, str | None]], list[str]]:
    """The rows of a CSV table as text, and its columns."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            return list(reader), list(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(path, f"is no CSV table ({error})") from None


def _row(table: Path, number: int, row: dict[str, str | None]) -> Sample:
    known = {name: value.strip() for name, value in row.items() if name and isinstance(value, str) and value.strip()}
    for name in ("file", "label"):
        if name not in known:
            raise InputError(f"{table.name}, line {number}: no {name}")
    image = table.parent / known["file"]
    if not image.is_file():
        raise InputError(f"{table.name}, line {number}: no file {known['file']} beside the table")
    values, texts = dict[str, float](), dict[str, str]()
    for name, value in known.items():
        if name not in ("file", "label", "group"):
            try:
                values[name] = float(value)
            except ValueError:
                texts[name] = value
    return Sample(known["file"], known.get("group", known["file"]), {"image": image}, known["label"], values, texts)


def regrouped(dataset: Dataset, pattern: str) -> Dataset:
    """``dataset`` with the groups that ``pattern`` finds in the names of its images."""
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise BadParameter(f"group_pattern={pattern!r} is no regular expression ({error})") from None
    samples = []
    for sample in dataset:
        match = expression.search(sample.key)
        if match is None:
            raise BadParameter(f"group_pattern={pattern!r} does not match {sample.key!r}; every image needs a group")
        group = next((part for part in match.groups() if part is not None), match[0])
        samples.append(Sample(sample.key, group, sample.files, sample.label, sample.values, sample.texts))
    notes = tuple(note for note in dataset.notes if note != ALONE)
    return Dataset(dataset.name, tuple(samples), dataset.licence, dataset.cite, notes)


def _check_labels(dataset: Dataset) -> None:
    """Two classes at least, and no two that differ by a slip of the pen."""
    counts = Counter(sample.label or "" for sample in dataset)
    if len(counts) < 2:
        raise InputError(f"{dataset.name}: every image is labelled {next(iter(counts))!r}; a judgement needs two classes")
    for one, other in combinations(sorted(counts), 2):
        first, second = (re.sub(r"\W|_", "", label).lower() for label in (one, other))
        alike = difflib.SequenceMatcher(None, first, second).ratio() if min(len(first), len(second)) > 5 else 0.0
        rare, usual = sorted((one, other), key=lambda label: counts[label])
        few = counts[rare] <= max(2, counts[usual] // 5)
        if first == second or (alike > 0.93 and few and not any(map(str.isdigit, one + other))):
            raise InputError(
                f"{dataset.name}: the labels {one!r} ({counts[one]} images) and {other!r} ({counts[other]}) look like one class "
                f"in two spellings; rename {rare!r} to {usual!r}, or tell them apart by more than a letter"
            )
