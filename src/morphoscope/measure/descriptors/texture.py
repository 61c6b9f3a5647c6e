r"""
Grey-level co-occurrence: how grey levels a given step apart go together.

.. math:: P(i, j) = \mathrm{share\ of\ pairs\ of\ pixels\ a\ step\ apart\ with\ levels\ } i, j

counted both ways along four directions [1]_, on the frame and on the flattened frame. Pairs that touch what is masked
do not count.

References
----------
.. [1] R. M. Haralick et al., IEEE Trans. SMC 3, 610 (1973), doi 10.1109/TSMC.1973.4309314.
"""

from __future__ import annotations

import numpy as np

from .frame import Frame

LEVELS = 32
STEPS_PX = (1, 2, 4, 8, 16)
DIRECTIONS = ((0, 1), (1, 1), (1, 0), (1, -1))
_I, _J = np.indices((LEVELS, LEVELS))
_STEP = (_I - _J).astype(float)


def texture(view: Frame) -> dict[str, float]:
    """Contrast, homogeneity, energy, correlation, dissimilarity and entropy, at five steps, and how they differ by direction."""
    flat = np.clip((view.flat + 3) / 6 * LEVELS, 0, LEVELS - 1).astype(np.int32)
    grey = np.clip(view.grey * LEVELS, 0, LEVELS - 1).astype(np.int32)
    found: dict[str, float] = {}
    for name, levels in (("flat", flat), ("grey", grey)):
        for step in STEPS_PX:
            measured = np.array([_haralick(_pairs(levels, view.seen, dy * step, dx * step)) for dy, dx in DIRECTIONS])
            mean = measured.mean(axis=0)
            names = ("contrast", "homogeneity", "energy", "correlation", "dissimilarity", "entropy")
            found |= {f"{key}_{name}_{step}px": float(value) for key, value in zip(names, mean, strict=True)}
            found[f"directed_{name}_{step}px"] = float(np.ptp(measured[:, 3]))
    return found


def _pairs(levels: np.ndarray, seen: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """Joint shares of the levels of pixels (dy, dx) apart, symmetric; dy is not negative."""
    height, width = levels.shape
    near = (slice(0, height - dy), slice(max(0, -dx), width - max(0, dx)))
    far = (slice(dy, height), slice(max(0, dx), width + min(0, dx)))
    code = levels[near] * LEVELS + levels[far]
    both = seen[near] & seen[far]
    counts = np.bincount(code[both] if not both.all() else code.ravel(), minlength=LEVELS**2).reshape(LEVELS, LEVELS)
    counts = counts + counts.T
    return np.asarray(counts / max(counts.sum(), 1))


def _haralick(p: np.ndarray) -> tuple[float, ...]:
    margin = p.sum(axis=0)
    at = np.arange(LEVELS)
    mean = float((margin * at).sum())
    variance = float((margin * (at - mean) ** 2).sum())
    contrast = float((p * _STEP**2).sum())
    held = p[p > 0]
    return (
        contrast,
        float((p / (1 + _STEP**2)).sum()),
        float(np.sqrt((p**2).sum())),
        1 - contrast / (2 * variance) if variance > 1e-12 else 1.0,
        float((p * np.abs(_STEP)).sum()),
        float(-(held * np.log(held)).sum()),
    )
