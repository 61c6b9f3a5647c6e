"""Rows of measurements, and the only honest ways to cut them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..errors import BadParameter, InputError
from .sample import Sample


@dataclass(frozen=True)
class Dataset:
    """Samples with the licence and the citation they came under."""

    name: str
    samples: tuple[Sample, ...]
    licence: str
    cite: str

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
        number of rows of each label, so labels stay about as frequent on both sides.
        """
        if not 0 < fraction < 1:
            raise BadParameter(f"fraction={fraction} must lie between 0 and 1")
        counts, order = self._label_counts(2, seed)
        wanted = fraction * counts.sum(axis=0)
        held: set[int] = set()
        total = np.zeros_like(wanted)
        for group in order:
            if np.square(total + counts[group] - wanted).sum() < np.square(total - wanted).sum():
                held.add(int(group))
                total += counts[group]
        if not held or len(held) == len(counts):
            share = f"{fraction:.0%}"
            raise InputError(f"the groups of {self.name} are too large to put {share} of its rows apart; change the fraction")
        train, test = self._parts([int(group in held) for group in range(len(counts))], 2)
        return train, test

    def folds(self, count: int, *, seed: int) -> tuple[tuple[Dataset, Dataset], ...]:
        """
        ``count`` pairs (train, test) whose test parts are disjoint, cover all rows and divide no group.

        Groups go, largest first, to the fold whose label counts they even out best.
        """
        counts, order = self._label_counts(count, seed)
        order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
        share = np.maximum(counts.sum(axis=0), 1)
        totals = np.zeros((count, counts.shape[1]))
        fold_of = [0] * len(counts)
        for group in order:
            spread = [(totals + np.outer(np.arange(count) == f, counts[group])) / share for f in range(count)]
            score = [(float(t.std(axis=0).mean()), float(totals[f].sum())) for f, t in enumerate(spread)]
            best = min(range(count), key=lambda f: score[f])
            totals[best] += counts[group]
            fold_of[int(group)] = best
        tests = self._parts(fold_of, count)
        keys = [{sample.key for sample in test} for test in tests]
        return tuple(
            (replace(self, samples=tuple(s for s in self.samples if s.key not in held)), test)
            for held, test in zip(keys, tests, strict=True)
        )

    def _label_counts(self, needed: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of each label in each group, and a random order of the groups."""
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
        return counts, np.random.default_rng(seed).permutation(len(groups))

    def _parts(self, part_of_group: list[int], count: int) -> tuple[Dataset, ...]:
        part = dict(zip(self.groups, part_of_group, strict=True))
        return tuple(replace(self, samples=tuple(s for s in self.samples if part[s.group] == p)) for p in range(count))
