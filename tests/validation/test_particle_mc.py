"""Monte Carlo of particles against exact results, the virial expansion and fluids whose structure is known."""

from __future__ import annotations

import numpy as np
import pytest

from morphoscope.errors import BadParameter
from morphoscope.physics.particle_mc import BIN_WIDTH, BINS, MOVES, SHELLS, PairEnergy, sample

pytest.importorskip("numba")

R = np.linspace(0.02, 7.0, 1400)
MILD = PairEnergy(R, np.where(R < 2, 100.0, -2 * np.exp(-(((R - 2.6) / 0.4) ** 2))))
LUMP = 2 * np.exp(-(((R - 3) / 0.5) ** 2))
CORE = np.where(R < 2, 100.0, 0.0)
WELL = PairEnergy(R, CORE - 3 * np.exp(-(((R - 2.6) / 0.4) ** 2)) + LUMP * (R > 3))
EDGES = np.arange(BINS + 1) * BIN_WIDTH
FINE = np.linspace(1e-4, 10, 100_000)


def binned(energy: PairEnergy) -> np.ndarray:
    """exp(-u) in the bins of g(r)."""
    boltzmann = np.exp(-np.interp(FINE, energy.r, energy.u, right=0.0)) * FINE**2
    return np.histogram(FINE, EDGES, weights=boltzmann)[0] / np.histogram(FINE, EDGES, weights=FINE**2)[0]


def within(g: np.ndarray, expected: np.ndarray, error: np.ndarray, *, floor: float) -> None:
    """No bin further off than 5 errors, and all together as far off as errors are."""
    seen = ~np.isnan(g) & (expected > 0.01)
    z = (g - expected)[seen] / np.hypot(error[seen], floor)
    assert np.abs(z).max() < 5
    assert 0.1 < np.sqrt(np.mean(z**2)) < 1.6


STEPS_ALONE = pytest.param((), marks=pytest.mark.slow, id="steps")  # they need ten times as many
MOVE_SETS = [STEPS_ALONE, pytest.param(("hop",), id="hops"), pytest.param(("cluster",), id="clusters"), MOVES]


@pytest.mark.parametrize("moves", MOVE_SETS)
def test_two_particles_are_distributed_as_boltzmann_says(rng, moves):
    box = 14.5
    found = sample(rng, WELL, density=2 / box**3, particles=2, replicas=16, sweeps=200_000 if not moves else 20_000, moves=moves)
    exact = binned(WELL)
    inside = box**3 + np.nansum((exact - 1) * SHELLS * (EDGES[1:] <= 7))
    within(found.mean, exact * box**3 / inside, found.error, floor=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("moves", [("hop",), MOVES], ids=["hops", "all"])
def test_three_particles_agree_with_direct_integration(rng, moves):
    """A potential and box where clusters of two and of three are about as common as single particles."""
    box, n, batches = 14.5, 200_000, 20
    totals, histograms = np.zeros(batches), np.zeros((batches, BINS))
    for batch in range(batches):
        x = rng.uniform(0, box, (3, n, 3))
        pairs = [x[0] - x[1], x[0] - x[2], x[1] - x[2]]
        r = np.array([np.sqrt(((d - box * np.rint(d / box)) ** 2).sum(1)) for d in pairs])
        weight = np.exp(-np.interp(r, MILD.r, MILD.u, right=0.0).sum(0))
        totals[batch] = weight.sum()
        histograms[batch] = np.histogram(r, EDGES, weights=np.broadcast_to(weight, r.shape))[0]
    exact = histograms / totals.mean() / (3 / box**3 * SHELLS)
    found = sample(rng, MILD, density=3 / box**3, particles=3, replicas=16, sweeps=40_000, moves=moves)
    within(found.mean, exact.mean(0), np.hypot(found.error, exact.std(0, ddof=1) / np.sqrt(batches)), floor=2e-3)


def test_rare_particles_follow_the_pair_alone(rng):
    found = sample(rng, MILD, density=2e-5, sweeps=1500, replicas=8)
    assert found.converged
    peak = slice(22, 30)
    assert found.mean[peak].sum() == pytest.approx(binned(MILD)[peak].sum(), rel=0.15)


def test_the_first_order_in_density_is_that_of_the_virial_expansion(rng):
    """For hard spheres of diameter s, g = 1 + rho (4 pi / 3) s^3 (1 - 3r/4s + r^3/16s^3) between s and 2 s."""
    s, density = 2.0, 0.004
    hard = PairEnergy(np.array([1e-6, s - 1e-6, s + 1e-6, 2.5]), np.array([500.0, 500.0, 0.0, 0.0]))
    found = sample(rng, hard, density=density, sweeps=1000, replicas=8)
    r = found.r[20:40]
    overlap = 4 / 3 * np.pi * s**3 * (1 - 3 * r / (4 * s) + (r / s) ** 3 / 16)
    assert found.mean[:19].max() == 0
    assert np.abs(found.mean[20:40] - 1 - density * overlap).max() < 0.06
    assert found.mean[45:90].mean() == pytest.approx(1, abs=0.005)


@pytest.mark.slow
def test_dense_hard_spheres_have_the_known_contact_value(rng):
    """Carnahan and Starling: g(s) = (1 - eta / 2) / (1 - eta)^3."""
    s, eta, n = 2.0, 0.3, 64
    hard = PairEnergy(np.array([1e-6, s - 1e-6, s + 1e-6, 2.5]), np.array([500.0, 500.0, 0.0, 0.0]))
    start = np.stack([lattice(n, (n / (6 * eta / np.pi / s**3)) ** (1 / 3))] * 8)
    found = sample(rng, hard, density=6 * eta / np.pi / s**3, particles=n, replicas=8, sweeps=6000, start=start)
    contact = np.polyval(np.polyfit(found.r[20:28], found.mean[20:28], 2), s)
    assert contact == pytest.approx((1 - eta / 2) / (1 - eta) ** 3, rel=0.02)


@pytest.mark.slow
def test_a_lennard_jones_liquid_has_the_known_energy(rng):
    """-5.512 epsilon per particle at T* = 0.85 and 0.776 per volume (NIST's reference values), cut at 3 with its tail."""
    temperature, density, n, cut = 0.85, 0.776, 216, 3.0
    r = np.linspace(0.5, cut, 20_000)
    liquid = PairEnergy(r, 4 / temperature * (r**-12 - r**-6))
    start = np.stack([lattice(n, (n / density) ** (1 / 3))] * 4)
    found = sample(rng, liquid, density=density, particles=n, replicas=4, sweeps=1500, start=start)
    tail = 8 / 3 * np.pi * density * (cut**-9 / 3 - cut**-3)
    assert found.energy.mean() * temperature + tail == pytest.approx(-5.512, abs=0.02)


def lattice(n: int, box: float) -> np.ndarray:
    side = round(n ** (1 / 3))
    grid = (np.arange(side) + 0.5) * box / side
    return np.stack(np.meshgrid(grid, grid, grid, indexing="ij"), axis=-1).reshape(-1, 3)


@pytest.mark.slow
def test_moves_of_clusters_and_hops_leave_the_distribution_as_it_is(rng):
    """Many particles that cluster: the same g(r) with steps alone, which are slow, and with all moves."""
    r = np.linspace(0.02, 6, 1200)
    sticky = PairEnergy(r, np.where(r < 2, 100.0, -1.5 * np.exp(-(((r - 2.4) / 0.5) ** 2))))
    runs = [
        sample(rng, sticky, density=0.003, particles=32, replicas=16, sweeps=s, moves=m) for s, m in ((12_000, ()), (4000, MOVES))
    ]
    a, b = runs
    error = np.hypot(*(run.g.std(0, ddof=1) / 4 for run in runs))
    z = ((a.mean - b.mean) / np.maximum(error, 1e-3))[21:]
    assert a.mean.max() > 4
    assert np.nanmax(np.abs(z)) < 5
    assert np.sqrt(np.nanmean(z**2)) < 1.5


def test_starts_that_disagree_are_not_called_converged(rng):
    r = np.linspace(0.02, 6, 1200)
    glue = PairEnergy(r, np.where(r < 2, 100.0, -12 * np.exp(-(((r - 2.3) / 0.3) ** 2))))
    found = sample(rng, glue, density=0.001, replicas=4, sweeps=100)
    assert not found.converged
    aggregated, dispersed = found.g[found.aggregated].mean(0), found.g[~found.aggregated].mean(0)
    at = int(np.argmax(aggregated))
    assert found.error[at] >= abs(aggregated[at] - dispersed[at]) / 2


def test_energies_one_a_replica_give_each_its_own(rng):
    depth = np.array([0.0, 1.0, 2.0, 3.0])
    wells = PairEnergy(R, CORE - depth[:, None] * np.exp(-(((R - 2.6) / 0.4) ** 2)))
    found = sample(rng, wells, density=1e-4, replicas=4, sweeps=2000)
    assert (np.diff(found.g[:, 22:30].mean(1)) > 0).all()


def test_the_same_seed_gives_the_same_answer():
    a, b = (sample(np.random.default_rng(5), WELL, density=1e-3, replicas=4, sweeps=50) for _ in range(2))
    assert np.array_equal(a.g, b.g)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"density": 0.5}, "take 1372 particles or more"),
        ({"density": 0.0}, "above zero"),
        ({"density": 1e-3, "particles": 1}, "two or more"),
        ({"density": 1e-3, "replicas": 2}, "4 or more"),
        ({"density": 0.1, "particles": 275}, "do not fit"),
    ],
)
def test_what_cannot_be_sampled_is_said(rng, given, says):
    with pytest.raises(BadParameter, match=says):
        sample(rng, WELL, **given)
