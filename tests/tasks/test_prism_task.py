"""The tasks prism and nanonet equilibrium."""

from __future__ import annotations

import numpy as np
import pytest

from morphoscope.app.identity import _closure
from morphoscope.core import Run
from morphoscope.datasets.potentials import SHIPPED
from morphoscope.errors import BadParameter, NoSolution, NotFound
from morphoscope.tasks.equilibrium import equilibrium
from morphoscope.tasks.prism import binned, prism

BRIDGED = {"D": 3.0, "N": 40, "rho": 3.2e-4, "eps_nn": 0.5, "eps_pn": 1.0}
AGGREGATED = {"D": 2.0, "N": 25, "rho": 2e-3, "eps_nn": 2.0, "eps_pn": 0.1}
QUICK = {"step": 0.05, "reach": 51.2}


def test_prism_gives_the_curve_of_its_contract(tmp_path):
    report = prism(Run(tmp_path), **BRIDGED, **QUICK)
    g = report.curves["g"]
    assert len(g) == 100
    assert g.x[0] == pytest.approx(0.05)
    assert g.x[-1] == pytest.approx(9.95)
    assert g.y[:15].max() < 1e-3
    assert g.y[-10:].mean() == pytest.approx(1, abs=0.05)
    assert report.values["residual"].value < 1e-8
    assert {"first_peak_r", "first_peak_g", "second_virial", "grid_error"} <= set(report.values)
    assert report.tables["state"][0]["limit"] == "finite"


def test_where_particles_separate_two_alone_are_shown_and_said(tmp_path):
    report = prism(Run(tmp_path), **AGGREGATED, **QUICK)
    assert report.tables["state"] == [{"state": "aggregated", "limit": "dilute"}]
    assert "two particles alone" in report.notes[0]
    assert report.values["second_virial"].value < 0
    with pytest.raises(NoSolution, match="density of its particles"):
        prism(Run(tmp_path), **AGGREGATED, **QUICK, limit="finite")


def test_dilute_is_what_no_density_gives(tmp_path):
    none = prism(Run(tmp_path), **(BRIDGED | {"rho": 0.0}), **QUICK)
    dilute = prism(Run(tmp_path), **BRIDGED, **QUICK, limit="dilute")
    np.testing.assert_array_equal(none.curves["g"].y, dilute.curves["g"].y)


def test_particles_that_overlap_are_refused(tmp_path):
    with pytest.raises(BadParameter, match=r"rho of at most 0\.0061"):
        prism(Run(tmp_path), D=5.0, rho=0.02)
    with pytest.raises(BadParameter, match="reach=20 is too short"):
        prism(Run(tmp_path), D=5.0, rho=1e-4, reach=20.0)


def test_bins_hold_the_mean_over_their_shells():
    r = np.linspace(0.01, 12, 1200)
    centres, means = binned(r, r**2)
    inner, outer = centres - 0.05, centres + 0.05
    np.testing.assert_allclose(means[1:], (0.6 * (outer**5 - inner**5) / (outer**3 - inner**3))[1:], rtol=1e-3)


# nanonet equilibrium


def table(tmp_path, *, error=0.2):
    """Potentials of particles that the matrix pushes together, less so for larger eps_pn."""
    rows = ["D,eps_pn,N,r_sigma,w_solv_kT,w_error_kT"]
    for d in (2.0, 3.0):
        for eps in (0.1, 0.5, 1.0):
            s = np.arange(-0.5, 5, 0.2)
            w = -(2 - 2.5 * eps) * (d + 1) / 4 * np.exp(-(s**2) / 0.5)
            rows += [f"{d},{eps},40,{d + x:.3f},{y:.5f},{error}" for x, y in zip(s, w, strict=True)]
    path = tmp_path / "pmf.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_equilibrium_of_rare_particles_is_their_pairs_own(tmp_path):
    pytest.importorskip("numba")
    report = equilibrium(
        Run(tmp_path), D=2.5, N=40, rho=1e-4, eps_nn=0.5, eps_pn=0.3, table=table(tmp_path), replicas=8, sweeps=600
    )
    g, u = report.curves["g"], report.curves["pair_energy"]
    assert len(g) == 100
    assert report.values["in_range"].value == 1
    assert report.tables["state"][0]["source"] == "pmf.csv"
    near = (g.x > 2.3) & (g.x < 4)
    expected = np.exp(-np.interp(g.x, u.x, u.y))
    assert np.mean((expected >= g.y_low) & (expected <= g.y_high) | ~near) > 0.9
    assert g.y[near].mean() == pytest.approx(expected[near].mean(), rel=0.15)
    assert (tmp_path / "positions.csv").read_text().startswith("x,y,z\n")


@pytest.mark.slow
def test_an_uncertain_potential_widens_the_band(tmp_path):
    pytest.importorskip("numba")
    narrow, wide = (
        equilibrium(Run(tmp_path), D=2.0, rho=1e-3, eps_pn=0.1, table=table(tmp_path, error=e), replicas=16, sweeps=300)
        for e in (0.05, 1.0)
    )
    at = slice(20, 26)
    ratios = [np.log(r.curves["g"].y_high[at] / r.curves["g"].y_low[at]).mean() for r in (narrow, wide)]
    assert ratios[1] > 1.5 * ratios[0]


def test_compositions_without_a_potential_are_refused(tmp_path):
    given = table(tmp_path)
    with pytest.raises(NotFound, match="no potential of mean force is known for D=5"):
        equilibrium(Run(tmp_path), D=5.0, rho=1e-4, table=given)
    with pytest.raises(NotFound, match="for N=25"):
        equilibrium(Run(tmp_path), N=25, table=given)
    with pytest.raises(BadParameter, match="take 22 particles or more"):
        equilibrium(Run(tmp_path), D=2.0, rho=8e-3, table=given, particles=20, eps_pn=0.5)
    with pytest.raises(BadParameter, match="not both"):
        equilibrium(Run(tmp_path), table=given, potential="prism")
    with pytest.raises(BadParameter, match="leaves no particles"):
        equilibrium(Run(tmp_path), rho=0.0, table=given)


def test_theory_can_stand_in_for_the_potential(tmp_path):
    pytest.importorskip("numba")
    report = equilibrium(Run(tmp_path), **BRIDGED, potential="prism", replicas=4, sweeps=100)
    assert "theory (PRISM)" in " ".join(report.notes)


def test_the_compiled_moves_and_the_table_belong_to_the_code_of_a_run():
    sources, foreign, _ = _closure("nanonet equilibrium")
    assert "particle_moves.py" in {path.name for path in sources}
    assert "numba" in foreign
    assert (SHIPPED in sources) == SHIPPED.exists()
