"""What a classifier is fitted to: the images that can be read, their descriptors, and those that show one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core import Dataset, Run
from ..datasets import protocols, twins
from ..errors import InputError
from .descriptors import survey


@dataclass(frozen=True, eq=False)
class Material:
    """``rows`` are the descriptors ``names`` of each sample of ``dataset``; ``pairs`` are places of one and the same scene."""

    dataset: Dataset
    names: tuple[str, ...]
    rows: np.ndarray
    left_out: Sequence[tuple[Path, str]]
    widths_nm: Sequence[float | None]
    pairs: Sequence[twins.Pair]

    def cuts(self, dataset: Dataset, protocol: str, *, folds: int, repeats: int, seed: int) -> list[protocols.Split]:
        """The splits of ``dataset``, which has the same samples; where there are none, pairs may be the reason."""
        try:
            return list(protocols.splits(dataset, protocol, folds=folds, repeats=repeats, seed=seed))
        except InputError as error:
            if not self.pairs:
                raise
            raise InputError(
                f"{error}; {len(self.pairs)} pair(s) of pictures that show the same place were put together, which "
                "same_place=ignored undoes (periodic patterns all look like one place)"
            ) from None

    def unread(self) -> list[dict[str, Any]]:
        """The files that could not be used, as a table."""
        return [{"file": path.name, "reason": reason} for path, reason in self.left_out]


def gather(run: Run, dataset: Dataset, *, look_alike: bool) -> Material:
    """Describe every image of ``dataset``; with ``look_alike`` those that show one place become one group."""
    by_path = {sample.files["image"]: sample for sample in dataset}
    found = survey(list(by_path), progress=run.progress)
    kept = replace(dataset, samples=tuple(by_path[path] for path in found.read))
    if len({sample.label for sample in kept}) < 2:
        raise InputError(f"{dataset.name}: {len(kept)} of {len(dataset)} images can be read, too few to learn two classes")
    pairs = twins.find(kept, found.rows, progress=run.progress) if look_alike else []
    return Material(twins.together(kept, pairs), found.names, found.rows, found.left_out, found.widths_nm, pairs)
