"""
What the statistics cost: against their own Fourier transforms, and against PoreSpy where it can be imported.

Run with ``pytest benchmarks/test_statistics.py -s``. Bounds are on ratios within one run: S2 of 1024 x 1024
pixels in 5 times its two transforms; not slower than PoreSpy but for local thickness. The table is printed at the end; PoreSpy's column is empty without it.
"""

import importlib.util
import time
import warnings

import numpy as np
import pytest
from scipy import fft, ndimage

from morphoscope.measure import chords, correlation, lineal_path, minkowski, spectrum, thickness

SIZE = 1024
ROWS: list[tuple[str, float, float | None]] = []


@pytest.fixture(scope="module")
def phase():
    """Blobs of a few pixels, half of the area."""
    noise = np.random.default_rng(0).standard_normal((SIZE, SIZE))
    return ndimage.gaussian_filter(noise, 4, mode="wrap") > 0


@pytest.fixture(scope="module", autouse=True)
def table():
    """Print what was found."""
    yield
    for name, ours, theirs in ROWS:
        beside = "" if theirs is None else f"  porespy {1000 * theirs:9.1f} ms  {theirs / ours:7.1f} times"
        print(f"\n{name:28s} {1000 * ours:9.1f} ms{beside}", end="")


def porespy():
    """The module, or None."""
    if importlib.util.find_spec("porespy") is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("porespy")


def seconds(call, rounds=5):
    """Shortest of a few runs, after one to warm up."""
    call()
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


def transforms(size):
    """The two real transforms that S2 cannot do without."""
    field = np.random.default_rng(1).random((size, size))
    return seconds(lambda: fft.irfft2(fft.rfft2(field, workers=2), s=field.shape, workers=2))


def test_s2_costs_little_more_than_its_transforms(phase):
    ours = seconds(lambda: correlation.two_point(phase, r_max=256))
    padded = transforms(fft.next_fast_len(SIZE + 256, real=True))
    ROWS.append(("transforms of S2", padded, None))
    other = porespy()
    theirs = None if other is None else seconds(lambda: other.metrics.two_point_correlation(phase.astype(int)), rounds=1)
    ROWS.append(("S2, r to 256 px", ours, theirs))
    full = seconds(lambda: correlation.two_point(phase, r_max=512))
    ROWS.append(("S2, r to 512 px", full, theirs))
    assert ours < 5 * padded
    assert theirs is None or theirs > ours


@pytest.mark.parametrize("name, ours, theirs", [
    ("lineal path, 256 steps", lambda p: lineal_path.lineal_path(p, direction=(0, 1), z_max=256), lambda ps, p: (
        ps.metrics.lineal_path_distribution(ps.filters.distance_transform_lin(p.astype(int), axis=1, mode="forward")))),
    ("chord lengths", lambda p: chords.chord_lengths(p, direction=(0, 1)), lambda ps, p: (
        ps.metrics.chord_length_distribution(ps.filters.apply_chords(p, axis=1, spacing=0)))),
    ("local thickness, 25 sizes", lambda p: thickness.local_thickness(p, sizes=25), lambda ps, p: (
        ps.filters.local_thickness(p, sizes=25))),
    ("Minkowski functionals", lambda p: minkowski.minkowski(p), None),
    ("power spectrum, radial", lambda p: spectrum.radial(spectrum.power_spectrum(p.astype(float))), None),
])  # fmt: skip
def test_the_rest_is_not_slower(phase, name, ours, theirs):
    other = porespy() if theirs is not None else None
    taken = seconds(lambda: ours(phase), rounds=3)
    beside = None if other is None else seconds(lambda: theirs(other, phase), rounds=1)
    ROWS.append((name, taken, beside))
    assert taken < 10
    assert beside is None or taken < (6 if "thickness" in name else 1.2) * beside  # thickness: still behind
