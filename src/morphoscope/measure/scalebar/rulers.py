"""
Rulers: the row of eleven ticks that some instruments print, whose label is the length from the first to the last.

Checked against: drawn rulers, in tests/measure/test_scalebar_bars.py.
"""

from __future__ import annotations

import numpy as np
from scipy import signal

from .bars import Bar

TICKS = 11
SEARCHED = 0.25
"""Share of the height, from the bottom, in which rulers are looked for."""
PROMINENCES = (25, 60, 110)
EVEN_PX, EVEN = 1.0, 0.08
"""Spacings differ by at most this many pixels, or this share."""


def find(grey: np.ndarray) -> list[Bar]:
    """Rulers near the bottom of an 8-bit plane."""
    height, width = grey.shape
    best: dict[tuple[int, int], list[tuple[int, float, float, float]]] = {}
    for row in range(int(height * (1 - SEARCHED)), height - 1):
        for light in (True, False):
            profile = grey[row : row + 2].astype(np.float64).mean(axis=0)
            profile = profile if light else 255 - profile
            for run in {run for prominence in PROMINENCES if (run := _run(profile, width, prominence))}:
                start, spacing, lift = run
                key = (round(start / 3), round(spacing))
                best.setdefault((key[0] * 2 + int(light), key[1]), []).append((row, start, spacing, lift))
    bars = [_bar(rows, light=bool(key[0] % 2)) for key, rows in best.items() if len(rows) >= 2]
    bars.sort(key=lambda bar: -bar.contrast)
    return bars[:2]


def _run(profile: np.ndarray, width: int, prominence: float) -> tuple[float, float, float] | None:
    """First tick, spacing and height of eleven evenly spaced peaks, or None."""
    peaks, known = signal.find_peaks(np.pad(profile, 1), prominence=prominence, width=(0, 0.02 * width + 3))
    if peaks.size < TICKS:
        return None
    places = peaks - 1
    steps = np.lib.stride_tricks.sliding_window_view(np.diff(places), TICKS - 1)
    mean = steps.mean(axis=1)
    uneven = np.abs(steps - mean[:, None]).max(axis=1) > np.maximum(EVEN_PX, EVEN * mean)
    runs = np.flatnonzero(~uneven & (mean >= 0.015 * width) & (mean <= 0.06 * width))
    if runs.size != 1:
        return None  # none, or more than eleven ticks: something else
    first = int(runs[0])
    fine = np.array([_centre(profile, place) for place in places[first : first + TICKS]])
    spacing, start = np.polyfit(np.arange(TICKS), fine, 1)
    if np.abs(fine - start - spacing * np.arange(TICKS)).max() > max(0.8, 0.05 * spacing):
        return None
    return float(start), float(spacing), float(np.median(known["prominences"][first : first + TICKS]))


def _centre(profile: np.ndarray, place: int) -> float:
    """Centre of gravity of the peak at ``place``."""
    near = np.arange(max(0, place - 2), min(profile.size, place + 3))
    weight = profile[near] - profile[near].min()
    return float(np.sum(near * weight) / max(weight.sum(), 1e-9))


def _bar(rows: list[tuple[int, float, float, float]], *, light: bool) -> Bar:
    start = float(np.median([row[1] for row in rows])) + 0.5
    spacing = float(np.median([row[2] for row in rows]))
    lift = float(np.median([row[3] for row in rows]))
    length = (TICKS - 1) * spacing
    top, bottom = rows[0][0], rows[-1][0] + 2
    return Bar(start, start + length, top, bottom, light, lift, 0.0, min(1.0, lift / 80), kind="ruler")
