"""Surface estimators, Minkowski functionals and local thickness against closed forms and brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.errors import InputError
from morphoscope.measure import bits, surface
from morphoscope.measure.minkowski import euler_of_the_set, minkowski
from morphoscope.measure.thickness import local_thickness, pore_sizes


def ball(size, radius, ndim):
    return np.sqrt(sum((a - (size - 1) / 2) ** 2 for a in np.indices((size,) * ndim))) < radius


def test_each_estimator_of_a_disc_and_a_ball():
    disc, sphere = ball(400, 150.3, 2), ball(90, 36.3, 3)
    true = 2 * math.pi * 150.3
    assert surface.crofton(disc, periodic=True) * 400**2 == pytest.approx(true, rel=3e-3)
    assert surface.faces(disc, periodic=True) * 400**2 == pytest.approx(true * 4 / math.pi, rel=3e-3)
    assert surface.mesh(disc) * 399**2 == pytest.approx(1.055 * true, rel=3e-3)
    true = 4 * math.pi * 36.3**2
    assert surface.crofton(sphere, periodic=True) * 90**3 == pytest.approx(true, rel=5e-3)
    assert surface.faces(sphere, periodic=True) * 90**3 == pytest.approx(true * 1.5, rel=5e-3)
    assert surface.mesh(sphere) * 89**3 == pytest.approx(1.08 * true, rel=0.01)


def test_oblong_pixels_do_not_change_the_interface():
    y, x = np.meshgrid((np.arange(200) - 99.5) * 2, np.arange(400) - 199.5, indexing="ij")
    assert surface.crofton(np.hypot(y, x) < 150, pixel=(2.0, 1.0)) * 400**2 == pytest.approx(2 * math.pi * 150, rel=0.01)
    z, y, x = np.meshgrid((np.arange(45) - 22) * 2, *[np.arange(90) - 44.5] * 2, indexing="ij")
    found = surface.crofton(np.sqrt(z**2 + y**2 + x**2) < 36, pixel=(2.0, 1.0, 1.0), periodic=True) * 90**3
    assert found == pytest.approx(4 * math.pi * 36**2, rel=0.02)


def test_faces_of_lamellae_are_exact_and_weights_sum_to_the_mean_over_angles():
    phase = np.broadcast_to(np.arange(60) % 20 < 5, (7, 30, 60)).copy()
    assert surface.faces(phase, pixel=(3.0, 2.0, 0.5), periodic=True) == pytest.approx(2 / 10, abs=1e-12)
    for pixel in ((1.0, 1.0), (3.0, 1.0), (1.0, 1.0, 1.0), (2.0, 1.0, 0.7)):
        total = (surface.crofton_weights(pixel) * surface.step_lengths(pixel)).sum()
        assert total == pytest.approx(math.pi / 2 if len(pixel) == 2 else 2, abs=1e-12)


def test_mixed_pairs_equal_counting():
    rng = np.random.default_rng(0)
    phase, mask = rng.random((6, 5, 4)) < 0.5, rng.random((6, 5, 4)) < 0.7
    block = (slice(1, 4), slice(0, 5), slice(2, 4))
    for periodic in (False, True):
        mixed, near = surface.mixed_pairs(phase & mask, mask, block=block, periodic=periodic)
        for k, step in enumerate(surface.steps(3)):
            expected = [0, 0]
            for site in itertools.product(range(1, 4), range(5), range(2, 4)):
                other = tuple(s + d for s, d in zip(site, step, strict=True))
                if periodic:
                    other = tuple(o % n for o, n in zip(other, phase.shape, strict=True))
                elif not all(0 <= o < n for o, n in zip(other, phase.shape, strict=True)):
                    continue
                if mask[site] and mask[other]:
                    expected[1] += 1
                    expected[0] += phase[site] != phase[other]
            assert [mixed[k], near[k]] == expected


@pytest.mark.parametrize("corners", [False, True])
def test_euler_number_is_pieces_less_holes(corners):
    """Of a random plane, by labelling: holes join the other way round."""
    phase = np.random.default_rng(4).random((70, 91)) < 0.5
    joined, apart = ndimage.generate_binary_structure(2, 2), ndimage.generate_binary_structure(2, 1)
    pieces = ndimage.label(phase, joined if corners else apart)[1]
    holes = ndimage.label(np.pad(~phase, 1, constant_values=True), apart if corners else joined)[1] - 1
    assert euler_of_the_set(phase, corners=corners) == pieces - holes


@pytest.mark.parametrize("corners", [False, True])
def test_euler_number_of_solids(corners):
    solid = ball(30, 10, 3)
    shell = solid & ~ball(30, 5, 3)
    z, y, x = np.indices((30, 30, 30)) - 14.5
    torus = (np.hypot(y, x) - 9) ** 2 + z**2 < 12
    assert [euler_of_the_set(s, corners=corners) for s in (solid, shell, torus, np.ones((3, 4, 5), bool))] == [1, 2, 0, 1]
    cells = np.zeros((9, 9, 9), bool)
    cells[2:4, 2:4, 2:4] = cells[4:6, 4:6, 4:6] = True  # two cubes that share a corner
    assert euler_of_the_set(cells, corners=corners) == (1 if corners else 2)


def test_densities_of_uncorrelated_pixels():
    """Euler density p - 2 p^2 + p^4 (faces only), and its mirror image with corners; interface from 2 p (1 - p)."""
    p = 0.3
    phase = np.random.default_rng(2).random((1500, 1500)) < p
    found = minkowski(phase, corners=False)
    assert found.euler == pytest.approx(p - 2 * p**2 + p**4, abs=1e-3)
    q = 1 - p
    assert minkowski(phase).euler == pytest.approx(-(q - 2 * q**2 + q**4), abs=1e-3)
    mixed = 2 * p * q * surface.crofton_weights((1.0, 1.0)).sum()
    assert (found.fraction, found.interface) == pytest.approx((p, mixed), abs=1e-3)
    volume = np.random.default_rng(3).random((110, 110, 110)) < p
    cubic = p - 3 * p**2 + 3 * p**4 - p**8
    assert minkowski(volume, corners=False).euler == pytest.approx(cubic, abs=1.5e-3)


def test_masks_periodicity_and_intervals_of_densities():
    rng = np.random.default_rng(6)
    phase = ndimage.gaussian_filter(rng.standard_normal((240, 240)), 3, mode="wrap") > 0
    whole, wrapped = minkowski(phase), minkowski(phase, periodic=True)
    assert whole.interface == pytest.approx(wrapped.interface, rel=0.05)
    mask = np.ones(phase.shape, bool)
    mask[60:120, 80:200] = False
    scrambled = phase ^ ~mask
    assert minkowski(phase, mask=mask) == minkowski(scrambled, mask=mask)
    disc = np.tile(ball(40, 12, 2), (5, 5))
    assert minkowski(disc, periodic=True, pixel=(2.0, 3.0)).euler == pytest.approx(1 / (40 * 40 * 6), abs=1e-12)
    found = minkowski(phase, rng=rng, length_px=10)
    values = (found.fraction, found.interface, found.euler)
    intervals = (found.fraction_interval, found.interface_interval, found.euler_interval)
    for value, interval in zip(values, intervals, strict=True):
        assert interval[0] < value < interval[1]


@pytest.mark.parametrize("shape, pixel, masked", [
    ((40, 50), (1.0, 1.0), False), ((30, 70), (2.0, 0.7), True),
    ((12, 15, 17), (1.0, 1.0, 1.0), True), ((9, 14, 70), (1.6, 1.0, 1.1), False),
])  # fmt: skip
def test_thickness_by_definition(shape, pixel, masked):
    rng = np.random.default_rng(1)
    phase = ndimage.gaussian_filter(rng.standard_normal(shape), 3 if len(shape) == 2 else 1.5) > 0
    mask = rng.random(shape) < 0.9 if masked else np.ones(shape, bool)
    found = local_thickness(phase, mask=mask if masked else None, pixel=pixel, sizes=10000)
    distance = ndimage.distance_transform_edt(phase | ~mask, sampling=pixel)
    sites = np.indices(shape)
    expected = np.zeros(shape)
    for centre in np.argwhere(phase | ~mask):
        away = np.sqrt(sum(((axis - c) * p) ** 2 for axis, c, p in zip(sites, centre, pixel, strict=True)))
        reach = distance[tuple(centre)]
        expected = np.maximum(expected, np.where(away < reach * (1 - 1e-9), 2 * (reach - min(pixel) / 4), 0))
    np.testing.assert_allclose(found, np.where(phase & mask, expected, 0), atol=1e-8)


@pytest.mark.parametrize("shape, pixel", [((50, 130), (1.0, 1.0)), ((30, 64), (0.6, 1.7)), ((20, 18, 70), (1.0, 1.3, 0.9))])
def test_dilation_of_bits_is_that_of_the_distance_transform(shape, pixel):
    field = np.random.default_rng(4).random(shape) < 0.002
    field.flat[0] = field.flat[-1] = True
    distance = ndimage.distance_transform_edt(~field, sampling=pixel)
    np.testing.assert_array_equal(bits.unpack(bits.pack(field), shape[-1]), field)
    for radius in (0.5, 1.0, 1.001, 5.0, 7.3, 26.0):
        found = bits.unpack(bits.within(bits.pack(field), radius, pixel), shape[-1])
        np.testing.assert_array_equal(found, distance < radius * (1 - 1e-12))


@pytest.mark.parametrize("width", [1, 4, 9, 16])
def test_thickness_of_lamellae_discs_and_slabs(width):
    phase = np.broadcast_to((np.arange(120) + 5) % 30 < width, (40, 120)).copy()
    found = local_thickness(phase, pixel=(2.0, 2.0))
    np.testing.assert_allclose(found[:, 25:110][phase[:, 25:110]], 2 * width, atol=1.0 + 1e-9)  # half a pixel
    slab = np.broadcast_to((np.arange(40) + 5) % 20 < width, (20, 20, 40)).copy()
    np.testing.assert_allclose(np.median(local_thickness(slab)[slab]), width, atol=0.5 + 1e-9)


def test_pore_sizes_of_two_discs():
    y, x = np.indices((200, 400))
    phase = (np.hypot(y - 100, x - 100) < 80) | (np.hypot(y - 100, x - 300) < 40)
    sizes = pore_sizes(local_thickness(phase), rng=np.random.default_rng(0))
    share = sizes.at_least[np.searchsorted(sizes.diameter, 120)]
    assert share == pytest.approx(0.8, abs=0.01)
    assert sizes.mean == pytest.approx(0.8 * 160 + 0.2 * 80, rel=0.03)
    assert sizes.median == pytest.approx(160, rel=0.02)
    assert sizes.mean_interval[0] < sizes.mean < sizes.mean_interval[1]
    with pytest.raises(InputError, match="no wall inside the image"):
        local_thickness(np.ones((9, 9), bool))
    with pytest.raises(InputError, match="only one phase"):
        surface.by_each_estimator(np.ones((9, 9), bool))
