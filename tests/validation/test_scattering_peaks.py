"""Peaks of known place and width, false alarms, and lattices from made positions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scattering_curves import coil, noisy, with_peaks

from morphoscope.measure.scattering import lattices, peaks
from morphoscope.measure.scattering.form_factors import sphere
from morphoscope.measure.scattering.peaks import Peak

Q = np.linspace(0.05, 2, 600)


def series(lattice, count, q1=0.3, skip=()):
    squares = [m for k, m in enumerate(lattices.SQUARES[lattice]) if k not in skip][:count]
    return [q1 * math.sqrt(m / lattices.SQUARES[lattice][0]) for m in squares]


def bare(places, relative=1e-3):
    return [Peak(q, relative * q, 0.02, 1e-3, 1.0, 0.1, 1.0, "gauss", False) for q in places]


def test_peaks_on_a_power_law_are_found_with_place_width_and_height(rng):
    places, heights = [0.3, 0.6, 0.9], [2.0, 0.4, 0.1]
    found = peaks.find(noisy(Q, with_peaks(Q, places, width=0.04, heights=heights, flat=0.01), 0.02, rng))
    assert len(found) == 3
    for peak, place, height in zip(found, places, heights, strict=True):
        assert abs(peak.q - place) < 4 * peak.q_error < 0.02
        assert abs(peak.width - 0.04) < 5 * peak.width_error
        assert abs(peak.height - height) < 5 * peak.height_error
    assert found[0].period == pytest.approx(2 * math.pi / 0.3, rel=0.01)


@pytest.mark.slow
def test_intervals_of_the_place_hold_the_truth():
    """Coverage over seeds; 95 % intervals, seven misses of eighty are allowed."""
    inside = 0
    truth = with_peaks(Q, [0.5], width=0.06, heights=[0.3], flat=0.05)
    for seed in range(80):
        (peak,) = peaks.find(noisy(Q, truth, 0.05, np.random.default_rng(seed)))
        inside += abs(peak.q - 0.5) < 1.96 * peak.q_error
    assert inside >= 73


@pytest.mark.slow
def test_smooth_curves_have_no_peak():
    """Power laws, coils with a background and Guinier's knee, 60 of them: one false alarm is allowed."""
    alarms = 0
    for seed in range(20):
        for truth in (Q**-3.5 + 0.01, coil(Q, 6.0) + 0.002, np.exp(-(Q**2) * 8) + 1e-3):
            alarms += len(peaks.find(noisy(Q, truth, 0.04, np.random.default_rng(seed)))) > 0
    assert alarms <= 1


def test_a_broad_structure_peak_is_found(rng):
    truth = 10 / (1 + ((Q - 0.3) / 0.12) ** 2) + 0.05
    (peak,) = peaks.find(noisy(Q, truth, 0.01, rng))
    assert peak.q == pytest.approx(0.3, rel=0.01)
    assert peak.width == pytest.approx(0.24, rel=0.15)


def test_a_peak_of_two_points_is_kept():
    truth = Q**-2.0
    truth[100] *= 40
    (peak,) = peaks.find(noisy(Q, truth, 0.02, np.random.default_rng(0)))
    assert peak.q == pytest.approx(Q[100], rel=2e-3)


@pytest.mark.parametrize("lattice, count", [
    ("lamellar", 3), ("hexagonal", 3), ("face-centred cubic", 4), ("gyroid", 4), ("body-centred cubic", 8),
])  # fmt: skip
def test_lattices_are_told_by_their_ratios(lattice, count, rng):
    places = np.array(series(lattice, count)) * (1 + 1e-3 * rng.standard_normal(count))
    found = lattices.index(bare(places))
    assert found.lattice == lattice
    best = found.candidates[0]
    assert best.reflections == lattices.SQUARES[lattice][:count]
    assert best.q1 == pytest.approx(0.3, rel=2e-3)
    assert sum(one.score for one in found.candidates) == pytest.approx(1)


def test_extinct_reflections_are_forgiven():
    assert lattices.index(bare(series("lamellar", 4, skip=(1,)))).lattice == "lamellar"
    assert lattices.index(bare(series("hexagonal", 5, skip=(1,)))).lattice == "hexagonal"


def test_what_is_ambiguous_gets_no_name():
    assert lattices.index(bare([0.3])).candidates == ()
    two = lattices.index(bare([0.3, 0.6]))
    assert two.lattice == ""
    assert two.candidates[0].lattice == "lamellar"
    cubic = lattices.index(bare(series("simple cubic", 6)))  # the same as the body-centred one's
    assert cubic.lattice == ""
    assert {one.lattice for one in cubic.candidates[:2]} == {"simple cubic", "body-centred cubic"}


def test_positions_at_random_are_seldom_given_a_lattice():
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(300):
        places = 0.3 * np.exp(np.sort(np.concatenate([[0.0], rng.uniform(0.1, 1.2, rng.integers(2, 5))])))
        wrong += lattices.index(bare(places, 3e-3)).lattice != ""
    assert wrong <= 0.05 * 300


def test_noisy_positions_are_rarely_named_wrongly():
    rng = np.random.default_rng(6)
    right = wrong = 0
    for _ in range(60):
        for lattice in lattices.SQUARES:
            count = int(rng.integers(3, 7))
            places = np.sort(np.array(series(lattice, count)) * (1 + 4e-3 * rng.standard_normal(count)))
            named = lattices.index(bare(places, 4e-3)).lattice
            right += named == lattice
            wrong += named not in ("", lattice)
    assert wrong <= 0.05 * (right + wrong)
    assert right > 0.4 * 360


def test_maxima_of_spheres_are_no_lattice(rng):
    q = np.linspace(0.05, 1.8, 500)
    found = peaks.find(noisy(q, sphere(q, radius=12.0, width=0.03), 0.02, rng))
    assert len(found) >= 3
    answer = lattices.index(found)
    assert answer.lattice == ""
    assert answer.candidates[0].lattice == "spheres"


@pytest.mark.parametrize("lattice, name, size", [
    ("lamellar", "period", 10.0),
    ("hexagonal", "lattice_constant", 20 / math.sqrt(3)),
    ("gyroid", "lattice_constant", 10 * math.sqrt(6)),
])  # fmt: skip
def test_spacing(lattice, name, size):
    assert lattices.spacing(lattice, 2 * math.pi / 10) == (name, pytest.approx(size))
