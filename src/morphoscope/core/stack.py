"""Micrographs in a row: slices of a volume, frames of a video, channels of a detector, pages of a file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

import numpy as np

from ..errors import InputError
from .micrograph import Micrograph

Axis = Literal["z", "time", "channel", "page"]


@dataclass(frozen=True, eq=False)
class Stack:
    """
    Frames along one axis.

    ``spacing_nm`` is the distance between slices of a volume, ``times_s`` the moment of each frame of
    a video, ``names`` what each channel or page is; each is None or empty when unknown. Frames may
    differ in size (pages of one file); ``array`` then says so.
    """

    frames: tuple[Micrograph, ...]
    axis: Axis = "page"
    spacing_nm: float | None = None
    times_s: tuple[float, ...] | None = None
    names: tuple[str, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.frames:
            raise InputError(f"{self.name}: a stack needs at least one frame")
        for what, given in (("times", self.times_s), ("names", self.names)):
            if given and len(given) != len(self.frames):
                raise InputError(f"{self.name}: {len(given)} {what} for {len(self.frames)} frames")
        if self.spacing_nm is not None and not (math.isfinite(self.spacing_nm) and self.spacing_nm > 0):
            raise InputError(f"{self.name}: slices are a positive length apart, not {self.spacing_nm} nm")

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Micrograph:
        return self.frames[index]

    def __iter__(self) -> Iterator[Micrograph]:
        return iter(self.frames)

    @property
    def name(self) -> str:
        """The file's name, or "this stack"."""
        return PurePath(self.source).name or "this stack"

    def array(self) -> np.ndarray:
        """Raw values as one array (frame, row, column)."""
        shapes = {frame.pixels.shape for frame in self.frames}
        if len(shapes) > 1:
            raise InputError(f"{self.name}: frames differ in size ({', '.join(f'{h} x {w}' for h, w in sorted(shapes))} pixels)")
        return np.stack([frame.raw() for frame in self.frames])
