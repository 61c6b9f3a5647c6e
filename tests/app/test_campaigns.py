"""Campaigns: grids, retries, partial results, Dask workers that die."""

import csv
import json
import os
import signal
import threading
import time
from pathlib import Path

import dask
import pytest

from morphoscope.app import Workspace, product, read_grid, run_campaign
from morphoscope.errors import BadParameter, InputError

dist = pytest.mark.dist
QUICK = {"size_px": 64, "time": 20}


def test_product_of_lists():
    assert product({"a": [1, 2], "b": ["x"]}) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]
    assert product({}) == [{}]


def test_a_campaign_computes_only_what_is_missing(lab, executed):
    run_campaign(lab, "toy double", [{"number": n} for n in (1, 2)])
    report = run_campaign(lab, "toy double", [{"number": n, "seed": 0} for n in (1, 2, 3)])
    rows = report.tables["points"]
    assert [row["twice"] for row in rows] == [2, 4, 6]
    assert len(executed()) == 3
    with open(lab.shelf.file(report.run, "points.csv"), newline="") as file:
        assert [row["twice"] for row in csv.DictReader(file)] == ["2.0", "4.0", "6.0"]
    assert lab.shelf.info(report.run).children == tuple(sorted(row["run"] for row in rows))


def test_failed_points_are_retried_then_reported(lab, tmp_path):
    memory = tmp_path / "memory"
    memory.mkdir()
    points = [{"folder": str(memory), "number": n} for n in range(3)]
    report = run_campaign(lab, "toy flaky", points, retries=0)
    assert [row["state"] for row in report.tables["points"]] == ["failed"] * 3
    assert "not yet" in report.notes[1]


def test_one_retry_is_enough_for_a_flaky_point(lab, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    report = run_campaign(lab, "toy flaky", [{"folder": str(outside), "number": 1}], retries=1)
    assert report.tables["points"][0]["state"] in ("done", "failed")


def test_errors_name_the_point(lab, tmp_path):
    with pytest.raises(BadParameter, match="point 2: number: 'x' is not a number"):
        run_campaign(lab, "toy double", [{"number": 1}, {"number": "x"}])
    with pytest.raises(BadParameter, match="point 1: seed 'x'"):
        run_campaign(lab, "toy double", [{"seed": "x"}])
    with pytest.raises(BadParameter, match="at least one point"):
        run_campaign(lab, "toy double", [])


def test_grids_from_a_file(tmp_path):
    path = tmp_path / "grid.csv"
    path.write_text("\ufeffnumber, mode\n1,fast\n2,\n", encoding="utf-8")
    assert read_grid(path) == [{"number": "1", "mode": "fast"}, {"number": "2"}]
    path.write_text("number\n")
    with pytest.raises(InputError, match=r"grid\.csv has no rows"):
        read_grid(path)


def test_where_to_compute_is_checked(lab):
    for on in ("mars", "local:", "local:0", "local:x", "slurm:none.toml"):
        with pytest.raises(BadParameter, match="--on"):
            run_campaign(lab, "toy double", [{"number": 1}], on=on)


@dist
def test_a_scheduler_that_does_not_answer(lab, monkeypatch):
    from morphoscope.app import cluster

    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    with pytest.raises(BadParameter, match="no Dask workers answered"):
        run_campaign(lab, "toy double", [{"number": 1}], on="tcp://127.0.0.1:9")


def test_slurm_script_from_a_profile(tmp_path):
    from morphoscope.app.cluster import slurm_cluster

    profile = tmp_path / "profile.toml"
    profile.write_text('queue = "short"\ncores = 8\nprocesses = 4\nmemory = "32GB"\nwalltime = "01:00:00"\njobs = 3\n')
    with slurm_cluster(profile) as cluster:
        script = cluster.job_script()
    for line in ("#SBATCH -p short", "#SBATCH --cpus-per-task=8", "#SBATCH -t 01:00:00", "--nworkers 4"):
        assert line in script
    profile.write_text("queue = \n")
    with pytest.raises(BadParameter, match=r"profile\.toml is not TOML"):
        slurm_cluster(profile)
    profile.write_text('queue = "short"\n')
    with pytest.raises(BadParameter, match=r"profile\.toml lacks cores and memory"):
        slurm_cluster(profile)


def test_slurm_where_nothing_can_be_submitted(lab, tmp_path, monkeypatch):
    profile = tmp_path / "profile.toml"
    profile.write_text('cores = 1\nmemory = "1GB"\n')
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadParameter, match="sbatch is not found here"):
        run_campaign(lab, "toy double", [{"number": 1}], on=f"slurm:{profile}")


@dist
@pytest.mark.timeout(300)
def test_a_killed_worker_costs_no_point(tmp_path):
    lab = Workspace(tmp_path / "lab")
    points = [{"size_px": 64, "time": 60, "seed": seed} for seed in range(64)]
    killed = threading.Thread(target=kill_one_worker, args=(lab,))
    killed.start()
    report = run_campaign(lab, "simulate blend", points, on="local:2")
    killed.join()
    assert killed.victim
    assert [row["state"] for row in report.tables["points"]] == ["done"] * 64
    assert len({row["run"] for row in report.tables["points"]}) == 64
    assert len(list(lab.runs.iterdir())) == 64
    assert not list(lab.runs.glob("*.part"))


def kill_one_worker(lab):
    """SIGKILL a Dask worker of this process once ten runs are published."""
    me = threading.current_thread()
    me.victim = None
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and me.victim is None:
        if sum(1 for run in lab.runs.iterdir() if run.suffix != ".part") >= 10:
            for pid in workers_of(os.getpid()):
                os.kill(pid, signal.SIGKILL)
                me.victim = pid
                break
        time.sleep(0.02)


def workers_of(parent):
    """Child processes that Dask's nannies spawned as workers."""
    children = Path(f"/proc/{parent}/task").glob("*/children")
    pids = [pid for child in children for pid in child.read_text().split()]
    return [int(pid) for pid in pids if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]


@dist
@pytest.mark.timeout(120)
def test_finished_points_are_not_sent_again(tmp_path):
    lab = Workspace(tmp_path / "lab")
    here = run_campaign(lab, "simulate blend", [{**QUICK, "seed": s} for s in range(2)])
    there = run_campaign(lab, "simulate blend", [{**QUICK, "seed": s} for s in range(3)], on="local:2")
    assert [row["run"] for row in there.tables["points"]][:2] == [row["run"] for row in here.tables["points"]]
    config = json.loads((lab.runs / there.tables["points"][2]["run"] / "config.json").read_text())
    assert config["seed"] == 2
    again = Workspace(tmp_path / "elsewhere").run("simulate blend", seed=2, **QUICK)
    assert again.to_json() == lab.shelf.report(again.run).to_json()


@dist
@pytest.mark.timeout(120)
def test_a_run_that_waits_for_children_does_not_hold_its_worker(lab, monkeypatch):
    monkeypatch.setenv("TOYS", str(Path(__file__).with_name("toys.py")))
    points = [{"numbers": [1, 2, 3]}, {"numbers": [3, 4]}]
    with dask.config.set({"distributed.worker.preload": [str(Path(__file__).with_name("preload_toys.py"))]}):
        report = run_campaign(lab, "toy parent", points, on="local:1")
    assert [row["state"] for row in report.tables["points"]] == ["done", "done"], report.tables
    assert [row["sum"] for row in report.tables["points"]] == [12, 14]
