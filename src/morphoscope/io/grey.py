"""Colour, transparency and orientation: one grey plane out of the samples of a picture."""

from __future__ import annotations

import numpy as np

LUMINANCE = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue (ITU-R BT.601), the ones that image viewers use."""

NEARLY_GREY = 8 / 255
"""Channels that differ by no more than this are grey, up to the colour noise of a JPEG."""

COLOURED, MOSTLY = 25 / 255, 0.35
"""Difference of channels from which a pixel is coloured, and share of such pixels from which the whole picture is."""

IN_COLOUR = "a colour picture; grey is its luminance"
COLOUR_ON_IT = "parts of the picture are coloured; grey is their luminance"


def flatten(
    samples: np.ndarray, *, alpha: bool = False, premultiplied: bool = False, white: float | None = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """
    One plane of the type of ``samples`` (row, column, channel), and what was done to get it.

    With ``alpha`` the last channel is opacity and the picture is laid on white, as a page shows it.
    Whole numbers stay whole; equal channels stay exactly what they are.
    """
    full = white or (float(np.iinfo(samples.dtype).max) if samples.dtype.kind in "iu" else 1.0)
    notes: list[str] = []
    opacity = None
    if alpha:
        samples, cover = samples[..., :-1], samples[..., -1]
        if not cover.any():
            notes.append("fully transparent everywhere; the transparency was ignored")
        elif (cover < full).any():
            opacity = cover.astype(np.float64) / full
            notes.append("transparent pixels were laid on white")
    if samples.shape[-1] == 3:
        grey, note = _luminance(samples, full)
        notes += note
    else:
        grey = samples[..., 0]
    if opacity is not None:
        grey = grey * (1.0 if premultiplied else opacity) + full * (1 - opacity)
        grey = np.clip(grey, 0, full)
    if grey.dtype != samples.dtype:
        grey = np.rint(grey).astype(samples.dtype) if samples.dtype.kind in "iu" else grey.astype(samples.dtype)
    return np.ascontiguousarray(grey), tuple(notes)


def _luminance(samples: np.ndarray, full: float) -> tuple[np.ndarray, list[str]]:
    first, second, third = (samples[..., i] for i in range(3))
    if np.array_equal(first, second) and np.array_equal(second, third):
        return first, []
    spread = samples.max(axis=-1).astype(np.float64) - samples.min(axis=-1)
    if spread.max() <= NEARLY_GREY * full:
        return samples @ LUMINANCE, []
    whole = np.mean(spread > COLOURED * full) > MOSTLY
    return samples @ LUMINANCE, [IN_COLOUR if whole else COLOUR_ON_IT]


def upright(plane: np.ndarray, orientation: int) -> np.ndarray:
    """``plane`` as it is to be shown, given the orientation (1 to 8) of EXIF and TIFF."""
    if orientation in (5, 6, 7, 8):
        plane = plane.T
    if orientation in (2, 3, 6, 7):
        plane = plane[:, ::-1]
    if orientation in (3, 4, 7, 8):
        plane = plane[::-1]
    return plane
