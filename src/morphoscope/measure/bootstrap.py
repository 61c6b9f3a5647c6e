"""
Block bootstrap: intervals of statistics that are ratios of counts over correlated pixels.

An image is cut into blocks of a few correlation lengths [1]_; a statistic that is a sum over pixels, or a
function of such sums, is summed over each block once, and blocks are redrawn with replacement. With B
blocks the spread of the redrawn values is too narrow; it is widened by sqrt(B / (B - 1)) and by Student's
t for B - 1 degrees of freedom.

References
----------
.. [1] P. Hall, Stochastic Process. Appl. 20, 231 (1985), doi 10.1016/0304-4149(85)90212-1.

Checked against: the share of overlapping-disc images whose interval covers the known area fraction, in
tests/validation/test_correlation.py, and the mean of independent numbers, in tests/measure/test_bootstrap.py.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy import stats

from ..errors import InputError

Block = tuple[slice, ...]


def blocks(shape: tuple[int, ...], *, length_px: float) -> tuple[list[Block], int]:
    """
    Blocks that tile ``shape``, at least three ``length_px`` wide where it allows, and the side of one.

    The shorter side holds 3 to 6 blocks in a plane, 2 to 3 in a volume.
    """
    short = min(shape)
    fewest, most = (3, 6) if len(shape) == 2 else (2, 3)
    wanted = 3 * length_px if math.isfinite(length_px) else short
    side = max(1, short // int(np.clip(short // max(wanted, 1), fewest, most)))
    edges = [np.linspace(0, n, max(1, round(n / side)) + 1).astype(int) for n in shape]
    parts = ([slice(int(a), int(b)) for a, b in itertools.pairwise(edge)] for edge in edges)
    return list(itertools.product(*parts)), side


def redraw(count: int, *, rng: np.random.Generator, draws: int) -> np.ndarray:
    """How often each of ``count`` blocks is taken in each of ``draws``: rows that sum to ``count``."""
    if count < 2:
        raise InputError("the image is too small, or too much of it is masked, to be cut into blocks for an interval")
    return rng.multinomial(count, np.full(count, 1 / count), size=draws).astype(float)


def ratios(hits: np.ndarray, places: np.ndarray, *, rng: np.random.Generator, draws: int) -> tuple[np.ndarray, int]:
    """
    Ratios of sums over redrawn blocks, one row a draw, and how many blocks there are to draw from.

    ``hits`` and ``places`` have a row for each block; blocks whose first place is empty are outside the mask.
    """
    used = places[:, 0] > 0
    count = int(used.sum())
    weights = redraw(count, rng=rng, draws=draws)
    total = weights @ places[used]
    return weights @ hits[used] / np.where(total > 0, total, 1), count


def interval(sample: np.ndarray, value: np.ndarray | float, *, count: int) -> tuple[np.ndarray, np.ndarray]:
    """95 % percentile interval of ``sample`` (draws on axis 0) about ``value``, widened for ``count`` blocks; else NaN."""
    value = np.asarray(value, float)
    if not np.isfinite(value).all() or np.isfinite(sample).mean() < 0.9:
        return np.full_like(value, np.nan), np.full_like(value, np.nan)
    factor = stats.t.ppf(0.975, count - 1) / stats.norm.ppf(0.975) * math.sqrt(count / (count - 1))
    low, high = np.nanpercentile(sample, [2.5, 97.5], axis=0)
    return np.minimum(value, value + (low - value) * factor), np.maximum(value, value + (high - value) * factor)


def positive_interval(sample: np.ndarray, value: float, *, count: int) -> tuple[float, float]:
    """The same for one number that cannot be negative."""
    low, high = (float(bound) for bound in interval(sample, value, count=count))
    return (max(0.0, low) if math.isfinite(low) else low), high
