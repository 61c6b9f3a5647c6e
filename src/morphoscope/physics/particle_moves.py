"""
The inner loops of ``particle_mc``, compiled by numba at first use; import this module only where they are to run.

Positions ``x`` are (particle, axis) in a periodic cube; ``u`` holds the energies of all pairs and stays in step with
them. ``table`` gives the pair energy at equal steps of the squared distance, ``per_r2`` of them per unit, the last of
them zero. ``luck`` are random numbers between 0 and 1, as many as one move may need. Each move says whether it was made.
"""

from __future__ import annotations

import numba
import numpy as np

Array = np.ndarray
STEP, HOP, CLUSTER = 0, 1, 2
LUCK = 9
"""Random numbers that a move may need."""


@numba.njit(cache=True)
def squared(place: Array, other: Array, box: float) -> float:
    """Squared distance of a place in the box and the nearest image of another."""
    total = 0.0
    for axis in range(3):
        apart = abs(place[axis] - other[axis])
        apart = min(apart, box - apart)
        total += apart * apart
    return total


@numba.njit(cache=True)
def all_energies(x: Array, box: float, table: Array, per_r2: float) -> Array:
    """Energies of all pairs, zero on the diagonal."""
    n = len(x)
    u = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            u[i, j] = u[j, i] = table[min(int(squared(x[i], x[j], box) * per_r2), len(table) - 1)]
    return u


@numba.njit(cache=True)
def place_single(
    luck: float, x: Array, u: Array, i: int, new: Array, bias: float, box: float, table: Array, per_r2: float
) -> bool:
    """Move particle ``i`` to ``new`` if the Metropolis rule, with ``bias`` added to its logarithm, allows it."""
    n = len(x)
    row = np.empty(n)
    change = -bias
    for j in range(n):
        row[j] = table[min(int(squared(new, x[j], box) * per_r2), len(table) - 1)]
    row[i] = 0.0
    for j in range(n):
        change += row[j] - u[i, j]
    if change > 0 and luck >= np.exp(-change):
        return False
    for axis in range(3):
        x[i, axis] = new[axis]
    for j in range(n):
        u[i, j] = u[j, i] = row[j]
    return True


@numba.njit(cache=True)
def step(luck: Array, x: Array, u: Array, size: float, box: float, table: Array, per_r2: float) -> bool:
    """A small step of one particle."""
    i = int(luck[0] * len(x))
    new = np.empty(3)
    for axis in range(3):
        new[axis] = (x[i, axis] + size * (2 * luck[axis + 1] - 1)) % box
    return place_single(luck[4], x, u, i, new, 0.0, box, table, per_r2)


@numba.njit(cache=True)
def hop_density(density: Array, width: float, r2: float, box: float) -> float:
    """Density with which a hop lands at squared distance ``r2`` from its target."""
    at = int(np.sqrt(r2) / width)
    near = density[at] if at < len(density) else 0.0
    return 0.5 / box**3 + 0.5 * near


@numba.njit(cache=True)
def hop(
    luck: Array, x: Array, u: Array, box: float, table: Array, per_r2: float, cumulated: Array, density: Array, width: float
) -> bool:
    """A hop of particle i, which counts as being around j, to a place around k or anywhere."""
    n = len(x)
    i = int(luck[0] * n)
    j = (i + 1 + int(luck[1] * (n - 1))) % n
    k = (i + 1 + int(luck[2] * (n - 1))) % n
    new = np.empty(3)
    if luck[3] < 0.5:
        shell, before = 0, 0.0
        while shell < len(cumulated) - 1 and cumulated[shell] <= luck[4]:
            before = cumulated[shell]
            shell += 1
        inner, outer = (width * shell) ** 3, (width * (shell + 1)) ** 3
        distance = (inner + (outer - inner) * (luck[4] - before) / (cumulated[shell] - before)) ** (1 / 3)
        up, turn = 2 * luck[5] - 1, 2 * np.pi * luck[6]
        across = np.sqrt(1 - up * up)
        new[0] = (x[k, 0] + distance * across * np.cos(turn)) % box
        new[1] = (x[k, 1] + distance * across * np.sin(turn)) % box
        new[2] = (x[k, 2] + distance * up) % box
    else:
        for axis in range(3):
            new[axis] = box * luck[4 + axis]
    back = hop_density(density, width, squared(x[i], x[j], box), box)
    there = hop_density(density, width, squared(new, x[k], box), box)
    return place_single(luck[7], x, u, i, new, np.log(back / there), box, table, per_r2)


@numba.njit(cache=True)
def members(x: Array, seed: int, reach: float, box: float) -> Array:
    """Which particles hang together with ``seed`` by distances below ``reach``."""
    n = len(x)
    inside = np.zeros(n, dtype=np.bool_)
    inside[seed] = True
    queue = np.empty(n, dtype=np.int64)
    queue[0] = seed
    first, last = 0, 1
    while first < last:
        for j in range(n):
            if not inside[j] and squared(x[queue[first]], x[j], box) < reach * reach:
                inside[j] = True
                queue[last] = j
                last += 1
        first += 1
    return inside


@numba.njit(cache=True)
def move_cluster(luck: Array, x: Array, u: Array, size: float, reaches: Array, box: float, table: Array, per_r2: float) -> bool:
    """A rigid step of the cluster around one particle, refused where it would touch another."""
    n = len(x)
    reach = reaches[int(luck[0] * len(reaches))]
    inside = members(x, int(luck[1] * n), reach, box)
    scale = size * 4.0 ** (2 * luck[2] - 1)
    new, changed = np.empty((n, 3)), np.empty((n, n))
    for i in range(n):
        for axis in range(3):
            new[i, axis] = (x[i, axis] + inside[i] * scale * (2 * luck[3 + axis] - 1)) % box
    change = 0.0
    for i in range(n):
        for j in range(n):
            if inside[i] and not inside[j]:
                r2 = squared(new[i], new[j], box)
                if r2 < reach * reach:
                    return False
                changed[i, j] = table[min(int(r2 * per_r2), len(table) - 1)]
                change += changed[i, j] - u[i, j]
    if change > 0 and luck[6] >= np.exp(-change):
        return False
    for i in range(n):
        for axis in range(3):
            x[i, axis] = new[i, axis]
        for j in range(n):
            if inside[i] and not inside[j]:
                u[i, j] = u[j, i] = changed[i, j]
    return True


@numba.njit(cache=True)
def count_pairs(x: Array, box: float, width: float, histogram: Array) -> None:
    """Add the pairs of ``x`` to the bins of ``histogram``."""
    for i in range(len(x)):
        for j in range(i):
            at = int(np.sqrt(squared(x[i], x[j], box)) / width)
            if at < len(histogram):
                histogram[at] += 1


@numba.njit(cache=True)
def run(
    luck: Array, x: Array, u: Array, hops: float, clusters: int, sizes: Array, reaches: Array, box: float,
    table: Array, per_r2: float, cumulated: Array, density: Array, width: float, bin_width: float, done: Array, histogram: Array,
) -> float:  # fmt: skip
    """
    As many sweeps as ``luck`` has rows: one try a particle, a share ``hops`` of them hops, and ``clusters`` clusters.

    ``done`` counts tries and moves made, one row a kind. Gives the sum over sweeps of the energy per particle.
    """
    n = len(x)
    energy = 0.0
    for sweep in range(len(luck)):
        for move in range(n + clusters):
            drawn = luck[sweep, move]
            if move >= n:
                kind, made = CLUSTER, move_cluster(drawn, x, u, sizes[1], reaches, box, table, per_r2)
            elif drawn[LUCK - 1] < hops:
                kind, made = HOP, hop(drawn, x, u, box, table, per_r2, cumulated, density, width)
            else:
                kind, made = STEP, step(drawn, x, u, sizes[0], box, table, per_r2)
            done[kind, 0] += 1
            done[kind, 1] += made
        for i in range(n):
            for j in range(i):
                energy += u[i, j] / n
        if sweep % 4 == 0:
            count_pairs(x, box, bin_width, histogram)
    return energy
