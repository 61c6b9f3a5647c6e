"""PRISM against analytic limits and published curves (read from figures, so good to about a line's width)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from morphoscope.errors import NoSolution
from morphoscope.physics import prism
from morphoscope.physics.nanocomposite import StatePoint
from morphoscope.physics.prism import Pair, composite

BEAD = math.pi / 6


def hard(density, omega=prism.single, *, grid=None):
    mixture = prism.Mixture((density,), (omega,), {(0, 0): Pair(prism.hard_sphere(1.0), "PY")})
    return prism.solve(mixture, grid or prism.Grid(0.01, 4095))


def published(folder, name):
    path = folder / "rdf_prism" / name
    return np.loadtxt(path, delimiter="," if path.suffix == ".csv" else None).T


def off_the_line(x, y, curve_x, curve_y, *, width, height):
    """Distance of each point from a curve, in axes scaled to ``width`` and ``height``."""
    apart = np.hypot((curve_x[None] - x[:, None]) / width, (curve_y[None] - y[:, None]) / height)
    return apart.min(1)


# Analytic limits


@pytest.mark.parametrize("eta", [0.1, 0.3, 0.45])
def test_hard_spheres_are_wertheims_and_thieles(eta):
    found = hard(eta / BEAD)
    near = (found.grid.r > 1.015) & (found.grid.r < 1.12)
    contact = np.polyval(np.polyfit(found.grid.r[near], found.g(0, 0)[near], 3), 1.0)
    assert contact == pytest.approx((1 + eta / 2) / (1 - eta) ** 2, rel=1e-3)
    s0 = (1 - eta) ** 4 / (1 + 2 * eta) ** 2
    low = found.grid.k < 0.4
    assert np.polyval(np.polyfit(found.grid.k[low] ** 2, found.structure_factors[low, 0, 0], 2), 0) == pytest.approx(s0, rel=3e-3)
    assert found.residual < 1e-8
    assert found.g(0, 0)[found.grid.r < 0.99].max() < 1e-6


def test_a_hard_sphere_mixture_has_lebowitz_contact_values():
    """Percus-Yevick contact values of two sizes: Lebowitz, Phys. Rev. 133, A895 (1964)."""
    sizes, density = np.array([1.0, 2.0]), np.array([0.3, 0.03])
    pairs = {(i, j): Pair(prism.hard_sphere((sizes[i] + sizes[j]) / 2), "PY") for i, j in ((0, 0), (0, 1), (1, 1))}
    found = prism.solve(prism.Mixture(tuple(density), (prism.single,) * 2, pairs), prism.Grid(0.01, 4095))
    moment2, eta = BEAD * (density * sizes**2).sum(), BEAD * (density * sizes**3).sum()
    for i, j in pairs:
        s = (sizes[i] + sizes[j]) / 2
        near = (found.grid.r > s + 0.015) & (found.grid.r < s + 0.12)
        contact = np.polyval(np.polyfit(found.grid.r[near], found.g(i, j)[near], 3), s)
        assert contact == pytest.approx(1 / (1 - eta) + 1.5 * sizes[i] * sizes[j] / s * moment2 / (1 - eta) ** 2, rel=2e-3)


def test_without_density_only_the_pair_is_left():
    pairs = {(0, 0): Pair(prism.lennard_jones(1.0, 1.3, cut=2.5), "HNC")}
    found = prism.solve(prism.Mixture((0.0,), (prism.single,), pairs), prism.Grid(0.02, 1023))
    energy = pairs[0, 0].interaction.energy(found.grid.r)
    np.testing.assert_allclose(found.g(0, 0), np.exp(-energy), atol=1e-9)
    virial = -2 * np.pi * np.trapezoid(np.expm1(-energy) * found.grid.r**2, found.grid.r)
    assert found.second_virial(0, 0) == pytest.approx(virial, rel=1e-3)


def test_sites_that_ignore_each_other_keep_the_structure_of_their_molecules():
    mixture = prism.Mixture((0.8,), (prism.gaussian(50),), {(0, 0): Pair(prism.Interaction(), "PY")})
    found = prism.solve(mixture, prism.Grid(0.05, 1023))
    np.testing.assert_allclose(found.structure_factors[:, 0, 0], prism.gaussian(50)(found.grid.k), rtol=1e-9)
    np.testing.assert_allclose(found.g(0, 0), 1, atol=1e-9)


def test_a_mixture_of_two_names_for_one_site_is_the_pure_fluid():
    pair = Pair(prism.hard_sphere(1.0), "PY")
    split = prism.Mixture((0.4, 0.2), (prism.single, prism.single), {(0, 0): pair, (0, 1): pair, (1, 1): pair})
    found = prism.solve(split, prism.Grid(0.02, 2047))
    one = hard(0.6, grid=prism.Grid(0.02, 2047))
    for i, j in ((0, 0), (0, 1), (1, 1)):
        np.testing.assert_allclose(found.g(i, j), one.g(0, 0), atol=1e-6)


def test_few_particles_tend_to_infinitely_diluted_ones():
    point = StatePoint(2.5, 30, 1e-6, 0.5, 0.6)
    grid = prism.Grid(0.05, 1023)
    few, none = (prism.solve(composite.mixture(p), grid) for p in (point, replace(point, density=0)))
    np.testing.assert_allclose(few.g(1, 1), none.g(1, 1), rtol=1e-3, atol=1e-6)
    energy = none.equations.mixture.pairs[1, 1].interaction.energy(grid.r)
    np.testing.assert_allclose(none.g(1, 1), np.exp(-energy - composite.matrix_potential(none)), atol=1e-9)


def test_the_error_of_the_grid_is_about_what_is_said():
    coarse, fine = (hard(0.3 / BEAD, grid=prism.Grid(dr, n)) for dr, n in ((0.05, 1023), (0.0125, 4095)))
    shared = coarse.grid.r[coarse.grid.r > 1.02]
    g = np.interp(shared, fine.grid.r, fine.g(0, 0))
    true = (np.abs(coarse.g(0, 0)[coarse.grid.r > 1.02] - g) / np.maximum(g, 1)).max()
    assert 0.2 * true < coarse.grid_error < 5 * true


# Where there is no solution


def test_beyond_the_spinodal_one_sentence_says_so():
    sticky = {(0, 0): Pair(prism.lennard_jones(1.0, 3.0, cut=2.5), "PY")}
    with pytest.raises(NoSolution, match=r"followed only to \d+\.\d% of its attractions"):
        prism.solve(prism.Mixture((0.3,), (prism.single,), sticky), prism.Grid(0.05, 511))


# Published curves


@pytest.mark.parametrize(("density", "g_off", "s_off"), [(0.6, 0.02, 0.012), (0.8, 0.03, 0.013)])
def test_the_linear_melt_of_curro_and_schweizer(shared_data, density, g_off, s_off):
    """16,000 sites in a Gaussian chain with hard cores; r in radii of gyration, S - 1 divided by its value at k = 0."""
    found = hard(density, prism.gaussian(16_000), grid=prism.Grid(0.04, 4095))
    x, y = published(shared_data, f"LinearMelt-Gr-rho{density}.csv")
    off = off_the_line(x, y, found.grid.r / math.sqrt(16_000 / 6), found.g(0, 0), width=0.5, height=1.0)
    assert off.max() < g_off
    x, y = published(shared_data, f"LinearMelt-Sk-rho{density}.csv")
    s = found.structure_factors[:, 0, 0] - 1
    assert np.abs(np.interp(x, found.grid.k, s / s[0]) - y).max() < s_off


@pytest.mark.parametrize(("length", "off"), [(100, 0.055), (500, 0.025)])
def test_the_ring_melt_of_curro_and_schweizer(shared_data, length, off):
    found = hard(0.9, prism.gaussian_ring(length), grid=prism.Grid(0.025, 4095))
    x, y = published(shared_data, f"RingMelt-Gr-N{length}.csv")
    outside = x > 1
    assert np.abs(np.interp(x, found.grid.r, found.g(0, 0)) - y)[outside].max() < off


@pytest.mark.parametrize(("length", "stiffness", "bead"), [(50, 0.15, 1.0145), (200, 0.1, 1.0148)])
def test_koyamas_chain_of_honnell_curro_and_schweizer(shared_data, length, stiffness, bead):
    """k^2 omega(k) against k, both in Lennard-Jones diameters."""
    omega = prism.koyama(length, bond=math.sqrt(0.94) / bead, stiffness=stiffness)
    k = np.linspace(1e-3, 4.2, 2000)
    x, y = published(shared_data, f"Omega-DiscreteKoyama-N{length}.csv")
    off = off_the_line(x, y, k, k**2 * omega(k * bead), width=4, height=10)
    assert np.sqrt(np.mean(off**2)) < 0.012
    assert off.max() < 0.03


@pytest.mark.parametrize(("reach", "name", "off"), [(0.25, "0.25", 0.06), (1.0, "1.0", 0.02)])
def test_the_bare_composite_of_hooper_and_schweizer(shared_data, reach, name, off):
    """Spheres of 16 bead diameters among chains of 100 beads; the peak near 17 is 3.93 high and 0.2 wide."""
    size, filled, few = 16.0, 0.4, 0.001
    density = ((1 - few) * filled / BEAD, few * filled / (BEAD * size**3))
    pairs = {
        (0, 0): Pair(prism.hard_sphere(1.0), "PY"),
        (0, 1): Pair(prism.exponential((size + 1) / 2, depth=1.0, reach=reach), "PY"),
        (1, 1): Pair(prism.hard_sphere(size), "HNC"),
    }
    mixture = prism.Mixture(density, (prism.freely_jointed(100, bond=4 / 3), prism.single), pairs)
    found = prism.solve(mixture, prism.Grid(0.0125, 8191))
    x, y = published(shared_data, f"BareComposite-Gr-alpha{name}.csv")
    distance = off_the_line(x, y, found.grid.r, found.g(1, 1), width=8.0, height=4.0)
    assert distance.max() < off
    if reach < 1:
        at = int(np.argmax(found.g(1, 1)))
        assert found.g(1, 1)[at] == pytest.approx(y.max(), rel=0.02)
        assert found.grid.r[at] == pytest.approx(x[np.argmax(y)], abs=0.03)


@pytest.mark.parametrize(("kind", "beads"), [("linear", 500), ("comb", 1250)])
def test_the_grafted_composite_of_modica_martin_and_jayaraman(shared_data, kind, beads):
    """Three kinds of site and tabulated molecules; the published grid of 0.1 is coarse where g rises at contact."""
    size, filled, few = 5.0, 0.35, 0.001
    per_volume = few * filled / (BEAD * (size**3 + beads))
    across, grafts, matrix = (
        prism.tabulated(*published(shared_data, f"GraftedComposite-Omega-{part}.dat"))
        for part in (f"{kind}-GP", f"{kind}-GG", "matrix-N10")
    )
    radii = (0.5, size / 2, 0.5)
    pairs = {(i, j): Pair(prism.hard_sphere(radii[i] + radii[j]), "PY") for i in range(3) for j in range(i, 3)}
    pairs[1, 1] = Pair(prism.hard_sphere(size), "HNC")
    mixture = prism.Mixture(
        ((1 - few) * filled / BEAD, per_volume, beads * per_volume),
        (matrix, prism.single, grafts),
        pairs,
        bonded={(1, 2): lambda k: (beads + 1) * across(k)},
    )
    found = prism.solve(mixture, prism.Grid(0.05, 2047))
    x, y = published(shared_data, f"GraftedComposite-Gr-{kind}-Nmatrix10-PP.dat")
    g = np.interp(x, found.grid.r, found.g(1, 1))
    assert np.sqrt(np.mean((g - y)[x > 5.05] ** 2)) < 0.012
    assert np.abs(np.log(g[x > 8]) - np.log(y[x > 8])).max() < 0.03


def test_the_potential_of_mean_force_is_near_that_of_umbrella_sampling():
    """Simulated values with their errors: W at contact of D 2, eps_pn 0.1, and at r = 4 of D 3, eps_pn 1."""
    weak, strong = (
        prism.solve(composite.mixture(StatePoint(d, 40, 0.0, 0.1, eps)), prism.Grid(0.05, 2047))
        for d, eps in ((2, 0.1), (3, 1.0))
    )
    assert np.interp(2.0, weak.grid.r, composite.matrix_potential(weak)) == pytest.approx(-2.8, abs=1.0)
    assert np.interp(4.0, strong.grid.r, composite.matrix_potential(strong)) == pytest.approx(3.9, abs=1.5)
