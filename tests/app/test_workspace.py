"""Runs as folders: one question, one folder, computed once, nothing half-written."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from morphoscope.app import Workspace
from morphoscope.app.identity import code_identity
from morphoscope.core import Micrograph, Report
from morphoscope.errors import BadParameter, InputError, NotFound, TaskFailed, WorkspaceError
from morphoscope.tasks import TASKS

HERE = Path(__file__).parent
SCRIPT = f"""
import sys; sys.path.insert(0, {str(HERE)!r})
import toys; toys.register()
from morphoscope.app import Workspace
task, root = sys.argv[1:3]
report = Workspace(root, locks=sys.argv[3]).run(task, **eval(sys.argv[4]))
print(report.run)
"""


def start(root, task, locks="flock", **parameters):
    command = [sys.executable, "-c", SCRIPT, task, str(root), locks, repr(parameters)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_same_question_is_computed_once(lab, executed):
    first = lab.run("toy double", number=3)
    second = lab.run("toy double", number="3.0", mode="fast")
    assert first.to_json() == second.to_json()
    assert executed() == ["double"]
    assert first.values["twice"].value == 6
    assert (first.task, first.seed, first.run[:10]) == ("toy double", 0, "toy-double")


def test_another_seed_or_parameter_is_another_question(lab, executed):
    reports = [lab.run("toy double"), lab.run("toy double", seed=1), lab.run("toy double", number=2)]
    assert len({r.run for r in reports}) == 3
    assert reports[0].values["drawn"].value != reports[1].values["drawn"].value


def test_input_bytes_and_name_are_part_of_the_question(lab, tmp_path):
    a, b = tmp_path / "a.txt", tmp_path / "b.txt"
    a.write_text("one")
    b.write_text("one")
    first = lab.run("toy double", a).run
    assert lab.run("toy double", image=str(a)).run == first
    assert lab.run("toy double", b).run != first
    a.write_text("two")
    assert lab.run("toy double", a).run != first


def test_a_side_car_is_part_of_its_image(lab, tmp_path):
    image, text = tmp_path / "a.tif", tmp_path / "a.txt"
    image.write_bytes(b"II")
    without = lab.question("toy double", [image]).id
    text.write_text("PixelSize=3")
    assert lab.question("toy double", [image]).id != without


def test_what_a_table_names_is_part_of_it(lab, tmp_path):
    table, image = tmp_path / "data.csv", tmp_path / "images" / "a.png"
    image.parent.mkdir()
    image.write_bytes(b"one")
    table.write_text("image,label\nimages/a.png,good\n../b.png,bad\n")
    before = lab.question("toy double", [table]).id
    image.write_bytes(b"two, another picture")
    assert lab.question("toy double", [table]).id != before


def test_code_is_part_of_the_question(lab, monkeypatch, toys, tmp_path):
    before = lab.question("toy double").id
    program = tmp_path / "toy-program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    code_identity.cache_clear()
    assert lab.question("toy double").id != before
    identity = code_identity("toy double")
    assert {"source", "numpy", "toy-program", "morphoscope"} <= set(identity)


def test_identity_of_a_task_holds_what_it_reads_files_with():
    before = code_identity("inspect")["source"]
    assert before != code_identity("simulate blend")["source"]
    assert "tifffile" in code_identity("inspect")
    assert "fastapi" not in code_identity("inspect")


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_an_identity(task):
    assert len(code_identity(task)["source"]) == 64


def test_config_tells_how_to_repeat_it(lab):
    report = lab.run("toy double", number=3, seed=4)
    config = json.loads((lab.runs / report.run / "config.json").read_text())
    assert config["task"] == "toy double"
    assert config["given"]["number"] == 3.0
    assert config["seed"] == 4
    assert config["machine"]["python"].startswith("3.")
    assert config["seconds"] >= 0


def test_a_users_error_leaves_nothing_behind(lab):
    with pytest.raises(InputError, match="upside down"):
        lab.run("toy refuse")
    assert list(lab.runs.iterdir()) == []


def test_our_error_keeps_the_folder_with_the_traceback(lab):
    with pytest.raises(TaskFailed, match=r"failed unexpectedly \(ZeroDivisionError.*error\.txt"):
        lab.run("toy fail")
    (part,) = lab.runs.iterdir()
    assert "1 // 0" in (part / "error.txt").read_text()
    (info,) = lab.shelf.all()
    assert info.state == "failed"
    assert "ZeroDivisionError" in info.error


def test_threads_that_ask_at_once_compute_once(lab, executed):
    with ThreadPoolExecutor(16) as pool:
        reports = list(pool.map(lambda _: lab.run("toy count-up", to=10), range(16)))
    assert len({r.to_json() for r in reports}) == 1
    assert executed() == ["count_up from 0"]


@pytest.mark.parametrize("locks", ["flock", "lease"])
def test_processes_that_ask_at_once_compute_once(lab, executed, locks):
    processes = [start(lab.root, "toy count-up", locks, to=20) for _ in range(4)]
    answers = {process.communicate(timeout=60)[0] for process in processes}
    assert len(answers) == 1
    assert executed() == ["count_up from 0"]
    assert not list(lab.runs.glob("*.part"))


def test_a_killed_run_goes_on_from_its_checkpoint(lab, executed, tmp_path):
    process = start(lab.root, "toy count-up", to=60)
    part = wait_for(lambda: next(iter(lab.runs.glob("*.part")), None))
    wait_for(lambda: (part / "progress.jsonl").exists() and len((part / "progress.jsonl").read_text().splitlines()) > 2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert lab.shelf.all()[0].state == "interrupted"
    report = lab.run("toy count-up", to=60)
    (line,) = executed()
    assert int(line.rsplit(" ", 1)[1]) > 0
    undisturbed = Workspace(tmp_path / "other").run("toy count-up", to=60, pause_s=0.0)
    assert report.values["total"].value == undisturbed.values["total"].value


def test_ctrl_c_keeps_the_checkpoint_and_releases_the_lock(lab):
    process = start(lab.root, "toy count-up", to=100)
    part = wait_for(lambda: next(iter(lab.runs.glob("*.part")), None))
    wait_for(lambda: (part / ".checkpoint").exists())
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) != 0
    process.communicate()
    assert (part / ".checkpoint").exists()
    assert lab.run("toy count-up", to=100, pause_s=0.02).values["total"].value > 0


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


def test_children_are_runs_of_their_own(lab, executed):
    report = lab.run("toy parent")
    assert report.values["sum"].value == 12
    assert report.values["again"].value == 10
    assert executed().count("double") == 4
    assert len(lab.shelf.info(report.run).children) == 4
    lab.run("toy double", number=2)
    assert executed().count("double") == 4


def test_children_that_fail_do_not_stop_the_others(lab):
    report = lab.run("toy siblings", numbers=[1, -1, 2, 1])
    assert report.tables["children"] == [
        {"place": 0, "twice": 2.0, "error": ""},
        {"place": 1, "twice": None, "error": "number: -1.0 is not allowed; it must be 0 to 100 nm"},
        {"place": 2, "twice": 4.0, "error": ""},
        {"place": 3, "twice": 2.0, "error": ""},
    ]
    assert len(lab.shelf.info(report.run).children) == 2


def test_cleaning_keeps_what_others_refer_to(lab):
    report = lab.run("toy parent")
    child = lab.shelf.info(report.run).children[0]
    removed, kept = lab.shelf.clean([child])
    assert removed == []
    assert kept[0].startswith(f"{child} is used by toy-")
    made_from = next(i for i in lab.shelf.all() if str(i.parameters.get("image")).startswith("run:"))
    removed, kept = lab.shelf.clean([made_from.parameters["image"].removeprefix("run:").split("/")[0]])
    assert removed == []
    removed, kept = lab.shelf.clean([report.run, *lab.shelf.info(report.run).children])
    assert len(removed) == 5
    assert not kept
    assert lab.shelf.all() == []


def test_arrays_and_micrographs_in_memory_are_inputs(lab):
    pixels = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    image = Micrograph(pixels, source="a.tif").with_scale(2.5)
    first = lab.question("toy double", [image])
    assert first.parameters["image"].suffix == ".h5"
    assert lab.question("toy double", [image]).id == first.id
    assert lab.question("toy double", [pixels]).id != first.id


def test_references_to_runs_and_uploads(lab):
    run = lab.run("toy double").run
    (upload,) = lab.inputs.add([("../../etc/pass<wd>.txt", [b"ab", b"c"])], limit_bytes=10)
    path = lab.inputs.resolve(upload, web=True)
    assert path.read_bytes() == b"abc"
    assert path.is_relative_to(lab.root)
    assert lab.inputs.resolve(f"run:{run}/answer.txt", web=True).name == "answer.txt"
    for bad in ("run:../x/answer.txt", f"run:{run}/../../digests.tsv", "upload:../digests.tsv", "upload:nothing/here"):
        with pytest.raises(NotFound):
            lab.inputs.resolve(bad, web=True)
    with pytest.raises(BadParameter, match="paths of the server are not accepted"):
        lab.inputs.resolve("/etc/hostname", web=True)


def test_uploads_are_limited_and_leave_nothing(lab):
    with pytest.raises(InputError, match="larger than the upload limit"):
        lab.inputs.add([("a.bin", [b"x" * 6, b"x" * 6])], limit_bytes=10)
    assert list((lab.root / "inputs").iterdir()) == []


def test_wrong_questions(lab, tmp_path):
    for message, error, call in [
        ("no task 'toy duble'; known:", NotFound, lambda: lab.run("toy duble")),
        ("no file or folder at", NotFound, lambda: lab.run("toy double", tmp_path / "none.tif")),
        ("is a folder; give one file", BadParameter, lambda: lab.run("toy double", tmp_path)),
        ("give a path, a Micrograph or an array, not a dict", BadParameter, lambda: lab.run("toy double", {})),
        ("seed: -1 is not", BadParameter, lambda: lab.run("toy double", seed=-1)),
        ("no finished run 'x'", NotFound, lambda: lab.shelf.report("x")),
        ("no finished run '../lab'", NotFound, lambda: lab.shelf.report("../lab")),
    ]:
        with pytest.raises(error, match=message):
            call()


def test_a_workspace_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match=r"cannot write to the workspace .*choose another"):
        Workspace(tmp_path / "file")
    with pytest.raises(WorkspaceError, match="cannot write to the workspace"):
        Workspace("/proc/nothing").run("simulate blend")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 4 MiB, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("mounting a small disk needs the rights of root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_one_sentence_and_leaves_no_half_run(small_disk, toys):
    lab = Workspace(small_disk / "lab")
    with pytest.raises(WorkspaceError, match="no space left for the workspace"):
        lab.run("toy fill")
    assert list(lab.runs.iterdir()) == []
    assert lab.run("toy double").values["twice"].value == 2


def test_a_read_only_disk_is_one_sentence_but_still_answers_from_the_shelf(small_disk, toys):
    lab = Workspace(small_disk / "lab")
    known = lab.run("toy double")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert Workspace(small_disk / "lab").run("toy double").to_json() == known.to_json()
    with pytest.raises(WorkspaceError, match=r"cannot (write to|lock in)"):
        Workspace(small_disk / "lab").run("toy double", number=2)


def test_a_stale_lease_is_taken_over(tmp_path, monkeypatch):
    from morphoscope.app import locks

    monkeypatch.setattr(locks, "STALE_S", 0.3)
    monkeypatch.setattr(locks, "BEAT_S", 100)
    dead = locks.try_hold(tmp_path, "a", "lease")
    assert locks.try_hold(tmp_path, "a", "lease") is None
    time.sleep(0.4)
    alive = locks.try_hold(tmp_path, "a", "lease")
    assert alive is not None
    assert (dead.mine(), alive.mine()) == (False, True)
    monkeypatch.setattr(locks, "BEAT_S", 0.05)
    alive.release()
    beating = locks.try_hold(tmp_path, "a", "lease")
    time.sleep(0.5)
    assert locks.try_hold(tmp_path, "a", "lease") is None
    beating.release()
    dead._over.set()


def test_progress_is_told_and_kept(lab):
    told = []
    report = lab.run("toy count-up", to=5, pause_s=0.0, tell=lambda *word: told.append(word))
    lines = (lab.runs / report.run / "progress.jsonl").read_text().splitlines()
    assert told[-1] == (5, 5, "counting")
    assert json.loads(lines[-1])["done"] == 5


def test_report_is_the_same_after_a_round_trip(lab):
    report = lab.run("toy double")
    assert Report.from_json(report.to_json()).to_json() == report.to_json()


def test_a_cached_run_and_a_fresh_run_cost_little(lab):
    lab.run("toy double")
    start_s = time.perf_counter()
    for _ in range(20):
        lab.run("toy double")
    cached_s = (time.perf_counter() - start_s) / 20
    start_s = time.perf_counter()
    for seed in range(1, 21):
        lab.run("toy double", seed=seed)
    fresh_s = (time.perf_counter() - start_s) / 20
    assert cached_s < 0.02
    assert fresh_s < 0.05


def test_finished_while_waiting_is_read_not_computed(lab, executed):
    other = threading.Thread(target=lambda: lab.run("toy count-up", to=15))
    other.start()
    wait_for(lambda: list(lab.runs.glob("*.part")))
    lab.run("toy count-up", to=15)
    other.join()
    assert executed() == ["count_up from 0"]


def test_a_folder_that_changes_while_it_is_read_is_one_sentence(lab, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.json").write_text("{}")

    def gone(self, path):
        raise FileNotFoundError(2, "gone", str(path))

    monkeypatch.setattr("morphoscope.app.identity.Digests.file", gone)
    with pytest.raises(NotFound, match=r"model\.json vanished while the folder was read"):
        lab.run("nanonet predict", model=folder)
