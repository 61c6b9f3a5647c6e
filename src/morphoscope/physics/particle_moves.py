"""
The inner loops of ``particle_mc``, compiled by numba at first use; import this module only where they are to run.

Positions ``x`` are (particle, axis) in a periodic cube; ``u`` holds the energies of all pairs and stays in step with
them. ``table`` gives the pair energy at equal steps of the squared distance, ``per_r2`` of them per unit, the last of
them zero. ``done`` counts attempts and acceptances, one row each for steps, hops and clusters.
"""

from __future__ import annotations

import numba
import numpy as np

STEP, HOP, CLUSTER = 0, 1, 2


@numba.njit(cache=True)
def squared(x: float, y: float, z: float, other: np.ndarray, j: int, box: float) -> float:
    """Squared distance of a place in the box and the nearest image of row ``j`` of ``other``."""
    x, y, z = abs(x - other[j, 0]), abs(y - other[j, 1]), abs(z - other[j, 2])
    x, y, z = min(x, box - x), min(y, box - y), min(z, box - z)
    return x * x + y * y + z * z


@numba.njit(cache=True)
def looked_up(table, per_r2, r2):  # type: ignore[no-untyped-def]
    """Energy of a pair at squared distance ``r2``."""
    return table[min(int(r2 * per_r2), len(table) - 1)]


@numba.njit(cache=True)
def all_energies(x: np.ndarray, box: float, table: np.ndarray, per_r2: float) -> np.ndarray:
    """Energies of all pairs, zero on the diagonal."""
    n = len(x)
    u = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            u[i, j] = u[j, i] = looked_up(table, per_r2, squared(x[i, 0], x[i, 1], x[i, 2], x, j, box))
    return u


@numba.njit(cache=True)
def try_single(rng, x, u, i, new, bias, box, table, per_r2):  # type: ignore[no-untyped-def]
    """Move particle ``i`` to ``new`` if the Metropolis rule, with ``bias`` added to its logarithm, allows it."""
    n = len(x)
    row = np.empty(n)
    for j in range(n):
        row[j] = looked_up(table, per_r2, squared(new[0], new[1], new[2], x, j, box))
    row[i] = 0.0
    change = row.sum() - u[i].sum() - bias
    if change > 0 and rng.random() >= np.exp(-change):
        return 0
    x[i] = new
    u[i] = row
    u[:, i] = row
    return 1


@numba.njit(cache=True)
def step(rng, x, u, size, box, table, per_r2):  # type: ignore[no-untyped-def]
    """A small step of one particle."""
    i = rng.integers(0, len(x))
    new = np.empty(3)
    for axis in range(3):
        new[axis] = (x[i, axis] + size * (2 * rng.random() - 1)) % box
    return try_single(rng, x, u, i, new, 0.0, box, table, per_r2)


@numba.njit(cache=True)
def hop_density(density: np.ndarray, width: float, r2: float, box: float) -> float:
    """Density with which a hop lands at squared distance ``r2`` from its target."""
    at = int(np.sqrt(r2) / width)
    return 0.5 / box**3 + (0.5 * density[at] if at < len(density) else 0.0)


@numba.njit(cache=True)
def hop(rng, x, u, box, table, per_r2, cumulated, density, width):  # type: ignore[no-untyped-def]
    """A hop of particle i, which counts as being around j, to a place around k or anywhere."""
    n = len(x)
    i = rng.integers(0, n)
    j = (i + rng.integers(1, n)) % n
    k = (i + rng.integers(1, n)) % n
    new = np.empty(3)
    if rng.random() < 0.5:
        share = rng.random()
        shell = min(np.searchsorted(cumulated, share), len(density) - 1)
        before = cumulated[shell - 1] if shell > 0 else 0.0
        inner, outer = (width * shell) ** 3, (width * (shell + 1)) ** 3
        distance = np.cbrt(inner + (outer - inner) * (share - before) / (cumulated[shell] - before))
        length = 0.0
        for axis in range(3):
            new[axis] = rng.standard_normal()
            length += new[axis] ** 2
        for axis in range(3):
            new[axis] = (x[k, axis] + new[axis] * distance / np.sqrt(length)) % box
    else:
        for axis in range(3):
            new[axis] = box * rng.random()
    back = hop_density(density, width, squared(x[i, 0], x[i, 1], x[i, 2], x, j, box), box)
    there = hop_density(density, width, squared(new[0], new[1], new[2], x, k, box), box)
    return try_single(rng, x, u, i, new, np.log(back / there), box, table, per_r2)


@numba.njit(cache=True)
def members(x: np.ndarray, seed: int, reach: float, box: float) -> np.ndarray:
    """Which particles hang together with ``seed`` by distances below ``reach``."""
    n = len(x)
    inside = np.zeros(n, dtype=np.bool_)
    inside[seed] = True
    queue = np.empty(n, dtype=np.int64)
    queue[0] = seed
    first, last = 0, 1
    while first < last:
        i = queue[first]
        for j in range(n):
            if not inside[j] and squared(x[i, 0], x[i, 1], x[i, 2], x, j, box) < reach**2:
                inside[j] = True
                queue[last] = j
                last += 1
        first += 1
    return inside


@numba.njit(cache=True)
def move_cluster(rng, x, u, size, reach, box, table, per_r2):  # type: ignore[no-untyped-def]
    """A rigid step of the cluster around one particle, refused where it would touch another."""
    n = len(x)
    inside = members(x, rng.integers(0, n), reach, box)
    move = np.empty(3)
    for axis in range(3):
        move[axis] = size * (2 * rng.random() - 1)
    new = x.copy()
    for i in range(n):
        if inside[i]:
            for axis in range(3):
                new[i, axis] = (x[i, axis] + move[axis]) % box
    change, changed = 0.0, u.copy()
    for i in range(n):
        if not inside[i]:
            continue
        for j in range(n):
            if inside[j]:
                continue
            r2 = squared(new[i, 0], new[i, 1], new[i, 2], new, j, box)
            if r2 < reach**2:
                return 0
            changed[i, j] = changed[j, i] = looked_up(table, per_r2, r2)
            change += changed[i, j] - u[i, j]
    if change > 0 and rng.random() >= np.exp(-change):
        return 0
    x[:] = new
    u[:] = changed
    return 1


@numba.njit(cache=True)
def count_pairs(x: np.ndarray, box: float, width: float, histogram: np.ndarray) -> None:
    """Add the pairs of ``x`` to the bins of ``histogram``."""
    n = len(x)
    for i in range(n):
        for j in range(i):
            at = int(np.sqrt(squared(x[i, 0], x[i, 1], x[i, 2], x, j, box)) / width)
            if at < len(histogram):
                histogram[at] += 1


@numba.njit(cache=True)
def run(
    rng, x, u, sweeps, hops, clusters, sizes, reaches, box, table, per_r2, cumulated, density, width, bin_width, done, histogram
):  # type: ignore[no-untyped-def]
    """
    ``sweeps`` of one try a particle, a share ``hops`` of them hops, and of ``clusters`` cluster moves.

    Gives the mean energy per particle and fills ``histogram``.
    """
    n = len(x)
    energy = 0.0
    for sweep in range(sweeps):
        for _ in range(n):
            if rng.random() < hops:
                done[HOP, 0] += 1
                done[HOP, 1] += hop(rng, x, u, box, table, per_r2, cumulated, density, width)
            else:
                done[STEP, 0] += 1
                done[STEP, 1] += step(rng, x, u, sizes[0], box, table, per_r2)
        for _ in range(clusters):
            size = sizes[1] * 4 ** (2 * rng.random() - 1)
            reach = reaches[rng.integers(0, len(reaches))]
            done[CLUSTER, 0] += 1
            done[CLUSTER, 1] += move_cluster(rng, x, u, size, reach, box, table, per_r2)
        energy += u.sum() / (2 * n)
        if sweep % 4 == 0:
            count_pairs(x, box, bin_width, histogram)
    return energy / sweeps
