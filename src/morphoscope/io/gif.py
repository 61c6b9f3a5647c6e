"""Animated GIF files: every picture of the animation with the moment at which it is shown."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
from PIL import Image

from ..core import Micrograph, Stack
from . import picture, planes
from .formats import Options
from .limits import check_size


def read(path: Path, options: Options) -> Micrograph | Stack:
    """A still GIF as a Micrograph, an animated one as a Stack along time."""
    with Image.open(path, formats=["GIF"]) as animation:
        check_size(path, (animation.height, animation.width), 4)
        count = int(getattr(animation, "n_frames", 1))
        if count == 1:
            return picture.read(path, options)
        picked = planes.chosen(path, count, options)
        check_size(path, (len(picked), animation.height, animation.width), 4)
        frames: dict[int, Micrograph] = {}
        starts_s, at_s = [], 0.0
        for index in range(max(picked) + 1):
            animation.seek(index)
            starts_s.append(at_s)
            at_s += float(animation.info.get("duration", 0)) / 1e3
            if index in picked:
                frames[index] = planes.plane(np.asarray(animation.convert("RGB")), path, options)
    moving = all(b > a for a, b in itertools.pairwise(starts_s))
    return Stack(
        tuple(frames[i] for i in picked),
        axis="time",
        times_s=tuple(starts_s[i] for i in picked) if moving else None,
        source=str(path),
    )
