"""Training a judge and scoring it honestly: held-out evidence, baselines that see no pixel, intervals by group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .. import learn
from ..core import Dataset, Figure, Model, Quantity, Report, Run, Sample
from ..datasets import polymer_sem, protocols
from ..errors import InputError
from ..learn.judge import Held, Judge, fingerprint
from ..learn.model_folder import write_model
from ..measure import scores
from . import criterion, field_scale
from .descriptors import Survey, survey
from .rows import write_rows

NAMES = ("auroc", "balanced_accuracy", "accuracy", "f1", "ece", "brier")

FAMILIAR = 95.0
"""Share of held-out images (in per cent) that a judge answers: at 99 it answered about most grey photographs."""


@dataclass(frozen=True, eq=False)
class Material:
    """
    The images that can be read, with a row of descriptors each, and how they are cut.

    ``cuts`` are (repeat, training rows, test rows); the positive class is the last of ``classes``.
    """

    dataset: Dataset
    samples: tuple[Sample, ...]
    names: tuple[str, ...]
    rows: np.ndarray
    cuts: tuple[tuple[int, np.ndarray, np.ndarray], ...]
    classes: tuple[str, ...]
    grades: tuple[str, ...] = ()

    @property
    def labels(self) -> list[str]:
        """The class of each image."""
        return [str(sample.label) for sample in self.samples]

    @property
    def truth(self) -> np.ndarray:
        """Whether each image is of the positive class."""
        return np.array([label == self.classes[-1] for label in self.labels])

    @property
    def groups(self) -> list[str]:
        """The article or specimen of each image."""
        return [sample.group for sample in self.samples]

    @property
    def graded(self) -> list[str | None]:
        """The grade of each image, where its record gives one."""
        return [sample.texts.get("grade") for sample in self.samples]


class Learner(Protocol):
    """What can be trained and scored: ``answer`` gives held-out evidence, ``model`` what to keep, ``tell`` adds its own."""

    name: str

    def answer(self, run: Run, material: Material) -> Held: ...

    def model(self, run: Run, material: Material, held: Held, settings: dict[str, Any], card: str) -> Model: ...

    def tell(self, report: Report, material: Material) -> Report: ...


class Descriptors:
    """Logistic regression on descriptors, of whose evidence boosted trees may give the share ``trees``."""

    def __init__(self, trees: float = 0.0) -> None:
        how = {0.0: "logistic regression", 1.0: "boosted trees"}.get(trees, "mean of logistic regression and boosted trees")
        self.trees, self.name = trees, f"descriptors, {how}"

    def answer(self, run: Run, material: Material) -> Held:
        """The evidence of each image from fits that never saw its group."""
        count = len(material.cuts)
        return learn.training.cross_validated(  # type: ignore[no-any-return]
            material.rows, material.labels, material.cuts, classes=material.classes,
            progress=lambda done: run.progress(done, count, f"fold {done + 1} of {count}"), trees=self.trees,
        )  # fmt: skip

    def model(self, run: Run, material: Material, held: Held, settings: dict[str, Any], card: str) -> Model:
        """Fitted on all images."""
        return guard(run, material, held, trees=self.trees).to_model(settings, card)

    def tell(self, report: Report, material: Material) -> Report:
        """Nothing to add."""
        return report


def guard(run: Run, material: Material, held: Held, *, trees: float = 0.0) -> Judge:
    """The judge on descriptors fitted on all images, with limits, cuts and sets from ``held``."""
    return learn.training.whole(  # type: ignore[no-any-return]
        material.rows, material.labels, held, names=material.names, classes=material.classes, grades=material.grades,
        graded=material.graded, groups=material.groups, rng=run.rng("redrawn"), trees=trees,
        familiar_percent=FAMILIAR,
    )  # fmt: skip


def train(
    run: Run,
    dataset: Dataset,
    *,
    learner: Learner,
    protocol: str,
    folds: int,
    repeats: int,
    classes: Sequence[str],
    card: Callable[[Dataset, str], str],
    grades: Sequence[str] = (),
) -> Report:
    """Fit and score a two-class ``learner`` on ``dataset``; the positive class is the last of ``classes``."""
    cuts = list(protocols.splits(dataset, protocol, folds=folds, repeats=repeats, seed=run.seed))
    kept, seen = _rows(run, dataset)
    rows = seen.rows
    material = Material(dataset, tuple(kept), seen.names, rows, tuple(_indices(kept, cuts)), tuple(classes), tuple(grades))
    groups, truth = material.groups, material.truth
    held = learner.answer(run, material)
    tested = ~np.isnan(held.logits[0])
    found = _scores(run, truth, held, groups, tested)
    honest = _sentence(found, protocol, len(dataset.groups))
    settings = {"name": f"{dataset.name}, {protocol}", "honest": honest, "seed": run.seed, "images": len(kept)}
    settings |= field_scale.learnt(seen.widths_nm)
    settings["groups"] = sorted({fingerprint(group) for group in groups})
    write_model(learner.model(run, material, held, settings, card(dataset, honest)), run.file("model"))
    answers = [
        {
            "file": s.files["image"].name,
            "label": s.label,
            "group": s.group,
            "grade": s.texts.get("grade"),
            "logit": float(x),
            "novelty": float(n),
        }
        for s, x, n in zip(kept, held.logits.mean(axis=0), held.novelty, strict=True)
    ]
    write_rows(run.file("held_out.csv"), answers)
    baselines = _baselines(rows, kept, cuts, truth, held.base_rate)
    baselines.append(_print_only(seen.printed, material))
    positive = f"f1_{classes[-1]}"
    values = {positive if name == "f1" else name: found[name] for name in NAMES}
    table = [{"model": learner.name, **{name: found[name].value for name in NAMES}}, *baselines]
    mean = held.logits.mean(axis=0)
    report = Report(
        title=f"Trained on {len(kept)} images: {honest}",
        values=values,
        tables={
            "models": table,
            "confusion": confusion(truth[tested], mean[tested] >= 0, classes),
            "left_out": [{"file": path.name, "reason": reason} for path, reason in seen.left_out],
        },
        figures={
            "confusion": Figure("confusion", ("confusion",), "Held-out answers at probability one half"),
        },
        files={"model": "model/model.json", "card": "model/card.md", "held_out": "held_out.csv"},
        notes=_notes(dataset, protocol, cuts),
        cites=(dataset.cite,),
    )
    used = [k for k in range(len(kept)) if tested[k]]
    answered = criterion.Answered(mean[used], truth[used], [groups[k] for k in used], [material.graded[k] for k in used])
    return learner.tell(criterion.added(run, report, answered, classes=classes, grades=grades), material)


def _rows(run: Run, dataset: Dataset) -> tuple[list[Sample], Survey]:
    """Every sample that can be read, and what was found in it."""
    by_path = {sample.files["image"]: sample for sample in dataset}
    found = survey(list(by_path), progress=run.progress)
    kept = [by_path[path] for path in found.read]
    if len({sample.label for sample in kept}) < 2:
        raise InputError(f"{dataset.name}: {len(kept)} of {len(dataset)} images can be read, too few to learn two classes")
    return kept, found


def _print_only(printed: np.ndarray, material: Material) -> dict[str, Any]:
    """A control: the same regression on numbers of print, size and shape alone."""
    held = learn.training.cross_validated(printed, material.labels, material.cuts, classes=material.classes)
    used = ~np.isnan(held.logits[0])
    each = [scores.summary(material.truth[used], logits, base_rate=held.base_rate) for logits in held.logits[:, used]]
    return {"model": "print and image size only, no specimen"} | {
        name: float(np.mean([one[name] for one in each])) for name in NAMES
    }


def _indices(kept: list[Any], cuts: list[protocols.Split]) -> list[tuple[int, np.ndarray, np.ndarray]]:
    place = {sample.key: k for k, sample in enumerate(kept)}
    parts = [(cut.repeat, cut.train, cut.test) for cut in cuts]
    return [(repeat, _places(place, train), _places(place, test)) for repeat, train, test in parts]


def _places(place: dict[str, int], part: Dataset) -> np.ndarray:
    return np.array([place[sample.key] for sample in part if sample.key in place])


def _scores(run: Run, truth: np.ndarray, held: Held, groups: list[str], tested: np.ndarray) -> dict[str, Quantity]:
    """Mean over the repeats of each score, with its interval by redrawn groups."""
    logits, sure = held.logits[:, tested], truth[tested]

    def score(rows: np.ndarray) -> dict[str, float]:
        each = [scores.summary(sure[rows], row[rows], base_rate=held.base_rate) for row in logits]
        return {name: float(np.mean([one[name] for one in each])) for name in NAMES}

    run.progress(0, 1, "intervals")
    members = [group for group, used in zip(groups, tested, strict=True) if used]
    ends = scores.by_group(score, members, rng=run.rng("intervals"), draws=300)
    middle = score(np.arange(sure.size))
    return {name: Quantity(middle[name], low=ends[name][0], high=ends[name][1]) for name in NAMES}


def _baselines(
    rows: np.ndarray, kept: list[Any], cuts: list[protocols.Split], truth: np.ndarray, base_rate: float
) -> list[dict[str, Any]]:
    """Majority class, nearest neighbour, and copying the label of the figure or article without a pixel."""
    z = (rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), 1e-9)
    figures = [polymer_sem.figure(sample.key) for sample in kept]
    articles = [sample.group for sample in kept]
    evidence: dict[str, list[np.ndarray]] = defaultdict(list)
    answers: dict[tuple[str, int], np.ndarray] = {}
    for repeat, train, test in _indices(kept, cuts):
        share = float(truth[train].mean())
        near = np.square(z[test][:, None, :] - z[train][None, :, :]).sum(axis=2).argmin(axis=1)
        told = {
            "majority class": np.full(test.size, share),
            "nearest neighbour": np.where(truth[train][near], 0.99, 0.01),
            "label of the same figure, no pixel": _copied(figures, truth, train, test, share),
            "label of the same article, no pixel": _copied(articles, truth, train, test, share),
        }
        for name, p in told.items():
            whole = answers.setdefault((name, repeat), np.full(truth.size, np.nan))
            whole[test] = np.log(p / (1 - p))
    for (name, _), logits in answers.items():
        evidence[name].append(logits)
    table = []
    for name, repeats in evidence.items():
        used = ~np.isnan(repeats[0])
        each = [scores.summary(truth[used], logits[used], base_rate=base_rate) for logits in repeats]
        table.append({"model": name, **{score: float(np.mean([one[score] for one in each])) for score in NAMES}})
    return table


def _copied(names: list[str], truth: np.ndarray, train: np.ndarray, test: np.ndarray, share: float) -> np.ndarray:
    """Share of positives among the training images of the same name, drawn one part towards ``share``."""
    known: dict[str, list[bool]] = defaultdict(list)
    for k in train:
        known[names[k]].append(bool(truth[k]))
    return np.array([(sum(known[names[k]]) + share) / (len(known[names[k]]) + 1) for k in test])


def confusion(truth: np.ndarray, answer: np.ndarray, classes: Sequence[str]) -> list[dict[str, Any]]:
    """The four counts as a table, a row for each true class."""
    count = scores.counts(truth, answer)
    return [
        {"true": classes[0], classes[0]: count.tn, classes[-1]: count.fp},
        {"true": classes[-1], classes[0]: count.fn, classes[-1]: count.tp},
    ]


def _sentence(found: dict[str, Quantity], protocol: str, groups: int) -> str:
    value = found["auroc"]
    how = {
        "grouped": f"by article or specimen ({groups})",
        "random": "by random folds that divide groups",
        "paper": "on the public split",
    }
    return (
        f"AUROC {value.value:.3f} [{value.low:.3f}, {value.high:.3f}], balanced accuracy "
        f"{found['balanced_accuracy'].value:.3f}, held out {how[protocol]}"
    )


def _notes(dataset: Dataset, protocol: str, cuts: list[protocols.Split]) -> tuple[str, ...]:
    shared = sum(len({s.key for s in cut.test if s.group in set(cut.train.groups)}) for cut in cuts if cut.repeat == 0)
    counts = Counter(sample.label for sample in dataset)
    notes = [f"{', '.join(f'{count} {label}' for label, count in sorted(counts.items(), key=str))}; {len(dataset.groups)} groups"]
    if shared:
        notes.append(
            f"{shared} test images share an article or specimen with training, so these scores are too good ({protocol})"
        )
    notes.append("balanced accuracy and F1 answer at the training share of positives, accuracy at one half")
    return (*notes, *dataset.notes)
