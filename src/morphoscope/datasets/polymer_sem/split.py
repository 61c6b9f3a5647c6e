"""The public split of the paper, kept so that its tables can be compared; it shares articles between its parts."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from importlib import resources

from ...core import Dataset
from ...errors import InputError


@cache
def open_digests() -> dict[str, str]:
    """Key to SHA-256 of the 400 images that the paper trained on."""
    lines = resources.files(__package__).joinpath("open_keys.txt").read_text().splitlines()
    return dict(line.split() for line in lines)


def open_keys() -> frozenset[str]:
    """The 400 images that the paper trained on."""
    return frozenset(open_digests())


def public_split(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """(training, test) as in the paper: the 400 open keys train, all others test."""
    train = tuple(sample for sample in dataset if sample.key in open_keys())
    test = tuple(sample for sample in dataset if sample.key not in open_keys())
    if len(train) < len(open_keys()) or not test:
        raise InputError(
            f"{dataset.name}: it holds {len(train)} of the paper's {len(open_keys())} training images and {len(test)} others; "
            "protocol paper needs the whole public set of 517 images, so use protocol grouped"
        )
    return replace(dataset, samples=train), replace(dataset, samples=test)


def figure(key: str) -> str:
    """The figure of the article that the image ``key`` is a panel of."""
    match = re.match(r"\d+_page\d+_image\d+", key)
    return match[0] if match else key.partition("_")[0]
