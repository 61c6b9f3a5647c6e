"""The numbers of a crop are the statistics that they are named after."""

import numpy as np

from morphoscope.measure import fingerprint as f
from morphoscope.measure.crop_statistics import crop_statistics
from morphoscope.measure.lineal_path import lineal_path

STRIPES = np.tile(np.arange(96) % 8 < 4, (96, 1))


def test_blocks_of_known_stripes():
    found, place = f.fingerprints(STRIPES[None])[0], f.blocks(96)
    assert found[place["descriptors"]][0] == 0.5
    around = found[place["map"]].reshape(11, -1)
    assert np.allclose(around[:, 10], 0.5)  # along the stripes nothing is lost
    assert np.allclose(around[:, 8], 0)  # half a period away every pixel is of the other phase


def test_each_block_is_the_package_s(rng):
    phases = rng.random((2, 64, 64)) > 0.4
    found, place, known = f.fingerprints(phases), f.blocks(64), crop_statistics(phases)
    assert np.array_equal(found[:, place["s2"]], known.s2)
    assert np.array_equal(found[:, place["lineal"]], known.lineal)
    assert np.array_equal(found[1, place["dark"]][-17:], lineal_path(~phases[1], direction=(0, 1), z_max=16).value)


def test_each_block_counts_the_same(rng):
    rows = f.fingerprints(np.stack([rng.random((48, 48)) > level for level in rng.uniform(0.2, 0.8, 12)]))
    weight = f.weights(rows, side_px=48)
    for block in f.blocks(48).values():
        assert np.isclose((rows * weight)[:, block].var(axis=0).sum(), 1)


def test_a_mirror_changes_the_map_alone_and_one_sense_undoes_it():
    y, x = np.mgrid[:96, :96]
    leaning = (x + 0.5 * y) % 10 < 5
    both = f.fingerprints(np.stack([leaning, leaning[:, ::-1]]))
    block = f.blocks(96)["map"]
    rest = np.delete(both, np.r_[block], axis=1)
    assert np.allclose(rest[0], rest[1])
    assert not np.allclose(both[0], both[1], atol=0.1)
    found = f.one_sense(both, side_px=96)
    assert np.allclose(found[0], found[1])
    assert any(np.allclose(found[0], one) for one in both)
