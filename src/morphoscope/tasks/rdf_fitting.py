"""Fitting the default predictor of distributions, and what it says of compositions held out of the fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from .. import learn
from ..datasets.rdfs import FLOOR, Rdfs
from ..errors import InputError
from ..learn.curve_model import Curves
from . import rdf_frame
from .rdf_model import LEAST_SPREAD, NORMAL_90, Predictor

SHARES = (0.0, 0.5, 1.0)
"""How much of what theory says is taken as known before any simulation."""
THEORY = "prism"
COVERED = 0.9


@dataclass(frozen=True, eq=False)
class Lesson:
    """Rows to learn from: numbers ``x``, ``g`` and its ``error``, the ``group`` of each; and theory's rows, if any."""

    table: Rdfs
    names: tuple[str, ...]
    x: np.ndarray
    group: np.ndarray
    theory: Rdfs | None
    theory_x: np.ndarray

    @property
    def diameter(self) -> np.ndarray | None:
        """The particles' diameters, where the table has them."""
        return self.x[:, self.names.index("D")] if "D" in self.names else None

    def folds(self, count: int, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Flags of training and test rows; rows of one composition stay together."""
        groups = np.unique(self.group)
        if len(groups) < 2 * count:
            raise InputError(
                f"{len(groups)} compositions are too few for {count} folds; give {2 * count} or more, or fewer folds"
            )
        for part in np.array_split(rng.permutation(groups), count):
            test = np.isin(self.group, part)
            yield ~test, test

    def theory_at(self, x: np.ndarray) -> np.ndarray:
        """Theory's own g at rows ``x``; NaN where the table has none."""
        g = np.full((len(x), len(self.table.r)), np.nan)
        for k, row in enumerate(x):
            same = np.isclose(self.theory_x, row, rtol=1e-5).all(1)
            if self.theory is not None and same.any():
                g[k] = self.theory.g[int(np.argmax(same))]
        return g


def lesson(table: Rdfs, names: tuple[str, ...] | None = None) -> Lesson:
    """What can be learnt from ``table``: its simulated rows where it tells sources apart, else all of them."""
    names = names or table.descriptors()
    if not names:
        raise InputError("the table has no column of numbers that describes its rows; nothing can be learnt from it")
    source = np.array([str(row.get("source") or "") for row in table])
    start = np.array([str(row.get("made_with") or "") for row in table])
    simulated = ~(source == THEORY) & ~((source == "md") & np.isin(start, ("dispersed", "aggregated")))
    if not simulated.any():
        raise InputError("the table has rows of theory alone; give one with simulated rows")
    own, theory = table.where(simulated), table.where(source == THEORY)
    x = own.numbers(names)
    group = rdf_frame.compositions(own, names)
    known = theory.numbers(names) if len(theory) else np.empty((0, len(names)))
    return Lesson(own, names, x, group, theory if len(theory) >= 20 else None, known)


def theory_curves(one: Lesson) -> Curves | None:
    """What theory says, as a function of the composition."""
    if one.theory is None:
        return None
    frame = rdf_frame.frame(one.theory_x, one.names, one.table.r)
    found: Curves = learn.curve_training.fit(one.theory_x, frame.target(one.theory.g), logs=rdf_frame.logs(one.names))
    return found


def fit(one: Lesson, rows: np.ndarray, theory: Curves | None, shares: tuple[float, ...] = SHARES) -> Predictor:
    """
    The predictor of ``rows``, with the share of theory that does best where each row is left out in turn.

    The rows' own errors are not used: most of them come from the potentials, which all rows share.
    """
    x = one.x[rows]
    frame, logs = rdf_frame.frame(x, one.names, one.table.r), rdf_frame.logs(one.names)
    target = frame.target(one.table.g[rows])
    from_theory = theory.mean(x) if theory is not None else np.zeros_like(target)
    found = []
    for share in shares if theory is not None else (0.0,):
        curves = learn.curve_training.fit(x, target - share * from_theory, logs=logs)
        found.append((float(np.square(curves.left_out()).mean()), share, curves))
    _, share, curves = min(found, key=lambda each: each[0])
    return Predictor(one.names, one.table.r, curves, theory, share, 1.0)


@dataclass(frozen=True, eq=False)
class Held:
    """What folds that never saw a row said of it: ``log_g`` and ``spread``; the band's ``width`` from the other folds' rows."""

    log_g: np.ndarray
    spread: np.ndarray
    fold: np.ndarray
    width: np.ndarray
    shares: tuple[float, ...]

    @property
    def g(self) -> np.ndarray:
        """The held-out curves."""
        return np.asarray(np.maximum(np.exp(np.minimum(self.log_g, 300)) - FLOOR, 0))

    def band(self) -> tuple[np.ndarray, np.ndarray]:
        """The held-out 90 % bands."""
        half = NORMAL_90 * self.width[:, None] * np.maximum(self.spread, LEAST_SPREAD)
        low, high = (np.maximum(np.exp(np.minimum(self.log_g + sign * half, 300)) - FLOOR, 0) for sign in (-1, 1))
        return low, high


def held_out(
    one: Lesson,
    theory: Curves | None,
    cuts: list[tuple[np.ndarray, np.ndarray]],
    *,
    shares: tuple[float, ...] = SHARES,
    tell: Callable[[int], None] = lambda done: None,
) -> Held:
    """Answers for each tested row by the folds that did not see it, and bands calibrated on the other folds; else NaN."""
    log_g, spread = np.full_like(one.table.g, np.nan), np.full_like(one.table.g, np.nan)
    fold, chosen = np.zeros(len(one.x), dtype=int), []
    for k, (train, test) in enumerate(cuts):
        tell(k)
        kept = theory
        if theory is not None:
            seen = (np.isclose(one.theory_x[:, None], one.x[test][None], rtol=1e-5)).all(-1).any(1)
            kept = theory.only(~seen)
        predictor = fit(one, train, kept, shares)
        log_g[test], spread[test] = predictor.logarithm(one.x[test])
        fold[test] = k
        chosen.append(predictor.share)
    missed = standardised(one, log_g, spread)
    width = np.array([width_of(missed[fold != k]) if (fold != k).any() else 1.0 for k in fold])
    return Held(log_g, spread, fold, width, tuple(chosen))


def standardised(one: Lesson, log_g: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """How many standard deviations each bin is missed by; NaN where neither curve has particles."""
    truth = np.log(one.table.g + FLOOR)
    seen = np.isfinite(truth) & np.isfinite(log_g) & ((one.table.g > FLOOR) | (np.exp(np.minimum(log_g, 300)) - FLOOR > FLOOR))
    return np.where(seen, np.abs(log_g - truth) / np.maximum(spread, LEAST_SPREAD), np.nan)


def width_of(missed: np.ndarray) -> float:
    """The factor by which a band must be widened to hold 90 % of the bins, every row counting alike."""
    seen = np.isfinite(missed)
    weight = (seen / np.maximum(seen.sum(1, keepdims=True), 1))[seen]
    values = missed[seen]
    order = np.argsort(values)
    cumulated = np.cumsum(weight[order]) / weight.sum()
    return float(values[order][int(np.searchsorted(cumulated, COVERED))] / NORMAL_90)


def final(one: Lesson, theory: Curves | None, held: Held) -> Predictor:
    """The predictor of all rows, its band as wide as the held-out rows ask for."""
    width = width_of(standardised(one, held.log_g, held.spread))
    return replace(fit(one, np.ones(len(one.x), dtype=bool), theory), width=width)
