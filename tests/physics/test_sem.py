"""The rendered image holds what its conditions say, and nothing that they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.errors import BadParameter
from morphoscope.physics import sem
from morphoscope.physics.sem import Imaging, draw, render

PLAIN = Imaging(dose=1e6, blur_nm=0.0, edge=0.0, relief_nm=0.0, charging=0.0, jitter_px=0.0, shading=0.0, seed=3)


def domains(size=256, seed=0):
    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((size, size)), 8, mode="wrap")
    return (field > 0).astype(float)


def test_same_imaging_same_image_other_seed_other_noise():
    a, b = (render(domains(), pixel_nm=5.0, imaging=Imaging(seed=1)) for _ in range(2))
    np.testing.assert_array_equal(a.pixels, b.pixels)
    other = render(domains(), pixel_nm=5.0, imaging=Imaging(seed=2))
    assert (a.pixels != other.pixels).mean() > 0.5


def test_a_drawn_imaging_is_recorded_and_replays():
    drawn = draw(np.random.default_rng(7), pixel_nm=5.0)
    image = render(domains(), pixel_nm=5.0, imaging=drawn)
    record = image.history[0]
    again = eval(record.replace("render(", "Imaging("), {"Imaging": Imaging})  # our own text
    assert again == drawn
    np.testing.assert_array_equal(render(domains(), pixel_nm=5.0, imaging=again).pixels, image.pixels)


def test_draw_keeps_what_was_asked_for():
    like = Imaging(dose=123.0, blur_nm=4.5, charging=0.0)
    drawn = draw(np.random.default_rng(0), pixel_nm=5.0, like=like)
    assert (drawn.dose, drawn.blur_nm, drawn.charging) == (123.0, 4.5, 0.0)
    assert drawn.seed != like.seed


def test_true_scale_and_levels():
    image = render(domains(), pixel_nm=5.0, imaging=Imaging())
    assert image.pixel_size_nm == (5.0, 5.0)
    assert image.pixel_size.origin == "simulated"
    np.testing.assert_allclose(image.pixels * 255, np.rint(image.pixels * 255), atol=1e-4)


@pytest.mark.parametrize("dose", [20.0, 400.0])
def test_counts_follow_poisson_statistics(dose, monkeypatch):
    """On a uniform surface the relative variance of the counted electrons is 1 / dose."""
    seen = {}
    monkeypatch.setattr(sem, "_levels", lambda electrons, _: seen.setdefault("n", electrons) * 0)
    render(np.full((256, 256), 0.5), pixel_nm=5.0, imaging=replace(PLAIN, dose=dose))
    assert seen["n"].mean() == pytest.approx(dose, rel=0.01)
    assert seen["n"].var() / seen["n"].mean() == pytest.approx(1.0, rel=0.03)


@pytest.mark.parametrize("blur_nm", [10.0, 20.0])
def test_blur_widens_an_edge_by_its_standard_deviation(blur_nm):
    """The derivative of a blurred step is a Gaussian of the beam's width."""
    step = np.zeros((64, 256))
    step[:, 128:] = 1.0
    image = render(step, pixel_nm=5.0, imaging=replace(PLAIN, blur_nm=blur_nm, dose=1e7))
    profile = np.diff(image.pixels.mean(axis=0))[64:192]
    x = np.arange(len(profile))
    centre = np.sum(x * profile) / profile.sum()
    inherent = 1.0  # the surface itself is smoothed for its slopes only
    spread = np.sqrt(np.sum((x - centre) ** 2 * profile) / profile.sum()) * 5.0
    assert spread == pytest.approx(blur_nm, rel=0.05, abs=inherent)


def test_jitter_shifts_lines_by_its_standard_deviation():
    ramp = np.broadcast_to(np.arange(256.0), (400, 256))
    shifted = sem._jitter(np.array(ramp), 0.5, np.random.default_rng(0))
    shift = (shifted - ramp)[:, 100]
    np.testing.assert_allclose((shifted - ramp)[:, 200], shift, atol=1e-9)  # a line moves as a whole
    assert shift.std() == pytest.approx(0.5, rel=0.1)


def test_edges_are_brighter_than_the_plateau():
    disc = np.hypot(*(np.indices((128, 128)) - 63.5)) < 40
    rim = np.abs(np.hypot(*(np.indices((128, 128)) - 63.5)) - 37.5) < 1.5
    image = render(disc.astype(float), pixel_nm=5.0, imaging=replace(PLAIN, edge=0.5)).pixels
    assert image[rim].mean() > image[60:68, 60:68].mean() + 0.1


def test_charging_makes_lines_uneven():
    calm, charged = (render(domains(), pixel_nm=5.0, imaging=replace(PLAIN, charging=c)).pixels for c in (0.0, 0.1))
    steps = [np.abs(np.diff(p.mean(axis=1))).max() for p in (calm, charged)]
    assert steps[1] > 2 * steps[0]


def test_wrong_conditions_are_refused():
    with pytest.raises(BadParameter, match="dose=0 must be more than no electron"):
        Imaging(dose=0)
    with pytest.raises(BadParameter, match="blur_nm=-1 must not be negative"):
        Imaging(blur_nm=-1)
    with pytest.raises(BadParameter, match="a surface is a plane"):
        render(np.zeros(5), pixel_nm=1.0, imaging=PLAIN)
