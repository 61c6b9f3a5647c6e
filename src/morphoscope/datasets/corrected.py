"""A data set after a person has corrected labels: images it holds get the new label, others are added."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..core import Dataset, Sample
from ..errors import InputError
from .labelled import read_table
from .leaks import sha256

DIGEST = "sha256"


def corrected(dataset: Dataset, table: Path) -> Dataset:
    """
    ``dataset`` with the labels of ``table``, a CSV with columns file, label and, for speed, sha256.

    Labels that ``dataset`` does not know are left out with a note, since they answer another question.
    """
    classes = {sample.label for sample in dataset}
    told = read_table(table)
    rows = [sample for sample in told if sample.label in classes]
    usable = {sample.texts.get(DIGEST) or sha256(sample.files["image"]): sample for sample in rows}
    if not usable:
        known = ", ".join(sorted(map(str, classes)))
        raise InputError(f"{table.name}: none of its {len(told)} labels is one of {known}; correct labels of this data set")
    samples, changed, known_here = list[Sample](), 0, set[str]()
    for sample in dataset:
        digest = sha256(sample.files["image"])
        known_here.add(digest)
        row = usable.get(digest)
        if row is not None and row.label != sample.label:
            changed += 1
            texts = {name: text for name, text in sample.texts.items() if name != "grade"}
            sample = replace(sample, label=row.label, texts=texts)
        samples.append(sample)
    new = [row for digest, row in usable.items() if digest not in known_here]
    added = [Sample(f"corrected/{row.key}", f"corrected/{row.key}", row.files, row.label) for row in new]
    note = f"labels corrected by hand: {changed} changed, {len(added)} images added"
    if other := len(told) - len(rows):
        note += f", {other} of other classes left out"
    return replace(dataset, samples=(*samples, *added), notes=(*dataset.notes, note))
