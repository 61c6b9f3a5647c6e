"""
How far predicted radial distribution functions lie from measured ones, one number a row, and what that says of all.

- log_error: root mean square of ln (g + 0.02) over the bins where either of both exceeds 0.02;
- peak_r, peak_g: distance of the first peaks in r, and of their heights as a share of the measured one;
- state: whether both show the same state; covered: share of those bins inside the band.

Intervals of medians and means are percentiles over resampled rows.

Checked against: curves whose differences are known, in tests/measure/test_rdf_scores.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import rdf

FLOOR = 0.02
RESAMPLED = 2000


@dataclass(frozen=True, eq=False)
class RdfScores:
    """One number a row; NaN where there was no band, no diameter or no peak."""

    log_error: np.ndarray
    peak_r: np.ndarray
    peak_g: np.ndarray
    state: np.ndarray
    covered: np.ndarray
    r2: float


def compare(
    r: np.ndarray,
    measured: np.ndarray,
    predicted: np.ndarray,
    *,
    diameter: np.ndarray | None = None,
    band: tuple[np.ndarray, np.ndarray] | None = None,
) -> RdfScores:
    """Scores of ``predicted`` (rows, bins) against ``measured``, of which NaN bins are left out."""
    known = np.isfinite(measured)
    truth, guess = (np.log(np.where(known, g, 0) + FLOOR) for g in (measured, predicted))
    seen = known & ((measured > FLOOR) | (predicted > FLOOR))
    peaks = np.array([[rdf.first_peak(r, g) for g in many] for many in (measured, predicted)])
    state = np.full(len(measured), np.nan)
    if diameter is not None:
        state = np.array(
            [float(rdf.state(r, a, d) == rdf.state(r, b, d)) for a, b, d in zip(measured, predicted, diameter, strict=True)]
        )
    covered = np.full(len(measured), np.nan)
    if band is not None:
        covered = _share((measured >= band[0] - 1e-9) & (measured <= band[1] + 1e-9), seen)
    total = ((truth - truth.mean(0)) ** 2)[known].sum()
    return RdfScores(
        log_error=np.sqrt(_share((guess - truth) ** 2, seen)),
        peak_r=np.abs(peaks[1, :, 0] - peaks[0, :, 0]),
        peak_g=np.abs(peaks[1, :, 1] / peaks[0, :, 1] - 1),
        state=state,
        covered=covered,
        r2=float(1 - ((guess - truth) ** 2)[known].sum() / max(float(total), 1e-30)),
    )


def _share(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    return np.asarray((values * where).sum(1) / np.maximum(where.sum(1), 1))


def interval(values: np.ndarray, *, rng: np.random.Generator, mean: bool = False) -> tuple[float, float, float]:
    """Median (or mean) of the finite ``values`` with its 95 % interval over resampled rows; NaN where there is none."""
    kept = values[np.isfinite(values)]
    if not len(kept):
        return np.nan, np.nan, np.nan
    take = np.mean if mean else np.median
    drawn = take(kept[rng.integers(0, len(kept), (RESAMPLED, len(kept)))], axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(take(kept)), float(low), float(high)
