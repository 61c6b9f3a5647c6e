"""Runs in processes of their own: followed, cancelled, resumed."""

import time

import pytest

from morphoscope.app import Jobs, Workspace
from morphoscope.errors import BadParameter, NotFound

LONG = {"size_px": 128, "time": 1_000_000}


@pytest.fixture
def jobs(tmp_path):
    """Jobs of a fresh workspace, all stopped at the end."""
    found = Jobs(Workspace(tmp_path / "lab"))
    yield found
    found.close()


def wait_for(jobs, run_id, *states, seconds=60):
    deadline = time.monotonic() + seconds
    while (state := jobs.state(run_id))["state"] not in states:
        assert time.monotonic() < deadline, state
        time.sleep(0.05)
    return state


def test_a_job_ends_in_a_run(jobs, tmp_path):
    run_id = jobs.start("simulate blend", seed=3, raw={"size_px": "64", "time": "20"})
    assert wait_for(jobs, run_id, "done")["error"] == ""
    report = Workspace(tmp_path / "lab").run("simulate blend", seed=3, size_px=64, time=20)
    assert report.run == run_id
    assert jobs.start("simulate blend", seed=3, raw={"size_px": 64, "time": 20}) == run_id


def test_wrong_parameters_are_refused_at_once(jobs):
    with pytest.raises(BadParameter, match="size_px: 1 is not allowed"):
        jobs.start("simulate blend", raw={"size_px": 1})
    with pytest.raises(BadParameter, match="paths of the server are not accepted"):
        jobs.start("inspect", raw={"file": "/etc/hostname"})
    with pytest.raises(NotFound):
        jobs.cancel("nothing")


def test_a_cancelled_job_stops_and_can_be_asked_again(jobs):
    run_id = jobs.start("simulate blend", raw=LONG)
    deadline = time.monotonic() + 30
    while not jobs.state(run_id)["done"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    started = time.monotonic()
    jobs.cancel(run_id)
    wait_for(jobs, run_id, "cancelled")
    assert time.monotonic() - started < 5
    assert jobs.start("simulate blend", raw=LONG) == run_id
    wait_for(jobs, run_id, "running", "waiting")


def test_a_failed_job_says_why(jobs, tmp_path):
    (reference,) = jobs._workspace.inputs.add([("broken.png", [b"\x89PNG\r\n\x1a\nxx"])], limit_bytes=1000)
    run_id = jobs.start("inspect", raw={"file": reference})
    assert wait_for(jobs, run_id, "failed")["error"].startswith("broken.png: ")
