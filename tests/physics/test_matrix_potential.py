"""Interpolated potentials of mean force against members left out of smooth families."""

from __future__ import annotations

import numpy as np
import pytest

from morphoscope.errors import InputError, NotFound
from morphoscope.physics.matrix_potential import REACH, Family, Measured

MEASURED = [
    (2, 0.1, 40),
    (3, 0.1, 40),
    (5, 0.1, 40),
    (2, 0.4, 40),
    (3, 0.4, 40),
    (4, 0.4, 40),
    (5, 0.4, 40),
    (2, 1, 40),
    (3, 1, 40),
]
MEASURED += [
    (5, 1, 40),
    (3, 1.5, 40),
    (5, 1.5, 40),
    (2, 1.5, 40),
    (3, 0.1, 25),
    (3, 1, 25),
    (5, 0.4, 25),
    (4, 1, 32),
    (3, 0.7, 40),
]
LEFT_OUT = [
    (4, 0.1, 40),
    (2.5, 0.7, 32),
    (4, 0.7, 30),
    (3.5, 1.2, 40),
    (2, 0.25, 28),
    (4.5, 1.4, 36),
    (4.5, 0.3, 25),
    (2.5, 0.4, 40),
]


def truth(r, point):
    """A family with depletion, layers of beads and bridges, made for this test."""
    d, eps, n = point
    s = r - d
    depletion = -(5 - 6 * eps + 1.2 * eps**2) * np.exp(-(s + 0.3) / 0.8) * (1 + 0.004 * (n - 32))
    bridges = (1.5 * eps - 0.2) * np.cos(2 * np.pi * (s - 0.6)) * np.exp(-s / 1.1)
    return (d + 1) / 4 * (depletion + bridges) * (1 + 0.03 * (d - 3))


def member(rng, point, *, error=0.3):
    """A measured curve: the truth, and an error that wanders over half a bead, as sums of forces do."""
    r = np.arange(point[0] - 0.6, point[0] + REACH, 0.02) + 0.01
    wander = np.exp(-np.abs(r[:, None] - r[None]) / 0.5)
    noise = np.linalg.cholesky(wander + 1e-9 * np.eye(len(r))) @ rng.standard_normal(len(r)) * error
    return Measured(*point, r=r, w=truth(r, point) + noise, error=np.full(len(r), error))


@pytest.fixture(scope="module")
def family():
    rng = np.random.default_rng(3)
    return Family([member(rng, point) for point in MEASURED])


def test_members_left_out_lie_within_the_errors(family, rng):
    z, off = [], []
    for point in LEFT_OUT:
        found = family.at(point, rng=rng)
        assert found.inside
        near = found.r - point[0] < 3
        exact = truth(found.r, point)
        z.append(((found.w - exact) / found.error)[near])
        off.append((found.w - exact)[near])
    z, off = np.concatenate(z), np.concatenate(off)
    assert np.sqrt(np.mean(off**2)) < 0.35
    assert 0.8 < np.mean(np.abs(z) < 1.96) <= 1
    assert 0.3 < np.sqrt(np.mean(z**2)) < 1.6


def test_it_is_nearer_than_the_nearest_member(family, rng):
    for point in LEFT_OUT[:4]:
        found = family.at(point, rng=rng)
        scale = np.ptp(MEASURED, axis=0)
        nearest = min(MEASURED, key=lambda m: float(np.sum(((np.array(m) - point) / scale) ** 2)))
        exact = truth(found.r, point)
        other = truth(found.r - point[0] + nearest[0], nearest)
        assert np.sqrt(np.mean((found.w - exact) ** 2)) < 0.5 * np.sqrt(np.mean((other - exact) ** 2))


def test_draws_are_whole_curves_with_the_error_said(family, rng):
    found = family.at(LEFT_OUT[1], rng=rng, draws=400)
    np.testing.assert_allclose(found.draws.std(0), found.error, rtol=0.2, atol=1e-6)
    np.testing.assert_allclose(found.draws.mean(0), found.w, atol=0.3 * found.error.max())
    jumps = np.abs(np.diff(found.draws - found.w, axis=1))
    assert jumps.mean() < 0.4 * found.error.mean()


def test_a_measured_member_is_given_back(family, rng):
    found = family.at(MEASURED[4], rng=rng)
    exact = truth(found.r, MEASURED[4])
    assert np.abs(found.w - exact).max() < 1.0
    assert np.sqrt(np.mean((found.w - exact) ** 2)) < 0.3


def test_one_member_serves_its_own_point_alone(rng):
    alone = Family([member(rng, (3, 0.1, 40), error=0.1)])
    found = alone.at((3, 0.1, 40), rng=rng)
    assert np.sqrt(np.mean((found.w - truth(found.r, (3, 0.1, 40))) ** 2)) < 0.2
    with pytest.raises(NotFound, match=r"eps_pn=0\.2: it was measured from 0\.1 to 0\.1"):
        alone.at((3, 0.2, 40), rng=rng)


def test_a_little_outside_is_said_and_far_outside_refused(family, rng):
    assert not family.at((3, 1.55, 40), rng=rng).inside
    with pytest.raises(NotFound, match="D=8: it was measured from 2 to 5"):
        family.at((8, 1.0, 40), rng=rng)


def test_gaps_and_nothing_are_refused():
    with pytest.raises(InputError, match="at least one"):
        Family([])
    r = np.array([2.0, 2.1])
    with pytest.raises(InputError, match="gaps"):
        Family([Measured(2, 0.1, 40, r, np.array([1.0, np.nan]), r)])
