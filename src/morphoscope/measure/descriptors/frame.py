"""The picture as all descriptors see it: without print, at a common size, with and without local flattening."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image
from scipy import fft

from ...core import Micrograph
from ...errors import InputError

SIDE_PX = 256
"""The frame has the area of a square of this side."""
FLATTEN_PX = 40.0
LEAST = 32
LEAST_SEEN = 0.05
"""Share of the frame that must show the specimen."""
LEAST_CONTRAST = 2.0 / 255
"""Local standard deviation that is added in quadrature when flattening, so that noise in flat fields stays small."""


@dataclass(frozen=True)
class Frame:
    """
    ``grey`` in [0, 1] and ``flat``, which is grey less its local mean over its local deviation.

    ``seen`` is True where the specimen shows; elsewhere grey holds the mean and flat is zero. ``waves`` is the
    transform of ``flat``, from which the families take their filtered copies.
    """

    grey: np.ndarray
    flat: np.ndarray
    seen: np.ndarray
    waves: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.flat.shape[0], self.flat.shape[1]

    def hiding(self, hidden: np.ndarray) -> Frame:
        """The same frame where the pixels ``hidden`` do not count: grey holds the local mean there, flat is zero."""
        seen = self.seen & ~hidden
        if seen.mean() < LEAST_SEEN:
            raise InputError(f"less than {LEAST_SEEN:.0%} of the frame would be left to see")
        filled, unknown = np.where(seen, self.grey, 0).astype(np.float32), ~seen
        transfer = smoothing(self.shape, FLATTEN_PX / 2)
        weight, total = (fft.irfft2(fft.rfft2(p) * transfer, s=self.shape) for p in (seen.astype(np.float32), filled))
        known = float(self.grey[seen].mean())
        local = (total + 1e-3 * known) / (np.maximum(weight, 0) + 1e-3)
        grey = np.where(unknown & self.seen, local, self.grey).astype(np.float32)
        flat = _flat(grey, seen)
        return Frame(grey, flat, seen, np.asarray(fft.rfft2(flat)))

    def filtered(self, transfer: np.ndarray, *, coarse: int = 1) -> np.ndarray:
        """
        ``flat`` after a filter given in Fourier space, at every ``coarse``-th pixel of each side.

        The transfer function must have nothing left beyond the coarse grid's own waves.
        """
        height, width = self.shape
        rows, columns = height // coarse, width // coarse
        kept = (self.waves * transfer)[:, : columns // 2 + 1]
        if coarse > 1:
            kept = np.concatenate([kept[: rows // 2], kept[height - (rows - rows // 2) :]]) / coarse**2
        return np.asarray(fft.irfft2(kept, s=(rows, columns)))


@cache
def wave_numbers(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Angular wave numbers of a real transform of ``shape``, in float32."""
    ky, kx = 2 * np.pi * np.fft.fftfreq(shape[0])[:, None], 2 * np.pi * np.fft.rfftfreq(shape[1])[None, :]
    return ky.astype(np.float32), kx.astype(np.float32)


@cache
def smoothing(shape: tuple[int, int], sigma_px: float) -> np.ndarray:
    """Transfer function of a Gaussian, periodic in ``shape``."""
    ky, kx = wave_numbers(shape)
    return np.asarray(np.exp(-0.5 * sigma_px**2 * (ky**2 + kx**2)), np.float32)


def frame(micrograph: Micrograph) -> Frame:
    """The frame of ``micrograph``; sides become multiples of 16 so that transforms are quick and few shapes occur."""
    height, width = micrograph.pixels.shape
    if min(height, width) < LEAST:
        raise InputError(f"{micrograph.source or 'the image'}: {width} x {height} px is too small; give at least {LEAST} a side")
    zoom = SIDE_PX / math.sqrt(height * width)
    shape = (max(LEAST, 16 * round(height * zoom / 16)), max(LEAST, 16 * round(width * zoom / 16)))
    seen = np.ones(shape, np.float32) if micrograph.mask is None else _resized(micrograph.mask.astype(np.float32), shape)
    pixels = micrograph.pixels if micrograph.mask is None else np.where(micrograph.mask, micrograph.pixels, 0)
    grey = _resized(np.ascontiguousarray(pixels, np.float32), shape)
    shown = seen > 0.5
    if shown.mean() < LEAST_SEEN:
        raise InputError(f"{micrograph.source or 'the image'}: less than a twentieth of the picture shows the specimen")
    mean = float(grey[shown].sum() / seen[shown].sum())
    grey = np.where(shown, grey / np.maximum(seen, 0.5), mean).astype(np.float32)
    flat = _flat(grey, shown)
    return Frame(grey, flat, shown, np.asarray(fft.rfft2(flat)))


def _resized(plane: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    enlarged = shape[0] > plane.shape[0]
    how = Image.Resampling.BICUBIC if enlarged else Image.Resampling.BOX
    return np.asarray(np.clip(np.asarray(Image.fromarray(plane).resize((shape[1], shape[0]), how)), 0, 1))


def _flat(grey: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Local contrast: what is masked neither counts nor shows. The mirror image outside keeps edges quiet."""
    pad = int(FLATTEN_PX)
    weight = np.pad(seen.astype(np.float32), pad, mode="symmetric")
    value = np.pad(grey - grey[seen].mean(), pad, mode="symmetric") * weight
    shape = (fft.next_fast_len(value.shape[0], real=True), fft.next_fast_len(value.shape[1], real=True))
    inside = (slice(pad, pad + grey.shape[0]), slice(pad, pad + grey.shape[1]))
    share, mean, square = (_blurred(plane, shape, inside) for plane in (weight, value, value * value))
    share = np.maximum(share, 1e-3)
    mean, square = mean / share, square / share
    deviation = np.sqrt(np.maximum(square - mean**2, 0) + LEAST_CONTRAST**2)
    flat = (grey - grey[seen].mean() - mean) / deviation
    return np.where(seen, np.clip(flat, -6, 6), 0).astype(np.float32)


def _blurred(plane: np.ndarray, shape: tuple[int, int], inside: tuple[slice, slice]) -> np.ndarray:
    """The part ``inside`` of ``plane`` after a Gaussian of FLATTEN_PX, by the few long waves that pass it."""
    transfer = _long_waves(shape)
    waves = fft.rfft(plane, shape[1], axis=1)[:, : transfer.shape[1]]
    waves = fft.ifft(fft.fft(waves, shape[0], axis=0) * transfer, axis=0)[inside[0]]
    return np.asarray(fft.irfft(waves, shape[1], axis=1)[:, inside[1]])


@cache
def _long_waves(shape: tuple[int, int]) -> np.ndarray:
    transfer = smoothing(shape, FLATTEN_PX)
    return transfer[:, transfer[0] > 1e-8]
