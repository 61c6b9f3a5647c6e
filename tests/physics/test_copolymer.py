"""The Ohta-Kawasaki film: growth of single waves, composition, period, and the four morphologies."""

import math

import numpy as np
import pytest

from morphoscope.errors import BadParameter
from morphoscope.measure import spectrum, template_order
from morphoscope.physics import copolymer

QUIET = {"field": 0.0, "noise": 0.0, "roughness": 0.0}


@pytest.mark.parametrize("stripes", [4, 16, 24])
def test_a_small_wave_grows_as_the_linear_theory_says(stripes):
    shape, steps = (96, 96), 3
    k = 2 * np.pi * stripes / (96 * copolymer.NATURAL / copolymer.PIXELS)
    start, end = (
        np.fft.rfft2(
            copolymer.evolve(
                copolymer.Film(composition=0.1, steps=n, **QUIET), rng=np.random.default_rng(1), shape=shape, start=1e-4
            )[0].astype(float)
        )
        for n in (1, 1 + steps)
    )
    rate = k**2 * (1 - 3 * 0.1**2) - k**4 - copolymer.ALPHA
    implicit = 1 + copolymer.STEP * (k**4 + copolymer.ALPHA + k**2)
    expected = ((implicit + copolymer.STEP * rate) / implicit) ** steps
    assert abs(end[stripes, 0]) / abs(start[stripes, 0]) == pytest.approx(expected, rel=2e-3)


def test_the_composition_is_kept():
    film = copolymer.evolve(copolymer.Film(composition=-0.2, **QUIET), rng=np.random.default_rng(2), shape=(64, 64))[0]
    assert film.mean() == pytest.approx(-0.2, abs=2e-3)


def test_a_free_film_has_its_natural_period():
    films = copolymer.evolve(copolymer.Film(**QUIET), rng=np.random.default_rng(3), shape=(128, 128), count=2)
    peaks = [spectrum.find_peak(spectrum.radial(spectrum.power_spectrum(film, window="none"))) for film in films]
    assert [2 * math.pi / peak.q for peak in peaks if peak] == pytest.approx([copolymer.PIXELS] * 2, rel=0.06)


def test_enlarging_keeps_every_wave():
    rows, columns = np.indices((24, 36))
    wave = np.cos(2 * np.pi * (rows * 3 / 24 + columns * 5 / 36))
    fine = np.indices((48, 72)) / 2
    assert copolymer.enlarge(wave) == pytest.approx(np.cos(2 * np.pi * (fine[0] * 3 / 24 + fine[1] * 5 / 36)), abs=1e-9)


@pytest.mark.parametrize("kind", copolymer.KINDS)
def test_most_films_drawn_for_a_morphology_show_it(kind):
    rng = np.random.default_rng(4)
    films = [copolymer.evolve(copolymer.draw(kind, rng), rng=rng, shape=(128, 128))[0] for _ in range(3)]
    names = [template_order.order(film > 0, period_px=copolymer.PIXELS).name for film in films]
    assert names.count(kind) >= 2


def test_a_whole_number_of_stripes_fits():
    for pitch in (0.95, 1.3, 1.62, 2.1):
        _, dx = copolymer.spacing(copolymer.Film(pitch=pitch), 192)
        stripes = 192 * dx / (pitch * copolymer.NATURAL)
        assert stripes == pytest.approx(round(stripes))
        assert dx == pytest.approx(copolymer.NATURAL / copolymer.PIXELS, rel=0.04)


def test_the_same_generator_gives_the_same_film():
    film = copolymer.draw("skew", np.random.default_rng(5))
    first, second = (copolymer.evolve(film, rng=np.random.default_rng(6), shape=(48, 48)) for _ in range(2))
    assert np.array_equal(first, second)


def test_impossible_films_are_refused_in_one_sentence():
    with pytest.raises(BadParameter, match=r"composition=0\.9 must lie between -0\.5 and 0\.5"):
        copolymer.Film(composition=0.9)
    with pytest.raises(BadParameter, match="no morphology 'gyroid'"):
        copolymer.draw("gyroid", np.random.default_rng(0))
