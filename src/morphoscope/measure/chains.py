r"""
Dimensions of linear chains.

.. math:: R^2 = \langle |\mathbf{r}_N - \mathbf{r}_1|^2 \rangle, \qquad
          R_g^2 = \frac{1}{N} \left\langle \sum_i |\mathbf{r}_i - \bar{\mathbf{r}}|^2 \right\rangle

For long ideal chains R^2 / R_g^2 = 6; for N freely jointed bonds of length b, R^2 = N b^2. Lengths are in the
unit of the positions.

Checked against: freely jointed chains, in tests/measure/test_rdf.py; the melt, in tests/validation/test_nanocomposite_melt.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Dimensions:
    """Means over chains; ``stiffness`` is R^2 / ((N - 1) b^2)."""

    end_to_end_squared: float
    gyration_squared: float
    bond: float

    stiffness: float


def dimensions(chains: np.ndarray) -> Dimensions:
    """Dimensions of unwrapped ``chains`` (chain, bead, axis) of at least two beads."""
    bonds = np.linalg.norm(np.diff(chains, axis=1), axis=-1)
    ends = ((chains[:, -1] - chains[:, 0]) ** 2).sum(axis=-1).mean()
    gyration = ((chains - chains.mean(axis=1, keepdims=True)) ** 2).sum(axis=-1).mean()
    stiffness = ends / ((chains.shape[1] - 1) * (bonds**2).mean())
    return Dimensions(float(ends), float(gyration), float(bonds.mean()), float(stiffness))
