"""Noise, Guinier, Porod, invariant and correlation functions against simulated curves of known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scattering_curves import coil, exact, noisy, stack

from morphoscope.core import Curve
from morphoscope.errors import InputError
from morphoscope.measure.scattering import correlation, curves, guinier, linear, porod
from morphoscope.measure.scattering.form_factors import cylinder, sphere

Q = np.geomspace(0.01, 2, 200)
SHAPES = {
    "sphere": (lambda q: sphere(q, radius=10, distribution="none"), math.sqrt(3 / 5) * 10),
    "rod": (lambda q: cylinder(q, radius=1.5, length=30, distribution="none"), math.sqrt(1.5**2 / 2 + 900 / 12)),
    "coil": (lambda q: coil(q, 8.0), 8.0),
}


def test_linear_least_squares_are_those_of_numpy_and_their_covariance_that_of_repeated_noise():
    rng = np.random.default_rng(0)
    x = np.linspace(0, 1, 30)
    design, sd = np.stack([np.ones(30), 1e6 * x], axis=1), 0.1 + x
    truth = np.array([2.0, 3e-6])
    answers = []
    for _ in range(800):
        answer, spread, _ = linear.solve(design, design @ truth + sd * rng.standard_normal(30), 1 / sd)
        answers.append(answer)
    np.testing.assert_allclose(np.cov(np.array(answers).T) / spread, np.ones((2, 2)), rtol=0.2)
    polynomial, covariance = np.polyfit(1e6 * x, design @ truth, 1, w=1 / sd, cov="unscaled")
    np.testing.assert_allclose(answers[-1][::-1], polynomial, rtol=0.5)
    np.testing.assert_allclose(spread[::-1, ::-1], covariance, rtol=1e-8)


@pytest.mark.parametrize("relative", [0.005, 0.03, 0.1])
def test_noise_of_a_curve_without_errors_is_estimated(relative, rng):
    found = [curves.relative_noise(Q, noisy(Q, coil(Q, 5.0), relative, rng).intensity) for _ in range(20)]
    assert np.mean(found) == pytest.approx(relative, rel=0.1)


def test_a_curve_is_made_ready(rng):
    x = np.concatenate([[0.0, -1.0, np.nan], np.geomspace(2, 0.01, 20)])
    made = curves.ready(Curve(x, np.full(23, 5.0), "q", "I", "1/Å", y_error=np.full(23, 0.1)), name="a", per_nm=10.0, slit=0.1)
    assert (len(made), made.stated, made.slit) == (20, True, 1.0)
    np.testing.assert_allclose(made.q, 10 * np.geomspace(0.01, 2, 20))
    for y, error, sentence in (
        (np.full(5, 1.0), None, "a: 5 points of positive q; an analysis needs at least 8"),
        (np.full(20, -1.0), None, "a: no intensity is positive, so there is nothing to analyse"),
    ):
        with pytest.raises(InputError, match=sentence):
            curves.ready(Curve(np.arange(1.0, len(y) + 1), y, "q", "I", y_error=error), name="a", per_nm=1.0)


@pytest.mark.parametrize("shape", SHAPES)
def test_guinier_finds_the_radius_of_gyration(shape):
    model, rg = SHAPES[shape]
    found = guinier.fit(exact(Q, model(Q)))
    assert found is not None
    assert found.rg == pytest.approx(rg, rel=2e-3)
    assert found.i0 == pytest.approx(float(model(np.array([1e-4]))[0]), rel=2e-3)
    assert found.q_high * found.rg < 1.35


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("relative", [0.003, 0.03])
def test_guinier_intervals_hold_the_truth(shape, relative):
    """Coverage over seeds; 95 % intervals, five misses of sixty are allowed."""
    model, rg = SHAPES[shape]
    intensity = model(Q)
    inside = 0
    for seed in range(60):
        found = guinier.fit(noisy(Q, intensity, relative, np.random.default_rng(seed)))
        inside += found is not None and abs(found.rg - rg) < 1.96 * found.rg_error
    assert inside >= 55


def test_guinier_leaves_out_a_beam_stop_and_refuses_a_rising_curve(rng):
    intensity = coil(Q, 8.0)
    intensity[:12] *= np.linspace(0.3, 0.95, 12)
    found = guinier.fit(noisy(Q, intensity, 0.01, rng))
    assert found is not None
    assert found.q_low >= Q[10]
    assert abs(found.rg - 8) < 3 * found.rg_error
    assert guinier.fit(noisy(Q, Q + 0.1, 0.01, rng)) is None
    assert guinier.fit(noisy(Q, Q**-4, 0.01, rng)) is None
    with pytest.raises(InputError, match="points lie in the range given for Guinier's law"):
        guinier.fit(noisy(Q, intensity, 0.01, rng), q_low=1.99, q_high=1.995)


def test_porod_finds_power_constant_and_background(rng):
    for power in (2.0, 3.0, 4.0):
        data = noisy(Q, 2e-3 * (Q**2 + 0.05**2) ** (-power / 2), 0.01, rng, background=0.01)
        found = porod.fit(data)
        assert found is not None
        assert abs(found.exponent - power) < 3.5 * found.exponent_error + 0.02
        assert found.sharp == (power == 4)
    assert abs(found.constant - 2e-3) < 4 * found.constant_error < 2e-3
    assert abs(found.background - 0.01) < 4 * found.background_error


def test_porod_and_invariant_of_spheres_are_their_surface_and_contrast(rng):
    """K = 2 pi S / V and Q = 2 pi² for unit contrast and volume fraction; the Porod length is 4 V / S, less 1 - phi."""
    q = np.geomspace(0.005, 3, 400)
    data = noisy(q, sphere(q, radius=15.0, width=0.12), 0.01, rng)
    far = porod.fit(data)
    assert far is not None
    assert far.sharp
    ratio = 3 / 15 * (1 + 0.12**2) / ((1 + 0.12**2) * (1 + 2 * 0.12**2))  # <4 pi R²> / <V>
    assert far.constant == pytest.approx(2 * math.pi * ratio, rel=0.03)
    total = porod.invariant(data, far, guinier.fit(data))
    assert total is not None
    assert total.value == pytest.approx(2 * math.pi**2, rel=0.01)
    assert total.share_low + total.share_high < 0.1


def test_the_open_spheres_have_the_stated_porod_constant_and_invariant(shared_data):
    """The file states Cp = 1.825e-7 1/cm/Å⁴ and 1 % of spheres with a contrast of 2.2e-6 1/Å²."""
    path = shared_data / "scattering_1d" / "sasview" / "100nmSpheresNodQ.txt"
    table = np.array([[float(v) for v in line.split()] for line in path.read_text().splitlines()[12:] if line[:1].isdigit()])
    data = curves.ready(Curve(table[:, 0], table[:, 1], "q", "I", y_error=table[:, 2]), name="a", per_nm=10.0)
    far = porod.fit(data, beyond=0.14)
    assert far is not None
    assert abs(far.constant - 1.825e-3) < 2 * far.constant_error < 4e-4
    total = porod.invariant(data, far, guinier.fit(data))
    assert total is not None
    assert total.value == pytest.approx(2 * math.pi**2 * 0.01 * 2.2e-6**2 * 1e11, rel=5e-3)


def test_gamma_of_a_sphere():
    q = np.geomspace(0.005, 6, 1200)
    data = exact(q, sphere(q, radius=10.0, width=0.03))
    far, near = porod.fit(data), guinier.fit(data)
    assert far is not None
    total = porod.invariant(data, far, near)
    assert total is not None
    found = correlation.three_dimensional(data, far, total, near, r_max=30)
    x = np.minimum(found.r / 20, 1)
    np.testing.assert_allclose(found.value, 1 - 1.5 * x + 0.5 * x**3, atol=0.015)


@pytest.mark.parametrize("thick, thin", [(14.0, 5.0), (12.0, 3.5)])
def test_layers_of_a_stack_are_found(thick, thin, rng):
    q = np.geomspace(0.03, 4, 500)
    data = noisy(q, stack(q, thick=thick, thin=thin, spread=1.0) / q**2, 0.01, rng)
    far = porod.fit(data, beyond=4 * math.pi / (thick + thin))
    assert far is not None
    total = porod.invariant(data, far, None)
    assert total is not None
    found = correlation.layers(correlation.across_layers(data, far, total, None, z_max=3 * (thick + thin)))
    assert found is not None
    assert found.period == pytest.approx(thick + thin, rel=0.03)
    assert found.thin == pytest.approx(thin, rel=0.08)
    assert found.minimum == pytest.approx(-thin / thick, rel=0.15)


def test_a_curve_without_layers_has_none():
    q = np.geomspace(0.005, 3, 400)
    data = exact(q, (1 + (q * 8) ** 2) ** -2)  # Debye's random medium
    far, near = porod.fit(data), guinier.fit(data)
    assert far is not None
    total = porod.invariant(data, far, near)
    assert total is not None
    assert correlation.layers(correlation.across_layers(data, far, total, near, z_max=80)) is None
    gamma = correlation.three_dimensional(data, far, total, near, r_max=40)
    np.testing.assert_allclose(gamma.value, np.exp(-gamma.r / 8), atol=0.02)
