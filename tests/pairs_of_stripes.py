"""Pairs small enough for tests: stripes of a period and an area fraction of their own, and their scattering."""

from __future__ import annotations

import numpy as np

from morphoscope.datasets.pairs import PairArrays

SIDE = 64


def stripes(count: int, *, seed: int = 0, side: int = SIDE, sem_only: int = 0, saxs_only: int = 0) -> PairArrays:
    """``count`` pairs; the first ``sem_only`` lose their pattern, the last ``saxs_only`` their micrograph."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: 2 * side, : 2 * side]
    phase, saxs, mask = [], [], np.ones((side, side), bool)
    mask[side // 2 - 3 : side // 2 + 3, side // 2 - 3 : side // 2 + 3] = False
    for k in range(count):
        period, across = rng.uniform(6, 12), k % 2 == 0
        waves = np.sin(2 * np.pi * (x if across else y) / period + rng.uniform(0, 6) + 0.3 * np.sin(y / 9))
        bright = waves > rng.uniform(-0.4, 0.4)
        phase.append(bright)
        power = np.abs(np.fft.fftshift(np.fft.fft2(bright - bright.mean()))) ** 2
        inner = np.log10(power[side // 2 : side // 2 + side, side // 2 : side // 2 + side] + 1) / 8
        saxs.append(np.clip(inner + 0.01 * rng.normal(size=inner.shape), 0, 1) * mask)
    names = tuple(f"stripes_{k:03d}" for k in range(count))
    has_sem, has_saxs = np.arange(count) < count - saxs_only, np.arange(count) >= sem_only
    planes = np.stack(phase).astype(np.uint8)
    return PairArrays(
        names=names,
        groups=names,
        morphology=tuple("upright" if k % 2 == 0 else "level" for k in range(count)),
        phase=planes * has_sem[:, None, None].astype(np.uint8),
        grey=planes * np.uint8(255),
        pixel_nm=np.where(has_sem, 2.0, np.nan),
        saxs=np.stack(saxs).astype(np.float32) * has_saxs[:, None, None],
        mask=np.stack([mask] * count) & has_saxs[:, None, None],
        q_per_nm=np.full((count, side, side), np.nan, np.float32),
        has_sem=has_sem,
        has_saxs=has_saxs,
    )
