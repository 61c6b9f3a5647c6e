"""The descriptors of many images as one table, the raw material of every judgement without a network."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..core import Param, Quantity, Report, Run
from ..errors import InputError, MissingDependency, MorphoscopeError
from ..io import read_micrograph
from ..io.grey import IN_COLOUR
from ..measure import descriptors
from ..measure.annotations import find as find_print
from ..measure.annotations import without
from . import field_scale
from .beside import from_the_end
from .controls import print_and_size
from .scalebar import images

Progress = Callable[[float, float, str], None]
Look = dict[str, Any]
Described = tuple[tuple[str, ...], list[Path], np.ndarray, list[tuple[Path, str]]]


def table(
    run: Run,
    files: Annotated[tuple[Path, ...], Param("images, or folders of images", accepts="any")],
) -> Report:
    """
    Blobs, domains, waves and texture of each image: about 280 numbers, without its print and at a common size.

    An image that cannot be read is left out with its reason, and the others go on.
    """
    paths = list(images(files))
    if not paths:
        raise InputError("no image in what was given; give images or folders of images")
    names, read, rows, left_out = described(paths, progress=run.progress)
    if not read:
        raise InputError(f"none of the {len(paths)} images can be used; the first: {left_out[0][1]}")
    with open(run.file("descriptors.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", *names])
        writer.writerows([path.name, *(f"{value:.7g}" for value in row)] for path, row in zip(read, rows, strict=True))
    return Report(
        title=f"{len(names)} descriptors of {len(read)} images",
        values={"images": Quantity(len(read)), "descriptors": Quantity(len(names))},
        files={"descriptors": "descriptors.csv"},
        tables={"left_out": [{"file": path.name, "reason": reason} for path, reason in left_out]},
    )


def _silent(done: float, total: float, note: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, eq=False)
class Survey:
    """
    The files that could be described, a row of numbers for each, and (file, reason) of the others.

    ``printed`` holds, for each file, what its printed parts and its size alone tell: the raw material of a control.
    ``widths_nm`` are the widths of the fields, where the pixel size is known; ``coloured`` tells colour pictures.
    """

    names: tuple[str, ...]
    read: list[Path]
    rows: np.ndarray
    left_out: list[tuple[Path, str]]
    printed: np.ndarray
    widths_nm: list[float | None]
    coloured: np.ndarray


def described(paths: Sequence[Path], *, progress: Progress = _silent) -> Described:
    """Names of the descriptors, the files that could be described, a row for each, and (file, reason) of the others."""
    found = survey(paths, progress=progress)
    return found.names, found.read, found.rows, found.left_out


def survey(paths: Sequence[Path], *, progress: Progress = _silent) -> Survey:
    """The descriptors of every file that can be described, and what its print and size are; on two cores where two are free."""
    looks = dict[int, Look]()
    with from_the_end(f"{__name__}:look", [str(path) for path in paths]) as others:
        for k, path in enumerate(paths):
            if k in others:  # so are all that follow
                break
            progress(k + len(others), len(paths), path.name)
            looks[k] = look(str(path))
        looks = {**dict(others), **looks}
    seen = {k: one for k, one in sorted(looks.items()) if "reason" not in one}
    return Survey(
        tuple(next(iter(seen.values()))["row"]) if seen else (),
        [paths[k] for k in seen],
        np.array([list(one["row"].values()) for one in seen.values()]),
        [(paths[k], one["reason"]) for k, one in sorted(looks.items()) if "reason" in one],
        np.array([one["printed"] for one in seen.values()]),
        [one["width_nm"] for one in seen.values()],
        np.array([one["coloured"] for one in seen.values()], bool),
    )


def look(path: str) -> Look:
    """What ``survey`` keeps of one file: the row, print and size, width of the field, colour; or the reason why not."""
    try:
        whole = read_micrograph(Path(path), nan="mask")
        found = find_print(whole, grey_bars=False)
        row = descriptors.describe(without(whole, found))
    except MissingDependency:
        raise
    except MorphoscopeError as error:
        return {"reason": str(error)}
    printed = print_and_size(whole, found).tolist()
    return {
        "row": {name: float(value) for name, value in row.items()},
        "printed": printed,
        "width_nm": field_scale.width_nm(whole),
        "coloured": IN_COLOUR in whole.notes,
    }
