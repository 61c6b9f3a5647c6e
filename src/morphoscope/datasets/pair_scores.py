"""
How well one technique was predicted from the other, on pairs that nothing was learnt from.

A ``Method`` answers for patterns and micrographs; ``Answers`` are what it, or a baseline, gave; ``score`` compares them with the
pairs. Each error is a median over pictures; intervals come from redrawing seeds, and within each seed its pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..errors import InputError
from ..measure import template_order
from ..measure.crop_statistics import CropStatistics, crop_statistics, dominant_period, frechet
from .pairs import PairArrays

RIVALS, DRAWS, FEW = 32, 100, 4
"""Partners among which one is sought, how often they are drawn, and how often in each redraw for an interval."""
NAMED = 3
"""Samples of a pair whose morphology is named."""
COLUMNS = (
    "s2_mae",
    "s2_mae_mean10",
    "lineal_mae",
    "frechet",
    "saxs_mae",
    "recall_at_1",
    "recall_at_5",
    "recall_at_1_back",
    "recall_at_5_back",
    "euler_mae",
    "regions_mae",
    "morphology_accuracy",
    "frechet_standardised",
)


class Method(Protocol):
    """Something that learnt from pairs. Whatever it cannot answer is None."""

    @property
    def name(self) -> str:
        """What the tables call it."""
        ...

    def sems(self, saxs: np.ndarray, mask: np.ndarray, *, count: int, rng: np.random.Generator) -> np.ndarray | None:
        """``count`` possible phases of each pattern: (patterns, count, side, side) between 0 and 1."""
        ...

    def patterns(self, phases: np.ndarray) -> np.ndarray | None:
        """The pattern expected of each phase (count, side, side): (count, side, side) between 0 and 1."""
        ...

    def similarity(self, phases: np.ndarray, saxs: np.ndarray, mask: np.ndarray) -> np.ndarray | None:
        """How well each phase (rows) fits each pattern (columns); larger is better."""
        ...


@dataclass(frozen=True, eq=False)
class Answers:
    """
    What was answered for the pairs of a test, row by row.

    ``sems`` (pairs, samples, side, side), ``patterns`` (pairs, crops, side, side), ``similarity`` (pairs, pairs).
    """

    name: str
    sems: np.ndarray | None = None
    patterns: np.ndarray | None = None
    similarity: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Truth:
    """The pairs of a test with the crops that answers are compared with: (pairs, crops, side, side)."""

    pairs: PairArrays
    crops: np.ndarray
    statistics: CropStatistics
    period_px: float

    @classmethod
    def of(cls, pairs: PairArrays, *, crops: int, rng: np.random.Generator, size_px: int) -> Truth:
        """Draw ``crops`` from each of ``pairs``, all of which need both partners."""
        rows = np.repeat(np.arange(len(pairs)), crops)
        drawn = pairs.crops(rows, rng=rng, size_px=size_px)
        found = crop_statistics(drawn)
        shape = (len(pairs), crops)
        return cls(pairs, drawn.reshape(*shape, size_px, size_px), found.shaped(*shape), dominant_period(drawn))


def ask(method: Method, truth: Truth, *, rng: np.random.Generator) -> Answers:
    """What ``method`` answers for the pairs of ``truth``."""
    pairs, (count, crops, side, _) = truth.pairs, truth.crops.shape
    sems = method.sems(pairs.saxs, pairs.mask, count=crops, rng=rng)
    patterns = method.patterns(truth.crops.reshape(count * crops, side, side))
    return Answers(
        method.name,
        sems,
        None if patterns is None else patterns.reshape(count, crops, *patterns.shape[1:]),
        method.similarity(truth.crops[:, 0], pairs.saxs, pairs.mask),
    )


@dataclass(frozen=True, eq=False)
class Scores:
    """
    Errors of one method on one test: by picture (``pictures``, rows are pairs), and what sets of pictures need.

    ``found`` and ``real`` are descriptors (pairs, crops, 6), ``similarity`` is that of each micrograph to each pattern.
    """

    name: str
    pictures: Mapping[str, np.ndarray] = field(default_factory=dict)
    found: np.ndarray | None = None
    real: np.ndarray | None = None
    similarity: np.ndarray | None = None

    def values(self, rows: np.ndarray, *, rng: np.random.Generator, draws: int = DRAWS) -> dict[str, float]:
        """Every column that can be known, of the pairs ``rows``."""
        means = {"morphology_accuracy"}
        found = {name: float(np.mean(v[rows]) if name in means else np.median(v[rows])) for name, v in self.pictures.items()}
        if self.found is not None and self.real is not None:
            one, two = (a[rows].reshape(-1, a.shape[-1]) for a in (self.found, self.real))
            spread = np.maximum(self.real.reshape(-1, self.real.shape[-1]).std(axis=0), 1e-9)
            found |= {"frechet": frechet(one, two), "frechet_standardised": frechet(one / spread, two / spread)}
        if self.similarity is not None:
            unique = np.unique(rows)
            found |= recall(self.similarity[np.ix_(unique, unique)], rng=rng, draws=draws)
        return found


def score(answers: Answers, truth: Truth) -> Scores:
    """Compare ``answers`` with ``truth``."""
    pictures: dict[str, np.ndarray] = {}
    found = None
    if answers.sems is not None:
        count, samples, side, _ = answers.sems.shape
        phases = answers.sems.reshape(count * samples, side, side)
        given, real = crop_statistics(phases).shaped(count, samples), truth.statistics
        found = given.descriptors
        pictures |= {
            "s2_mae": np.abs(given.s2 - real.s2).mean(axis=-1),
            "s2_mae_mean10": np.abs(given.s2.mean(axis=1) - real.s2.mean(axis=1)).mean(axis=-1),
            "lineal_mae": np.abs(given.lineal - real.lineal).mean(axis=-1),
            "euler_mae": np.abs(given.euler - real.euler).astype(float),
            "regions_mae": np.abs(given.regions - real.regions).astype(float),
        }
        if all(truth.pairs.morphology):
            few = answers.sems[:, :NAMED]
            names = [[template_order.order(phase > 0.5, period_px=truth.period_px).name for phase in row] for row in few]
            right = np.array(names) == np.array(truth.pairs.morphology)[:, None]
            pictures["morphology_accuracy"] = right.astype(float)
    if answers.patterns is not None:
        counted = truth.pairs.mask[:, None]
        gap = np.abs(answers.patterns - truth.pairs.saxs[:, None]) * counted
        pictures["saxs_mae"] = gap.sum(axis=(2, 3)) / counted.sum(axis=(2, 3))
    return Scores(answers.name, pictures, found, truth.statistics.descriptors, answers.similarity)


def recall(similarity: np.ndarray, *, rng: np.random.Generator, draws: int = DRAWS) -> dict[str, float]:
    """
    Share of patterns whose micrograph is found first, and among the first five, of up to 32; ``_back`` the other way.

    The mean of ``draws`` draws of 32; a tie counts against.
    """
    size = min(RIVALS, len(similarity))
    hits = np.zeros(4)
    for _ in range(draws):
        chosen = rng.permutation(len(similarity))[:size]
        part = similarity[np.ix_(chosen, chosen)]
        own = np.diag(part)
        for k, ahead in enumerate(((part >= own[None]).sum(axis=0), (part >= own[:, None]).sum(axis=1))):
            hits[2 * k : 2 * k + 2] += [np.mean(ahead <= 1), np.mean(ahead <= 5)]
    names = ("recall_at_1", "recall_at_5", "recall_at_1_back", "recall_at_5_back")
    return {name: float(hit) / draws for name, hit in zip(names, hits, strict=True)}


def table(seeds: Sequence[Sequence[Scores]], *, rng: np.random.Generator, draws: int = 200) -> list[dict[str, Any]]:
    """
    One row a method: the mean over seeds of each column, with its 95 % interval (``_low``, ``_high``).

    ``seeds`` holds the scores of the methods, seed by seed; a method that some seed could not ask counts where it was.
    Each redraw takes seeds with replacement where there are several, and pairs with replacement within each.
    """
    rows = []
    for name in dict.fromkeys(one.name for scores in seeds for one in scores):
        scores = [one for found in seeds for one in found if one.name == name]
        whole = [one.values(np.arange(_pairs(one)), rng=rng) for one in scores]
        redrawn: list[dict[str, float]] = []
        for _ in range(draws):
            places = rng.integers(len(scores), size=len(scores)) if len(scores) > 1 else [0]
            chosen = [(scores[k], _pairs(scores[k])) for k in places]
            redrawn.append(_mean([one.values(rng.integers(n, size=n), rng=rng, draws=FEW) for one, n in chosen]))
        row: dict[str, Any] = {"method": name} | {f"{column}{end}": None for column in COLUMNS for end in ("", "_low", "_high")}
        for column, value in _mean(whole).items():
            low, high = np.percentile([draw[column] for draw in redrawn], [2.5, 97.5])
            row |= {column: value, f"{column}_low": min(float(low), value), f"{column}_high": max(float(high), value)}
        rows.append(row)
    return rows


def _pairs(one: Scores) -> int:
    known = [*one.pictures.values()] + [a for a in (one.found, one.similarity) if a is not None]
    return len(known[0]) if known else 0


def _mean(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([part[name] for part in parts])) for name in parts[0]}


def split(pairs: PairArrays, *, train: int, unseen: int, rng: np.random.Generator) -> tuple[PairArrays, PairArrays]:
    """
    ``train`` pairs to learn from and up to ``unseen`` others, which share no group with them.

    Pairs without a partner may be learnt from, but are not tested.
    """
    order = rng.permutation(sorted(set(pairs.groups)))
    members = {group: np.flatnonzero(np.array(pairs.groups) == group) for group in order}
    learnt: list[int] = []
    tested: list[int] = []
    for group in order:
        if len(learnt) < train:
            learnt += [int(k) for k in members[group]][: train - len(learnt)]
        else:
            tested += [int(k) for k in members[group] if pairs.has_sem[k] and pairs.has_saxs[k]]
    if len(learnt) < train or len(tested) < 2:
        raise InputError(
            f"{len(pairs)} pairs of {len(members)} specimens leave {len(tested)} to test after {train} to learn from; "
            "give more pairs, or train on fewer"
        )
    return pairs.where(learnt), pairs.where(tested[:unseen])
