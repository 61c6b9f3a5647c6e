"""Orientation against distributions of known order, and the coverage of its intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate

from morphoscope.core import Pattern
from morphoscope.errors import InputError
from morphoscope.measure.scattering.anisotropy import anisotropy
from morphoscope.measure.scattering.azimuthal import Profile
from morphoscope.measure.scattering.azimuthal import profile as azimuthal_profile
from morphoscope.measure.scattering.plane import plane_of

ANGLE = (np.arange(180) + 0.5) * 2


def profile(value, error=0.0, pixels=None):
    value = np.asarray(value, float)
    return Profile(ANGLE, value, np.broadcast_to(error, value.shape), np.full(len(value), 9) if pixels is None else pixels, "")


@pytest.mark.parametrize("axis", [0.0, 37.0, 171.0])
@pytest.mark.parametrize("sharp", [0.5, 2.0, 8.0])
def test_order_and_herman_of_a_maier_saupe_distribution(axis, sharp):
    def shape(phi):
        return np.exp(sharp * np.cos(phi) ** 2)

    found = anisotropy(profile(shape(np.radians(ANGLE - axis))))
    square = [
        integrate.quad(lambda phi, w=w: shape(phi) * math.cos(phi) ** 2 * w(phi), 0, math.pi / 2)[0]
        / integrate.quad(lambda phi, w=w: shape(phi) * w(phi), 0, math.pi / 2)[0]
        for w in (math.sin, lambda _: 1.0)
    ]
    assert found.herman == pytest.approx((3 * square[0] - 1) / 2, abs=2e-3)
    assert found.order == pytest.approx(2 * square[1] - 1, abs=1e-3)
    assert min(abs(found.angle_deg - axis), 180 - abs(found.angle_deg - axis)) < 0.01


def test_the_ends_of_the_scale():
    along = np.where((ANGLE % 180 < 2) | (ANGLE % 180 > 178), 1.0, 0.0)
    assert anisotropy(profile(along)).order == pytest.approx(1, abs=2e-3)
    assert anisotropy(profile(along), axis_deg=90).herman == pytest.approx(-0.5, abs=2e-3)
    even = anisotropy(profile(np.ones(180), 0.1))
    assert even.herman == pytest.approx(0, abs=1e-3)
    assert even.order_interval[0] == 0
    assert math.isnan(even.angle_error_deg)


@pytest.mark.parametrize("order", [0.0, 0.01, 0.3])
def test_intervals_hold_the_truth(order):
    """Coverage over 400 seeds; 95 % intervals of S, of f about a given axis and, where there is one, of the direction."""
    truth = 100 * (1 + 2 * order * np.cos(2 * np.radians(ANGLE - 20)))
    herman = anisotropy(profile(truth), axis_deg=20).herman
    inside = np.zeros(3)
    for seed in range(400):
        noisy = truth + 10 * np.random.default_rng(seed).standard_normal(180)
        found = anisotropy(profile(noisy, 10.0), axis_deg=20)
        inside += (
            found.order_interval[0] <= order <= found.order_interval[1],
            found.herman_interval[0] < herman < found.herman_interval[1],
            abs(found.angle_deg - 20) < found.angle_error_deg,
        )
    share = inside / 400
    assert 0.93 <= share[0] <= 1.0
    assert 0.92 < share[1] < 0.98
    assert order < 0.1 or 0.92 < share[2] < 0.98


@pytest.mark.slow
@pytest.mark.parametrize("radius", [12.0, 50.0])
def test_intervals_of_counted_rings_hold_the_truth(radius):
    """From the pixels on, small rings of cut pixels and large ones: twelve misses of a hundred are allowed."""
    size = int(4 * radius)
    y, x = np.indices((size, size)) - (size - 1) / 2
    r, angle = np.hypot(x, y), np.arctan2(-y, x)
    rate = 3 + 60 * np.exp(-(((r - radius) / 3) ** 2)) * (1 + 0.5 * np.cos(2 * (angle - 1)))
    where = {"low": radius - 4, "high": radius + 4}

    def measured(counts):
        made = plane_of(Pattern(counts, unit="counts"), centre_px=((size - 1) / 2, (size - 1) / 2))
        return anisotropy(azimuthal_profile(made, **where), axis_deg=57.3)

    truth, inside = measured(rate), np.zeros(2)
    for seed in range(100):
        found = measured(np.random.default_rng(seed).poisson(rate).astype(float))
        inside += (
            found.order_interval[0] < truth.order < found.order_interval[1],
            abs(found.angle_deg - truth.angle_deg) < found.angle_error_deg,
        )
    assert inside.min() >= 88


def test_opposite_directions_fill_gaps_and_too_large_ones_are_refused():
    truth = 1 + 0.5 * np.cos(2 * np.radians(ANGLE))
    value, pixels = truth.copy(), np.full(180, 5)
    value[10:60], pixels[10:60] = np.nan, 0
    found = anisotropy(profile(value, 0.01, pixels))
    assert (found.order, found.missing) == (pytest.approx(0.25, abs=1e-3), 0)
    value[100:110], pixels[100:110] = np.nan, 0
    found = anisotropy(profile(value, 0.01, pixels))
    assert (found.order, found.missing) == (pytest.approx(0.25, abs=5e-3), pytest.approx(10 / 90))
    value[100:150], pixels[100:150] = np.nan, 0
    with pytest.raises(InputError, match="of the ring's directions hold no pixel"):
        anisotropy(profile(value, 0.01, pixels))
    with pytest.raises(InputError, match="not positive"):
        anisotropy(profile(-truth))
