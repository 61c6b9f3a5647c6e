"""
Weighted linear least squares and covariances, on columns brought to one size first.

Checked against: numpy's own solution and simulated scatter, in tests/validation/test_scattering_curves.py.
"""

from __future__ import annotations

import numpy as np


def solve(
    design: np.ndarray, value: np.ndarray, weight: np.ndarray, *, prior: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray, float]:
    """
    Parameters, their covariance for errors 1 / ``weight``, and the data's weighted sum of squares.

    ``prior`` (rows, targets) are further observations with an error of 1.
    """
    rows, target = design * weight[:, None], value * weight
    if prior is not None:
        rows, target = np.vstack([rows, prior[0]]), np.concatenate([target, prior[1]])
    size = np.maximum(np.linalg.norm(rows, axis=0), 1e-300)
    inverse = _inverse((rows / size).T @ (rows / size))
    answer = inverse @ ((rows / size).T @ target) / size
    return answer, inverse / np.outer(size, size), float((((value - design @ answer) * weight) ** 2).sum())


def covariance(jacobian: np.ndarray) -> np.ndarray:
    """Inverse of J^T J; infinite on the diagonal where a parameter has no effect at all."""
    size = np.linalg.norm(jacobian, axis=0)
    safe = np.where(size > 0, size, 1.0)
    inverse = _inverse((jacobian / safe).T @ (jacobian / safe)) / np.outer(safe, safe)
    inverse[np.diag_indices_from(inverse)] = np.where(size > 0, np.diag(inverse), np.inf)
    return np.asarray(inverse)


def _inverse(matrix: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(np.linalg.inv(matrix))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(matrix, rcond=1e-12))
