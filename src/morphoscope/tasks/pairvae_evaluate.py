"""How well one technique can be told from the other: every method beside the answers that need no learning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from ..core import Figure, Param, Quantity, Report, Run
from ..datasets import pair_baselines, pair_folder, pair_scores
from ..datasets.pair_scores import Method, Scores
from ..datasets.pairs import PairArrays, arrays
from ..errors import InputError
from ..learn.model_folder import read_model
from .pair_model import KIND, PairModel
from .pairvae_paper import KIND as PAPER
from .pairvae_paper import PaperModel

PAIRS = Param("folder with the folders SEM and SAXS, folder or table of pairs; by default simulated ones", accepts="any")
PARTNER = Param("folder of patterns, where the first folder holds the micrographs only", accepts="folder")
Learner = Callable[[PairArrays, int], Method]
"""From training pairs and a seed to a method."""


def evaluate(
    run: Run,
    *,
    data: Annotated[Path | None, PAIRS] = None,
    partner: Annotated[Path | None, PARTNER] = None,
    missing: Annotated[bool, Param("allow pairs without one of the partners")] = False,
    train: Annotated[int, Param("pairs to learn from", low=2, high=100_000)] = 64,
    unseen: Annotated[int, Param("pairs to test, at most", low=2, high=100_000)] = 64,
    seeds: Annotated[int, Param("splits, each with its own seed", low=1, high=100)] = 5,
    samples: Annotated[int, Param("micrographs generated for each pattern", low=1, high=100)] = 10,
    size_px: Annotated[int, Param("side of a crop", unit="px", low=32, high=1024)] = 192,
    effort: Annotated[
        float, Param("also train pairvae on each split: length, as a share of the usual one; 0 leaves it out", low=0, high=100)
    ] = 0.0,
    paper_effort: Annotated[float, Param("the same of the published PairVAE", low=0, high=100)] = 0.0,
) -> Report:
    """
    Score what is told of micrographs from patterns, and of patterns from micrographs, on pairs never learnt from.

    Without data, as many pairs as needed are simulated. Each column is the median over pictures, averaged over seeds, with a
    95 % interval from redrawn seeds and pairs. Seeds split the same pairs anew, so their tests overlap.
    """
    pairs = read(run, data, partner, missing=missing, size_px=size_px, simulated=train + unseen)
    learners = [_ours(run, effort, size_px)] if effort else []
    learners += [_published(run, paper_effort, size_px)] if paper_effort else []
    scored = compared(run, pairs, train=train, unseen=unseen, seeds=seeds, samples=samples, size_px=size_px, learners=learners)
    rows = pair_scores.table(scored, rng=run.rng("bootstrap"))
    tested = min(len(next(iter(one.pictures.values()))) for one in scored[0] if one.pictures)
    return Report(
        title=f"{len(rows)} methods on {tested} pairs of {len(pairs)}, {seeds} seed{'s' if seeds > 1 else ''}",
        values={"pairs": Quantity(len(pairs)), "learnt_from": Quantity(train), "unseen": Quantity(tested)},
        tables={"methods": rows},
        figures=figures(),
        notes=notes(pairs, data),
        cites=("Lu and Jayaraman, JACS Au 3, 2510 (2023)",),
    )


def read(run: Run, data: Path | None, partner: Path | None, *, missing: bool, size_px: int, simulated: int) -> PairArrays:
    """The pairs of ``data``, or ``simulated`` ones, ready for learning."""
    if data is None:
        made = run.ask("pairvae simulate", count=simulated, seed=run.seed)
        data = run.path_of(made, "pairs")
    files = pair_folder.find(data, partner=partner, missing=missing)

    def told() -> Any:
        for k, pair in enumerate(pair_folder.read_pairs(files)):
            run.progress(k, len(files), f"reading {pair.name}")
            yield pair

    return arrays(told(), size_px=size_px)


def _ours(run: Run, effort: float, size_px: int) -> Learner:
    """Trains pairvae in a run of its own, which is found again and goes on after a stop."""

    def learner(learnt: PairArrays, seed: int) -> Method:
        folder = _trained(run, learnt, seed, effort=effort, size_px=size_px)
        return PairModel.from_model(read_model(folder, kind=KIND))

    return learner


def _published(run: Run, effort: float, size_px: int) -> Learner:
    """The same of the paper's networks."""

    def learner(learnt: PairArrays, seed: int) -> Method:
        folder = _trained(run, learnt, seed, effort=effort, size_px=size_px, mode="paper")
        return PaperModel.from_model(read_model(folder, kind=PAPER))

    return learner


def _trained(run: Run, learnt: PairArrays, seed: int, **chosen: Any) -> Path:
    data = run.file(f"learnt_{seed}.npz")
    learnt.save(data)
    return run.folder.parent / run.ask("pairvae train", data=data, seed=seed, **chosen).run


def compared(
    run: Run,
    pairs: PairArrays,
    *,
    train: int,
    unseen: int,
    seeds: int,
    samples: int,
    size_px: int,
    learners: Sequence[Learner] = (),
) -> list[list[Scores]]:
    """Scores of the baselines and of what ``learners`` make, seed by seed."""
    scored = []
    for seed in range(seeds):
        run.progress(seed, seeds, f"seed {seed + 1} of {seeds}")
        rng = run.rng(f"split {seed}")
        learnt, tested = pair_scores.split(pairs, train=train, unseen=unseen, rng=rng)
        learnt = learnt.where(learnt.has_sem & learnt.has_saxs)
        if not len(learnt):
            raise InputError("no pair to learn from has both partners; give some that do")
        truth = pair_scores.Truth.of(tested, crops=samples, rng=rng, size_px=size_px)
        answers = pair_baselines.answers(learnt, truth, rng=rng)
        for learner in learners:
            answers.append(pair_scores.ask(learner(learnt, seed), truth, rng=rng))
        scored.append([pair_scores.score(answer, truth) for answer in answers])
    return scored


def figures() -> dict[str, Figure]:
    """The columns that matter most, method by method."""
    told = {
        "s2_mae": "Mean absolute error of S(r), single pictures",
        "lineal_mae": "Mean absolute error of the lineal path, both axes",
        "frechet": "Frechet distance on morphology descriptors",
        "saxs_mae": "Mean absolute error of the pattern",
    }
    return {name: Figure("forest", (f"methods:{name}",), caption) for name, caption in told.items()}


def notes(pairs: PairArrays, data: Path | None) -> tuple[str, ...]:
    """What a reader of the table must know."""
    found = ["another crop is the ceiling: it looks at the specimen that is to be told"]
    if data is None:
        found.append("these pairs are simulated; a real set gives other figures")
    if not all(pairs.morphology):
        found.append("not every pair names its morphology, so same morphology is left out")
    if not pair_baselines.on_one_scale(pairs):
        found.append("scale or q is not known of every pair, so the random field and the spectrum on the detector are left out")
    return tuple(found)
