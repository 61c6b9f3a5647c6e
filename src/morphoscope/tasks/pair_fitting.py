"""The stages of learning from pairs, in the order in which they are run; each goes on from its last checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import learn
from ..core import Micrograph, Run
from ..datasets.pairs import PairArrays
from ..errors import InputError
from ..io.write_png import write as write_png
from ..learn import novelty
from ..measure.fingerprint import fingerprints, one_sense, weights
from .networks import CHECKPOINT_EVERY_S
from .pair_model import Known, PairModel

POOL = 4096
"""Crops that the flow learns from, of all micrographs together."""
LEAST_PAIRS = 8
FOLDS = 4
UNLIKE_PERCENTILE = 99.0
PREVIEW = "preview.png"
SHOWN = 6
EXPECTED_CROPS = 16


@dataclass(frozen=True)
class Effort:
    """Steps of each stage, as shares of the usual ones."""

    share: float = 1.0
    pool: int = POOL

    def plan(self, usual: Any) -> Any:
        """The usual plan with fewer or more steps."""
        return type(usual)(max(1, round(self.share * usual.steps)), usual.batch, usual.rate, usual.memory)


class Stages:
    """Runs one stage after another, keeps what is finished, and goes on in the middle of the one that was not."""

    def __init__(self, run: Run, total: int) -> None:
        found = run.restore()
        self.run, self.total, self.before = run, total, 0
        self.done: dict[str, np.ndarray] = {}
        self.now: dict[str, np.ndarray] = {}
        self.stage = ""
        self.last = time.monotonic()
        self.losses: dict[str, np.ndarray] = {}
        if found:
            self.done, self.now = (learn.fitting.named(found[0], f"{part}.") for part in ("done", "now"))
            self.stage = found[1]["stage"]

    def network(self, name: str, fresh: Callable[[], Any], fit: Callable[..., tuple[Any, np.ndarray]], plan: Any) -> Any:
        """The network called ``name``: as it was finished before, or fitted now."""
        finished = learn.fitting.named(self.done, f"{name}.")
        if finished:
            self.losses[name] = finished.pop("losses")
            network = learn.pair_loop.filled(fresh(), finished)
        else:
            saved = self.now if self.stage == name else None
            network, losses = fit(
                plan=plan, seed=self.run.seed, saved=saved, save=lambda make: self._save(name, make),
                tell=lambda step, loss: self._tell(name, step, loss),
            )  # fmt: skip
            self.losses[name] = losses
            self.done |= {f"{name}.{k}": v for k, v in learn.fitting.state_of(network).items()} | {f"{name}.losses": losses}
            self.now, self.stage = {}, ""
            self._keep("", {})
        self.before += plan.steps
        return network

    def _tell(self, name: str, step: int, loss: float) -> None:
        self.run.progress(self.before + step, self.total, f"{NAMES[name]}: step {step}, loss {loss:.4f}")

    def _save(self, name: str, make: Callable[[], dict[str, np.ndarray]]) -> None:
        if time.monotonic() - self.last >= CHECKPOINT_EVERY_S:
            self._keep(name, make())

    def _keep(self, name: str, now: dict[str, np.ndarray]) -> None:
        arrays = {f"done.{k}": v for k, v in self.done.items()} | {f"now.{k}": v for k, v in now.items()}
        self.run.checkpoint(arrays, {"stage": name})
        self.last = time.monotonic()


NAMES = {
    "coder": "micrographs coded",
    "saxs": "patterns coded",
    "towers": "micrographs and patterns matched",
    "velocity": "micrographs made",
    "solo_saxs": "patterns alone",
    "solo_sem": "micrographs alone",
    "pair": "both together",
}


def fit(run: Run, pairs: PairArrays, *, effort: Effort, size_px: int) -> tuple[PairModel, dict[str, np.ndarray]]:
    """The model learnt from ``pairs``, and the loss of each stage."""
    sem, both = np.flatnonzero(pairs.has_sem), np.flatnonzero(pairs.has_sem & pairs.has_saxs)
    seen = np.flatnonzero(pairs.has_saxs)
    if len(both) < LEAST_PAIRS:
        raise InputError(
            f"{len(both)} of {len(pairs)} specimens have both a micrograph and a pattern; give at least {LEAST_PAIRS}"
        )
    gen, links = learn.pair_generator, learn.pair_links
    plans = {
        name: effort.plan(usual)
        for name, usual in (("coder", gen.CODER), ("velocity", gen.FLOW), ("saxs", links.SAXS), ("towers", links.TOWERS))
    }
    stages = Stages(run, sum(plan.steps for plan in plans.values()))
    saxs, mask = pairs.saxs, pairs.mask

    def any_crops(rng: np.random.Generator, count: int) -> np.ndarray:
        return _mirrored(pairs.crops(rng.choice(sem, count), rng=rng, size_px=size_px), rng)

    def crops_of(rng: np.random.Generator, rows: np.ndarray) -> np.ndarray:
        return pairs.crops(both[rows], rng=rng, size_px=size_px)

    seed = run.seed
    coder = stages.network(
        "coder", lambda: gen.new_coder(seed=seed), lambda **loop: gen.train_coder(any_crops, **loop), plans["coder"]
    )
    lesson = _lesson(run, pairs, coder, sem, pool=effort.pool, size_px=size_px)
    view = learn.pair_wanted.look(saxs[seen], mask[seen])
    own = np.isin(sem, both)
    either = learn.pair_wanted.symmetric(saxs[both], mask[both])
    prints = lesson.unturned(one_sense(lesson.prints, side_px=size_px) if either else lesson.prints)
    wanted = learn.pair_wanted.fit(view, saxs[both], mask[both], prints[own], lesson.weight)
    expected = learn.pair_expected.fit(lesson.unturned(lesson.crops)[own][:, :EXPECTED_CROPS], saxs[both], mask[both])
    told = wanted.told(lesson.prints)
    velocity = stages.network(
        "velocity", lambda: gen.new_velocity(told.shape[1], seed=seed),
        lambda **loop: gen.train_velocity(
            (lesson.latents - lesson.low) / lesson.scale, told,
            show=lambda v: _preview(run, lesson.generator(coder, v), told, lesson, size_px), **loop),
        plans["velocity"],
    )  # fmt: skip
    recoder = stages.network(
        "saxs", lambda: links.new_saxs(seed=seed), lambda **loop: links.train_saxs(saxs[seen], mask[seen], **loop), plans["saxs"]
    )
    towers = stages.network(
        "towers", lambda: links.new_towers(seed=seed),
        lambda **loop: links.train_towers(crops_of, saxs[both], mask[both], **loop), plans["towers"],
    )  # fmt: skip
    scores = view.scores(saxs[seen], mask[seen])
    model = PairModel(
        size_px, lesson.generator(coder, velocity), wanted, recoder, towers, expected,
        _morphologies(view.scores(saxs[both], mask[both]), [pairs.morphology[k] for k in both]),
        novelty.learn(scores), _limit(scores), _known(pairs, view, both, size_px=size_px, rng=run.rng("known")), either,
    )  # fmt: skip
    return model, stages.losses


@dataclass(frozen=True, eq=False)
class Lesson:
    """``each`` crops of every micrograph in turn, the second half of them mirrored; fingerprints and latent planes."""

    each: int
    crops: np.ndarray
    prints: np.ndarray
    weight: np.ndarray
    latents: np.ndarray
    low: np.ndarray
    scale: np.ndarray

    def unturned(self, rows: np.ndarray) -> np.ndarray:
        """Of crops, or what belongs to them, those that are as they were taken: (micrographs, crops, ...)."""
        return rows.reshape(-1, self.each, *rows.shape[1:])[:, : self.each // 2]

    def generator(self, coder: Any, velocity: Any) -> Any:
        """The generator whose flow was taught these crops."""
        tensor = learn.pair_loop.pixels
        return learn.pair_generator.Generator(coder, velocity, tensor(self.low), tensor(self.scale))


def _lesson(run: Run, pairs: PairArrays, coder: Any, sem: np.ndarray, *, pool: int, size_px: int) -> Lesson:
    rng, each = run.rng("crops"), max(4, pool // len(sem))
    crops = pairs.crops(np.repeat(sem, each), rng=rng, size_px=size_px)
    turned = np.arange(len(crops)) % each >= each // 2
    crops[turned] = _mirrored(crops[turned], rng)
    crops = crops.astype(np.uint8)
    prints = fingerprints(crops)
    latents = learn.pair_generator.latents_of(coder, crops)
    low, scale = (np.asarray(f(latents, axis=(0, 2, 3), keepdims=True)) for f in (np.mean, np.std))
    return Lesson(each, crops, prints, weights(prints, side_px=size_px), latents, low, np.maximum(scale, 1e-3))


def _mirrored(crops: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each crop as it is or seen in a mirror, along either axis."""
    found = crops.copy()
    for axis in (1, 2):
        turned = rng.random(len(crops)) < 0.5
        found[turned] = np.flip(found[turned], axis)
    return found


def _preview(run: Run, generator: Any, told: np.ndarray, lesson: Lesson, size_px: int) -> None:
    """Crops of training above what is made to their statistics by now."""
    rows = np.linspace(0, len(told) - 1, SHOWN).astype(int)
    made = generator.sample(told[rows], side_px=size_px, rng=run.rng("preview"))
    sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in (lesson.crops[rows], made)], axis=0)
    write_png(Micrograph(sheet.astype(np.float64)), run.file(PREVIEW))


def _morphologies(scores: np.ndarray, labels: list[str]) -> Any:
    named = np.array([bool(label) for label in labels])
    if len({label for label in labels if label}) < 2:
        return None
    return learn.training.fit(scores[named], [label for label in labels if label], names=())


def _limit(scores: np.ndarray) -> float:
    """The percentile of patterns judged by the others."""
    found = []
    for fold in range(FOLDS):
        out = np.arange(len(scores)) % FOLDS == fold
        found.append(novelty.learn(scores[~out] - scores[~out].mean(0)).novelty(scores[out] - scores[~out].mean(0)))
    return float(np.percentile(np.concatenate(found), UNLIKE_PERCENTILE))


def _known(pairs: PairArrays, view: Any, both: np.ndarray, *, size_px: int, rng: np.random.Generator) -> Known:
    pixels = pairs.pixel_nm[both]
    return Known(
        tuple(pairs.names[k] for k in both),
        tuple(pairs.morphology[k] for k in both),
        pairs.crops(both, rng=rng, size_px=size_px).astype(np.uint8),
        learn.pair_wanted.seen(pairs.saxs[both], pairs.mask[both], view.center),
        float(np.median(pixels)) if np.isfinite(pixels).all() else float("nan"),
    )
