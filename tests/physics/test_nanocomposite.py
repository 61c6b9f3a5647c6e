"""State points, layouts and LAMMPS texts of nanocomposites."""

from __future__ import annotations

import math

import numpy as np
import pytest

from morphoscope.errors import BadParameter
from morphoscope.physics import nanocomposite as physics
from morphoscope.physics import nanocomposite_lammps as texts

POINT = physics.StatePoint(diameter=3, beads=10, density=2e-3, eps_nn=0.5, eps_pn=0.4)


def nearest(places: np.ndarray, length: float) -> float:
    d = places[:, None] - places[None]
    d -= length * np.rint(d / length)
    return float((np.sqrt((d**2).sum(-1)) + 1e9 * np.eye(len(places))).min())


@pytest.mark.parametrize("start", ["dispersed", "aggregated"])
def test_chains_are_connected_and_particles_apart(start: str) -> None:
    made = physics.composite(np.random.default_rng(1), POINT, particles=9, start=start)
    kind, i, j = made.bonds.T
    length = np.linalg.norm(made.positions[i] - made.positions[j], axis=1)
    np.testing.assert_allclose(length, physics.BOND)
    chains = physics.free_chains(POINT, 9)
    assert len(made) == chains * 10 + 9
    assert len(made.bonds) == chains * 9
    assert set(kind) == {1}
    beads = made.positions[: chains * 10].reshape(chains, 10, 3)
    assert np.linalg.norm(beads[:, 2:] - beads[:, :-2], axis=-1).min() >= physics.SECOND_NEIGHBOUR - 1e-9
    apart = nearest(made.positions[-9:], made.lengths[0])
    assert apart == pytest.approx(3 * 1.13) if start == "aggregated" else apart > 5


def test_the_melt_fills_what_particles_leave_at_the_wanted_density() -> None:
    made = physics.composite(np.random.default_rng(2), POINT, particles=8)
    free = 8 / POINT.density - 8 * math.pi / 6 * (3 + physics.SHELL) ** 3
    assert (len(made) - 8) / free == pytest.approx(physics.MELT_DENSITY, rel=0.01)


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 32, 64, 100])
def test_dispersed_particles_are_as_far_apart_as_a_lattice_allows(count: int) -> None:
    places = physics.dispersed(np.random.default_rng(3), count, 10.0)
    assert len(np.unique(places.round(6), axis=0)) == count
    if count > 1:
        assert nearest(places, 10.0) > 0.75 * 10 / count ** (1 / 3)


def test_a_pair_lies_on_the_axis() -> None:
    made = physics.pair(np.random.default_rng(4), POINT, distance=4.2, farthest=8)
    left, right = made.positions[-2:]
    np.testing.assert_allclose(right - left, [4.2, 0, 0])
    assert made.lengths[0] > 8 + 3 + 4


def test_grafts_are_tethered_to_their_particle() -> None:
    grafts = physics.Grafts(chains=7, beads=4)
    made = physics.composite(np.random.default_rng(5), POINT, particles=3, grafts=grafts)
    tethers = made.bonds[made.bonds[:, 0] == 2]
    assert len(tethers) == 21
    assert set(made.types[tethers[:, 2]]) == {2}
    np.testing.assert_array_equal(made.molecules[tethers[:, 1]], made.molecules[tethers[:, 2]])
    length = np.linalg.norm(made.positions[tethers[:, 1]] - made.positions[tethers[:, 2]], axis=1)
    np.testing.assert_allclose(length, POINT.mixed_sigma)
    assert len(made.bonds) == physics.free_chains(POINT, 3, grafts) * 9 + 3 * 7 * 4
    assert "bond_coeff 2 harmonic" in texts.start_text(POINT, texts.Settings(), data="a", restart="b", seed=1, grafted=True)


REFUSED = {
    "full of spheres": (lambda: physics.StatePoint(diameter=5, density=0.02), "overlap; give rho of at most"),
    "smaller than a bead": (lambda: physics.StatePoint(diameter=0.5), "D=0.5 must lie between"),
    "no beads": (lambda: physics.StatePoint(beads=0), "N=0 must be at least 1"),
    "repulsion": (lambda: physics.StatePoint(eps_pn=-1), "must not be negative"),
    "a cluster larger than its box": (
        lambda: physics.placed(np.random.default_rng(0), POINT, particles=8, start="aggregated", length=6.8),
        "overlap in their box",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_impossible_compositions_are_refused_in_a_sentence(what: str) -> None:
    make, reason = REFUSED[what]
    with pytest.raises(BadParameter, match=reason):
        make()


def test_lennard_jones_is_cut_and_shifted() -> None:
    r = np.array([1.0, 2 ** (1 / 6), 2.4999999, 2.5, 3.0])
    shift = 4 * 0.7 * (2.5**-12 - 2.5**-6)
    np.testing.assert_allclose(physics.lennard_jones(r * 3, epsilon=0.7, sigma=3), [-shift, -0.7 - shift, 0, 0, 0], atol=1e-6)


def test_texts_hold_the_papers_potentials() -> None:
    text = texts.run_text(POINT, texts.Settings(), restart="s", until=100, dump="d", dump_every=10)
    assert "pair_coeff 1 1 1 1.0 2.5" in text
    assert "pair_coeff 1 2 0.4 2 5" in text
    assert "pair_coeff 2 2 0.5 3 7.5" in text
    assert "bond_coeff 1 30 1.5 1 1.0" in text
    assert "timestep 0.005" in text
    assert "iso 1 1 10" in text
    window = texts.window_text(
        POINT, texts.Settings(), restart="s", after="t", samples="r", spring=60, distance=3.3, settle=5, steps=9
    )  # fmt: skip
    assert "pair_coeff 2 2 0 3" in window  # the pair's own potential is added exactly afterwards
    assert "spring couple right 60 3.3 NULL NULL 0.0" in window


def test_the_data_file_counts_what_it_lists() -> None:
    made = physics.composite(np.random.default_rng(6), POINT, particles=2)
    lines = texts.data_text(made).splitlines()
    atoms, bonds = lines.index("Atoms # bond"), lines.index("Bonds")
    assert f"{bonds - atoms - 3} atoms" in lines
    assert f"{len(lines) - bonds - 2} bonds" in lines
    table = np.array([line.split() for line in lines[atoms + 2 : bonds - 1]], dtype=float)
    unwrapped = table[:, 3:6] + table[:, 6:9] * made.lengths
    np.testing.assert_allclose(unwrapped, made.positions, atol=1e-6)
