"""Pictures that tasks leave in a run's folder, as PNG."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..core import Run

ACCENT = (230, 90, 30)


def save_picture(run: Run, name: str, plane: np.ndarray, *, longest_px: int = 1024) -> str:
    """Write a grey (height, width) or coloured (height, width, 3) ``plane`` in [0, 1], shrunk to ``longest_px``."""
    image = Image.fromarray(np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8))
    shrink = longest_px / max(image.size)
    if shrink < 1:
        image = image.resize(
            (max(1, round(image.width * shrink)), max(1, round(image.height * shrink))), Image.Resampling.LANCZOS
        )
    image.save(run.file(name))
    return name


def tinted(plane: np.ndarray, where: np.ndarray, *, strength: float = 0.45) -> np.ndarray:
    """Grey ``plane`` with the pixels ``where`` is True coloured."""
    colour = np.repeat(plane[..., None].astype(np.float32), 3, axis=2)
    colour[where] = (1 - strength) * colour[where] + strength * np.array(ACCENT, np.float32) / 255
    return colour


def contoured(plane: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Grey ``plane`` with the boundaries between ``labels`` coloured."""
    edge = np.zeros(labels.shape, bool)
    edge[1:] |= labels[1:] != labels[:-1]
    edge[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    return tinted(plane, edge, strength=1.0)
