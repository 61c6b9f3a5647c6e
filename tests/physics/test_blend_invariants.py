"""Invariants of the simulated blend: mass, energy, determinism, and its measures."""

from __future__ import annotations

import numpy as np
import pytest

from morphoscope.errors import BadParameter
from morphoscope.physics.blend import Blend, Evolution, domain_size_px, mixed, phase_compositions, structure_factor


def started(blend, seed=0, size=64, **options):
    return Evolution(blend, mixed(np.random.default_rng(seed), blend, size_px=size), **options)


def energy(evolution):
    phi = evolution.composition
    rise, run = (np.diff(phi, axis=k, append=np.take(phi, [0], axis=k)) for k in (0, 1))
    return float((evolution.blend.free_energy(phi) / evolution.blend.energy + 0.5 * evolution.kappa * (rise**2 + run**2)).sum())


@pytest.mark.parametrize("blend", [Blend(0.03), Blend(0.03, 0.35), Blend(0.06, 0.5), Blend(0.01)], ids=str)
def test_mass_is_conserved_and_energy_falls(blend):
    evolution = started(blend)
    before = energy(evolution)
    for until in range(10, 160, 10):
        while evolution.time < until:
            evolution.step(until)
        if blend.chi < 0.05:  # deeper, f' is followed as a straight line near the pure phases
            after = energy(evolution)
            assert after <= before + 1e-9 * abs(before)
            before = after
    assert evolution.time == 150
    assert evolution.composition.mean() == pytest.approx(blend.phi, abs=1e-12)


def test_above_the_spinodal_it_separates_and_below_it_stays_mixed():
    for chi, spread in ((0.03, (0.7, 1.0)), (0.019, (0.0, 0.004))):
        evolution = started(Blend(chi))
        while evolution.time < 120:
            evolution.step(120)
        assert spread[0] <= np.ptp(evolution.composition) <= spread[1]


@pytest.mark.parametrize("blend", [Blend(0.5), Blend(3.0, 0.3, 1, 1), Blend(1.0, 0.5, 1000, 1000)], ids=str)
def test_deep_quenches_stay_bounded_and_reach_nearly_pure_phases(blend):
    evolution = started(blend)
    while evolution.time < 100:
        evolution.step(100)
    phi = evolution.composition
    assert -0.03 < phi.min() < phi.max() < 1.03
    assert phase_compositions(phi) == pytest.approx(blend.binodal(), abs=0.04)


def test_a_copy_of_its_state_goes_on_identically():
    one = started(Blend(0.03), seed=4)
    while one.time < 30:
        one.step(30)
    other = started(Blend(0.03), seed=9)
    other.spectrum, other.time = one.spectrum.copy(), one.time
    for evolution in (one, other):
        while evolution.time < 60:
            evolution.step(60)
    np.testing.assert_array_equal(one.composition, other.composition)


def test_mixed_start_has_the_asked_composition():
    start = mixed(np.random.default_rng(0), Blend(0.03, 0.2), size_px=128, noise=0.05)
    assert start.mean() == pytest.approx(0.2, abs=1e-12)
    assert start.std() == pytest.approx(0.05 * 0.2, rel=0.02)


def test_structure_factor_of_a_wave_and_of_noise():
    size, waves = 128, 8
    wave = 0.5 + 0.1 * np.cos(2 * np.pi * waves * np.arange(size) / size) * np.ones((size, 1))
    k, s = structure_factor(wave)
    assert k[np.argmax(s)] == pytest.approx(2 * np.pi * waves / size, rel=0.03)
    assert domain_size_px(wave) == pytest.approx(size / waves, rel=0.03)
    noise = 0.2 * np.random.default_rng(0).standard_normal((256, 256))
    assert structure_factor(noise)[1].mean() == pytest.approx(0.04, rel=0.03)  # its variance


def test_phase_compositions_ignore_interfaces():
    x = np.abs(np.arange(200) - 99.5) - 50
    strip = (0.5 + 0.35 * np.tanh(x / 3)) * np.ones((20, 1))
    assert phase_compositions(strip) == pytest.approx((0.15, 0.85), abs=2e-3)


def test_wrong_blends_are_refused():
    with pytest.raises(BadParameter, match="composition=1 must lie between 0 and 1"):
        Blend(0.1, 1.0)
    with pytest.raises(BadParameter, match=r"a chain of 0\.5 segments cannot be"):
        Blend(0.1, n_b=0.5)
    with pytest.raises(BadParameter, match="at least 4 x 4 pixels"):
        Evolution(Blend(0.1), np.zeros((3, 9)))
