"""Descriptors in words: what a group of them is called, at what length, and how much of the evidence it gives."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import Any

import numpy as np

from ..learn.judge import Judge

NAMED = 6
"""So many reasons are put into words."""
LEAST = 0.05
"""Evidence below which a group is not worth a sentence."""
_BLOB = re.compile(r"(bright|dark)?_?(laplace|hessian|ridge|cover|strength)\w*_([\d.]+)px")
_VOTE = re.compile(r"votes_\w+?_(bright|dark)_([\d.]+)px")
_TEXTURE = re.compile(r"\w+_(flat|grey)_([\d.]+)px")


def group_of(name: str, frame_pixel_nm: float | None) -> str:
    """What the descriptor ``name`` is about."""
    family, _, rest = name.partition(".")
    if family == "blobs" and (match := _VOTE.fullmatch(rest)):
        return f"round outlines of {match[1]} droplets, about {_length(2 * float(match[2]), frame_pixel_nm)} wide"
    if family == "blobs" and (match := _BLOB.fullmatch(rest)):
        return f"{match[1] or 'all'} blobs of about {_length(2 * math.sqrt(2) * float(match[3]), frame_pixel_nm)}"
    if family == "domains":
        return f"{_polarity(rest)} domains: number, size and roundness"
    if family == "waves":
        return "directions of the structure" if rest.startswith("directed") else "lengths in the power spectrum"
    if match := _TEXTURE.fullmatch(rest):
        return f"texture over {_length(float(match[2]), frame_pixel_nm)}"
    return family


def contributions(judge: Judge, row: np.ndarray, frame_pixel_nm: float | None) -> list[dict[str, Any]]:
    """The evidence of each group of descriptors, the strongest first, with the descriptor that leads it."""
    z = judge.logistic.standardised(row[None])[0]
    given = (1 - judge.trees) * z * judge.logistic.weights[0]
    members: dict[str, list[int]] = defaultdict(list)
    for k, name in enumerate(judge.logistic.names):
        members[group_of(name, frame_pixel_nm)].append(k)
    table = list[dict[str, Any]]()
    for group, some in members.items():
        lead = max(some, key=lambda k: abs(given[k]))
        table.append(
            {
                "family": judge.logistic.names[lead].partition(".")[0],
                "group": group,
                "evidence": float(given[some].sum()),
                "descriptors": len(some),
                "leading": judge.logistic.names[lead],
                "leading_sd": float(z[lead]),
                "leading_evidence": float(given[lead]),
            }
        )
    table.sort(key=lambda row: -abs(float(row["evidence"])))
    base = {
        "family": "base",
        "group": "the usual image of training",
        "evidence": float((1 - judge.trees) * judge.logistic.bias[0]),
    }
    rest = [base]
    if judge.forest is not None:
        grown = judge.trees * float(judge.forest.logits(row[None])[0])
        rest.append({"family": "trees", "group": "boosted trees, all descriptors", "evidence": grown})
    nothing = {"descriptors": 0, "leading": None, "leading_sd": None, "leading_evidence": None}
    return [*table, *({**one, **nothing} for one in rest)]


def reasons(table: list[dict[str, Any]], logit: float) -> list[str]:
    """The strongest groups as sentences."""
    told = []
    for row in [row for row in table if row["descriptors"] and abs(row["evidence"]) >= LEAST][:NAMED]:
        side = "for" if row["evidence"] > 0 else "against"
        much = "more" if row["leading_sd"] > 0 else "less"
        told.append(
            f"{row['group']}: speak {side} miscible by {abs(row['evidence']):.2f} of {logit:+.2f} "
            f"({row['leading']} is {abs(row['leading_sd']):.1f} sd {much} than usual)"
        )
    return told


def _polarity(rest: str) -> str:
    for name in ("very_bright", "very_dark", "bright", "dark"):
        if rest.endswith(name):
            return name.replace("_", " ")
    return "all"


def _length(px: float, frame_pixel_nm: float | None) -> str:
    """A length of the frame in nm or um, or as a share of the picture's side where the scale is unknown."""
    if frame_pixel_nm is None:
        return f"{px / 256:.2g} of the picture's side"
    nm = px * frame_pixel_nm
    return f"{nm / 1000:.2g} um" if nm >= 1000 else f"{nm:.2g} nm" if nm < 100 else f"{nm:.0f} nm"
