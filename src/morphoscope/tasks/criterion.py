"""The logit as a quantitative criterion: is it calibrated, do its sets keep their promise, does it follow the grades?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import special

from ..core import Curve, Figure, Quantity, Report, Run
from ..learn.conformal import held_out_p_values
from ..measure import scores
from ..measure.grades import concordance, spearman

ALPHA = 0.1
"""Share of the images whose set may miss their class."""
FEWEST = 2


@dataclass(frozen=True, eq=False)
class Answered:
    """Held-out evidence with what the records say: class, group and, where known, the grade."""

    logits: np.ndarray
    positive: np.ndarray
    groups: list[str]
    graded: list[str | None]


def added(run: Run, report: Report, answered: Answered, *, classes: Sequence[str], grades: Sequence[str] = ()) -> Report:
    """``report`` with the reliability, the coverage of the sets, and the reading in grades."""
    run.progress(0, 1, "criterion")
    sets, covered = _sets(run, answered, classes)
    graded, ranks = _grades(run, answered, grades)
    values = {**report.values, **covered, **ranks}
    curves = {**report.curves, "reliability": reliability(run, answered), "ideal": _ideal()}
    figures = {
        **report.figures,
        "reliability": Figure("line", ("reliability", "ideal"), "Share of positives against given probability, held out"),
    }
    tables = {**report.tables, "sets": sets}
    if graded:
        tables |= {"grades": graded, "evidence": _evidence(answered, grades)}
        figures["evidence"] = Figure("box", ("evidence",), "Held-out evidence by the grade in the records")
    return replace(report, values=values, curves=curves, figures=figures, tables=tables)


def reliability(run: Run, answered: Answered) -> Curve:
    """Share of positives in bins of equal number of images, with the wider of two intervals: by redrawn groups, and Wilson's."""
    p, sure = special.expit(answered.logits), answered.positive
    edges = np.quantile(p, np.linspace(0, 1, min(10, max(2, p.size // 10)) + 1)[1:-1])
    which = np.searchsorted(edges, p, side="right")
    bins = np.unique(which)

    def shares(rows: np.ndarray) -> dict[str, float]:
        inside = [rows[which[rows] == k] for k in bins]
        return {str(k): float(sure[some].mean()) if some.size else np.nan for k, some in zip(bins, inside, strict=True)}

    ends = scores.by_group(shares, answered.groups, rng=run.rng("reliability"), draws=300)
    x, y = (np.array([values[which == k].mean() for k in bins]) for values in (p, sure.astype(float)))
    images = [scores.wilson(int(sure[which == k].sum()), int((which == k).sum())) for k in bins]
    low, high = (np.array([(ends[str(k)][side], images[n][side]) for n, k in enumerate(bins)]) for side in (0, 1))
    return Curve(x, y, "given probability", "share of positives", y_low=low.min(axis=1), y_high=high.max(axis=1))


def _ideal() -> Curve:
    ends = np.array([0.0, 1.0])
    return Curve(ends, ends, "given probability", "share of positives")


def _sets(run: Run, answered: Answered, classes: Sequence[str]) -> tuple[list[dict[str, Any]], dict[str, Quantity]]:
    """Coverage of the sets, each group judged against the others, as a share of images drawn one article at a time."""
    kept = held_out_p_values(answered.logits, answered.positive, answered.groups) > ALPHA
    code = answered.positive.astype(int)
    hit = kept[np.arange(code.size), code]
    names = np.asarray(answered.groups)
    table, values = [], dict[str, Quantity]()
    for k, name in enumerate(classes):
        of = code == k
        articles = np.unique(names[of])
        if len(articles) < 3:
            continue
        each = {article: float(hit[of & (names == article)].mean()) for article in articles}
        rng = run.rng(f"coverage {name}")
        drawn = rng.choice(list(each.values()), size=(1000, len(each))).mean(axis=1)
        low, high = (float(end) for end in np.percentile(drawn, [2.5, 97.5]))
        number = kept[of].sum(axis=1)
        values[f"coverage_{name}"] = Quantity(float(np.mean(list(each.values()))), low=low, high=high)
        table.append(
            {
                "class": name,
                "images": int(of.sum()),
                "groups": len(articles),
                "promised": 1 - ALPHA,
                "covered": float(np.mean(list(each.values()))),
                "low": low,
                "high": high,
                "covered_images": float(hit[of].mean()),
                "one_class": float((number == 1).mean()),
                "both": float((number == 2).mean()),
                "none": float((number == 0).mean()),
            }
        )
    values["decided"] = Quantity(float((kept.sum(axis=1) == 1).mean()))
    return table, values


def _grades(run: Run, answered: Answered, grades: Sequence[str]) -> tuple[list[dict[str, Any]], dict[str, Quantity]]:
    """Median evidence of each grade; rank correlation and order within a group, with intervals by group."""
    rank = np.array([list(grades).index(grade) if grade is not None and grade in grades else -1 for grade in answered.graded])
    known = np.flatnonzero(rank >= 0)
    if len(set(rank[known].tolist())) < FEWEST or len({answered.groups[k] for k in known}) < 3:
        return [], {}
    table = []
    for k, grade in enumerate(grades):
        logits = answered.logits[rank == k]
        if logits.size:
            low, middle, high = (float(value) for value in np.percentile(logits, [25, 50, 75]))
            table.append({"grade": grade, "images": int(logits.size), "median_logit": middle, "p25": low, "p75": high})
    groups = [answered.groups[k] for k in known]

    def score(rows: np.ndarray) -> dict[str, float]:
        return {"spearman": spearman(rank[known][rows], answered.logits[known][rows])}

    ends = scores.by_group(score, groups, rng=run.rng("grades"), draws=300)["spearman"]
    within, pairs = concordance(rank[known], answered.logits[known], groups)
    found = {
        "grade_spearman": Quantity(score(np.arange(known.size))["spearman"], low=ends[0], high=ends[1]),
        "grade_pairs_within_groups": Quantity(pairs),
    }
    if pairs:
        low, high = _concordance_ends(run, rank[known], answered.logits[known], groups)
        found["grade_concordance_within_groups"] = Quantity(within, low=low, high=high)
    return table, found


def _concordance_ends(run: Run, rank: np.ndarray, logits: np.ndarray, groups: list[str]) -> tuple[float, float]:
    """Interval of the order within groups, by redrawing the groups that have pairs."""
    names = np.asarray(groups)
    each = [concordance(rank[names == name], logits[names == name], names[names == name].tolist()) for name in np.unique(names)]
    right, pairs = (np.array(values) for values in zip(*[(c * n, n) for c, n in each if n], strict=True))
    drawn = run.rng("concordance").integers(len(pairs), size=(1000, len(pairs)))
    low, high = np.percentile(right[drawn].sum(axis=1) / pairs[drawn].sum(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _evidence(answered: Answered, grades: Sequence[str]) -> list[dict[str, Any]]:
    rows = zip(answered.graded, answered.logits.tolist(), strict=True)
    return [{"grade": grade, "logit": logit} for grade, logit in rows if grade in grades]
