"""
How a data set is cut into training and test parts, by name.

``grouped`` is the honest default: k folds that divide no group, repeated with other seeds. ``random`` divides
groups, for comparison with published figures; ``paper`` is the public split of polymer_sem.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..core import Dataset
from ..errors import BadParameter, InputError
from . import polymer_sem

PROTOCOLS = ("grouped", "random", "paper")


@dataclass(frozen=True)
class Split:
    """One training and one test part; ``repeat`` and ``fold`` say which of many."""

    repeat: int
    fold: int
    train: Dataset
    test: Dataset


def splits(dataset: Dataset, protocol: str, *, folds: int = 5, repeats: int = 1, seed: int = 0) -> Iterator[Split]:
    """The splits of ``protocol``; ``folds``, ``repeats`` and ``seed`` do not touch the public split."""
    if protocol not in PROTOCOLS:
        raise BadParameter(f"protocol={protocol!r} is not known; choose {', '.join(PROTOCOLS)}")
    if protocol == "paper":
        yield Split(0, 0, *polymer_sem.public_split(dataset))
        return
    counts = Counter(sample.label for sample in dataset)
    rare, count = min(counts.items(), key=lambda item: item[1])
    if count < 2:
        raise InputError(f"{dataset.name}: the class {rare!r} has one image; it cannot be both learned and tested")
    if protocol == "grouped":
        _check_groups(dataset, folds)
    whole = dataset if protocol == "grouped" else _ungrouped(dataset)
    for repeat in range(repeats):
        for fold, (train, test) in enumerate(whole.folds(folds, seed=seed + repeat)):
            yield Split(repeat, fold, _like(dataset, train), _like(dataset, test))


def _check_groups(dataset: Dataset, folds: int) -> None:
    """Groups enough for ``folds`` parts, and each class in two of them."""
    if len(dataset.groups) < folds:
        one = "all images are of one article or specimen" if len(dataset.groups) == 1 else f"{len(dataset.groups)} groups only"
        raise InputError(
            f"{dataset.name}: {one}; {folds} parts that divide none need at least {folds} (protocol random needs none)"
        )
    members: dict[str | None, set[str]] = {}
    for sample in dataset:
        members.setdefault(sample.label, set()).add(sample.group)
    if alone := sorted(str(label) for label, groups in members.items() if len(groups) < 2):
        raise InputError(
            f"{dataset.name}: all images of the class {alone[0]!r} are of one group; it cannot be both learned and tested"
        )


def _ungrouped(dataset: Dataset) -> Dataset:
    return replace(dataset, samples=tuple(replace(sample, group=sample.key) for sample in dataset))


def _like(dataset: Dataset, part: Dataset) -> Dataset:
    """``part`` with the true groups of ``dataset``."""
    keys = {sample.key for sample in part}
    return replace(dataset, samples=tuple(sample for sample in dataset if sample.key in keys))
