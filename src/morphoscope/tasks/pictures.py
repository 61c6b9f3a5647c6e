"""Pictures that tasks leave in a run's folder, as PNG."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from ..core import Micrograph, Run
from ..physics import sem_bar

ACCENT = (230, 90, 30)
BLUE = (60, 130, 220)
BAR_SHARE = 0.75
"""Of the length that an instrument would print."""


def save_picture(
    run: Run, name: str, plane: np.ndarray, *, longest_px: int = 1024, pixel_nm: float | None = None, on_left: bool = False
) -> str:
    """
    Write a grey (height, width) or coloured (height, width, 3) ``plane`` in [0, 1], shrunk to ``longest_px``.

    With ``pixel_nm``, the width of one pixel of ``plane``, a scale bar is drawn in the lower right corner, or the left one.
    """
    image = Image.fromarray(np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8))
    shrink = longest_px / max(image.size)
    if shrink < 1:
        image = image.resize(
            (max(1, round(image.width * shrink)), max(1, round(image.height * shrink))), Image.Resampling.LANCZOS
        )
    if pixel_nm is not None:
        image = with_scale_bar(image, pixel_nm * plane.shape[1] / image.width, on_left=on_left)
    image.save(run.file(name))
    return name


def stretched(image: Micrograph) -> np.ndarray:
    """Pixels as they are for 8-bit images; deeper ones without their rarest extremes."""
    if image.bits <= 8:
        return image.pixels
    counted = image.pixels if image.mask is None or not image.mask.any() else image.pixels[image.mask]
    low, high = np.percentile(counted, [0.1, 99.9])
    return np.asarray((image.pixels - low) / max(float(high - low), 1e-12))


def tinted(plane: np.ndarray, where: np.ndarray, *, strength: float = 0.45, colour: tuple[int, int, int] = ACCENT) -> np.ndarray:
    """``plane``, grey or coloured, with the pixels ``where`` is True coloured."""
    made = np.repeat(plane[..., None].astype(np.float32), 3, axis=2) if plane.ndim == 2 else plane.astype(np.float32)
    made[where] = (1 - strength) * made[where] + strength * np.array(colour, np.float32) / 255
    return made


def contoured(plane: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Grey ``plane`` with the boundaries between ``labels`` coloured."""
    edge = np.zeros(labels.shape, bool)
    edge[1:] |= labels[1:] != labels[:-1]
    edge[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    return tinted(plane, edge, strength=1.0)


def with_scale_bar(image: Image.Image, pixel_nm: float, *, on_left: bool = False) -> Image.Image:
    """``image`` with a bar of round length and its label in a lower corner, on a dark patch that any ground allows."""
    length_nm = sem_bar.scale_bar_nm(BAR_SHARE * image.width * pixel_nm)
    length = length_nm / pixel_nm
    text_px = max(9, round(0.028 * max(image.size)))
    gap, thick = max(2, round(0.35 * text_px)), max(2, round(0.22 * text_px))
    right, bottom = image.width - gap, image.height - gap
    if on_left:
        right = round(length) + 5 * gap
    patch = (right - round(length) - 4 * gap, bottom - text_px - thick - 4 * gap, right, bottom)
    made = image.convert("RGB")
    dark = Image.new("RGB", made.size, (12, 16, 20))
    cover = Image.new("L", made.size, 0)
    ImageDraw.Draw(cover).rounded_rectangle(patch, radius=gap, fill=185)
    made.paste(dark, mask=cover)
    pen = ImageDraw.Draw(made)
    left, top = right - 2 * gap - round(length), bottom - 1.4 * gap - thick
    pen.rectangle((left, top, left + round(length) - 1, top + thick - 1), fill="white")
    middle = (left + length / 2, top - 0.7 * gap)
    sem_bar.lettering(pen, middle, sem_bar.label(length_nm), ink="white", size_px=text_px, anchor="mb")
    return made
