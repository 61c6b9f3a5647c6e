"""
Separable resizing and bilinear rotation of one image plane, in numpy.

Pixel ``i`` of ``n`` covers the interval ``[i, i + 1)`` of the image's extent, so a resize keeps the
extent, and pixel centres map as ``source = (target + 1/2) * n_source / n_target - 1/2``.
"""

from __future__ import annotations

import numpy as np

Affine = tuple[float, float, float, float, float, float]
"""``(a, b, c, d, e, f)`` maps pixel ``(row, col)`` to ``(a*row + b*col + c, d*row + e*col + f)``."""

IDENTITY: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def compose(outer: Affine, inner: Affine) -> Affine:
    """The map that applies ``inner`` first, then ``outer``."""
    a, b, c, d, e, f = outer
    p, q, r, s, t, u = inner
    return (a * p + b * s, a * q + b * t, a * r + b * u + c, d * p + e * s, d * q + e * t, d * r + e * u + f)


def apply(affine: Affine, points: np.ndarray) -> np.ndarray:
    """Map ``points`` of shape (n, 2), given as (row, col)."""
    a, b, c, d, e, f = affine
    rows, cols = points[..., 0], points[..., 1]
    return np.stack([a * rows + b * cols + c, d * rows + e * cols + f], axis=-1)


def weights(n_source: int, n_target: int) -> np.ndarray:
    """
    Matrix (n_target, n_source) of the one-dimensional resize.

    A triangle filter as wide as the larger of the two pixels: linear interpolation when enlarging,
    antialiased when shrinking. Rows sum to one, so a constant stays constant.
    """
    ratio = n_source / n_target
    centres = (np.arange(n_target) + 0.5) * ratio - 0.5
    width = max(ratio, 1.0)
    matrix = np.clip(1 - np.abs(centres[:, None] - np.arange(n_source)[None, :]) / width, 0, None)
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))


def resize(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    """``plane`` on a grid of ``height`` by ``width`` pixels over the same extent."""
    rows, cols = (weights(n, m).astype(plane.dtype) for n, m in zip(plane.shape, (height, width), strict=True))
    return np.asarray(np.clip(rows @ plane @ cols.T, plane.min(), plane.max()))


def warp(plane: np.ndarray, affine: Affine, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """
    Bilinear value of ``plane`` at ``affine(target pixel)``, and where the target lies inside the source.

    Outside it repeats the nearest edge pixel.
    """
    height, width = plane.shape
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    row, col = np.moveaxis(apply(affine, grid.astype(float)), -1, 0)
    slack = 1e-9
    inside = (row >= -0.5 - slack) & (row <= height - 0.5 + slack) & (col >= -0.5 - slack) & (col <= width - 0.5 + slack)
    row, col = np.clip(row, 0, height - 1), np.clip(col, 0, width - 1)
    top, left = np.floor(row).astype(int), np.floor(col).astype(int)
    down, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    y, x = row - top, col - left
    value = (plane[top, left] * (1 - x) + plane[top, right] * x) * (1 - y)
    value += (plane[down, left] * (1 - x) + plane[down, right] * x) * y
    return value.astype(plane.dtype), inside
