"""nanonet design: goals as numbers, where the next simulation promises most, and the closed loop."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from morphoscope.app import Workspace
from morphoscope.core import Run
from morphoscope.datasets.rdfs import COMPOSITION, Rdfs, read_rdfs
from morphoscope.errors import BadParameter, InputError
from morphoscope.measure import rdf
from morphoscope.tasks import rdf_fitting
from morphoscope.tasks.rdf_design import design
from morphoscope.tasks.rdf_goals import Goal, apart, first_peaks, promise
from morphoscope.tasks.rdf_prediction import predict

R = (np.arange(100) + 0.5) * 0.1
needs_numba = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="Monte Carlo in seconds needs numba")


@pytest.fixture(scope="module")
def surrogate():
    """Two numbers count: the contact peak falls with eps_pn, the bridged one rises."""
    rng = np.random.default_rng(3)
    eps_pn = np.linspace(0.1, 1.0, 16)
    rho = np.exp(rng.uniform(np.log(2e-4), np.log(4e-3), 16))
    touching, bridged = (np.exp(-(((R - at) / 0.15) ** 2)) for at in (3.15, 4.05))
    g = 1 + 9 * (1 - eps_pn[:, None]) * touching + 6 * eps_pn[:, None] * bridged
    g = np.where(R < 2.8, 0, g)
    rows = tuple(
        {"id": f"a{k}", "D": 3.0, "N": 40.0, "rho": float(a), "eps_nn": 0.5, "eps_pn": float(b)}
        for k, (a, b) in enumerate(zip(rho, eps_pn, strict=True))
    )
    one = rdf_fitting.lesson(Rdfs(rows, R, g, np.full_like(g, np.nan)), COMPOSITION)
    return one, rdf_fitting.fit(one, np.ones(16, dtype=bool), None)


def test_a_goal_agrees_with_the_state_that_is_reported():
    table = read_rdfs()
    table = table.where(np.arange(len(table)) % 3 == 0)
    x = table.numbers(COMPOSITION)
    states = [rdf.state(table.r, g, d) for g, d in zip(table.g, x[:, 0], strict=True)]
    for kind in ("dispersed", "bridged", "aggregated"):
        assert [kind == state for state in states] == Goal(kind).shown(table.r, table.g, x).tolist()
    peaks = [rdf.first_peak(table.r, g)[0] for g in table.g]
    assert first_peaks(table.r, table.g) == pytest.approx(peaks)


def test_draws_have_the_mean_and_the_spread_of_the_surrogate(surrogate):
    _, known = surrogate
    x = np.array([[3.0, 40, 1e-3, 0.5, 0.33], [3.0, 40, 1e-3, 0.5, 2.0]])
    drawn = np.log(known.draws(x, rng=np.random.default_rng(0), count=400) + 0.02)
    mean, spread = known.logarithm(x)
    seen = R > 3
    assert np.abs(drawn.mean(0) - mean)[0, seen].max() < 0.1
    assert drawn[:, 1, seen].std(0).mean() > 2 * drawn[:, 0, seen].std(0).mean()
    assert (drawn[:, :, seen].std(0) < 1.15 * spread[:, seen] + 0.02).all()


def test_the_next_simulation_is_where_the_goal_can_be_met(surrogate):
    _, known = surrogate
    x = np.array([[3.0, 40, 1e-3, 0.5, e] for e in (0.15, 0.4, 0.95)])
    rng = np.random.default_rng(1)
    for kind, at in (("bridged", 2), ("aggregated", 0)):
        assert int(promise(known, Goal(kind), x, -np.inf, rng).argmax()) == at
        assert int(promise(known, Goal(kind), x, 0.0, rng).argmax()) == at
    assert promise(known, Goal("peak", 4.05), x, -0.5, rng).argmax() == 2
    far = np.array([[3.0, 40, 1e-3, 0.5, 0.5], [3.0, 40, 1e-3, 0.5, 1.8]])
    assert promise(known, Goal("learn"), far, 0.0, rng).argmax() == 1


def test_proposals_keep_apart(surrogate):
    _, known = surrogate
    x = np.array([[3.0, 40, 1e-3, 0.5, e] for e in (0.50, 0.51, 0.9)])
    assert apart(known, x, np.array([3.0, 2.0, 1.0]), 2).tolist() == [0, 2]


def test_a_proposal_keeps_to_the_bounds_and_shows_the_state(tmp_path):
    report = design(Run(tmp_path), goal="dispersed", bounds="eps_pn=0.1:0.85")
    first = report.tables["proposals"][0]
    assert 0.1 <= first["eps_pn"] <= 0.85
    assert first["D"] == 3
    assert first["chance"] >= 0.8
    assert first["expected"] == pytest.approx(first["rho"])
    answer = predict(Run(tmp_path), **{name: first[name] for name in COMPOSITION})
    assert answer.tables["state"][0]["state"] == "dispersed"
    assert answer.curves["g"].y == pytest.approx(report.curves["g_1"].y)


def test_what_cannot_be_had_is_said(tmp_path):
    report = design(Run(tmp_path), goal="dispersed", bounds="eps_pn=0.1:0.3")
    assert "not to be had" in report.title
    assert "no composition within the bounds" in report.notes[0]


@pytest.mark.parametrize(
    ("given", "match"),
    [({"goal": "peak"}, "peak_r"), ({"peak_r": 3.0}, "no other goal"), ({"goal": "learn"}, "rounds=1"),
     ({"start": 3}, "8 or more")],
)  # fmt: skip
def test_wrong_questions_are_one_sentence(tmp_path, given, match):
    with pytest.raises(BadParameter, match=match):
        design(Run(tmp_path), **given)


def test_a_table_without_the_composition_is_one_sentence(tmp_path):
    path = tmp_path / "own.csv"
    names = [f"g_{r:.4g}" for r in R]
    path.write_text("\n".join([",".join(["salt", *names])] + [",".join([str(k), *["1"] * 100]) for k in range(9)]))
    with pytest.raises(InputError, match="needs them all"):
        design(Run(tmp_path), data=path)


@needs_numba
@pytest.mark.slow
def test_the_closed_loop_simulates_learns_and_goes_on(tmp_path):
    lab = Workspace(tmp_path / "lab")
    given = {"goal": "dispersed", "bounds": "D=3, N=40, eps_pn=0.1:0.85", "start": 8, "rounds": 1, "batch": 2, "sweeps": 50}
    stopped = []

    def stop(done, total, note):
        if done >= 8 and len(stopped) == 0:
            stopped.append(done)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab.run("nanonet design", tell=stop, **given)
    before = {path.name for path in lab.runs.glob("nanonet-equilibrium-*")}
    report = lab.run("nanonet design", **given)
    after = {path.name for path in lab.runs.glob("nanonet-equilibrium-*")}
    assert len(before) == 8
    assert before < after
    assert len(after) == 10
    rows = report.tables["simulated"]
    assert [row["turn"] for row in rows] == [0] * 8 + [1] * 2
    assert all(0.1 <= row["eps_pn"] <= 0.85 for row in rows)
    answer = lab.run("nanonet predict", model=lab.runs / report.run, **{name: rows[0][name] for name in COMPOSITION})
    assert answer.values["in_range"].value == 1
