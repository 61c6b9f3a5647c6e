"""Averages of patterns against loops over pixels, counts of known rate, and a published pair of pattern and average."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from morphoscope.core import Pattern
from morphoscope.errors import BadParameter, InputError
from morphoscope.io import read
from morphoscope.measure.scattering import azimuthal, centre, plane


def pattern(rng, shape=(23, 31), *, error=False, unit=""):
    """Noise with gaps, NaN and, if asked, errors; q on axes that differ in step."""
    intensity = rng.random(shape) * 50
    intensity[3, 4] = np.nan
    y, x = np.indices(shape)
    return Pattern(
        intensity, (x - 12.3) * 0.02, (y - 9.8) * 0.03, error=1 + rng.random(shape) if error else None,
        mask=rng.random(shape) > 0.1, unit=unit,
    )  # fmt: skip


@pytest.mark.parametrize("split", [1, 3])
@pytest.mark.parametrize("how", ["sigma", "scatter"])
def test_rings_are_those_of_a_loop_over_parts_of_pixels(split, how, rng):
    made = pattern(rng, error=how == "sigma")
    found = azimuthal.average(plane.plane_of(made), width=0.05, split=split, error=how)
    bins: dict[int, dict[tuple[int, int], list[float]]] = {}
    for row, column in zip(*np.nonzero(made.valid), strict=True):
        for i in range(split):
            for j in range(split):
                qy = (row + (i + 0.5) / split - 0.5 - 9.8) * 0.03
                qx = (column + (j + 0.5) / split - 0.5 - 12.3) * 0.02
                q = math.hypot(qx, qy)
                bins.setdefault(int(q // 0.05), {}).setdefault((row, column), []).append(q)
    for k, name in enumerate(sorted(bins)):
        parts = bins[name]
        weight = np.array([len(v) for v in parts.values()]) / split**2
        value = np.array([made.intensity[at] for at in parts])
        mean = (weight * value).sum() / weight.sum()
        assert found.value[k] == pytest.approx(mean, abs=1e-10)
        assert found.q[k] == pytest.approx(np.mean([q for v in parts.values() for q in v]), abs=1e-10)
        assert found.pixels[k] == len(parts)
        if how == "sigma":
            assert made.error is not None
            sd = math.sqrt(((weight * np.array([made.error[at] for at in parts])) ** 2).sum()) / weight.sum()
            assert found.error[k] == pytest.approx(sd, abs=1e-10)
        elif split == 1 and len(parts) > 1:
            assert found.error[k] == pytest.approx(value.std(ddof=1) / math.sqrt(len(parts)), abs=1e-9)
    assert len(found.q) == len(bins)


def test_poisson_errors_are_the_scatter_of_repeated_counts():
    rng = np.random.default_rng(1)
    y, x = np.indices((40, 40)) - 19.5
    rate = 30 / (1 + np.hypot(x, y) / 5)
    runs = [
        azimuthal.average(plane.plane_of(Pattern(counts, unit="counts"), centre_px=(19.5, 19.5)), width=2.0)
        for counts in rng.poisson(rate, (300, 40, 40)).astype(float)
    ]
    assert {one.how for one in runs} == {"poisson"}
    scatter = np.std([one.value for one in runs], axis=0)
    np.testing.assert_allclose(np.mean([one.error for one in runs], axis=0), scatter, rtol=0.15)


def test_a_sector_keeps_its_direction_and_the_opposite_one():
    y, x = np.indices((101, 101)) - 50.0
    angle = np.degrees(np.arctan2(-y, x)) % 180  # rows count downwards
    made = plane.plane_of(Pattern(np.where(np.abs(angle - 30) < 20, 5.0, 1.0)), centre_px=(50, 50))
    assert azimuthal.average(made, sector=(30, 30), low=5).value == pytest.approx(5.0)
    assert azimuthal.average(made, sector=(210, 30), low=5).value == pytest.approx(5.0)
    assert azimuthal.average(made, sector=(120, 30), low=5).value == pytest.approx(1.0)
    around = azimuthal.profile(made, low=20, high=40, step_deg=10)
    assert around.value[2:4] == pytest.approx(5.0)
    assert around.value[7:17] == pytest.approx(1.0)


def test_what_cannot_be_known_is_said(rng):
    bare = Pattern(np.ones((9, 9)))
    with pytest.raises(InputError, match="give centre_row_px and centre_column_px"):
        plane.plane_of(bare)
    flat = plane.plane_of(bare, centre_px=(4, 4))
    for how in ("sigma", "poisson"):
        with pytest.raises(InputError):
            azimuthal.average(flat, error=how)
    with pytest.raises(BadParameter, match="allowed: auto"):
        azimuthal.average(flat, error="gauss")
    with pytest.raises(InputError, match="no pixel counts"):
        plane.plane_of(Pattern(np.full((9, 9), np.nan)), centre_px=(4, 4))


def test_errors_that_stand_for_no_data_are_not_averaged():
    error = np.ones((20, 20))
    intensity = np.full((20, 20), 7.0)
    error[2:5], intensity[2:5] = 1e6, 0.0
    found = azimuthal.average(plane.plane_of(Pattern(intensity, error=error), centre_px=(9.5, 9.5)))
    assert found.value == pytest.approx(7.0)


def test_flat_detector_counts_are_brought_to_equal_solid_angles():
    """Isotropic scattering on a flat detector falls with the third power of the cosine of the angle."""
    distance, pixel, wavelength = 0.1, 1e-3, 0.1
    y, x = (np.indices((81, 81)) - 40.0) * pixel
    r = np.hypot(x, y)
    q = 4 * math.pi / wavelength * np.sin(np.arctan2(r, distance) / 2)
    per = np.divide(q, r, out=np.zeros_like(r), where=r > 0)
    seen = Pattern(1000 * (distance / np.hypot(r, distance)) ** 3, x * per, y * per, unit="counts")
    even = plane.flat(plane.plane_of(seen), wavelength_nm=wavelength)
    np.testing.assert_allclose(even.intensity, 1000, rtol=1e-9)


@pytest.mark.parametrize("at", [(60.4, 120.9), (91.27, 98.5)])
@pytest.mark.parametrize("aligned", [0.0, 0.8])
def test_the_beam_is_found_by_symmetry(at, aligned, rng):
    y, x = np.indices((200, 220))
    y, x = y - at[0], x - at[1]
    r, angle = np.hypot(x, y), np.arctan2(y, x)
    rate = 200 / (1 + (r / 30) ** 4) + 100 * np.exp(-(((r - 40) / 6) ** 2)) * (1 + aligned * np.cos(2 * angle)) + 2
    stop = (r > 8) & ~((np.abs(y) < 3) & (x > 0))
    found = centre.find(Pattern(rng.poisson(rate).astype(float), mask=stop, unit="counts"))
    assert found is not None
    assert math.dist(found[0], at) < 0.25


def test_no_beam_is_found_where_nothing_shows_it(rng):
    assert centre.find(Pattern(np.ones((50, 50)))) is None
    assert centre.find(Pattern(rng.poisson(20, (80, 80)).astype(float), unit="counts")) is None
    y, _ = np.indices((80, 80))
    assert centre.find(Pattern(np.exp(y / 10.0))) is None


def test_a_published_average_is_that_of_its_pattern(shared_data):
    """P123, 10 %: pattern and curve of one measurement, where the detector sees whole rings."""
    from_2d = read(shared_data / "scattering_2d/sasview/2d_data/P123_D2O_10_percent.dat")
    curve = read(shared_data / "scattering_1d/sasview/P123_D2O_10_percent.xml")
    mean = azimuthal.average(plane.plane_of(from_2d))
    inside = (curve.x * 10 > 0.085) & (curve.x * 10 < 0.99)
    at = curve.x[inside] * 10
    value, error = (np.exp(np.interp(at, mean.q, np.log(a))) for a in (mean.value, mean.error))
    ratio = value / curve.y[inside]
    pull = (value - curve.y[inside]) / np.hypot(error, curve.y_error[inside])
    assert len(at) > 40
    assert np.average(ratio, weights=(value / error) ** 2) == pytest.approx(1, abs=0.005)
    assert (pull**2).mean() < 1.2
    assert np.abs(pull).max() < 3


@pytest.mark.slow
def test_a_large_detector_is_averaged_within_a_second_of_one_core():
    y, x = np.indices((2048, 2048))
    made = Pattern(1e4 / (1 + (y - 1000.3) ** 2 + (x - 1010.2) ** 2), unit="counts")
    times = []
    for _ in range(3):
        start = time.process_time()
        azimuthal.average(plane.plane_of(made, centre_px=(1000.3, 1010.2)))
        times.append(time.process_time() - start)
    assert min(times) < 1
