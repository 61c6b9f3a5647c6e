"""
What the statistics cost, beside PoreSpy where it is installed and beside their own Fourier transforms.

``python benchmarks/statistics_speed.py`` prints the table and writes it to statistics_speed.csv; it needs porespy for
the second column. Both programs run in turn on the same picture, with every thread they take by themselves, and the
shortest of several runs counts: of the time on the clock, and of processor time over all threads, which is what is
left to compare where other programs keep the machine busy. Pictures are blobs of a few pixels that fill half of the area.

S2 to 512 px is what PoreSpy computes (half of the side); it pads to 2048 px and transforms the picture and its frame,
four transforms in all. Local thickness is asked for as many radii as PoreSpy takes there, which are whole pixels.
Tried here, on 1024 x 1024 pixels, until it cost as little as it does:

1. whole real transforms in double precision, padded to the side and r_max: 20 times faster than PoreSpy to 256 px,
   13 times to 512 px;
2. in single precision, checked afterwards (every sum must lie near a whole number, or it is done again), rows that are
   empty or not wanted left out of the transforms, a few columns at a time: 60 and 25 times;
3. directions folded before the last transform, so that a quarter of the displacements is binned, columns in threads: the
   table.
"""

from __future__ import annotations

import csv
import importlib
import importlib.util
import os
import platform
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import fft, ndimage

from morphoscope.measure import chords, correlation, lineal_path, minkowski, pairs, spectrum, thickness

TABLE = Path(__file__).with_suffix(".csv")


def blobs(*shape: int) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal(shape)
    return ndimage.gaussian_filter(noise, 4, mode="wrap") > 0


def porespy() -> Any:
    """The module, or None."""
    if importlib.util.find_spec("porespy") is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = importlib.import_module("porespy")
    module.settings.tqdm["disable"] = True
    return module


def transforms(size: int, precision: type) -> Callable[[np.ndarray], object]:
    """The two real transforms of the padded picture that S2 cannot do without."""
    length = fft.next_fast_len(size, real=True)
    field = np.random.default_rng(1).random((length, length)).astype(precision)
    return lambda _: fft.irfft2(fft.rfft2(field, workers=pairs.WORKERS), s=field.shape, workers=pairs.WORKERS)


Case = tuple[str, Callable[[np.ndarray], object], Callable[[Any, np.ndarray], object] | None]
PLANE: list[Case] = [
    ("S2, r to 256 px", lambda p: correlation.two_point(p, r_max=256), lambda ps, p: ps.metrics.two_point_correlation(p)),
    ("S2, r to 512 px", lambda p: correlation.two_point(p, r_max=512), lambda ps, p: ps.metrics.two_point_correlation(p)),
    ("two transforms for r to 256 px, single precision", transforms(1280, np.float32), None),
    ("two transforms for r to 512 px, single precision", transforms(1536, np.float32), None),
    ("two transforms for r to 512 px, double precision", transforms(1536, np.float64), None),
    (
        "lineal path, 256 steps",
        lambda p: lineal_path.lineal_path(p, direction=(0, 1), z_max=256),
        lambda ps, p: ps.metrics.lineal_path_distribution(ps.filters.distance_transform_lin(p, axis=1, mode="forward")),
    ),
    (
        "chord lengths (PoreSpy: of every second row)",
        lambda p: chords.chord_lengths(p, direction=(0, 1)),
        lambda ps, p: ps.metrics.chord_length_distribution(ps.filters.apply_chords(p, axis=1, spacing=1)),
    ),
    (
        "local thickness, 17 radii",
        lambda p: thickness.local_thickness(p, sizes=17),
        lambda ps, p: ps.filters.local_thickness(p, sizes=17),
    ),
    ("Minkowski functionals", lambda p: minkowski.minkowski(p), None),
    ("power spectrum, radial", lambda p: spectrum.radial(spectrum.power_spectrum(p.astype(float))), None),
]
VOLUME: list[Case] = [
    ("S2, r to 48 voxels", lambda p: correlation.two_point(p, r_max=48), lambda ps, p: ps.metrics.two_point_correlation(p)),
    (
        "lineal path, 48 steps",
        lambda p: lineal_path.lineal_path(p, direction=(0, 0, 1), z_max=48),
        lambda ps, p: ps.metrics.lineal_path_distribution(ps.filters.distance_transform_lin(p, axis=2, mode="forward")),
    ),
    (
        "local thickness, 12 radii",
        lambda p: thickness.local_thickness(p, sizes=12),
        lambda ps, p: ps.filters.local_thickness(p, sizes=12),
    ),
]


def cost(call: Callable[[], object]) -> np.ndarray:
    """Seconds on the clock and of processor time."""
    start = time.perf_counter(), time.process_time()
    call()
    return np.array([time.perf_counter() - start[0], time.process_time() - start[1]])


def measured(case: Case, phase: np.ndarray, other: Any, rounds: int = 2) -> tuple[np.ndarray, np.ndarray | None]:
    """Least cost of ours and theirs, in turn, after one run of each to warm up."""
    _, ours, theirs = case
    beside = None if other is None or theirs is None else (lambda: theirs(other, phase))
    found: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for number in range(rounds + 1):
        mine = np.min([cost(lambda: ours(phase)) for _ in range(3)], axis=0)
        his = cost(beside) if beside else None
        if number:
            found[0].append(mine)
            found[1].extend([] if his is None else [his])
    return np.min(found[0], axis=0), np.min(found[1], axis=0) if found[1] else None


def main() -> None:
    other = porespy()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, numpy {np.__version__}, {time.strftime('%Y-%m')}"
    beside = "without porespy" if other is None else f"porespy {other.__version__}"
    rows = []
    for where, phase, cases in (("1024 x 1024", blobs(1024, 1024), PLANE), ("96 x 96 x 96", blobs(96, 96, 96), VOLUME)):
        for case in cases:
            ours, theirs = measured(case, phase, other)
            ratio = (
                ["", "", "", ""]
                if theirs is None
                else [*(f"{1e3 * t:.4g}" for t in theirs), *(f"{t:.3g}" for t in theirs / ours)]
            )
            rows.append([case[0], where, *(f"{1e3 * t:.4g}" for t in ours), *ratio])
            print(
                "  ".join(f"{cell:>10}" if k > 1 else f"{cell:<48}" if k == 0 else cell for k, cell in enumerate(rows[-1])),
                flush=True,
            )
    with TABLE.open("w", newline="", encoding="utf-8") as stream:
        stream.write(f"# {machine}; {beside}; milliseconds\n")
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(
            ["what", "size", "clock", "processor", "porespy clock", "porespy processor", "ratio clock", "ratio processor"]
        )
        table.writerows(rows)


if __name__ == "__main__":
    main()
