"""Tortuosity against closed forms and a direct solution."""

import numpy as np
import pytest
from scipy import ndimage, sparse
from scipy.sparse.linalg import spsolve

from morphoscope.errors import InputError
from morphoscope.measure import multigrid
from morphoscope.measure.phases import through
from morphoscope.measure.tortuosity import tortuosity


def factor(inside, **how):
    return tortuosity(inside, **how).factor


def by_direct_solution(inside, axis):
    """The same problem written out voxel by voxel and solved directly."""
    cluster = np.moveaxis(inside, axis, 0)
    number = {tuple(v): i for i, v in enumerate(np.argwhere(cluster))}
    matrix, source = sparse.lil_array((len(number), len(number))), np.zeros(len(number))
    for voxel, i in number.items():
        matrix[i, i] += 1e-12  # pieces that touch neither end
        for k in range(cluster.ndim):
            for side in (-1, 1):
                other = (*voxel[:k], voxel[k] + side, *voxel[k + 1 :])
                if other in number:
                    matrix[i, i] += 1
                    matrix[i, number[other]] -= 1
        if voxel[0] == 0:
            matrix[i, i] += 2
            source[i] = 2
        if voxel[0] == len(cluster) - 1:
            matrix[i, i] += 2
    c = spsolve(matrix.tocsr(), source)
    flux = sum(2 * (1 - c[i]) for voxel, i in number.items() if voxel[0] == 0)
    return inside.mean() / (flux * len(cluster) / cluster[0].size)


@pytest.mark.parametrize("shape", [(20, 31), (7, 9, 11)])
def test_free_space_is_one_along_every_axis(shape):
    for axis in range(len(shape)):
        assert factor(np.ones(shape, bool), axis=axis) == pytest.approx(1, abs=1e-9)


def test_layers_are_straight_along_and_shut_across():
    layers = np.zeros((24, 40), bool)
    layers[::3] = True
    assert factor(layers, axis=1) == pytest.approx(1, abs=1e-9)
    assert tortuosity(layers, axis=0) is None


def test_a_winding_channel_is_a_chain_of_links():
    """One voxel wide with single voxels at both ends: half links there, a whole one from voxel to voxel."""
    channel = np.zeros((7, 5), bool)
    path = [(0, 4), (1, 4), (2, 4), (2, 3), (2, 2), (2, 1), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0)]
    channel[tuple(np.transpose(path))] = True
    resistance = len(path)  # len - 1 links and two halves
    assert factor(channel, axis=0, residual=1e-12) == pytest.approx(channel.mean() * resistance / (7 / 5), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", [(14, 12), (8, 9, 7)])
def test_random_media_agree_with_a_direct_solution(shape, seed):
    inside = np.random.default_rng(seed).random(shape) < 0.8
    for axis in range(len(shape)):
        found = tortuosity(inside, axis=axis, residual=1e-12)
        if found is None:
            assert by_direct_solution(inside, axis) > 1e6  # next to no flux
            continue
        assert found.factor == pytest.approx(by_direct_solution(inside, axis), rel=1e-9)


@pytest.mark.parametrize("shape", [(220, 200), (48, 40, 44)])
def test_many_levels_agree_with_one(shape, monkeypatch):
    """Coarse levels only speed the solution up; here two to four of them, and stringy pieces between."""
    rng = np.random.default_rng(len(shape))
    inside = ndimage.gaussian_filter(rng.standard_normal(shape), 1.0) > (0.0 if len(shape) == 2 else 0.07)
    alone = tortuosity(inside, axis=0, residual=1e-10)
    monkeypatch.setattr(multigrid, "COARSEST", 100)
    many = tortuosity(inside, axis=0)
    assert many.factor == pytest.approx(alone.factor, rel=1e-6)
    assert many.residual < 1e-6
    assert many.mismatch < 1e-4
    assert many.steps < 30
    share = through(inside, axis=0)[0]
    assert many.through == pytest.approx(share * many.factor)
    assert many.factor == pytest.approx(inside.mean() / many.diffusivity)
    assert many.length == pytest.approx(many.factor**0.5)


@pytest.mark.parametrize("slope", [0.5, 1.0])
def test_an_inclined_channel_is_longer_and_narrower(slope):
    """1 / cos^2 of its inclination, less the ends, which are cut obliquely."""
    y, x = np.mgrid[:700, :600]
    channel = np.abs(y - 25 - slope * x) < 20
    assert factor(channel, axis=1) == pytest.approx(1 + slope**2, rel=0.025)


def test_dead_ends_hold_space_but_no_flux():
    comb = np.zeros((9, 30), bool)
    comb[4] = True
    assert factor(comb, axis=1) == pytest.approx(1)
    comb[5:, 1:-1:3] = True
    assert factor(comb, axis=1) == pytest.approx(comb.mean() * 9, rel=1e-6)


def test_oblong_voxels():
    y, x = np.mgrid[:60, :60] + 0.5
    around = np.hypot(y - 30, x - 20) > 17
    fine, coarse = factor(around, axis=1), around[::3]
    assert factor(coarse, axis=1, pixel=(3.0, 1.0)) == pytest.approx(fine, rel=0.03)
    assert factor(coarse, axis=1) != pytest.approx(fine, rel=0.05)
    with pytest.raises(InputError, match="3 voxel sides for 2 axes"):
        tortuosity(coarse, axis=0, pixel=(1.0, 1.0, 1.0))


def test_it_says_how_far_it_is():
    heard = []
    tortuosity(np.random.default_rng(0).random((30, 30)) < 0.8, axis=0, tell=heard.append)
    assert heard == list(range(1, len(heard) + 1))
    assert heard
