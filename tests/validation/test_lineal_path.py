"""Lineal path and chords against walking along every line and against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_media import lineal_path_outside_discs, outside_discs

from morphoscope.errors import BadParameter, InputError
from morphoscope.measure.chords import chord_lengths
from morphoscope.measure.lineal_path import lineal_path
from morphoscope.measure.runs import remaining

STEPS_2D = [(0, 1), (1, 0), (0, -1), (1, 1), (1, -1), (-1, 1)]
STEPS_3D = [(0, 0, 1), (0, 1, 0), (-1, 0, 0)]
LINES = [
    *[((9, 12), step) for step in STEPS_2D[:3]],
    *[((11, 11), step) for step in STEPS_2D[3:]],
    ((13, 8), (1, 1)),
    *[((5, 6, 7), step) for step in STEPS_3D],
]


def walk(phase, mask, step, periodic, longest):
    """L by throwing every needle; whole chords by looking at both ends."""
    hits, places = np.zeros(longest + 1), np.zeros(longest + 1)
    chords: dict[int, int] = {}

    def at(site, k):
        there = [s + k * d for s, d in zip(site, step, strict=True)]
        if periodic:
            return tuple(t % n for t, n in zip(there, phase.shape, strict=True))
        return tuple(there) if all(0 <= t < n for t, n in zip(there, phase.shape, strict=True)) else None

    def counted(site):
        return site is not None and mask[site]

    for site in np.ndindex(phase.shape):
        inside = there = True
        for k in range(longest + 1):
            other = at(site, k)
            there = there and counted(other)
            inside = inside and there and phase[other]
            hits[k] += inside
            places[k] += there
        before = at(site, -1)
        if counted(site) and phase[site] and counted(before) and not phase[before]:
            k = 1
            while counted(at(site, k)) and phase[at(site, k)]:
                k += 1
            if counted(at(site, k)):
                chords[k] = chords.get(k, 0) + 1
    return hits, places, chords


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape, step", LINES)
def test_equals_walking_along_every_line(shape, step, masked, periodic):
    rng = np.random.default_rng(len(shape) + 7 * sum(shape))
    phase, mask = rng.random(shape) < 0.6, rng.random(shape) < 0.85 if masked else np.ones(shape, bool)
    given = {"direction": step, "mask": mask if masked else None, "periodic": periodic}
    if periodic and shape == (13, 8):
        with pytest.raises(BadParameter, match="do not close"):
            lineal_path(phase, z_max=6 * math.sqrt(2), **given)
        return
    hits, places, chords = walk(phase, mask, step, periodic, 4)
    found = lineal_path(phase, z_max=4 * np.linalg.norm(step), **given)
    kept = places > 0
    np.testing.assert_allclose(found.value, (hits[kept] / places[kept]), atol=1e-10)
    cut = chord_lengths(phase, **given)
    assert dict(zip(np.rint(cut.length / np.linalg.norm(step)).astype(int).tolist(), cut.count.tolist(), strict=True)) == chords
    assert cut.probability.sum() == pytest.approx(1)


def test_lamellae():
    """Across: L falls on a line to 0 at the width. Along: L stays at phi."""
    phase = np.broadcast_to(np.arange(240) % 24 < 9, (50, 240)).copy()
    across = lineal_path(phase, direction=(0, 1), z_max=30, pixel=(2.0, 0.5), periodic=True)
    k = np.arange(len(across.z))
    np.testing.assert_allclose(across.z, 0.5 * k)
    np.testing.assert_allclose(across.value, np.maximum(9 - k, 0) / 24, atol=1e-12)
    assert across.mean_chord == pytest.approx(9 * 0.5)
    along = lineal_path(phase, direction=(1, 0), z_max=60, pixel=(2.0, 0.5), periodic=True)
    np.testing.assert_allclose(along.value, 9 / 24, atol=1e-12)
    assert math.isnan(along.mean_chord)
    cut = chord_lengths(phase, direction=(0, 1), pixel=(2.0, 0.5))
    assert (cut.mean, cut.sd) == pytest.approx((4.5, 0))
    assert len(chord_lengths(phase, direction=(1, 0)).length) == 0


def test_checkerboard_along_rows_and_diagonals():
    index = np.arange(96) // 8
    phase = (index[:, None] + index[None, :]) % 2 == 0
    row = lineal_path(phase, direction=(0, 1), z_max=12, periodic=True)
    np.testing.assert_allclose(row.value, 0.5 * np.maximum(8 - np.arange(13), 0) / 8, atol=1e-12)
    diagonal = lineal_path(phase, direction=(1, 1), z_max=12 * math.sqrt(2), periodic=True)
    k = np.arange(13)  # in half of the cells' squares a needle stays, or leaves through the corner into the next
    square = np.maximum(8 - k, 0) ** 2 / 64
    corner = np.array([sum(1 for y in range(8) for x in range(8) if y == x and y + s >= 8) for s in k]) / 64
    np.testing.assert_allclose(diagonal.value, 0.5 * (square + corner), atol=1e-12)


def test_uncorrelated_pixels():
    """L(k) = p^(k+1); chords are geometric, also when the window is narrow and cuts many of them."""
    rng, p = np.random.default_rng(5), 0.6
    phase = rng.random((2000, 2000)) < p
    found = lineal_path(phase, direction=(0, 1), z_max=30)
    np.testing.assert_allclose(found.value, p ** (np.arange(31) + 1), atol=1e-3)
    assert found.mean_chord == pytest.approx(1 / (1 - p), rel=3e-3)
    narrow = rng.random((400000, 12)) < p
    cut = chord_lengths(narrow, direction=(0, 1))
    expected = (1 - p) * p ** (cut.length - 1) / (1 - p**10)  # 10 is the longest that fits with both its ends
    np.testing.assert_allclose(cut.probability, expected, atol=1.5e-3)
    naive = cut.length @ cut.count / cut.count.sum()
    assert naive < 0.95 * (expected @ cut.length)


@pytest.mark.slow
def test_overlapping_discs():
    """
    What is outside them, to 1e-3 along axes and diagonals; thirty pictures leave a standard error of 2e-4.

    In the continuum L(z) = phi exp(-2 rho R z); a row of pixels sees a hull that is smaller by 1/(24 R^2) of that, and
    a diagonal of pixels steps over corners: with discs this small it is 2.4e-3 off.
    """
    rng, size, radius = np.random.default_rng(11), 1024, 2.5
    count = round(math.log(2) * size**2 / (math.pi * radius**2))
    media = [outside_discs(rng, size, radius, count) for _ in range(30)]
    for ways, step in ((((0, 1),), 1.0), (((1, 1),), math.sqrt(2))):
        found = [[lineal_path(m, direction=way, z_max=20, periodic=True) for way in ways] for m in media]
        curves = np.array([np.mean([one.value for one in pair], axis=0) for pair in found])
        steps = np.arange(curves.shape[1])
        expected = lineal_path_outside_discs(steps, step, size, radius, count)
        error = curves.std(axis=0, ddof=1) / math.sqrt(len(curves))
        assert error.max() < 4e-4
        np.testing.assert_allclose(curves.mean(axis=0), expected, atol=1e-3)
        assert np.abs((curves.mean(axis=0) - expected) / error).max() < 4
        continuum = 0.5 * np.exp(-2 * math.log(2) / (math.pi * radius) * steps * step)
        np.testing.assert_allclose(curves.mean(axis=0), continuum, atol=1e-3 if step == 1 else 3e-3)
        chord = math.pi * radius / (2 * math.log(2))
        assert np.mean([one.mean_chord for pair in found for one in pair]) == pytest.approx(chord + step / 2, rel=0.02)


def test_intervals_cover_the_closed_form():
    covered, chord = 0, 0
    rng = np.random.default_rng(8)
    for _ in range(40):
        phase = rng.random((60, 60)) < 0.5
        found = lineal_path(phase, direction=(0, 1), z_max=3, rng=rng)
        covered += found.low[2] <= 0.125 <= found.high[2]
        chord += found.mean_chord_interval[0] <= 2 <= found.mean_chord_interval[1]
    assert min(covered, chord) >= 34


def test_wrong_directions_and_lengths_are_one_sentence():
    phase = np.eye(8, dtype=bool)
    with pytest.raises(BadParameter, match=r"direction=\(0, 2\) is not one of the steps \(0, 1\)"):
        lineal_path(phase, direction=(0, 2), z_max=4)
    with pytest.raises(BadParameter, match=r"z_max=0.5 is shorter than one step \(1\)"):
        lineal_path(phase, direction=(0, 1), z_max=0.5)
    with pytest.raises(InputError, match="mask of"):
        lineal_path(phase, direction=(0, 1), z_max=2, mask=np.ones((2, 2), bool))
    with pytest.raises(InputError, match="no pixel is left outside the mask"):
        chord_lengths(phase, direction=(0, 1), mask=np.zeros((8, 8), bool))
    assert remaining(phase, direction=(1, 1)).max() == 8
