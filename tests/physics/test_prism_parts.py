"""The parts of the PRISM solver: transforms, molecules, interactions, derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from morphoscope.errors import BadParameter, InputError
from morphoscope.physics import prism
from morphoscope.physics.prism import chains
from morphoscope.physics.prism.equations import Equations, Load

GRID = prism.Grid(0.05, 1023)


def test_transforms_of_a_gaussian_and_back():
    f = np.exp(-(GRID.r**2) / 2)
    np.testing.assert_allclose(GRID.to_k(f), (2 * np.pi) ** 1.5 * np.exp(-(GRID.k**2) / 2), atol=1e-10)
    np.testing.assert_allclose(GRID.to_r(GRID.to_k(f)), f, atol=1e-13)


def test_the_transform_of_a_sphere_has_its_volume_and_zeros():
    sphere = 1 - prism.hard_sphere(2.03).boltzmann(GRID)
    k = GRID.k
    exact = 4 * np.pi * (np.sin(2.03 * k) - 2.03 * k * np.cos(2.03 * k)) / k**3
    assert np.abs(GRID.to_k(sphere) - exact)[:200].max() < 2e-3 * exact[0]


def test_the_gaussian_chain_is_debyes_function():
    n, k = 4000, np.geomspace(1e-3, 0.3, 50)
    x = k**2 * n / 6
    debye = 2 * n * (np.expm1(-x) + x) / x**2
    np.testing.assert_allclose(prism.gaussian(n)(k), debye, rtol=2e-2 / np.sqrt(n) + 2 / n + 4e-3)


@pytest.mark.parametrize("length", [1, 2, 50])
def test_chains_count_their_sites_at_small_and_one_at_large_wave_numbers(length):
    makers = (prism.gaussian, prism.freely_jointed, prism.gaussian_ring)
    for omega in [make(length) for make in makers] + [prism.koyama(length, bond=0.97)]:
        assert omega(np.array([1e-6]))[0] == pytest.approx(length, rel=1e-6)
        assert omega(np.array([500.0]))[0] == pytest.approx(1, abs=0.02)


def test_a_dimer_is_exact():
    k = np.linspace(0.1, 20, 30)
    exact = 1 + np.sin(0.9 * k) / (0.9 * k)
    np.testing.assert_allclose(prism.freely_jointed(2, bond=0.9)(k), exact)
    np.testing.assert_allclose(prism.koyama(2, bond=0.9, stiffness=2.0)(k), exact)


def test_moments_are_those_of_sampled_chains(rng):
    stiffness, bond, count, steps = 1.2, 0.965, 40_000, 6
    least = 1 / (2 * bond**2) - 1
    cosines = np.linspace(least, 1, 4001)
    cumulated = np.cumsum(np.exp(stiffness * cosines))
    direction = np.tile([0.0, 0.0, 1.0], (count, 1))
    place = np.zeros((count, 3))
    squared, fourth = [], []
    for _ in range(steps):
        place += bond * direction
        squared.append((place**2).sum(1).mean())
        fourth.append(((place**2).sum(1) ** 2).mean())
        turn = np.interp(rng.random(count), cumulated / cumulated[-1], cosines)[:, None]
        side = rng.standard_normal((count, 3))
        side -= (side * direction).sum(1, keepdims=True) * direction
        direction = turn * direction + np.sqrt(1 - turn**2) * side / np.linalg.norm(side, axis=1, keepdims=True)
    expected = chains.moments(steps + 1, bond=bond, stiffness=stiffness, diameter=1.0)
    np.testing.assert_allclose(squared, expected[0], rtol=0.01)
    np.testing.assert_allclose(fourth, expected[1], rtol=0.02)


def test_stiffness_gives_the_size_asked_for():
    stiffness = prism.stiffness_for(1.75, 40, bond=0.965)
    squared, _ = chains.moments(40, bond=0.965, stiffness=stiffness, diameter=1.0)
    assert squared[-1] / (39 * 0.965**2) == pytest.approx(1.75)


def test_a_table_of_omega_is_read_between_its_points():
    k = np.linspace(0, 30, 3001)
    again = prism.tabulated(k, prism.gaussian(20)(k))
    np.testing.assert_allclose(again(GRID.k[GRID.k < 30]), prism.gaussian(20)(GRID.k[GRID.k < 30]), rtol=1e-3)
    for table in ((np.array([1.0, 0.5]), np.ones(2)), (np.ones(1), np.ones(1)), (np.arange(3.0), np.array([1, np.nan, 1]))):
        with pytest.raises(InputError, match="table of omega"):
            prism.tabulated(*table)


def test_lennard_jones_is_its_core_and_its_tail():
    r = np.linspace(2.5, 8, 400)
    energy = prism.lennard_jones(3.0, 0.7, cut=7.5).energy(r)

    def bare(x):
        return 4 * 0.7 * ((3 / x) ** 12 - (3 / x) ** 6)

    np.testing.assert_allclose(energy, np.where(r < 7.5, bare(r) - bare(7.5), 0), atol=1e-12)
    core = prism.lennard_jones(3.0, 0.7, cut=7.5).core(r)
    assert core[r > 2 ** (1 / 6) * 3].max() == 0
    assert core.min() >= 0


@pytest.mark.parametrize("closure", ["PY", "HNC"])
@pytest.mark.parametrize("load", [Load(), Load(few=0)], ids=["finite", "diluted"])
def test_derivatives_agree_with_differences(rng, closure, load):
    mixture = prism.Mixture(
        (0.5, 0.01),
        (prism.gaussian(10), prism.single),
        {ij: prism.Pair(prism.lennard_jones(1.0 + sum(ij) / 2, 0.5, cut=4.0), closure) for ij in ((0, 0), (0, 1), (1, 1))},
    )
    equations = Equations(mixture, GRID, load=load)
    gamma = 0.1 * np.exp(-GRID.r) * rng.uniform(0.5, 1, (3, 1))
    change = np.exp(-((GRID.r - 2) ** 2)) * rng.uniform(0.5, 1, (int(equations.active.sum()), 1))
    step = np.zeros_like(gamma)
    step[equations.active] = 1e-5 * change
    difference = (equations.outcome(gamma + step).unknown - equations.outcome(gamma - step).unknown) / 2e-5
    exact = equations.derivative(equations.outcome(gamma).s, equations.slope(gamma), change)
    np.testing.assert_allclose(exact, difference, atol=1e-5 * np.abs(exact).max())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: prism.Grid(0.0, 100),
        lambda: prism.gaussian(0),
        lambda: prism.koyama(10, bond=0.4),
        lambda: prism.stiffness_for(30.0, 10, bond=1.0),
        lambda: prism.Mixture((-1.0,), (prism.single,), {}),
    ],
)
def test_impossible_parts_are_refused(wrong):
    with pytest.raises(BadParameter):
        wrong()
