"""Overlapping discs whose statistics on pixels are known exactly, without an error of drawing them."""

from __future__ import annotations

import math

import numpy as np


def lens(r, radius):
    """Area shared by two discs whose centres are r apart."""
    half = np.clip(r / (2 * radius), 0, 1)
    return 2 * radius**2 * (np.arccos(half) - half * np.sqrt(1 - half**2))


def outside_discs(rng, size, radius, count):
    """Pixels whose centre lies in none of ``count`` discs thrown at random on a periodic square."""
    centres = rng.random((count, 2)) * size
    offsets = np.arange(-math.ceil(radius), math.ceil(radius) + 2)
    y, x = (np.floor(centres[:, k]).astype(int)[:, None] + offsets for k in (0, 1))
    inside = ((y - centres[:, :1]) ** 2)[:, :, None] + ((x - centres[:, 1:]) ** 2)[:, None, :] <= radius**2
    covered = (y % size * size)[:, :, None] + (x % size)[:, None, :]
    void = np.ones(size * size, bool)
    void[covered[inside]] = False
    return void.reshape(size, size)


def s2_outside_discs(r, size, radius, count):
    """Chance that two pixels r apart are both void: neither of two discs around them holds one of the centres."""
    return (1 - (2 * math.pi * radius**2 - lens(r, radius)) / size**2) ** count


def lineal_path_outside_discs(steps, step_px, size, radius, count):
    """The same for a row of pixels; the discs around them overlap with their neighbours, and with more only within those."""
    disc = math.pi * radius**2
    return (1 - (disc + steps * (disc - lens(step_px, radius))) / size**2) ** count


def over_rings(function, r_max):
    """Mean of ``function`` of distance over the displacements of each radial bin."""
    y, x = np.indices((2 * r_max + 1, 2 * r_max + 1)) - r_max
    r = np.hypot(y, x)
    bins = np.rint(r[r <= r_max]).astype(int)
    return np.bincount(bins, function(r[r <= r_max])) / np.bincount(bins)
