r"""
The pattern expected of a crop: principal scores of the crop's power spectrum, and a Gaussian process for each of the pattern's.

A network for it was tried (a small U-net from spectrum to pattern) and was worse on pairs not learnt from, since the
noise of few patterns is what it learns. Spectra are those of ``pair_links.spectrum``, averaged over a pair's crops in
training; how many of their scores are used is chosen by the pairs left out. Where nothing was counted, training
takes the mean of the other patterns.

Checked against: patterns that follow from the period of stripes, in tests/learn/test_pair_expected.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from . import curve_training
from .curve_model import Curves
from .pair_links import counted, small, spectrum

SCORES = (3, 5, 8, 12)
POOLED = 4
"""Pixels of a spectrum that count as one."""


@dataclass(frozen=True, eq=False)
class Expected:
    """``center``, ``axes`` and ``scale`` lead from spectra to scores, ``curves`` from these to patterns of ``side`` squared."""

    center: np.ndarray
    axes: np.ndarray
    scale: np.ndarray
    curves: Curves
    side: int

    def __call__(self, crops: np.ndarray, *, side_px: int) -> np.ndarray:
        """The pattern expected of each crop, (crops, side_px, side_px)."""
        rows = (_seen(crops) - self.center) @ self.axes.T / self.scale
        found = torch.from_numpy(self.curves.mean(rows).reshape(-1, 1, self.side, self.side)).float()
        large = functional.interpolate(found, (side_px, side_px), mode="bilinear")
        return np.asarray(large[:, 0].clamp(0, 1).numpy())

    def arrays(self) -> dict[str, np.ndarray]:
        """The numbers by name."""
        own = {name: getattr(self, name) for name in ("center", "axes", "scale")}
        return own | self.curves.arrays("curves.") | {"side": np.array([self.side])}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Expected:
        """The inverse of ``arrays``."""
        curves, side = Curves.of(arrays, "curves."), int(arrays["side"][0])
        return cls(arrays["center"], arrays["axes"], arrays["scale"], curves, side)


def fit(crops: np.ndarray, saxs: np.ndarray, mask: np.ndarray) -> Expected:
    """From ``crops`` (pairs, crops, side, side) and the patterns of the pairs."""
    pairs, each = crops.shape[:2]
    rows = np.concatenate([_seen(some) for some in crops])
    center = rows.mean(0)
    _, spread, axes = np.linalg.svd(rows - center, full_matrices=False)
    count = min(max(SCORES), len(axes), max(1, pairs // 4))
    axes, scale = axes[:count], np.maximum(spread[:count] / np.sqrt(len(rows)), 1e-9)
    scores = ((rows - center) @ axes.T / scale).reshape(pairs, each, count).mean(1)
    planes = small(counted(saxs, mask)).numpy().astype(float)
    seen = planes[:, 1] > 0
    middle = (planes[:, 0] * seen).sum(0) / np.maximum(seen.sum(0), 1)
    patterns = np.where(seen, planes[:, 0], middle).reshape(pairs, -1)
    tried = [n for n in SCORES if n <= count] or [count]
    found = [curve_training.fit(scores[:, :n], patterns, logs=np.zeros(n, bool)) for n in tried]
    best = int(np.argmin([float(np.abs(one.left_out()).mean()) for one in found]))
    used = tried[best]
    return Expected(center, axes[:used], scale[:used], found[best], planes.shape[-1])


def _seen(crops: np.ndarray) -> np.ndarray:
    """One row a crop."""
    pooled = functional.avg_pool2d(spectrum(crops), POOLED)
    return np.asarray(pooled.flatten(1).numpy().astype(float))
