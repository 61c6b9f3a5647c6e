"""Rows of measurements, and the only honest ways to cut them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..errors import BadParameter, InputError
from .sample import Sample

ORDERS_TRIED = 16


@dataclass(frozen=True)
class Dataset:
    """Samples with the licence and the citation they came under; ``notes`` say what the loader found out of form."""

    name: str
    samples: tuple[Sample, ...]
    licence: str
    cite: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        twice = [key for key, count in Counter(sample.key for sample in self.samples).items() if count > 1]
        if twice:
            raise InputError(f"{self.name}: the key {twice[0]!r} names more than one sample; keys must be unique")

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    @property
    def groups(self) -> tuple[str, ...]:
        """Every group once, in order."""
        return tuple(sorted({sample.group for sample in self.samples}))

    def split(self, fraction: float, *, seed: int) -> tuple[Dataset, Dataset]:
        """
        Two parts that share no group; the second holds about ``fraction`` of the rows.

        Whole groups are taken in random order as long as they bring the part closer to the wanted
        number of rows of each label, so labels stay about as frequent on both sides; the best of
        several orders counts.
        """
        if not 0 < fraction < 1:
            raise BadParameter(f"fraction={fraction} must lie between 0 and 1")
        counts, rng = self._label_counts(2), np.random.default_rng(seed)
        wanted = min(fraction, 1 - fraction) * counts.sum(axis=0)  # the smaller part is filled, so neither takes all
        tries = [_take(counts, wanted, rng.permutation(len(counts))) for _ in range(ORDERS_TRIED)]
        _, taken = min(tries, key=lambda tried: tried[0])
        if not taken:
            share = f"{fraction:.0%}"
            raise InputError(f"the groups of {self.name} are too large to put {share} of its rows apart; change the fraction")
        rest, part = self._parts([int(group in taken) for group in range(len(counts))], 2)
        return (part, rest) if fraction > 0.5 else (rest, part)

    def folds(self, count: int, *, seed: int) -> tuple[tuple[Dataset, Dataset], ...]:
        """
        ``count`` pairs (train, test) whose test parts are disjoint, cover all rows and divide no group.

        Groups go, largest first, to the fold whose label counts they even out best.
        """
        counts = self._label_counts(count)
        order = np.random.default_rng(seed).permutation(len(counts))
        order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
        share = np.maximum(counts.sum(axis=0), 1)
        totals = np.zeros((count, counts.shape[1]))
        fold_of = [0] * len(counts)
        for group in order:
            spread = [(totals + np.outer(np.arange(count) == f, counts[group])) / share for f in range(count)]
            score = [(round(float(t.std(axis=0).mean()), 12), float(totals[f].sum())) for f, t in enumerate(spread)]
            best = min(range(count), key=lambda f: score[f])
            totals[best] += counts[group]
            fold_of[int(group)] = best
        tests = self._parts(fold_of, count)
        keys = [{sample.key for sample in test} for test in tests]
        return tuple(
            (replace(self, samples=tuple(s for s in self.samples if s.key not in held)), test)
            for held, test in zip(keys, tests, strict=True)
        )

    def _label_counts(self, needed: int) -> np.ndarray:
        """Rows of each label (columns) in each group (rows), where there are groups for ``needed`` parts."""
        groups = self.groups
        if needed < 2:
            raise BadParameter(f"{needed} part(s) is no split; ask for at least 2")
        if len(groups) < needed:
            raise InputError(f"{self.name} has {len(groups)} group(s); {needed} parts need at least {needed}")
        labels = sorted({sample.label or "" for sample in self.samples})
        counts = np.zeros((len(groups), len(labels)))
        row, column = {g: i for i, g in enumerate(groups)}, {name: i for i, name in enumerate(labels)}
        for sample in self.samples:
            counts[row[sample.group], column[sample.label or ""]] += 1
        return counts

    def _parts(self, part_of_group: list[int], count: int) -> tuple[Dataset, ...]:
        part = dict(zip(self.groups, part_of_group, strict=True))
        return tuple(replace(self, samples=tuple(s for s in self.samples if part[s.group] == p)) for p in range(count))


def _take(counts: np.ndarray, wanted: np.ndarray, order: np.ndarray) -> tuple[float, set[int]]:
    """How far groups taken greedily in ``order`` miss ``wanted``, and which they are."""
    taken: set[int] = set()
    total = np.zeros_like(wanted)
    for group in order:
        if np.square(total + counts[group] - wanted).sum() < np.square(total - wanted).sum():
            taken.add(int(group))
            total = total + counts[group]
    return float(np.square(total - wanted).sum()), taken
