r"""
Radial distribution function of particles in a periodic box.

.. math:: g(r) = \frac{\sum_t 2 N_t(r)}{\sum_t n (n - 1) V_t^{-1} \; v(r)}

N_t(r) is the number of pairs in frame t whose distance lies in a bin of spherical-shell volume v(r), n the number of
particles and V_t the volume of the box. With n (n - 1) an ideal gas of any number of particles has g = 1 [1]_.
Distances beyond half the shortest edge of the box are left out.

References
----------
.. [1] M. P. Allen, D. J. Tildesley, Computer Simulation of Liquids, 2nd ed., Oxford 2017, section 2.6.

Checked against: freud's RDF with ``normalization_mode="finite_size"``, in tests/test_rdf.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

R_MAX = 10.0
BIN = 0.1


@dataclass(frozen=True, eq=False)
class Counts:
    """Pairs by distance: ``counts`` in bins between ``edges``; ``pairs_per_volume`` is the sum of n (n - 1) / 2 V over frames."""

    edges: np.ndarray
    counts: np.ndarray
    pairs_per_volume: float
    r_max: float

    @property
    def r(self) -> np.ndarray:
        """Centres of the bins."""
        return np.asarray((self.edges[1:] + self.edges[:-1]) / 2)

    @property
    def g(self) -> np.ndarray:
        """The radial distribution function; NaN in bins that reach beyond ``r_max``, half the box."""
        shells = 4 / 3 * np.pi * np.diff(self.edges**3)
        g = self.counts / np.maximum(self.pairs_per_volume * shells, 1e-300)
        return np.where(self.edges[1:] > self.r_max + 1e-9, np.nan, g)


def count(positions: np.ndarray, lengths: np.ndarray, *, r_max: float = R_MAX, width: float = BIN) -> Counts:
    """Count pairs by distance in all frames of ``positions`` (frame, particle, axis) with box ``lengths`` (frame, axis)."""
    edges = np.arange(round(r_max / width) + 1) * width
    first, second = np.triu_indices(positions.shape[1], 1)
    counts = np.zeros(len(edges) - 1, dtype=int)
    for x, box in zip(positions, lengths, strict=True):
        d = x[first] - x[second]
        d -= box * np.rint(d / box)
        counts += np.histogram(np.sqrt((d**2).sum(axis=1)), edges)[0]
    pairs = float((len(first) / np.prod(lengths, axis=1)).sum())
    return Counts(edges=edges, counts=counts, pairs_per_volume=pairs, r_max=float(min(lengths.min() / 2, r_max)))
