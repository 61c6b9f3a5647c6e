r"""
Aggregates of particles in a periodic box: contacts, clusters, and the structure factor.

.. math:: S(\mathbf{q}) = \frac{1}{n} \left\langle \left| \sum_j e^{i \mathbf{q} \cdot \mathbf{r}_j} \right|^2 \right\rangle

over the wave vectors that fit the box, averaged in shells of q. Two particles belong to one cluster if a chain of
neighbours nearer than ``reach`` joins them.

Checked against: freud's clusters and direct structure factor, in tests/measure/test_rdf.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True)
class Clusters:
    """Means over frames: neighbours of a particle, clusters in a frame, particles in the largest, share of lone particles."""

    contacts: float
    clusters: float
    largest: float
    alone: float


def clusters(positions: np.ndarray, lengths: np.ndarray, *, reach: float) -> Clusters:
    """Contacts and clusters of particles nearer than ``reach``."""
    rows = np.array([_clusters(x, box, reach) for x, box in zip(positions, lengths, strict=True)])
    return Clusters(*rows.mean(axis=0).tolist())


def labels(x: np.ndarray, box: np.ndarray, *, reach: float) -> np.ndarray:
    """The number of the cluster of each particle in one frame."""
    return np.asarray(connected_components(_touching(x, box, reach), directed=False)[1])


def _touching(x: np.ndarray, box: np.ndarray, reach: float) -> np.ndarray:
    d = x[:, None] - x[None]
    d -= box * np.rint(d / box)
    near = (d**2).sum(axis=-1) < reach**2
    np.fill_diagonal(near, False)
    return np.asarray(near)


def _clusters(x: np.ndarray, box: np.ndarray, reach: float) -> tuple[float, float, float, float]:
    near = _touching(x, box, reach)
    sizes = np.bincount(connected_components(near, directed=False)[1])
    return float(near.sum() / len(x)), float(len(sizes)), float(sizes.max()), float((sizes == 1).sum() / len(x))


def structure_factor(
    positions: np.ndarray, lengths: np.ndarray, *, q_max: float = 3.0, shells: int = 60, most_frames: int = 200
) -> tuple[np.ndarray, np.ndarray]:
    """Mean q and S of shells that hold a wave vector of the (mean) box, up to ``q_max``, from at most ``most_frames`` frames."""
    chosen = np.unique(np.linspace(0, len(positions) - 1, min(most_frames, len(positions))).round().astype(int))
    box = lengths.mean(axis=0)
    reach = np.floor(q_max * box / (2 * np.pi)).astype(int)
    whole = np.stack(np.meshgrid(*[np.arange(-n, n + 1) for n in reach], indexing="ij"), axis=-1).reshape(-1, 3)
    whole = whole[len(whole) // 2 + 1 :]  # q and -q are the same; the middle one is 0
    q = np.linalg.norm(2 * np.pi * whole / box, axis=1)
    whole, q = whole[q <= q_max], q[q <= q_max]
    power = np.zeros(len(q))
    for k in chosen:
        phase = 2 * np.pi * (positions[k] / lengths[k]) @ whole.T
        power += np.cos(phase).sum(axis=0) ** 2 + np.sin(phase).sum(axis=0) ** 2
    power /= len(chosen) * positions.shape[1]
    shell = np.minimum((q / q_max * shells).astype(int), shells - 1)
    members = np.bincount(shell, minlength=shells)
    kept = members > 0
    return tuple(np.bincount(shell, v, shells)[kept] / members[kept] for v in (q, power))  # type: ignore[return-value]
