"""The descriptors of many images as one table, the raw material of every judgement without a network."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np

from ..core import Param, Quantity, Report, Run
from ..errors import InputError, MissingDependency, MorphoscopeError
from ..io import read_micrograph
from ..measure import descriptors
from .scalebar import images

Read = tuple[list[Path], np.ndarray, list[tuple[Path, str]]]


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
    read, rows, left_out = described(paths, progress=run.progress)
    if not read:
        raise InputError(f"none of the {len(paths)} images can be used; the first: {left_out[0][1]}")
    names = descriptor_names()
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


def described(
    paths: Sequence[Path], *, progress: Callable[[float, float, str], None] = lambda done, total, note: None
) -> Read:
    """The files that could be described, one row of descriptors for each, and (file, reason) of the others."""
    read, rows, left_out = list[Path](), list[np.ndarray](), list[tuple[Path, str]]()
    for k, path in enumerate(paths):
        progress(k, len(paths), path.name)
        try:
            row = descriptors.describe(specimen(path))
        except MissingDependency:
            raise
        except MorphoscopeError as error:
            left_out.append((path, str(error)))
            continue
        read.append(path)
        rows.append(np.fromiter(row.values(), float, len(row)))
    return read, np.array(rows), left_out


def specimen(path: Path):  # type: ignore[no-untyped-def]
    """The image at ``path`` with what is printed on it masked."""
    return read_micrograph(path, nan="mask")
