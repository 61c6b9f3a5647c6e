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
NAMES = ("contrast", "homogeneity", "energy", "correlation", "dissimilarity", "entropy")
_I, _J = np.indices((LEVELS, LEVELS))
_STEP = (_I - _J).astype(float)


def texture(view: Frame) -> dict[str, float]:
    """Contrast, homogeneity, energy, correlation, dissimilarity and entropy, at five steps, and how they differ by direction."""
    found: dict[str, float] = {}
    for name, plane in (("flat", (view.flat + 3) / 6), ("grey", view.grey)):
        levels = np.clip(plane * LEVELS, 0, LEVELS - 1).astype(np.intp)
        levels[~view.seen] = LEVELS
        shares = np.stack([_pairs(levels, dy * step, dx * step) for step in STEPS_PX for dy, dx in DIRECTIONS])
        measured = _haralick(shares).reshape(len(STEPS_PX), len(DIRECTIONS), len(NAMES))
        for step, rows in zip(STEPS_PX, measured, strict=True):
            found |= {f"{key}_{name}_{step}px": float(value) for key, value in zip(NAMES, rows.mean(axis=0), strict=True)}
            found[f"directed_{name}_{step}px"] = float(np.ptp(rows[:, NAMES.index("correlation")]))
    return found


def _pairs(levels: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """
    Joint shares of the levels of pixels (dy, dx) apart, symmetric; dy is not negative.

    The level LEVELS stands for what is masked.
    """
    height, width = levels.shape
    near = (slice(0, height - dy), slice(max(0, -dx), width - max(0, dx)))
    far = (slice(dy, height), slice(max(0, dx), width + min(0, dx)))
    side = LEVELS + 1
    counts = np.bincount((levels[near] * side + levels[far]).ravel(), minlength=side**2).reshape(side, side)[:LEVELS, :LEVELS]
    counts = counts + counts.T
    return np.asarray(counts / max(counts.sum(), 1))


def _haralick(p: np.ndarray) -> np.ndarray:
    """A row of the measures in NAMES for each table of shares."""
    margin, at = p.sum(axis=1), np.arange(LEVELS)
    mean = margin @ at
    variance = (margin * (at - mean[:, None]) ** 2).sum(axis=1)
    flat = p.reshape(len(p), -1)
    contrast, homogeneity, dissimilarity = (flat @ weight.ravel() for weight in (_STEP**2, 1 / (1 + _STEP**2), np.abs(_STEP)))
    correlation = np.where(variance > 1e-12, 1 - contrast / (2 * np.maximum(variance, 1e-12)), 1.0)
    entropy = -(flat * np.log(np.where(flat > 0, flat, 1))).sum(axis=1)
    return np.stack([contrast, homogeneity, np.sqrt((flat**2).sum(axis=1)), correlation, dissimilarity, entropy], axis=1)
