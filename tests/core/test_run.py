"""A run writes inside its folder, draws from its seed, and goes on from its last good checkpoint."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from morphoscope.core import Report, Run
from morphoscope.errors import BadParameter, MissingDependency, UnreadableFile


@pytest.fixture
def run(tmp_path: Path) -> Run:
    folder = tmp_path / "run.part"
    folder.mkdir()
    return Run(folder, seed=7)


@pytest.mark.parametrize("name", ["../other.txt", "/etc/passwd", "a/../../b", "", ".", "a/..", "..", "link/x", "a\0b"])
def test_no_file_name_leads_out_of_the_folder(run, name, tmp_path):
    (run.folder / "link").symlink_to(tmp_path)
    with pytest.raises(BadParameter, match=r"lies outside the run's folder|is no file name"):
        run.file(name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.part"]


def test_files_lie_inside_and_their_folders_are_made(run):
    path = run.file("figures/deep/a.png")
    assert path.parent.is_dir()
    assert path.is_relative_to(run.folder.resolve())
    assert run.file("a/../b.txt") == run.folder.resolve() / "b.txt"


def test_a_folder_reached_through_a_link_is_still_the_folder(run, tmp_path):
    (tmp_path / "alias").symlink_to(run.folder)
    assert Run(tmp_path / "alias").file("a.txt") == run.folder.resolve() / "a.txt"


def test_streams_are_reproducible_and_independent(run):
    def draw(r: Run, stream: str = "") -> list[int]:
        return r.rng(stream).integers(0, 2**60, 4).tolist()

    assert draw(run) == draw(Run(Path("elsewhere"), seed=7))
    assert draw(run, "noise") == draw(run, "noise")
    drawn = [
        draw(run),
        draw(run, "noise"),
        draw(run, "blur"),
        draw(Run(run.folder, seed=8)),
        draw(Run(run.folder, seed=8), "noise"),
    ]
    assert len({tuple(d) for d in drawn}) == 5
    many = np.array([Run(run.folder, seed=s).rng("a").standard_normal(200) for s in range(40)])
    assert abs(np.corrcoef(many) - np.eye(40)).max() < 0.35


def test_a_named_stream_stays_the_same_for_ever(run):
    """Published runs are found again by their seed: this value must not change."""
    assert run.rng("noise").integers(0, 1000, 3).tolist() == [261, 733, 319]


def test_a_negative_seed_is_refused(tmp_path):
    with pytest.raises(BadParameter, match="seed=-1 must be a whole number of at least 0"):
        Run(tmp_path, seed=-1)


def test_checkpoints_come_back_exactly(run):
    assert run.restore() is None
    arrays = {
        "field": np.linspace(0, 1, 7).reshape(7, 1),
        "state": np.array([3]),
        "file": np.array(["a"]),
        "flag": np.array(True),
    }
    run.checkpoint(arrays, {"step": 12, "loss": 0.1, "name": "µ"})
    back, state = run.restore()
    assert state == {"step": 12, "loss": 0.1, "name": "µ"}
    assert set(back) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype
    run.checkpoint({"field": np.zeros(2)})
    assert run.restore()[0]["field"].tolist() == [0, 0]
    assert run.restore()[1] == {}
    assert [p.name for p in run.folder.iterdir()] == [".checkpoint"]


def test_random_state_survives_a_checkpoint(run):
    rng = run.rng()
    rng.random(5)
    run.checkpoint({}, {"rng": rng.bit_generator.state})
    expected = rng.random(3)
    other = np.random.default_rng()
    other.bit_generator.state = run.restore()[1]["rng"]
    np.testing.assert_array_equal(other.random(3), expected)


def test_a_damaged_checkpoint_is_as_good_as_none(run):
    run.checkpoint({"field": np.arange(100.0)}, {"step": 1})
    path = run.folder / ".checkpoint"
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        bad = bytearray(good)
        bad[rng.integers(len(bad))] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(bad))
        assert run.restore() is None
    for length in (0, 5, 32, 33, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:length])
        assert run.restore() is None
    path.write_bytes(good)
    assert run.restore()[1] == {"step": 1}


def test_a_write_cut_short_leaves_the_checkpoint_before_it(run):
    run.checkpoint({"field": np.zeros(3)}, {"step": 1})
    (run.folder / ".checkpoint.part").write_bytes(b"half")
    assert run.restore()[1] == {"step": 1}


def test_objects_are_refused_when_kept_not_when_read(run):
    with pytest.raises(BadParameter, match="'bad' holds Python objects"):
        run.checkpoint({"bad": np.array([{}], object)})
    assert run.restore() is None


def test_progress_is_told_and_a_cancel_comes_through(tmp_path):
    heard = []
    run = Run(tmp_path, tell=lambda *said: heard.append(said))
    run.progress(1, 4, "reading")
    run.progress(4, 4)
    assert heard == [(1, 4, "reading"), (4, 4, "")]
    Run(tmp_path).progress(1, 2)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Run(tmp_path, tell=stop).progress(0, 1)


def test_a_run_made_by_hand_has_nobody_to_ask(run):
    for call in (run.ask, run.map, run.each):
        with pytest.raises(BadParameter, match=r"made by hand and has no workspace to ask; use Workspace\.run"):
            call("inspect", "a.png")
    asked = Run(run.folder, ask=lambda *a, **k: Report(title="child"))
    assert asked.ask("inspect").title == "child"


def test_errors_cross_process_borders():
    for error in (UnreadableFile("/a/b.tif", "cut short"), MissingDependency("av", "video", "read MP4 files")):
        back = pickle.loads(pickle.dumps(error))
        assert str(back) == str(error)
        assert type(back) is type(error)
