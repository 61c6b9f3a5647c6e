"""What researchers answered about the images: agreement, each one's score, their mean and majority, and the best ten."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..core import Dataset, Figure, Param, Quantity, Report, Run
from ..datasets import labelled, polymer_sem
from ..errors import InputError, UnreadableFile
from ..measure import scores
from ..measure.agreement import fleiss_kappa, krippendorff_alpha
from .datasets import DATA
from .judges import CLASSES

YES = {"1", "1.0", "miscible", "m", "yes", "true", "compatible"}
NO = {"0", "0.0", "immiscible", "i", "im", "no", "false", "incompatible"}
NONE = {"", "-", "na", "n/a", "nan", "none", "?"}
BEST = 10
FEWEST = 2


def votes(
    run: Run,
    table: Annotated[
        Path, Param("CSV of votes: a row an image, its name first, then a column a person, 1 or miscible, 0 or immiscible")
    ],
    *,
    data: Annotated[Path, DATA],
) -> Report:
    """
    How well people judge the images: agreement, individual and mean scores, and what their majority answers.

    The ten who do best on these very images are shown beside all, as published tables do: choosing people by the test they
    are then scored on flatters them, and a note says by how much. A name may be the file's, with or without its ending and
    label, or the image's key. Columns of the truth itself are refused.
    """
    read = _read(table)
    dataset = labelled.load(data)
    place, unknown = _places(read.names, {sample.key: k for k, sample in enumerate(dataset)}, dataset)
    if not place:
        raise InputError(
            f"{table.name}: none of its {len(read.names)} images is in {dataset.name}; the first is {read.names[0]!r}"
        )
    used = sorted(place)
    samples = [dataset.samples[place[row]] for row in used]
    given = read.votes[used]
    truth = np.array([sample.label == CLASSES[1] for sample in samples])
    groups = [sample.group for sample in samples]
    counts = np.stack([(given == 0).sum(axis=1), (given == 1).sum(axis=1)], axis=1)
    voted = counts.sum(axis=1) > 0
    if not voted.any():
        raise InputError(f"{table.name}: no votes on the images of {dataset.name}")
    mean = counts[:, 1] / np.maximum(counts.sum(axis=1), 1)
    people = [_person(name, truth, given[:, k]) for k, name in enumerate(read.people)]
    people = sorted((row for row in people if row["images"]), key=lambda row: -row["accuracy"])
    majority = scores.counts(truth[voted], mean[voted] > 0.5)
    best, halves = _mean_of(people[:BEST]), _best_elsewhere(run, truth, given)
    summary = [
        {"who": f"mean of all {len(people)}", **_mean_of(people)},
        {"who": f"mean of the best {min(BEST, len(people))} on these images (unfair)", **best},
        {"who": f"mean of the best {min(BEST, len(people))} chosen on other images", **halves},
        {"who": "majority vote (ties count as immiscible)", **_scores(majority)},
    ]
    values = _values(run, truth[voted], mean[voted], [group for group, used in zip(groups, voted, strict=True) if used], counts)
    right = majority.tp + majority.tn
    low, high = scores.wilson(right, int(voted.sum()))
    values |= {
        "mean_accuracy": Quantity(float(summary[0]["accuracy"])),
        "best_ten_accuracy": Quantity(float(best["accuracy"])),
        "majority_accuracy": Quantity(majority.accuracy, low=low, high=high),
        "majority_class": Quantity(float(max(truth.mean(), 1 - truth.mean()))),
    }
    return Report(
        title=f"{len(people)} people on {len(used)} images: mean accuracy {summary[0]['accuracy']:.3f}, "
        f"majority {majority.accuracy:.3f}, AUROC of the mean vote {values['auroc_mean_vote']}",
        values=values,
        tables={
            "summary": summary,
            "people": people,
            "votes": [
                {"image": sample.key, "label": sample.label, "votes": int(n.sum()), "share_miscible": float(share)}
                for sample, n, share in zip(samples, counts, mean, strict=True)
            ],
            "not_found": [{"image": name} for name in unknown],
        },
        figures={"people": Figure("forest", ("people:accuracy",), "Accuracy of each person, with Wilson's interval")},
        notes=_notes(people, best, summary, unknown, values),
        cites=(polymer_sem.CITE,),
    )


@dataclass(frozen=True, eq=False)
class _Table:
    """Names of the images (rows) and people (columns); votes 1, 0, or -1 where there is none."""

    names: list[str]
    people: list[str]
    votes: np.ndarray


def _read(path: Path) -> _Table:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            sample = file.read(4096)
            file.seek(0)
            rows = [row for row in csv.reader(file, delimiter=_delimiter(sample)) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(path, f"is no CSV table ({error})") from None
    if len(rows) < 2 or len(rows[0]) < 1 + FEWEST:
        raise InputError(f"{path.name}: give a header, a row for each image, its name first, and columns of at least two people")
    people = [name.strip() or f"person {k}" for k, name in enumerate(rows[0][1:], start=1)]
    for name in people:
        if name.lower() in ("label", "truth", "true", "answer", "mean", "majority"):
            raise InputError(f"{path.name}: the column {name!r} is no person; take it out, the labels come from data")
    names, votes = list[str](), list[list[int]]()
    for number, row in enumerate(rows[1:], start=2):
        if len(row) - 1 != len(people):
            raise InputError(f"{path.name}, line {number}: {len(row) - 1} votes for {len(people)} people")
        names.append(row[0].strip())
        votes.append([_vote(path, number, person, cell) for person, cell in zip(people, row[1:], strict=True)])
    if twice := next((name for k, name in enumerate(names) if name in names[:k]), None):
        raise InputError(f"{path.name}: the image {twice!r} has two rows")
    return _Table(names, people, np.array(votes))


def _delimiter(sample: str) -> str:
    first = sample.partition("\n")[0]
    return max(",;\t", key=first.count)


def _vote(path: Path, number: int, person: str, cell: str) -> int:
    told = cell.strip().lower()
    if told in YES:
        return 1
    if told in NO:
        return 0
    if told in NONE:
        return -1
    raise InputError(
        f"{path.name}, line {number}: {person} voted {cell.strip()!r}; give 1 or miscible, 0 or immiscible, or nothing"
    )


def _places(names: list[str], keys: dict[str, int], dataset: Dataset) -> tuple[dict[int, int], list[str]]:
    """Row of the table to sample, by key, file name, or file name without ending and label; and the names not found."""
    known = dict(keys)
    for k, sample in enumerate(dataset):
        path = sample.files["image"]
        for name in (path.name, path.stem, re.sub(r"_[01]$", "", path.stem)):
            known.setdefault(name, k)
    found = {row: known[name] for row, name in enumerate(names) if name in known}
    return found, [name for name in names if name not in known]


def _scores(count: scores.Counts) -> dict[str, Any]:
    return {name: getattr(count, name) for name in ("accuracy", "precision", "recall", "specificity", "f1")}


def _person(name: str, truth: np.ndarray, given: np.ndarray) -> dict[str, Any]:
    voted = given >= 0
    if not voted.any():
        return {"person": name, "images": 0}
    count = scores.counts(truth[voted], given[voted] == 1)
    low, high = scores.wilson(count.tp + count.tn, int(voted.sum()))
    told = {"person": name, "images": int(voted.sum()), **_scores(count), "accuracy_low": low, "accuracy_high": high}
    return told | {"tp": count.tp, "fp": count.fp, "fn": count.fn, "tn": count.tn}


def _mean_of(people: list[dict[str, Any]]) -> dict[str, float]:
    return {
        name: float(np.mean([row[name] for row in people])) for name in ("accuracy", "precision", "recall", "specificity", "f1")
    }


def _best_elsewhere(run: Run, truth: np.ndarray, given: np.ndarray, draws: int = 200) -> dict[str, float]:
    """The best people chosen on one half of the images and scored on the other, mean over random halves."""
    rng, found = run.rng("halves"), list[dict[str, float]]()
    for _ in range(draws):
        first = rng.permutation(truth.size) < truth.size // 2
        chosen = [(_person(str(k), truth[first], given[first, k]), k) for k in range(given.shape[1])]
        chosen = sorted((pair for pair in chosen if pair[0]["images"]), key=lambda pair: -pair[0]["accuracy"])[:BEST]
        scored = [_person(str(k), truth[~first], given[~first, k]) for _, k in chosen]
        if scored := [row for row in scored if row["images"]]:
            found.append(_mean_of(scored))
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]} if found else {}


def _values(run: Run, truth: np.ndarray, mean: np.ndarray, groups: list[str], counts: np.ndarray) -> dict[str, Quantity]:
    found = {
        "people_kappa": Quantity(fleiss_kappa(counts)),
        "people_alpha": Quantity(krippendorff_alpha(counts)),
        "auroc_mean_vote": Quantity(scores.auroc(truth, mean)),
    }
    if len(set(groups)) >= 3:
        used = counts[counts.sum(axis=1) > 0]

        def score(rows: np.ndarray) -> dict[str, float]:
            return {"auroc": scores.auroc(truth[rows], mean[rows]), "alpha": krippendorff_alpha(used[rows])}

        ends = scores.by_group(score, groups, rng=run.rng("votes"), draws=500)
        found["auroc_mean_vote"] = Quantity(scores.auroc(truth, mean), low=ends["auroc"][0], high=ends["auroc"][1])
        found["people_alpha"] = Quantity(krippendorff_alpha(counts), low=ends["alpha"][0], high=ends["alpha"][1])
    return found


def _notes(
    people: list[dict[str, Any]], best: dict[str, float], summary: list[dict[str, Any]], unknown: list[str], values: Any
) -> tuple[str, ...]:
    notes = [
        f"the best {min(BEST, len(people))} were chosen by their answers to these very images, which flatters them: "
        f"{best['accuracy']:.3f} against {summary[2].get('accuracy', float('nan')):.3f} when chosen on half of the images and "
        f"scored on the other half, and {summary[0]['accuracy']:.3f} for all",
        f"always answering the commoner class scores {values['majority_class'].value:.3f}",
    ]
    if unknown:
        notes.append(f"{len(unknown)} images of the table are not in the data, the first {unknown[0]!r}")
    return tuple(notes)
