"""Power spectrum of the grey frame in rings: level, shape, slope, bump and direction."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import fft

from .frame import Frame

SIDE_PX, RINGS, SECTORS, FIRST_DIRECTED = 192, 17, 6, 3


@cache
def _rings() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Window, edges of the rings, ring of each wave, and sector of each wave in its ring."""
    window = np.hanning(SIDE_PX).astype(np.float32)
    ky, kx = np.fft.fftfreq(SIDE_PX)[:, None] * SIDE_PX, np.fft.rfftfreq(SIDE_PX)[None, :] * SIDE_PX
    edges = np.unique(np.rint(np.geomspace(1, SIDE_PX // 2, RINGS)).astype(int))
    radius = np.hypot(ky, kx)
    ring = np.where((radius >= 1) & (radius < edges[-1]), np.searchsorted(edges, radius, side="right") - 1, len(edges) - 1)
    sector = np.floor(np.arctan2(ky, kx) % np.pi / np.pi * SECTORS).astype(int) % SECTORS
    return window, edges, ring, sector


def waves(view: Frame) -> dict[str, float]:
    """Logarithms of the ring means, their shares, a parabola through them, and how directed each ring is."""
    window, edges, ring, sector = _rings()
    height, width = view.grey.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = view.grey[top : top + side, left : left + side]
    picks = np.linspace(0, side - 1, SIDE_PX)
    square = _sampled(_sampled(square, picks).T, picks).T
    power = np.abs(fft.rfft2((square - square.mean()) * window[:, None] * window)) ** 2 * 255**2
    count = len(edges) - 1
    code = (ring * SECTORS + sector).ravel()
    total, number = (
        np.bincount(code, weights=w, minlength=(count + 1) * SECTORS).reshape(-1, SECTORS)[:count]
        for w in (power.ravel(), np.ones(power.size))
    )
    mean = total.sum(axis=1) / number.sum(axis=1)
    level, share = np.log(mean + 1e-3), np.log(mean / max(mean.sum(), 1e-9) + 1e-9)
    x = np.log(edges[:-1] + 0.5)
    bend = np.polyfit(x, level, 2)
    left_over = level - np.polyval(np.polyfit(x, level, 1), x)
    found = {f"level_{edge}": float(value) for edge, value in zip(edges, level, strict=False)}
    found |= {f"share_{edge}": float(value) for edge, value in zip(edges, share, strict=False)}
    found |= {f"fit_{k}": float(value) for k, value in enumerate(bend)}
    found |= {"bump": float(left_over.max()), "bump_at": float(left_over.argmax()), "bump_sd": float(left_over.std())}
    by_sector = total / np.maximum(number, 1)
    for k, edge in enumerate(edges[:-1]):
        if edge >= FIRST_DIRECTED:
            found[f"directed_{edge}"] = float(np.log(by_sector[k].max() / (by_sector[k].mean() + 1e-9) + 1e-9))
    return found


def _sampled(rows: np.ndarray, picks: np.ndarray) -> np.ndarray:
    """Linear interpolation along the first axis."""
    low = np.minimum(picks.astype(int), rows.shape[0] - 2)
    part = (picks - low).astype(np.float32)[:, None]
    return np.asarray(rows[low] * (1 - part) + rows[low + 1] * part)
