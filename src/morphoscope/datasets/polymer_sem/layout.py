"""From the public folder to a Dataset whose groups are articles."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from ...core import Dataset, Sample
from ...errors import InputError
from .records import Record, read_records

IMAGES, RECORDS = "Total_checked", "NIMS_image_data_total.txt"
LABELS = {"0": "immiscible", "1": "miscible"}
LICENCE = "for research; the images belong to the publishers of the articles"
CITE = "Liang et al., Automatically predict material properties with microscopic image: example polymer miscibility"
ALIKE = (("560", "629"), ("203", "396"))
"""Papers that print the same micrograph, found by comparing the open images; their references differ."""
_NAME = re.compile(r"(?P<key>.+)_(?P<label>[01])")
_PICTURES = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}


def find(folder: Path) -> Path | None:
    """The folder that holds the images' folder: ``folder`` itself, ``folder/NIMS_image``, or the parent of the images."""
    return next((at for at in (folder, folder / "NIMS_image", folder.parent) if (at / IMAGES).is_dir()), None)


def load(folder: Path) -> Dataset:
    """Every image with its label, its record and its article; ``notes`` say what in the public files is out of form."""
    root = find(folder)
    if root is None:
        raise InputError(f"{folder}: no folder {IMAGES} here; give the folder NIMS_image of the public data set")
    files = sorted(path for path in (root / IMAGES).iterdir() if path.suffix.lower() in _PICTURES)
    named = [(path, match) for path in files if (match := _NAME.fullmatch(path.stem))]
    if not named:
        raise InputError(f"{root / IMAGES}: no image is named <key>_0 or <key>_1; the last digit is the label")
    records = read_records(root / RECORDS) if (root / RECORDS).is_file() else {}
    articles = _articles([match["key"] for _, match in named], records)
    samples = tuple(_sample(path, match["key"], LABELS[match["label"]], records, articles) for path, match in named)
    notes = _notes(files, {match["key"] for _, match in named}, records, has_records=(root / RECORDS).is_file())
    return Dataset("polymer_sem", samples, LICENCE, CITE, notes)


def _sample(path: Path, key: str, label: str, records: dict[str, Record], articles: dict[str, str]) -> Sample:
    record = records.get(key, Record(key))
    texts = {name: getattr(record, name) for name in ("caption", "description", "quotation", "scale", "grade", "reference")}
    return Sample(
        key=key,
        group=articles[_paper(key)],
        files={"image": path},
        label=label,
        values={} if record.scale_um is None else {"scale_um": record.scale_um},
        texts={name: text for name, text in texts.items() if text},
    )


def _paper(key: str) -> str:
    return key.partition("_")[0]


def _articles(keys: list[str], records: dict[str, Record]) -> dict[str, str]:
    """
    Paper number to the name of its group.

    Numbers with one reference are one article, and so, for an honest split, are numbers that print the same micrograph.
    """
    papers = sorted({_paper(key) for key in [*keys, *records]}, key=lambda p: (len(p), p))
    cited = defaultdict(list)
    for record in records.values():
        if record.reference:
            cited[re.sub(r"\W+", "", record.reference).lower()].append(_paper(record.key))
    root = {paper: paper for paper in papers}

    def find_root(paper: str) -> str:
        while root[paper] != paper:
            paper = root[paper]
        return paper

    for together in [*cited.values(), *ALIKE]:
        known = [find_root(paper) for paper in together if paper in root]
        for paper in known:
            root[find_root(paper)] = find_root(known[0])
    members = defaultdict(list)
    for paper in papers:
        members[find_root(paper)].append(paper)
    return {paper: "article " + "+".join(group) for group in members.values() for paper in group}


def _notes(files: list[Path], keys: set[str], records: dict[str, Record], *, has_records: bool) -> tuple[str, ...]:
    notes = []
    if not has_records:
        notes.append(f"there is no {RECORDS}: labels come from the file names, articles from the paper numbers")
    if unnamed := [path.name for path in files if not _NAME.fullmatch(path.stem)]:
        notes.append(f"{len(unnamed)} file(s) without a label in the name left out, such as {unnamed[0]}")
    if has_records and (bare := sorted(keys - records.keys())):
        notes.append(f"{len(bare)} image(s) without a record, such as {bare[0]}")
    if unseen := sorted(records.keys() - keys):
        notes.append(f"{len(unseen)} record(s) of images that are not in the folder, such as {unseen[0]}")
    notes += [f"record {key}: {record.oddity}" for key, record in records.items() if key in keys and record.oddity]
    return tuple(notes)
