"""Cahn-Hilliard dynamics of Flory-Huggins blends against thermodynamics and known laws of growth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from morphoscope.physics.blend import Blend, Evolution, domain_size_px, mixed, phase_compositions

BLENDS = [Blend(0.03), Blend(0.025, 0.4), Blend(0.05, 0.35, 50, 200), Blend(0.9, 0.5, 10, 1), Blend(2.5, 0.3, 1, 1)]


def ran(blend, composition, until, **options):
    evolution = Evolution(blend, composition, **options)
    while evolution.time < until:
        evolution.step(until)
    return evolution


@pytest.mark.parametrize("blend", BLENDS, ids=str)
def test_derivatives_agree_with_differences(blend):
    phi, h = np.linspace(0.05, 0.95, 19), 1e-4
    np.testing.assert_allclose((blend.free_energy(phi + h) - blend.free_energy(phi - h)) / (2 * h), blend.slope(phi), atol=1e-6)
    np.testing.assert_allclose(
        (blend.slope(phi + h) - blend.slope(phi - h)) / (2 * h), blend.curvature(phi), rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize("blend", BLENDS, ids=str)
def test_spinodal_is_where_the_curvature_vanishes(blend):
    assert blend.curvature(np.array(blend.spinodal())) == pytest.approx(0, abs=1e-12)
    at = Blend(blend.chi_spinodal, blend.phi, blend.n_a, blend.n_b)
    assert at.curvature(np.array(at.phi)) == pytest.approx(0, abs=1e-12)
    critical = Blend(blend.chi_critical, 1 / (1 + math.sqrt(blend.n_a / blend.n_b)), blend.n_a, blend.n_b)
    assert critical.chi_spinodal == pytest.approx(critical.chi_critical, rel=1e-12)


@pytest.mark.parametrize("blend", [*BLENDS, Blend(0.28368050444025966, 0.5, 2.1160189538969965, 401.99759229449086)], ids=str)
def test_binodal_is_the_lower_convex_hull(blend):
    """The widest gap between neighbouring corners of the hull of f on a fine grid, an independent construction."""
    phi = 1 / (1 + np.exp(-np.linspace(-30, 30, 60001)))
    energy = blend.free_energy(phi)
    corners = [0, 1]
    for k in range(2, len(phi)):
        while len(corners) > 1:
            a, b = corners[-2], corners[-1]
            if (energy[b] - energy[a]) * (phi[k] - phi[a]) < (energy[k] - energy[a]) * (phi[b] - phi[a]):
                break
            corners.pop()
        corners.append(k)
    hull = phi[corners]
    widest = int(np.argmax(np.diff(hull)))
    assert blend.binodal() == pytest.approx((hull[widest], hull[widest + 1]), abs=1e-3, rel=2e-3)


def test_symmetric_binodal_obeys_its_closed_form():
    low, high = Blend(0.03).binodal()
    assert low + high == pytest.approx(1, abs=1e-12)
    assert math.log(high / low) / (100 * (high - low)) == pytest.approx(0.03, rel=1e-10)


def test_no_coexistence_below_the_critical_point():
    blend = Blend(0.0199)
    assert (blend.spinodal(), blend.binodal(), blend.state) == (None, None, "miscible")
    assert Blend(0.03).state == "immiscible"
    assert Blend(0.03, 0.12).state == "metastable"
    assert Blend(0.03, 0.05).state == "miscible"


@pytest.mark.parametrize("waves", [4, 6, 9, 12])
@pytest.mark.parametrize("blend", [Blend(0.03), Blend(0.028, 0.35, 80, 150), Blend(0.015)], ids=str)
def test_waves_grow_at_the_linear_rate(blend, waves):
    """ln of a small wave's amplitude changes by -k^2 (f'' / energy + kappa k^2) a unit of time."""
    size, interface = 64, 1.3
    x = np.arange(size) * 2 * np.pi * waves / size
    k2 = (2 * np.pi * waves / size) ** 2
    rate = -k2 * (float(blend.curvature(np.array(blend.phi))) / blend.energy + interface**2 * k2)
    evolution = Evolution(blend, blend.phi + 1e-6 * np.cos(x) * np.ones((8, 1)), interface_px=interface)
    start = abs(evolution.spectrum[0, waves])
    for until in np.arange(1, 401) * 0.005:
        evolution.step(until)
    assert math.log(abs(evolution.spectrum[0, waves]) / start) / evolution.time == pytest.approx(rate, rel=0.02, abs=2e-3)


@pytest.mark.parametrize("blend", [Blend(0.03), Blend(0.035), Blend(0.036, 0.45, 60, 150)], ids=str)
def test_a_flat_interface_joins_the_coexisting_phases_with_the_right_tension(blend):
    """Excess energy = integral of sqrt(2 kappa (f - tangent)) over composition (Cahn and Hilliard, 1958)."""
    low, high = blend.binodal()
    strip = np.where(np.abs(np.arange(128) - 63.5) < 32, high, low) * np.ones((4, 1))
    evolution = ran(blend, strip, 1500.0, interface_px=3.0)
    phi = evolution.composition[0]
    assert (phi[0], phi[64]) == pytest.approx((low, high), abs=1e-4)
    assert phase_compositions(evolution.composition) == pytest.approx((low, high), abs=1e-3)
    slope = float(blend.slope(np.array(low)))
    ground = float(blend.free_energy(np.array(low)))

    def excess(phi):
        return (blend.free_energy(phi) - ground - slope * (phi - low)) / blend.energy

    k = 2 * np.pi * np.fft.rfftfreq(128)
    gradient = np.fft.irfft(1j * k * np.fft.rfft(phi), 128)
    tension = float(np.sum(excess(phi) + 0.5 * evolution.kappa * gradient**2)) / 2
    fine = np.linspace(low, high, 20001)
    expected = np.trapezoid(np.sqrt(np.maximum(0, 2 * evolution.kappa * excess(fine))), fine)
    assert tension == pytest.approx(expected, rel=5e-3)


@pytest.mark.slow
def test_domains_coarsen_with_the_exponent_one_third():
    """L ~ t^(1/3) (Lifshitz and Slyozov 1961; Huse, Phys. Rev. B 34, 7845 (1986)), over a factor 12 in time, three seeds."""
    times = np.geomspace(150, 1800, 8)
    sizes = []
    for seed in range(3):
        blend = Blend(0.026)
        evolution = Evolution(blend, mixed(np.random.default_rng(seed), blend, size_px=256))
        history = []
        for stop in times:
            while evolution.time < stop:
                evolution.step(stop)
            history.append(domain_size_px(evolution.composition))
        sizes.append(history)
    exponent = np.polyfit(np.log(times), np.log(np.mean(sizes, axis=0)), 1)[0]
    assert exponent == pytest.approx(1 / 3, abs=0.04)
