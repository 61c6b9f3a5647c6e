"""The published PairVAE as it was trained: each technique alone, then both together; four reconstructions and ensembles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import learn
from ..core import Curve, Figure, Model, Quantity, Report, Run
from ..datasets.pairs import PairArrays
from ..errors import InputError
from ..learn.model_folder import write_model
from ..measure.crop_statistics import crop_statistics
from .pair_fitting import LEAST_PAIRS, NAMES, Stages
from .pairvae_reconstruct import sheet
from .pictures import save_picture

KIND = "pairvae of the paper"
QUICK = 0.01
"""Share of the paper's epochs that the quick size takes."""
VARIANCES = {"smaller": 0.25, "as over the set": 1.0, "larger": 4.0}
ENSEMBLE = 100
SHOWN = 8


@dataclass(frozen=True, eq=False)
class PaperModel:
    """``variance`` is that of each latent number over the patterns of training."""

    size_px: int
    encoder: str
    both: Any
    variance: np.ndarray
    name: str = "PairVAE"

    def sems(
        self, saxs: np.ndarray, mask: np.ndarray, *, count: int, rng: np.random.Generator, share: float = 0.25
    ) -> np.ndarray:
        """``count`` micrographs for each pattern: draws about its latent plane, with a ``share`` of the set's variance."""
        middle = learn.pair_paper.latents(self.both.saxs, saxs * mask)
        drawn = middle[:, None] + np.sqrt(share * self.variance) * rng.standard_normal((len(saxs), count, *middle.shape[1:]))
        made = learn.pair_paper.decoded(self.both.sem, drawn.reshape(-1, *middle.shape[1:]).astype(np.float32))
        return np.asarray((made > 0.5).reshape(len(saxs), count, *made.shape[1:]))

    def patterns(self, phases: np.ndarray) -> np.ndarray:
        """The pattern that each micrograph's latent plane is decoded to."""
        return np.asarray(learn.pair_paper.decoded(self.both.saxs, learn.pair_paper.latents(self.both.sem, phases)))

    def similarity(self, phases: np.ndarray, saxs: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Correlation of latent planes."""
        planes = (learn.pair_paper.latents(self.both.sem, phases), learn.pair_paper.latents(self.both.saxs, saxs * mask))
        one, other = (z.reshape(len(z), -1) - z.reshape(len(z), -1).mean(0) for z in planes)
        return np.asarray(_unit(one) @ _unit(other).T)

    def to_model(self, settings: Mapping[str, Any], card: str) -> Model:
        """As numbers and JSON."""
        arrays = learn.pair_paper.arrays_of(self.both) | {"variance": self.variance}
        return Model(KIND, {**settings, "size_px": self.size_px, "encoder": self.encoder}, arrays, card)

    @classmethod
    def from_model(cls, model: Model) -> PaperModel:
        """The inverse of ``to_model``."""
        size, encoder = int(model.settings["size_px"]), str(model.settings["encoder"])
        both = learn.pair_paper.of_arrays(model.arrays, encoder=encoder, size_px=size)
        return cls(size, encoder, both, model.arrays["variance"])


def _unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


@dataclass(frozen=True)
class Choice:
    """What can be chosen about the published training; ``effort`` is the share of its epochs."""

    encoder: str
    weights: str | Path
    similarity: str
    crops: str
    effort: float

    def epochs(self, usual: int) -> int:
        """The usual number, or fewer."""
        return max(1, round(self.effort * usual))


def train(run: Run, pairs: PairArrays, choice: Choice, *, size_px: int, settings: Mapping[str, Any]) -> Report:
    """Train as published, and show what comes back; all of it on the pairs that were learnt from."""
    paper = learn.pair_paper
    sem, seen = np.flatnonzero(pairs.has_sem), np.flatnonzero(pairs.has_saxs)
    both = np.flatnonzero(pairs.has_sem & pairs.has_saxs)
    if len(both) < LEAST_PAIRS:
        raise InputError(
            f"{len(both)} of {len(pairs)} specimens have both a micrograph and a pattern; give at least {LEAST_PAIRS}"
        )
    lessons = paper.Lessons(pairs, size_px=size_px, seed=run.seed, new_crops=choice.crops)
    epochs = {
        "solo_saxs": choice.epochs(paper.SOLO_SAXS),
        "solo_sem": choice.epochs(paper.SOLO_SEM),
        "pair": choice.epochs(paper.PAIR),
    }
    rows = {"solo_saxs": seen, "solo_sem": sem, "pair": both}
    plans = {name: paper.plan(epochs[name], lessons.per_epoch(rows[name])) for name in epochs}
    stages = Stages(run, sum(plan.steps for plan in plans.values()))

    def fresh() -> Any:
        return paper.build(choice.encoder, start=choice.weights, size_px=size_px, seed=run.seed)

    solo = {side: _solo(stages, fresh, lessons, rows[f"solo_{side}"], epochs[f"solo_{side}"], side) for side in ("saxs", "sem")}
    two = stages.network(
        "pair", fresh,
        lambda plan, **loop: paper.train_pair(
            fresh(), lessons, both, epochs=epochs["pair"], similarity=choice.similarity, **loop),
        plans["pair"],
    )  # fmt: skip
    variance = paper.latents(two.saxs, pairs.saxs[both] * pairs.mask[both]).var(axis=0)
    model = PaperModel(size_px, choice.encoder, two, variance)
    write_model(model.to_model(settings, _card(pairs, choice, epochs)), run.file("model"))
    return _report(run, pairs, both, model, solo, stages.losses)


def _solo(stages: Stages, fresh: Any, lessons: Any, rows: np.ndarray, epochs: int, side: str) -> Any:
    paper = learn.pair_paper

    def fit(*, plan: Any, **loop: Any) -> Any:
        return paper.train_solo(fresh(), lessons, rows, epochs=epochs, side=side, **loop)

    return stages.network(f"solo_{side}", lambda: getattr(fresh(), side), fit, paper.plan(epochs, lessons.per_epoch(rows)))


def _report(
    run: Run, pairs: PairArrays, both: np.ndarray, model: PaperModel, solo: Mapping[str, Any], losses: Mapping[str, np.ndarray]
) -> Report:
    paper, saxs, mask = learn.pair_paper, pairs.saxs[both], pairs.mask[both]
    crops = pairs.crops(both, rng=run.rng("shown"), size_px=model.size_px)
    planes = {
        name: (paper.latents(half.saxs, saxs * mask), paper.latents(half.sem, crops)) for name, half in (("pair", model.both),)
    }
    x, e = planes["pair"]
    back = {
        "solo SAXS": paper.decoded(solo["saxs"], paper.latents(solo["saxs"], saxs * mask)),
        "pair SAXS-SAXS": paper.decoded(model.both.saxs, x), "pair SEM-SAXS": paper.decoded(model.both.saxs, e),
        "solo SEM": paper.decoded(solo["sem"], paper.latents(solo["sem"], crops)),
        "pair SEM-SEM": paper.decoded(model.both.sem, e), "pair SAXS-SEM": paper.decoded(model.both.sem, x),
    }  # fmt: skip
    few = slice(0, SHOWN)
    shown = [
        saxs[few],
        back["pair SAXS-SAXS"][few],
        back["pair SEM-SAXS"][few],
        crops[few],
        back["pair SEM-SEM"][few],
        back["pair SAXS-SEM"][few],
    ]
    save_picture(run, "reconstructions.png", np.concatenate([np.concatenate(list(row), axis=1) for row in shown], axis=0))
    truth = crop_statistics(crops)
    rows = [
        {"reconstruction": name, "median": _error(name, found, saxs, mask, truth), "measure": _measure(name)}
        for name, found in back.items()
    ]
    tables: dict[str, list[dict[str, Any]]] = {"medians": rows}
    tables["ensembles"], curves = _ensembles(run, model, pairs.where(both))
    curves |= {
        name: Curve(learn.pair_loop.EVERY * np.arange(1.0, len(v) + 1), v, "step", "loss") for name, v in losses.items() if len(v)
    }
    figures = {name: Figure("line", (name,), f"Loss against step: {NAMES[name]}") for name in losses if name in curves}
    figures["reconstructions"] = Figure(
        "image",
        ("reconstructions",),
        "From above: pattern, from the pattern, from the micrograph; micrograph, from it, from the pattern",
    )
    figures["ensembles"] = Figure(
        "image", ("ensembles",), "Five micrographs of the first pattern, variance smaller and as over the set"
    )
    return Report(
        title=f"The published PairVAE, trained on {len(both)} pairs",
        values={"pairs": Quantity(len(both))},
        curves=curves,
        tables=tables,
        figures=figures,
        files={
            "model": "model/model.json",
            "card": "model/card.md",
            "reconstructions": "reconstructions.png",
            "ensembles": "ensembles.png",
        },
        notes=(
            "these medians are of the pairs that were learnt from, as the paper reports; ask pairvae evaluate for unseen ones",
        ),
        cites=("Lu and Jayaraman, JACS Au 3, 2510 (2023)",),
    )


def _error(name: str, found: np.ndarray, saxs: np.ndarray, mask: np.ndarray, truth: Any) -> float:
    """Median over pictures: of the mean absolute error of S2 of micrographs, or of the counted pixels of patterns."""
    if name.endswith("SAXS"):
        return float(np.median((np.abs(found - saxs) * mask).sum((1, 2)) / mask.sum((1, 2))))
    return float(np.median(np.abs(crop_statistics(found).s2 - truth.s2).mean(axis=1)))


def _measure(name: str) -> str:
    return "pixels of the pattern" if name.endswith("SAXS") else "S2"


def _ensembles(run: Run, model: PaperModel, pairs: PairArrays) -> tuple[list[dict[str, Any]], dict[str, Curve]]:
    """Ensembles of the first pattern of each morphology with three variances."""
    firsts = {name: k for k, name in reversed(list(enumerate(pairs.morphology)))}
    rows, curves, drawn = list[dict[str, Any]](), dict[str, Curve](), list[np.ndarray]()
    for name, k in firsts.items():
        for words, share in VARIANCES.items():
            made = model.sems(
                pairs.saxs[k : k + 1], pairs.mask[k : k + 1], count=ENSEMBLE, rng=run.rng("ensembles"), share=share
            )[0]
            s2 = crop_statistics(made).s2
            rows.append({
                "morphology": name or "not named", "variance": words, "area_fraction": float(made.mean()),
                "area_fraction_sd": float(made.mean((1, 2)).std()), "s2_sd": float(s2.std(axis=0).mean()),
            })  # fmt: skip
            mean, width = s2.mean(0), s2.std(0)
            curves[f"s2 {name or 'not named'}, {words}"] = Curve(
                np.arange(float(len(mean))), mean, "r", "S2", x_unit="px", y_low=mean - width, y_high=mean + width
            )
            if len(drawn) < 2:
                drawn.append(made[:5])
    save_picture(run, "ensembles.png", sheet(np.concatenate(drawn)))
    return rows, curves


def _card(pairs: PairArrays, choice: Choice, epochs: Mapping[str, int]) -> str:
    return (
        f"# The published PairVAE\n\n"
        f"- Pairs: {int((pairs.has_sem & pairs.has_saxs).sum())}; encoder {choice.encoder}, weights {choice.weights}, "
        f"similarity {choice.similarity}, new crops: {choice.crops}.\n"
        f"- Epochs: {', '.join(f'{name} {n}' for name, n in epochs.items())}.\n"
        f"- Its pictures were scored on pairs that were learnt from. For others run pairvae evaluate.\n"
    )
