"""Labelled images: fetch the public ones, make simulated ones, and say what is in a set before anything learns from it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

from ..core import Dataset, Figure, Param, Quantity, Report, Run
from ..datasets import Leaks, fake_blends, find_leaks, labelled, polymer_sem, protocols
from ..datasets.polymer_sem import download

DATA = Param(
    "folder in the public layout, folder with one folder for each class, or CSV with columns file and label", accepts="any"
)
CORRECTIONS = Param(
    "table of corrected labels to learn from too; the word corrections names this workspace's own", accepts="file"
)


def get(
    run: Run,
    *,
    name: Annotated[str, Param("which data set", choices=("polymer_sem",))] = "polymer_sem",
    source: Annotated[str, Param("address of the archive, or a zip file fetched by other means")] = download.URL,
) -> Report:
    """
    Fetch a public data set from its authors, at a pinned commit and checked by hashes, into this run's folder.

    Other tasks take it as ``run:ID``. The images belong to their publishers and are not part of this program.
    """
    count = download.fetch(run.folder, source=source, progress=run.progress)
    return Report(
        title=f"{name}: {count} images with records",
        values={"images": Quantity(count)},
        files={"records": f"NIMS_image/{polymer_sem.layout.RECORDS}"},
        notes=(f"licence: {polymer_sem.LICENCE}", f"commit {download.COMMIT} of github.com/{download.REPOSITORY}"),
        cites=(polymer_sem.CITE,),
    )


def fake(
    run: Run,
    *,
    articles: Annotated[int, Param("made-up articles, each with one pair of polymers", low=4, high=500)] = 12,
    images_per_article: Annotated[int, Param("micrographs in an article", low=1, high=20)] = 3,
    size_px: Annotated[int, Param("width of an image", unit="px", low=64, high=1024)] = 128,
) -> Report:
    """
    Simulated micrographs of blends in the public layout, whose labels follow from chi and composition.

    Other tasks take the set as ``run:ID``. It shows how everything works; a model learnt from it alone is near chance on
    real micrographs.
    """
    specimens = fake_blends.write_fake(
        run.folder,
        rng=run.rng("blends"),
        articles=articles,
        images_per_article=images_per_article,
        size_px=size_px,
        progress=run.progress,
    )
    rows = [
        {
            "key": s.key,
            "grade": s.grade,
            "label": s.label,
            "chi": s.blend.chi,
            "chi_spinodal": s.blend.chi_spinodal,
            "phi": s.blend.phi,
        }
        for s in specimens
    ]
    return Report(
        title=f"{len(rows)} simulated micrographs of {articles} pairs of polymers",
        values={"images": Quantity(len(rows)), "miscible": Quantity(sum(s.label for s in specimens))},
        tables={"specimens": rows},
        files={"records": polymer_sem.layout.RECORDS},
    )


def describe(
    run: Run,
    data: Annotated[Path, DATA],
    *,
    protocol: Annotated[
        str,
        Param(
            "how it is cut; auto is paper where the whole public set is given, else grouped",
            choices=("auto", *protocols.PROTOCOLS),
        ),
    ] = "auto",
    folds: Annotated[int, Param("parts for grouped and random", low=2, high=50)] = 5,
    group_pattern: Annotated[str, Param("regular expression; files it matches alike stay together")] = "",
    compare_images: Annotated[bool, Param("also look for pictures of the same place; a minute for 500 images")] = False,
) -> Report:
    """What is in a labelled data set, and what the training part of a split already knows of its test part."""
    dataset = labelled.load(data, group_pattern=group_pattern)
    if protocol == "auto":
        whole = {sample.key for sample in dataset} > polymer_sem.open_keys()
        protocol = "paper" if whole else "grouped"
    cuts = list(protocols.splits(dataset, protocol, folds=folds, seed=run.seed))
    shared, certificate, sentences = 0, list[dict[str, Any]](), set[str]()
    for k, cut in enumerate(cuts):
        run.progress(k, len(cuts), f"looking for leaks, split {k + 1} of {len(cuts)}")
        leaks = find_leaks(cut.train, cut.test, images=compare_images)
        shared += sum(test for _, _, test in leaks.groups)
        certificate.append(_certificate(k + 1, leaks))
        sentences.add(leaks.sentence())
    tested = sum(len(cut.test) for cut in cuts)
    majority = max(Counter(sample.label for sample in dataset).values()) / len(dataset)
    return Report(
        title=f"{dataset.name}: {len(dataset)} images of {len(dataset.groups)} groups",
        values={
            "images": Quantity(len(dataset)),
            "groups": Quantity(len(dataset.groups)),
            "majority_share": Quantity(majority),
            "tested_images": Quantity(tested),
            "tested_images_sharing_group": Quantity(shared),
        },
        tables={"parts": _parts(dataset, cuts), "grades": _grades(dataset), "leakage": certificate},
        figures={"parts": Figure("bar", ("parts",), "Share of each class in the parts of the split")},
        notes=(
            f"protocol {protocol}: {shared} of {tested} test images share a group (article, specimen) with training",
            *sorted(sentences),
            *dataset.notes,
            f"licence: {dataset.licence}",
        ),
        cites=(dataset.cite,),
    )


def _parts(dataset: Dataset, cuts: list[protocols.Split]) -> list[dict[str, Any]]:
    """Counts and shares of the classes: the whole, and the parts of the first split."""
    named = [("all", dataset), ("training", cuts[0].train), ("test", cuts[0].test)]
    rows = []
    for name, part in named:
        counts = Counter(sample.label or "" for sample in part)
        row: dict[str, Any] = {"part": name, "images": len(part), "groups": len(part.groups)}
        row |= {f"{label}": counts[label] for label in sorted({s.label or "" for s in dataset})}
        row |= {f"{label} share": counts[label] / len(part) for label in sorted({s.label or "" for s in dataset})}
        rows.append(row)
    return rows


def _certificate(split: int, leaks: Leaks) -> dict[str, Any]:
    return {
        "split": split,
        "train": leaks.train_rows,
        "test": leaks.test_rows,
        "test_sharing_group": sum(test for _, _, test in leaks.groups),
        "test_identical": len({pair.test_file for pair in leaks.identical}),
        "test_similar": len({pair.test_file for pair in leaks.similar}) if leaks.test_images is not None else None,
    }


def _grades(dataset: Dataset) -> list[dict[str, Any]]:
    """How the records' grades stand to the labels; empty where there are no records."""
    pairs = Counter((s.texts["grade"], s.label) for s in dataset if "grade" in s.texts)
    return [{"grade": grade, "label": label, "images": count} for (grade, label), count in sorted(pairs.items(), key=str)]
