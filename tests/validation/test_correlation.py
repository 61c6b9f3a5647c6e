"""Two-point statistics against pair counting by brute force and against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_media import lens, outside_discs, over_rings, s2_outside_discs

from morphoscope.measure.correlation import block_bootstrap, correlation_map, two_point


def brute_force(phase, mask, pixel, r_max, periodic):
    """Sums over every displacement, one by one."""
    height, width = phase.shape
    bins: dict[int, list[float]] = {}
    for dy in range(-(height - 1), height):
        for dx in range(-(width - 1), width):
            if periodic and not (-(height // 2) <= dy <= height // 2 and -(width // 2) <= dx <= width // 2):
                continue
            length = math.hypot(dy * pixel[0], dx * pixel[1])
            if length > r_max * (1 + 1e-12):
                continue
            hits = pairs = 0
            for y in range(height):
                for x in range(width):
                    v, u = y + dy, x + dx
                    if periodic:
                        v, u = v % height, u % width
                    elif not (0 <= v < height and 0 <= u < width):
                        continue
                    if mask[y, x] and mask[v, u]:
                        pairs += 1
                        hits += bool(phase[y, x] and phase[v, u])
            entry = bins.setdefault(round(length / min(pixel)), [0.0, 0.0, 0.0])
            entry[0] += hits
            entry[1] += pairs
            entry[2] += pairs * length
    kept = [bins[k] for k in sorted(bins) if bins[k][1] > 0]
    return np.array([[e[2] / e[1], e[0] / e[1]] for e in kept]).T


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize(("shape", "pixel"), [((11, 14), (1.0, 1.0)), ((13, 9), (2.5, 1.7)), ((8, 8), (0.3, 0.9))])
@pytest.mark.parametrize("masked", [False, True])
def test_equals_counting_every_pair(shape, pixel, periodic, masked):
    rng = np.random.default_rng(hash(shape) % 1000)
    phase = rng.random(shape) < 0.4
    mask = rng.random(shape) < 0.7 if masked else np.ones(shape, bool)
    r_max = 5.2 * min(pixel)
    r, s2 = brute_force(phase, mask, pixel, r_max, periodic)
    found = two_point(phase, r_max=r_max, mask=mask if masked else None, pixel=pixel, periodic=periodic)
    np.testing.assert_allclose(found.r, r, atol=1e-10)
    np.testing.assert_allclose(found.s2, s2, atol=1e-10)


def test_a_full_mask_changes_nothing_and_masked_pixels_do_not_count():
    phase = np.random.default_rng(3).random((40, 31)) < 0.5
    plain = two_point(phase, r_max=9)
    full = two_point(phase, r_max=9, mask=np.ones(phase.shape, bool))
    np.testing.assert_array_equal(plain.hits, full.hits)
    np.testing.assert_array_equal(plain.pairs, full.pairs)
    assert plain.interface_per_area == full.interface_per_area
    mask = np.ones(phase.shape, bool)
    mask[10:20, 5:15] = False
    scrambled = phase.copy()
    scrambled[10:20, 5:15] = ~scrambled[10:20, 5:15]
    np.testing.assert_array_equal(two_point(phase, r_max=9, mask=mask).s2, two_point(scrambled, r_max=9, mask=mask).s2)


def triangle(distance, period):
    """S2 along the normal of lamellae of equal thickness: 1/2 at whole periods, 0 half way."""
    phase = np.abs((distance / period + 0.5) % 1 - 0.5)
    return 0.5 - phase


def test_lamellae_along_and_across():
    width, period = 240, 24
    phase = np.broadcast_to((np.arange(width) % period) < period // 2, (120, width))
    found = correlation_map(np.array(phase), lag_px=(30, 60), periodic=True)
    lag = np.arange(-60, 61)
    np.testing.assert_allclose(found, np.broadcast_to(triangle(lag, period), found.shape), atol=1e-12)


def test_lamellae_averaged_over_angle():
    width, period = 960, 96
    phase = np.broadcast_to((np.arange(width) % period) < period // 2, (width, width))
    found = two_point(np.array(phase), r_max=300, periodic=True)
    y, x = np.indices((601, 601)) - 300
    r = np.hypot(y, x)
    bins = np.rint(r[r <= 300]).astype(int)
    on_grid = np.bincount(bins, triangle(x[r <= 300], period)) / np.bincount(bins)
    np.testing.assert_allclose(found.s2, on_grid, atol=1e-12)
    angle = (np.arange(20000) + 0.5) / 20000 * 2 * np.pi
    expected = np.array([triangle(r * np.cos(angle), period).mean() for r in found.r])
    apart = (found.s2 - expected)[10:]  # a ring holds 2 pi r displacements only; over many rings it levels out
    assert np.abs(apart).max() < 8e-3
    assert np.abs(np.convolve(apart, np.full(41, 1 / 41), "valid")).max() < 1e-3
    assert found.interface_per_area == pytest.approx(2 / period, rel=0.06)  # four directions, all edges on one


def test_checkerboard():
    side, cell = 192, 16
    index = np.arange(side) // cell
    phase = (index[:, None] + index[None, :]) % 2 == 0
    found = correlation_map(phase, lag_px=(40, 40), periodic=True)
    y, x = (2 * triangle(lag, 2 * cell) * 2 - 1 for lag in (np.arange(41), np.arange(-40, 41)))
    np.testing.assert_allclose(found, 0.25 + 0.25 * np.outer(y, x), atol=1e-12)


def test_uncorrelated_pixels():
    phase = np.random.default_rng(5).random((2048, 2048)) < 0.3
    found = two_point(phase, r_max=50)
    assert found.s2[0] == pytest.approx(0.3, abs=1e-3)
    np.testing.assert_allclose(found.s2[1:], 0.09, atol=1e-3)


def test_single_disc():
    size, radius = 512, 90.3
    y, x = np.indices((size, size)) - (size - 1) / 2
    found = two_point(np.hypot(y, x) < radius, r_max=200, periodic=True)
    np.testing.assert_allclose(found.s2, lens(found.r, radius) / size**2, atol=1e-3 * found.area_fraction)
    assert found.interface_per_area == pytest.approx(2 * np.pi * radius / size**2, rel=0.01)


def test_single_disc_in_rectangular_pixels_has_the_same_physics():
    radius = 90.3
    y, x = np.meshgrid((np.arange(256) - 127.5) * 2, np.arange(512) - 255.5, indexing="ij")
    found = two_point(np.hypot(y, x) < radius, r_max=200, pixel=(2.0, 1.0), periodic=True)
    np.testing.assert_allclose(found.s2, lens(found.r, radius) / 512**2, atol=2e-3 * found.area_fraction)
    assert found.interface_per_area == pytest.approx(2 * np.pi * radius / 512**2, rel=0.01)


def overlapping_discs(rng, size, radius, density):
    """Pixels outside all discs of a periodic Poisson process."""
    void = np.ones((size, size), bool)
    reach = int(radius) + 2
    for cy, cx in rng.random((rng.poisson(density * size**2), 2)) * size:
        rows, cols = np.arange(int(cy) - reach, int(cy) + reach + 1), np.arange(int(cx) - reach, int(cx) + reach + 1)
        hit = np.hypot(rows[:, None] - cy, cols[None, :] - cx) <= radius
        void[np.ix_(rows % size, cols % size)] &= ~hit
    return void


@pytest.mark.slow
def test_overlapping_discs():
    """S2 of what is outside them, to 1e-3; twelve pictures leave a standard error of 3e-4, which the deviations fit."""
    rng, size, radius, r_max = np.random.default_rng(11), 1024, 2.5, 20
    count = round(math.log(2) * size**2 / (math.pi * radius**2))
    found = [two_point(outside_discs(rng, size, radius, count), r_max=r_max, periodic=True) for _ in range(12)]
    curves = np.array([one.s2 for one in found])
    expected = over_rings(lambda r: s2_outside_discs(r, size, radius, count), r_max)
    error = curves.std(axis=0, ddof=1) / math.sqrt(len(curves))
    assert error.max() < 4e-4
    np.testing.assert_allclose(curves.mean(axis=0), expected, atol=1e-3)
    assert np.abs((curves.mean(axis=0) - expected) / error).max() < 4
    near = np.array([1.0, math.sqrt(2)])
    surface = np.pi * np.mean((expected[0] - s2_outside_discs(near, size, radius, count)) / near)
    assert np.mean([f.interface_per_area for f in found]) == pytest.approx(surface, rel=0.002)


def debye_medium(rng, size, length):
    """
    Sign of a periodic Gaussian field of covariance sin(pi/2 exp(-r / length)).

    By the arcsine law the sign's own covariance is 2/pi asin(that) = exp(-r / length).
    """
    axis = np.minimum(np.arange(size), size - np.arange(size))
    spectrum = np.fft.rfft2(np.sin(np.pi / 2 * np.exp(-np.hypot(axis[:, None], axis[None, :]) / length))).real
    assert spectrum.min() > -1e-3 * spectrum.max()  # it is a covariance
    white = np.fft.rfft2(rng.standard_normal((size, size)))
    return np.fft.irfft2(white * np.sqrt(np.clip(spectrum, 0, None)), s=(size, size)) > 0


def test_debye_random_medium():
    """
    S2 = phi^2 + phi (1 - phi) exp(-r / a).

    At phi = 1/2 both phases share it; their mean is free of the area fraction's own fluctuation.
    """
    rng, a = np.random.default_rng(2), 4.0
    curves, lengths, surfaces = [], [], []
    for _ in range(6):
        phase = debye_medium(rng, 1024, a)
        one, other = (two_point(p, r_max=60, periodic=True) for p in (phase, ~phase))
        curves.append((one.s2 + other.s2) / 2)
        lengths.append(one.correlation_length)
        surfaces.append(one.interface_per_area)
    expected = 0.25 + 0.25 * np.exp(-one.r / a)
    np.testing.assert_allclose(np.mean(curves, axis=0), expected, atol=1e-3)
    assert np.mean(lengths) == pytest.approx(a, rel=0.02)
    chord = 1 - math.exp(-1 / a)  # what is seen of pi / (4 a) in steps of one pixel and of one diagonal
    diagonal = (1 - math.exp(-math.sqrt(2) / a)) / math.sqrt(2)
    assert np.mean(surfaces) == pytest.approx(np.pi / 4 * (chord + diagonal) / 2, rel=0.02)


def test_intervals_cover_the_truth():
    """Of 40 images of overlapping discs, the 95 % interval of the area fraction misses the truth in few."""
    rng, radius = np.random.default_rng(4), 4.0
    density = math.log(2) / (np.pi * radius**2)
    covered = 0
    for _ in range(40):
        phase = outside_discs(rng, 192, radius, rng.poisson(density * 192**2))
        spread = block_bootstrap(phase, r_max=20, rng=rng)
        covered += spread.area_fraction[0] <= 0.5 <= spread.area_fraction[1]
    assert covered >= 34
