r"""
Radial distribution function of particles in a periodic box, with errors, peaks and the state it shows.

.. math:: g(r) = \frac{\sum_t N_t(r)}{\sum_t \frac{n (n - 1)}{2 V_t} \; v(r)}

N_t(r) is the number of pairs in frame t whose distance lies in a bin of spherical-shell volume v(r), n the number of
particles and V_t the volume of the box. With n (n - 1) an ideal gas of any number of particles has g = 1 [1]_.
Distances beyond half the shortest edge of the box are NaN.

**Errors.** The frames are cut into blocks in time; the block error is the standard error of the blocks' mean. Blocks do
not show what never happens during a run, so simulations are run from two starts, and the error of their mean is the larger
of the block error and half their difference.

**States** follow from the highest peak: *dispersed* where g stays below 2 or the peak lies beyond D + 1.6 bead diameters;
else *aggregated* where it lies below D + 0.5, with no room for a bead between two surfaces; else *bridged*.

References
----------
.. [1] M. P. Allen, D. J. Tildesley, Computer Simulation of Liquids, 2nd ed., Oxford 2017, section 2.6.

Checked against: freud's RDF with ``normalization_mode="finite_size"``, in tests/measure/test_rdf.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError

R_MAX = 10.0
BIN = 0.1
CONTACT, BRIDGE = 0.5, 1.6
"""Room between surfaces, in beads, up to which two particles touch, and up to which one layer of beads bridges them."""
PEAK = 2.0
"""g below which nothing counts as a peak of aggregated or bridged particles."""


STATES = ("aggregated", "bridged", "dispersed")


@dataclass(frozen=True, eq=False)
class Counts:
    """Pairs by distance: ``counts`` between ``edges``, from frames whose n (n - 1) / 2 V sum up to ``pairs_per_volume``."""

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
        """The radial distribution function; NaN in bins that reach beyond ``r_max``."""
        shells = 4 / 3 * np.pi * np.diff(self.edges**3)
        g = self.counts / (self.pairs_per_volume * shells)
        return np.where(self.edges[1:] > self.r_max + 1e-9, np.nan, g)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            edges=self.edges,
            counts=self.counts + other.counts,
            pairs_per_volume=self.pairs_per_volume + other.pairs_per_volume,
            r_max=min(self.r_max, other.r_max),
        )


@dataclass(frozen=True, eq=False)
class Rdf:
    """g at ``r`` with one standard ``error``; ``blocks`` holds g of each block in time, ``counts`` the pairs found."""

    r: np.ndarray
    g: np.ndarray
    error: np.ndarray
    counts: np.ndarray
    blocks: np.ndarray


def count(positions: np.ndarray, lengths: np.ndarray, *, r_max: float = R_MAX, width: float = BIN) -> Counts:
    """Count pairs by distance in all frames of ``positions`` (frame, particle, axis) with box ``lengths`` (frame, axis)."""
    if positions.shape[1] < 2:
        raise InputError(f"a pair distribution needs at least 2 particles, not {positions.shape[1]}")
    edges = np.arange(round(r_max / width) + 1) * width
    first, second = np.triu_indices(positions.shape[1], 1)
    counts = np.zeros(len(edges) - 1, dtype=int)
    for x, box in zip(positions, lengths, strict=True):
        d = x[first] - x[second]
        d -= box * np.rint(d / box)
        counts += np.histogram(np.sqrt((d**2).sum(axis=1)), edges)[0]
    pairs = float((len(first) / np.prod(lengths, axis=1)).sum())
    return Counts(edges=edges, counts=counts, pairs_per_volume=pairs, r_max=float(min(lengths.min() / 2, r_max)))


def rdf(positions: np.ndarray, lengths: np.ndarray, *, r_max: float = R_MAX, width: float = BIN, blocks: int = 10) -> Rdf:
    """g(r) over all frames, with its error from ``blocks`` blocks in time (fewer where there are fewer frames)."""
    parts = np.array_split(np.arange(len(positions)), max(1, min(blocks, len(positions))))
    if not len(positions):
        raise InputError("the trajectory holds no frames")
    return from_blocks([count(positions[p], lengths[p], r_max=r_max, width=width) for p in parts])


def from_blocks(parts: list[Counts]) -> Rdf:
    """g(r) and its error from the counts of blocks in time."""
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    each = np.array([part.g for part in parts])
    spread = np.full(len(whole.r), np.nan)
    if len(parts) > 1:
        spread = each.std(axis=0, ddof=1) / np.sqrt(len(parts))
    return Rdf(r=whole.r, g=whole.g, error=spread, counts=whole.counts, blocks=each)


def joined(starts: list[Rdf]) -> Rdf:
    """The mean of simulations from different starts; its error is max(block error, half the difference of the starts)."""
    if len(starts) == 1:
        return starts[0]
    g = np.array([start.g for start in starts])
    block = np.sqrt(np.sum([start.error**2 for start in starts], axis=0)) / len(starts)
    between = (g.max(axis=0) - g.min(axis=0)) / 2
    return Rdf(
        r=starts[0].r,
        g=g.mean(axis=0),
        error=np.fmax(block, between),
        counts=np.sum([start.counts for start in starts], axis=0),
        blocks=np.concatenate([start.blocks for start in starts]),
    )


def converged(starts: list[Rdf], diameter: float, *, tolerance: float = 0.15) -> bool:
    """
    Whether simulations from different starts agree: in contact, bridged and beyond.

    In each of the three ranges of r the means of r^2 g must agree within two combined block errors, where these are
    below half the mean, or within ``tolerance``. A single start, or a single block, never counts as converged.
    """
    if len(starts) < 2 or any(len(start.blocks) < 3 for start in starts):
        return False
    for low, high in ((0.0, diameter + CONTACT), (diameter + CONTACT, diameter + BRIDGE), (diameter + BRIDGE, np.inf)):
        means, errors = zip(*(_shell_mean(start, low, high) for start in starts), strict=True)
        apart, middle = max(means) - min(means), float(np.mean(means))
        allowed = 2 * float(np.hypot.reduce(errors))
        sure = float(np.hypot.reduce(errors)) < max(middle, 0.1) / 2
        if apart > tolerance * middle and not (sure and apart <= allowed):
            return False
    return True


def _shell_mean(one: Rdf, low: float, high: float) -> tuple[float, float]:
    inside = (one.r >= low) & (one.r < high) & np.isfinite(one.g)
    if not inside.any():
        return 0.0, 0.0
    weight = one.r[inside] ** 2
    means = (one.blocks[:, inside] * weight).sum(axis=1) / weight.sum()
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(len(means)))


def first_peak(r: np.ndarray, g: np.ndarray) -> tuple[float, float]:
    """Position and height of the first local maximum that is at least half as high as the highest; NaN where g is 0."""
    g = np.where(np.isfinite(g), g, 0.0)
    if g.max(initial=0.0) <= 0:
        return np.nan, np.nan
    before, after = np.concatenate([[-1.0], g[:-1]]), np.concatenate([g[1:], [-1.0]])
    k = int(np.flatnonzero((g >= before) & (g > after) & (g >= g.max() / 2))[0])
    return float(r[k]), float(g[k])


def state(r: np.ndarray, g: np.ndarray, diameter: float) -> str:
    """ "aggregated", "bridged" or "dispersed", by the rules above."""
    g = np.where(np.isfinite(g), g, 0.0)
    highest = int(g.argmax())
    if g[highest] < PEAK or r[highest] >= diameter + BRIDGE:
        return "dispersed"
    return "aggregated" if r[highest] < diameter + CONTACT else "bridged"


def shells(r: np.ndarray, g: np.ndarray, diameter: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The highest g in contact, of one bridging layer, and beyond, for curves ``g`` (..., row, bin) of rows of ``diameter``."""
    g = np.where(np.isfinite(g), g, 0.0)
    near, far = (r[None] < (np.asarray(diameter) + room)[:, None] for room in (CONTACT, BRIDGE))
    highest = [np.where(inside, g, 0.0).max(-1) for inside in (near, far & ~near, ~far)]
    return highest[0], highest[1], highest[2]


def states(r: np.ndarray, g: np.ndarray, diameter: np.ndarray) -> np.ndarray:
    """The place in ``STATES`` of many curves at once, by the same rules."""
    touching, bridged, beyond = shells(r, g, diameter)
    together = np.maximum(touching, bridged)
    loose = (together < beyond) | (np.maximum(together, beyond) < PEAK)
    return np.asarray(np.where(loose, 2, np.where(touching >= bridged, 0, 1)))


def coordination(one: Rdf | Counts, density: float, reach: float) -> float:
    """Mean number of neighbours nearer than ``reach`` at ``density`` particles per volume."""
    inside = one.r < reach
    width = one.r[1] - one.r[0]
    return float(4 * np.pi * density * np.nansum(one.g[inside] * one.r[inside] ** 2) * width)
