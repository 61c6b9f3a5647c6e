"""g(r), its errors and states; clusters, structure factor and chains; against freud where freud has them."""

from __future__ import annotations

import numpy as np
import pytest

from morphoscope.errors import InputError
from morphoscope.measure import aggregates, chains, rdf

freud = pytest.importorskip("freud", reason="freud-analysis is not installed")


def gas(seed: int, frames: int = 40, n: int = 30, edge: float = 22.0) -> tuple[np.ndarray, np.ndarray]:
    """An ideal gas, unwrapped by whole boxes here and there."""
    rng = np.random.default_rng(seed)
    lengths = np.full((frames, 3), edge)
    positions = rng.uniform(0, 1, (frames, n, 3)) * lengths[:, None]
    return positions + rng.integers(-2, 3, (frames, n, 3)) * lengths[:, None], lengths


def clumped(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, 21, (10, 6, 1, 3))
    return (centres + rng.normal(0, 0.8, (10, 6, 4, 3))).reshape(10, 24, 3), np.full((10, 3), 21.0)


@pytest.mark.parametrize("make", [gas, clumped])
def test_rdf_agrees_with_freud(make) -> None:
    positions, lengths = make(1)
    ours = rdf.rdf(positions, lengths)
    theirs = freud.density.RDF(bins=100, r_max=10, normalization_mode="finite_size")
    for x, box in zip(positions, lengths, strict=True):
        cube = freud.box.Box.cube(box[0])
        theirs.compute((cube, cube.wrap(x)), reset=False)
    np.testing.assert_array_equal(ours.counts, np.asarray(theirs.bin_counts) / 2)
    np.testing.assert_allclose(ours.g, theirs.rdf, rtol=1e-5, atol=1e-6)


def test_ideal_gas_is_one_within_its_errors() -> None:
    positions, lengths = gas(2, frames=400)
    one = rdf.rdf(positions, lengths)
    far = one.r > 2
    pull = (one.g[far] - 1) / one.error[far]
    assert abs(np.mean(one.g[far]) - 1) < 0.01
    assert np.mean(np.abs(pull) < 2.3) > 0.9  # 10 blocks: Student's t


def test_two_particles_are_normalised_by_pairs() -> None:
    """Two particles held at 3: the integral of rho g counts 1 neighbour times n / (n - 1), here 2."""
    positions = np.zeros((1, 2, 3))
    positions[0, 1, 0] = 3.02
    one = rdf.count(positions, np.full((1, 3), 12.0))
    assert rdf.coordination(one, 2 / 12**3, 4.0) == pytest.approx(2.0, rel=1e-3)
    assert np.isnan(one.g[60:]).all()
    assert np.isfinite(one.g[:60]).all()


def test_one_particle_has_no_pairs() -> None:
    with pytest.raises(InputError, match="at least 2 particles"):
        rdf.count(np.zeros((1, 1, 3)), np.full((1, 3), 9.0))


def test_starts_that_disagree_are_not_converged() -> None:
    first, second = (rdf.rdf(*gas(seed, frames=400)) for seed in (3, 4))
    assert rdf.converged([first, second], 3.0)
    assert not rdf.converged([first], 3.0)
    clumps = rdf.rdf(*clumped(5))
    assert not rdf.converged([first, clumps], 3.0)
    both = rdf.joined([first, clumps])
    apart = np.abs(first.g - clumps.g) / 2
    seen = np.isfinite(apart)
    assert np.all(both.error[seen] >= apart[seen] - 1e-12)


def test_states_and_first_peak() -> None:
    r = np.arange(100) * 0.1 + 0.05

    def peak(at: float, height: float) -> np.ndarray:
        return 1.0 * (r > 2.8) + height * np.exp(-((r - at) ** 2) / 0.02)

    assert rdf.state(r, peak(3.15, 50), 3.0) == "aggregated"
    assert rdf.state(r, peak(4.05, 4), 3.0) == "bridged"
    assert rdf.state(r, peak(8.05, 5), 3.0) == "dispersed"
    assert rdf.state(r, peak(3.15, 0.5), 3.0) == "dispersed"
    assert rdf.first_peak(r, peak(4.05, 4)) == pytest.approx((4.05, 5.0))
    assert rdf.first_peak(r, peak(3.15, 3) + peak(5, 5)) == pytest.approx((3.15, 5.0), rel=0.01)
    assert np.isnan(rdf.first_peak(r, np.zeros(100))).all()


def test_clusters_agree_with_freud() -> None:
    positions, lengths = clumped(6)
    for x, box in zip(positions, lengths, strict=True):
        theirs = freud.cluster.Cluster()
        cube = freud.box.Box.cube(box[0])
        theirs.compute((cube, cube.wrap(x)), neighbors={"r_max": 2.0})
        assert len(np.unique(aggregates.labels(x, box, reach=2.0))) == theirs.num_clusters
    found = aggregates.clusters(positions, lengths, reach=2.0)
    assert found.largest >= 3
    assert found.clusters * 1 <= 24


def test_structure_factor_agrees_with_freud() -> None:
    positions, lengths = clumped(7)
    q, s = aggregates.structure_factor(positions, lengths, q_max=1.0, shells=500)
    theirs = freud.diffraction.StaticStructureFactorDirect(bins=500, k_max=1.0)
    mirrors = np.array([[1, 1, 1], [-1, 1, 1], [1, -1, 1], [1, 1, -1]])  # freud looks at one octant of q, we at all
    for x, box in zip(positions, lengths, strict=True):
        cube = freud.box.Box.cube(box[0])
        for mirror in mirrors:
            theirs.compute((cube, cube.wrap(x * mirror)), reset=False)
    one_kind = np.isin(np.round((q * 21 / (2 * np.pi)) ** 2).astype(int), [1, 2, 3, 4, 5, 6, 8])
    assert one_kind.sum() == 7
    np.testing.assert_allclose(s[one_kind], theirs.S_k[(q[one_kind] * 500).astype(int)], rtol=1e-4)
    assert s[0] > 1


def test_freely_jointed_chains() -> None:
    rng = np.random.default_rng(8)
    steps = rng.normal(size=(20000, 30, 3))
    steps *= 0.97 / np.linalg.norm(steps, axis=-1, keepdims=True)
    found = chains.dimensions(np.cumsum(steps, axis=1))
    assert found.bond == pytest.approx(0.97)
    assert found.stiffness == pytest.approx(1.0, abs=0.02)
    assert found.gyration_squared == pytest.approx(0.97**2 * (30**2 - 1) / (6 * 30), rel=0.02)
