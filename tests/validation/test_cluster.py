"""Two-point cluster function against counting every pair, and against shapes whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.measure.cluster import clusters, two_point_cluster
from morphoscope.measure.correlation import anisotropy, cross_correlation, directional, two_point


def every_pair(one, other, mask, r_max, periodic):
    """Hits and pairs by radius; a hit is a pair whose labels agree (and are not 0) or lie in two phases."""
    bins: dict[int, list[float]] = {}
    shape = one.shape
    ranges = [range(-(n // 2), n // 2 + 1) if periodic else range(1 - n, n) for n in shape]
    for shift in np.array(np.meshgrid(*ranges, indexing="ij")).reshape(len(shape), -1).T:
        length = math.sqrt(float((shift**2).sum()))
        if length > r_max * (1 + 1e-12):
            continue
        entry = bins.setdefault(round(length), [0, 0])
        for site in np.ndindex(shape):
            there = tuple((s + d) % n if periodic else s + d for s, d, n in zip(site, shift, shape, strict=True))
            if all(0 <= t < n for t, n in zip(there, shape, strict=True)) and mask[site] and mask[there]:
                entry[1] += 1
                entry[0] += one[site] != 0 and one[site] == other[there]
    return np.array([bins[k][0] / bins[k][1] for k in sorted(bins) if bins[k][1]])


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("shape, share", [((9, 12), 0.55), ((12, 8), 0.4), ((5, 6, 4), 0.35)])
@pytest.mark.parametrize("masked", [False, True])
def test_equals_counting_every_pair(shape, share, periodic, masked):
    rng = np.random.default_rng(sum(shape))
    phase = rng.random(shape) < share
    mask = rng.random(shape) < 0.8 if masked else np.ones(shape, bool)
    labels, _ = clusters(phase & mask, periodic=periodic)
    found = two_point_cluster(phase, r_max=4, mask=mask if masked else None, periodic=periodic)
    np.testing.assert_allclose(found.value, every_pair(labels, labels, mask, 4, periodic), atol=1e-10)


@pytest.mark.parametrize("periodic", [False, True])
def test_cross_correlation_and_volumes_equal_counting_every_pair(periodic):
    rng = np.random.default_rng(1)
    for shape in ((8, 11), (4, 5, 6)):
        labels, mask = rng.integers(0, 3, shape), rng.random(shape) < 0.8
        one, two = labels == 1, labels == 2
        found = cross_correlation(one, two, r_max=3, mask=mask, periodic=periodic)
        np.testing.assert_allclose(found.value, every_pair(one * 1, two * 1, mask, 3, periodic), atol=1e-10)
        s2 = two_point(one, r_max=3, mask=mask, periodic=periodic).s2
        np.testing.assert_allclose(s2, every_pair(one * 1, one * 1, mask, 3, periodic), atol=1e-10)


def test_periodic_clusters_join_across_the_border():
    phase = np.zeros((10, 10), bool)
    phase[4, :3] = phase[4, 8:] = phase[0, 6] = phase[9, 7] = True
    assert [clusters(phase)[1], clusters(phase, periodic=True)[1], clusters(phase, periodic=True, corners=True)[1]] == [4, 3, 2]


def test_separate_discs_and_a_spanning_phase():
    """C2 of discs far apart is the lens of one disc; of a phase that is one piece it is S2."""
    y, x = np.indices((512, 512))
    radius = 30.2
    phase = np.zeros((512, 512), bool)
    for cy, cx in ((100, 100), (100, 180), (300, 300), (420, 90)):
        phase |= np.hypot(y - cy, x - cx) < radius
    found = two_point_cluster(phase, r_max=120, periodic=True)
    half = np.clip(found.r / (2 * radius), 0, 1)
    lens = 2 * radius**2 * (np.arccos(half) - half * np.sqrt(1 - half**2))
    np.testing.assert_allclose(found.value / found.value[0], lens / (math.pi * radius**2), atol=1e-3)
    assert found.value[0] == pytest.approx(4 * math.pi * radius**2 / 512**2, rel=2e-3)
    assert two_point(phase, r_max=120, periodic=True).s2[80] > found.value[80] + 1e-4
    np.testing.assert_array_equal(two_point_cluster(~phase, r_max=50).value, two_point(~phase, r_max=50).s2)


def test_directions_of_lamellae_and_of_a_stretched_structure():
    width = np.broadcast_to(np.arange(240) % 24 < 12, (240, 240)).copy()
    along = directional(width, r_max=40, direction=(1, 0), half_angle_deg=0.1, periodic=True)
    np.testing.assert_allclose(along.value, 0.5, atol=1e-12)
    across = directional(width, r_max=40, direction=(0, 1), half_angle_deg=0.1, periodic=True)
    np.testing.assert_allclose(across.value, 0.5 - np.abs((across.r / 24 + 0.5) % 1 - 0.5), atol=1e-12)
    noise = np.random.default_rng(0).standard_normal((600, 600))
    stretched = ndimage.gaussian_filter(noise, (4, 12), mode="wrap") > 0
    found = anisotropy(stretched, r_max=60, periodic=True)
    assert found.ratio == pytest.approx(3, rel=0.1)
    assert min(found.angle_deg, 180 - found.angle_deg) < 3
    turned = ndimage.rotate(ndimage.gaussian_filter(noise, (4, 12), mode="wrap"), 30, reshape=False)[150:450, 150:450] > 0
    assert anisotropy(turned, r_max=60).angle_deg == pytest.approx(30, abs=6)
    volume = ndimage.gaussian_filter(np.random.default_rng(1).standard_normal((70, 70, 70)), (2, 2, 5), mode="wrap") > 0
    solid = anisotropy(volume, r_max=20, periodic=True)
    assert solid.ratio == pytest.approx(2.5, rel=0.2)
    assert abs(solid.axes[0][2]) > 0.97
