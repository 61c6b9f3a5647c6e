"""
Pictures of the same place put into one group, so that no split divides them.

A search through all pairs costs about a millisecond a pair. Large sets are therefore searched among neighbours
only: pictures whose descriptors are close, which finds copies but may miss pictures that merely overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from ..core import Dataset
from ..io import read_micrograph
from ..measure import lookalike

ALL_PAIRS = 250
"""Up to this many pictures every pair is compared."""
NEIGHBOURS = 10

Pair = tuple[int, int]


def find(
    dataset: Dataset, rows: np.ndarray, *, progress: Callable[[float, float, str], None] = lambda done, total, note: None
) -> list[Pair]:
    """Places of samples that show the same place; ``rows`` are the descriptors of each."""
    signatures = []
    for k, sample in enumerate(dataset):
        progress(k, len(dataset), "looking for pictures of the same place")
        signatures.append(lookalike.signature(read_micrograph(Path(sample.files["image"]), nan="mask")))
    pairs = list(_pairs(rows))
    found = []
    for k, (one, other) in enumerate(pairs):
        if k % 500 == 0:
            progress(k, len(pairs), "looking for pictures of the same place")
        if lookalike.find([signatures[one]], [signatures[other]]):
            found.append((one, other))
    return found


def _pairs(rows: np.ndarray) -> Iterable[Pair]:
    if len(rows) <= ALL_PAIRS:
        return combinations(range(len(rows)), 2)
    z = np.clip((rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), 1e-9), -4, 4)
    pairs = set[Pair]()
    for k, row in enumerate(z):
        distance = np.square(z - row).sum(axis=1)
        distance[k] = np.inf
        pairs |= {(min(k, int(j)), max(k, int(j))) for j in np.argpartition(distance, NEIGHBOURS)[:NEIGHBOURS]}
    return sorted(pairs)


def together(dataset: Dataset, pairs: Iterable[Pair]) -> Dataset:
    """``dataset`` with the groups of each of ``pairs`` joined into one."""
    root = {group: group for group in dataset.groups}

    def find_root(group: str) -> str:
        while root[group] != group:
            group = root[group]
        return group

    for one, other in pairs:
        first, second = (find_root(dataset.samples[k].group) for k in (one, other))
        root[max(first, second)] = min(first, second)
    return replace(dataset, samples=tuple(replace(s, group=find_root(s.group)) for s in dataset))
