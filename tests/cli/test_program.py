"""The command line as a user meets it: help, answers, errors, campaigns."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from morphoscope.app import TASKS, Workspace
from morphoscope.cli import main
from morphoscope.cli.show import table


@pytest.fixture
def picture(tmp_path):
    """Discs on a dark ground, without a scale."""
    y, x = np.mgrid[:96, :128]
    discs = ((x % 32 - 16) ** 2 + (y % 32 - 16) ** 2) < 60
    path = tmp_path / "discs.png"
    Image.fromarray((40 + 160 * discs).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def call(tmp_path, capsys, monkeypatch):
    """Run a command; gives (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return run


def test_help_lists_everything_in_one_line_each(call):
    code, out, _ = call("--help")
    assert code == 0
    for word in ("inspect", "measure", "simulate", "runs", "studio", "completion", "demo"):
        assert f"\n  {word} " in out
    assert call()[1] == out


@pytest.mark.parametrize("task", TASKS)
def test_help_of_every_task_shows_units_and_limits(call, task):
    code, out, _ = call(*task.split(), "--help")
    assert code == 0
    assert "--json" in out
    assert "--seed" in out
    assert len(out.splitlines()) < 80


def test_an_answer_for_reading_and_one_for_scripts(call, picture):
    code, out, err = call("inspect", picture)
    assert code == 0
    assert "width_px" in out
    assert "run inspect-" in out
    code, out, err = call("inspect", picture, "--json")
    report = json.loads(out)
    assert (code, err) == (0, "")
    assert report["values"]["width_px"]["value"] == 128
    assert "pixel_size_nm" not in report["values"]


def test_failure_is_one_line_on_standard_error(call, tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nxxxx")
    code, out, err = call("inspect", "a.png")
    assert (code, out) == (1, "")
    assert err.startswith("Error: a.png: ")
    assert err.count("\n") == 1
    code, out, err = call("inspect", "a.png", "--json")
    assert (code, out) == (1, "")
    assert json.loads(err)["message"].startswith("a.png: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments, words, code", [
    (("inspect",), "inspect needs file", 1),
    (("inspect", "none.tif"), "no file or folder at none.tif", 1),
    (("measure", "two-point", "discs.png", "--threshold", "2"), "threshold: 2.0 is not allowed; it must be 0 to 1", 1),
    (("measure", "two-point", "discs.png", "--phase", "grey"), "Invalid value for '--phase'", 2),
    (("measure", "twopoint"), "No such command 'twopoint'", 2),
    (("measure", "two-point", "--thresold", "1"), "No such option", 2),
    (("runs", "show", "abc"), "is no workspace yet", 1),
    (("inspect", "discs.png", "--on", "mars"), "", 0),
    (("inspect", "discs.png", "--seed", "1", "--seed", "2", "--on", "mars"), "--on 'mars': give here, local:WORKERS", 1),
    (("inspect", "discs.png", "--grid", "none.csv"), "none.csv cannot be read", 1),
    (("inspect", "discs.png", "--workspace", "discs.png"), "cannot write to the workspace", 1),
    (("inspect", "discs.png", "--html", "/proc/x/page.html"), "cannot write the page", 1),
])  # fmt: skip
def test_wrong_input_is_one_sentence(call, picture, arguments, words, code):
    given = call(*arguments)
    assert given[0] == code
    assert words in given[2]
    assert "Traceback" not in given[2]
    assert len(given[2].splitlines()) <= 1


def test_repeated_values_make_a_campaign(call, picture):
    code, out, _ = call(
        "measure", "two-point", picture, "--threshold", "0.3", "--threshold", "0.5", "--phase", "bright", "--json"
    )
    report = json.loads(out)
    rows = report["tables"]["points"]
    assert code == 0
    assert [row["threshold"] for row in rows] == ["0.3", "0.5"]
    assert all(row["state"] == "done" for row in rows)
    assert rows[0]["area_fraction"] is not None


def test_a_grid_with_one_bad_row(call, picture, tmp_path):
    (tmp_path / "grid.csv").write_text("threshold,seed\n0.3,1\n0.999,2\n")
    code, out, _ = call("measure", "two-point", picture, "--grid", "grid.csv", "--json")
    report = json.loads(out)
    assert code == 0
    assert [row["state"] for row in report["tables"]["points"]] == ["done", "failed"]
    assert "1 failed" in report["notes"][1]
    (tmp_path / "grid.csv").write_text("treshold\n0.3\n")
    assert (
        "point 1: measure two-point has no parameter 'treshold'" in call("measure", "two-point", picture, "--grid", "grid.csv")[2]
    )
    (tmp_path / "grid.csv").write_text("threshold,seed\n0.3\n")
    assert "line 2 of grid.csv" in call("measure", "two-point", picture, "--grid", "grid.csv")[2]


def test_runs_are_listed_shown_compared_opened_and_cleaned(call, picture):
    first = json.loads(call("measure", "two-point", picture, "--json")[1])["run"]
    second = json.loads(call("measure", "two-point", picture, "--threshold", "0.3", "--json")[1])["run"]
    assert {row["id"] for row in json.loads(call("runs", "list", "--json")[1])} == {first, second}
    assert first in call("runs", "list")[1]
    assert "parameter threshold: 0.3" in call("runs", "show", second[-6:])[1]
    assert json.loads(call("runs", "show", first, "--json")[1])["run"] == first
    rows = json.loads(call("runs", "compare", first, second, "--json")[1])["rows"]
    assert {"what": "parameter threshold", "first": "", "second": "0.3", "change": ""} in rows
    page = call("runs", "open", first, "--no-browser")[1].strip()
    assert "<html" in Path(page).read_text(encoding="utf-8")
    assert "removed 1 run(s)" in call("runs", "clean", first, "--yes")[1]
    assert [row["id"] for row in json.loads(call("runs", "list", "--json")[1])] == [second]
    assert "say which runs to remove" in call("runs", "clean")[2]


def test_html_page_is_written_beside_the_answer(call, picture, tmp_path):
    code, out, _ = call("inspect", picture, "--html", "page.html")
    assert code == 0
    assert f"page: {tmp_path / 'page.html'}" in out
    assert (tmp_path / "page.html").stat().st_size > 10_000


def test_python_and_command_line_give_the_same_json(call, picture, tmp_path):
    out = call("measure", "two-point", picture, "--threshold", "0.4", "--json")[1]
    report = Workspace(tmp_path / "other").run("measure two-point", image=picture, threshold=0.4)
    assert json.loads(out) == json.loads(report.to_json())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(call, shell):
    code, out, _ = call("completion", shell)
    assert code == 0
    assert "_MORPHOSCOPE_COMPLETE" in out


def test_completion_knows_the_tasks():
    env = {**os.environ, "_MORPHOSCOPE_COMPLETE": "bash_complete", "COMP_WORDS": "morphoscope measure ", "COMP_CWORD": "2"}
    done = subprocess.run([sys.executable, "-m", "morphoscope"], env=env, capture_output=True, text=True)
    assert "two-point" in done.stdout


def test_a_closed_pipe_is_no_error(picture, tmp_path):
    command = f"{sys.executable} -m morphoscope inspect {picture} --json | head -c 10"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""


def test_tables_show_what_fits_and_name_the_rest(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    sentence = "a sentence that is much longer than a column may be"
    rows = [{"file": f"{n}.tif", "unit": "nm", "empty": None, **{f"value_{i}": 1.5 * n for i in range(8)}} for n in (1, 2)]
    table("bars", [row | {"reason": sentence} for row in rows])
    out = capsys.readouterr().out
    assert "1.tif" in out
    assert "the same in every row: unit nm, reason a sentence" in out
    assert "columns that do not fit: value_" in out
    assert "empty" not in out
    assert max(map(len, out.splitlines()[:4])) <= 60
