"""
Separable resizing and bilinear rotation of one image plane, in numpy.

Pixel ``i`` of ``n`` covers the interval ``[i, i + 1)`` of the image's extent, so a resize keeps the
extent, and pixel centres map as ``source = (target + 1/2) * n_source / n_target - 1/2``.
"""

from __future__ import annotations

import math

import numpy as np

Affine = tuple[float, float, float, float, float, float]
"""``(a, b, c, d, e, f)`` maps pixel ``(row, col)`` to ``(a*row + b*col + c, d*row + e*col + f)``."""

IDENTITY: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
BAND_ROWS = 256


def compose(outer: Affine, inner: Affine) -> Affine:
    """The map that applies ``inner`` first, then ``outer``."""
    a, b, c, d, e, f = outer
    p, q, r, s, t, u = inner
    return (a * p + b * s, a * q + b * t, a * r + b * u + c, d * p + e * s, d * q + e * t, d * r + e * u + f)


def pixel_sides(affine: Affine) -> tuple[float, float]:
    """Lengths, in pixels of the file, of one step along a row index and along a column index."""
    a, b, _, d, e, _ = affine
    return math.hypot(a, d), math.hypot(b, e)


def apply(affine: Affine, points: np.ndarray) -> np.ndarray:
    """Map ``points`` of shape (n, 2), given as (row, col)."""
    a, b, c, d, e, f = affine
    rows, cols = points[..., 0], points[..., 1]
    return np.stack([a * rows + b * cols + c, d * rows + e * cols + f], axis=-1)


def resize(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    """``plane`` on a grid of ``height`` by ``width`` pixels over the same extent."""
    rows = _along(plane, height)
    return np.asarray(np.ascontiguousarray(_along(rows.T, width).T).clip(plane.min(), plane.max()))


def _along(plane: np.ndarray, n_target: int) -> np.ndarray:
    """
    The rows of ``plane`` resampled to ``n_target``.

    A triangle filter as wide as the larger of the two pixels: linear interpolation when enlarging,
    antialiased when shrinking. Weights sum to one, so a constant stays constant.
    """
    n_source = len(plane)
    if n_source == n_target:
        return plane
    ratio = n_source / n_target
    width = max(ratio, 1.0)
    centres = (np.arange(n_target) + 0.5) * ratio - 0.5
    taps = np.ceil(centres - width).astype(int)[:, None] + np.arange(math.ceil(2 * width) + 1)
    weights = np.clip(1 - np.abs(centres[:, None] - taps) / width, 0, None) * ((taps >= 0) & (taps < n_source))
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(plane.dtype)
    rows = np.clip(taps, 0, n_source - 1)
    out = np.zeros((n_target, *plane.shape[1:]), plane.dtype)
    for tap in range(taps.shape[1]):
        out += weights[:, tap, None] * plane[rows[:, tap]]
    return out


def warp(plane: np.ndarray, affine: Affine, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """
    Bilinear value of ``plane`` at ``affine(target pixel)``, and where the target lies inside the source.

    Outside it repeats the nearest edge pixel. Works band by band, so memory stays near that of the image.
    """
    values, inside = np.empty(shape, plane.dtype), np.empty(shape, bool)
    for top in range(0, shape[0], BAND_ROWS):
        rows = np.arange(top, min(top + BAND_ROWS, shape[0]))
        grid = np.stack(np.meshgrid(rows, np.arange(shape[1]), indexing="ij"), axis=-1)
        values[rows], inside[rows] = _bilinear(plane, apply(affine, grid.astype(float)))
    return values, inside


def _bilinear(plane: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, width = plane.shape
    row, col = points[..., 0], points[..., 1]
    slack = 1e-9
    inside = (row >= -0.5 - slack) & (row <= height - 0.5 + slack) & (col >= -0.5 - slack) & (col <= width - 0.5 + slack)
    row, col = np.clip(row, 0, height - 1), np.clip(col, 0, width - 1)
    top, left = np.floor(row).astype(int), np.floor(col).astype(int)
    down, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    y, x = row - top, col - left
    value = (plane[top, left] * (1 - x) + plane[top, right] * x) * (1 - y)
    value += (plane[down, left] * (1 - x) + plane[down, right] * x) * y
    return value, inside
