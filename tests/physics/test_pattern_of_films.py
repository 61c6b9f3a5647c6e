"""Simulated scattering: the spectrum's integral, the place of its peaks, and counting."""

import math
from dataclasses import replace

import numpy as np
import pytest

from morphoscope.errors import BadParameter
from morphoscope.measure.scattering import azimuthal, plane
from morphoscope.physics import copolymer, scattering

PIXEL_NM = 28 / copolymer.PIXELS


def films(count=3):
    film = copolymer.Film(field=0.0, noise=0.05, roughness=0.1, steps=120)
    return copolymer.evolve(film, rng=np.random.default_rng(0), shape=(128, 128), count=count)


def test_the_spectrum_integrates_to_the_variance():
    made = films()
    power = scattering.power_spectrum(made, pixel_nm=(PIXEL_NM, PIXEL_NM))
    cell = (2 * math.pi / (128 * PIXEL_NM)) ** 2
    assert power.sum() * cell / (2 * math.pi) ** 2 == pytest.approx(made.var(axis=(1, 2)).mean(), rel=1e-5)


def test_on_the_detector_it_still_does():
    made = films()
    power = scattering.power_spectrum(made, pixel_nm=(PIXEL_NM, PIXEL_NM))
    beam = scattering.Beamline(q_max_per_nm=0.6)
    seen = scattering.on_detector(power, beam, pixel_nm=(PIXEL_NM, PIXEL_NM))
    assert seen.sum() * (beam.step_per_nm / (2 * math.pi)) ** 2 == pytest.approx(made.var(axis=(1, 2)).mean(), rel=0.03)


def test_the_peak_sits_at_two_pi_over_the_period():
    beam = scattering.Beamline(parasitic=0.0, counts=2000.0)
    pattern = scattering.detect(films(), beam, pixel_nm=(PIXEL_NM, PIXEL_NM), period_nm=28.0)
    curve = azimuthal.average(plane.plane_of(pattern))
    beyond = curve.q > 0.1
    assert curve.q[beyond][np.argmax(curve.value[beyond])] == pytest.approx(2 * math.pi / 28, rel=0.05)


def test_slanted_lines_scatter_aslant_and_upwards_is_up():
    rows, columns = np.indices((96, 96))
    lines = np.cos(2 * np.pi * (columns * 8 + rows * 12) / 96)[None]
    beam = scattering.Beamline(q_max_per_nm=0.5, parasitic=0.0, diffuse=0.0, blur_px=0.5)
    pattern = scattering.detect(lines, beam, pixel_nm=(5.0, 5.0), period_nm=96 * 5 / math.hypot(8, 12))
    top = np.unravel_index(np.argmax(pattern.intensity), pattern.intensity.shape)
    assert abs(pattern.qx_per_nm[top]) == pytest.approx(2 * math.pi * 8 / 480, abs=beam.step_per_nm)
    assert abs(pattern.qy_per_nm[top]) == pytest.approx(2 * math.pi * 12 / 480, abs=beam.step_per_nm)
    assert pattern.qy_per_nm[0, 0] > 0 > pattern.qy_per_nm[-1, 0]


def test_counts_are_poisson_and_the_seed_fixes_them():
    made, beam = films(1), scattering.Beamline(counts=300.0)
    flat = replace(beam, parasitic=0.0, diffuse=1.0)
    first, second = (
        scattering.detect(0 * made + np.eye(128)[0][None, None], flat, pixel_nm=(PIXEL_NM,) * 2, period_nm=28).intensity
        for _ in range(2)
    )
    assert np.array_equal(first, second)
    away = scattering.seen(flat) & (np.abs(scattering.axes(flat)[1]) > 0.3) & (np.abs(scattering.axes(flat)[0]) > 0.05)
    assert first[away].var() / first[away].mean() == pytest.approx(1, abs=0.1)


def test_stop_arm_and_gaps_count_nothing():
    beam = scattering.Beamline()
    mask = scattering.seen(beam)
    middle = beam.size_px // 2
    assert not mask[middle, middle]
    assert not mask[-1, middle]
    assert mask[1, middle]
    assert 0.75 < mask.mean() < 0.95
    pattern = scattering.detect(films(1), beam, pixel_nm=(PIXEL_NM,) * 2, period_nm=28)
    assert (pattern.intensity[~pattern.mask] == 0).all()


def test_wrong_beamlines_are_refused():
    with pytest.raises(BadParameter, match="counts=0 must be positive"):
        scattering.Beamline(counts=0)
    with pytest.raises(BadParameter, match="films are planes one behind the other"):
        scattering.power_spectrum(np.zeros((4, 4)), pixel_nm=(1, 1))
