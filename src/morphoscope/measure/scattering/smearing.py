r"""
What the instrument makes of a model: its values on a fine grid of q, averaged by a matrix.

.. math:: I_i = \int G(q; q_i, \sigma_i)\, I(q)\, dq, \qquad I_i = \frac{1}{l} \int_0^l I\!\left(\sqrt{q_i^2 + u^2}\right) du

The first is a Gaussian of the stated resolution (pinholes, wavelength spread), cut at three standard deviations and at
q = 0; the second a slit of length l (Bonse-Hart cameras) [1]_. A curve without resolution is not smeared.

References
----------
.. [1] J. S. Pedersen, D. Posselt and K. Mortensen, J. Appl. Cryst. 23, 321 (1990), doi 10.1107/S0021889890003946.

Checked against: Gaussians and power laws smeared in closed form, in tests/validation/test_form_factors.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .curves import Scattered

REACH = 3.0
PER_SIGMA = 4
MOST = 6000


@dataclass(frozen=True, eq=False)
class Smearing:
    """``matrix @ model(q)`` is what is measured; without matrix the model at ``q`` itself."""

    q: np.ndarray
    matrix: sparse.csr_matrix | np.ndarray | None = None

    def seen(self, model: np.ndarray) -> np.ndarray:
        """The model's values on ``q`` as they are measured."""
        return model if self.matrix is None else np.asarray(self.matrix @ model)


def smearing(data: Scattered) -> Smearing:
    """The smearing of the curve's own resolution."""
    if data.slit is not None:
        return _slit(data.q, data.slit)
    return Smearing(data.q) if data.q_sd is None else _gaussian(data.q, data.q_sd)


def _gaussian(q: np.ndarray, sd: np.ndarray) -> Smearing:
    low, high = max(float((q - REACH * sd).min()), 1e-3 * float(q[0])), float((q + REACH * sd).max())
    grid = [low]
    floor = (high - low) / MOST
    while grid[-1] < high:
        grid.append(grid[-1] + max(float(np.interp(grid[-1], q, sd)) / PER_SIGMA, floor))
    at = np.array(grid)
    step = np.gradient(at)
    rows = []
    for place, width in zip(q, sd, strict=True):
        width = max(float(width), float(np.interp(place, at, step)) / 2)
        first, last = np.searchsorted(at, [place - REACH * width, place + REACH * width])
        weight = np.zeros(len(at))
        weight[first:last] = np.exp(-(((at[first:last] - place) / width) ** 2) / 2) * step[first:last]
        rows.append(sparse.csr_matrix(weight / weight.sum()))
    return Smearing(at, sparse.vstack(rows).tocsr())


def _slit(q: np.ndarray, length: float) -> Smearing:
    grid = np.geomspace(float(q[0]), float(np.hypot(q[-1], length)), 1200)
    matrix = np.zeros((len(q), len(grid)))
    for row, place in enumerate(q):
        beyond = np.minimum(grid, np.hypot(place, length))
        u = np.sqrt(np.maximum(beyond**2 - place**2, 0))  # where along the slit each q of the grid is seen
        matrix[row, :-1] += np.diff(u) / 2
        matrix[row, 1:] += np.diff(u) / 2
    return Smearing(grid, matrix / matrix.sum(axis=1, keepdims=True))
