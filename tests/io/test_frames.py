"""A folder of pictures as a video."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from morphoscope.core import Stack
from morphoscope.errors import UnreadableFile
from morphoscope.io import limits, read


def fill(folder: Path, names: list[str], shape: tuple[int, int] = (6, 8)) -> Path:
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        Image.fromarray(np.full(shape, 10 * number + 1, np.uint8)).save(folder / name)
    return folder


def test_natural_order_and_other_files_left_alone(tmp_path: Path) -> None:
    folder = fill(tmp_path / "f", ["shot_10.png", "shot_9.png", "Shot_100.png"])
    (folder / "notes.txt").write_text("measured on a Monday")
    (folder / ".hidden.png").write_bytes(b"x")
    stack = read(folder)
    assert isinstance(stack, Stack)
    assert stack.axis == "time"
    assert stack.names == ("shot_9.png", "shot_10.png", "Shot_100.png")
    assert [frame.raw().mean() for frame in stack] == pytest.approx([11, 1, 21])
    assert stack.times_s is None


def test_some_frames_and_their_times(tmp_path: Path) -> None:
    folder = fill(tmp_path / "f", [f"{i}.png" for i in range(5)])
    (folder / "times.txt").write_text("0\n0.5\n1.5\n2\n4\n")
    stack = read(folder, frames=slice(1, None, 2))
    assert isinstance(stack, Stack)
    assert stack.times_s == (0.5, 2.0)
    (folder / "times.txt").write_text("0\n0.5\n")
    stack = read(folder)
    assert isinstance(stack, Stack)
    assert stack.times_s is None
    assert stack.notes == ("times.txt holds 2 numbers for 5 frames and was not used",)


def test_most_frequent_kind_wins(tmp_path: Path) -> None:
    folder = fill(tmp_path / "f", ["a.png", "b.png", "preview.jpg"])
    stack = read(folder)
    assert isinstance(stack, Stack)
    assert stack.names == ("a.png", "b.png")
    assert stack.notes == ("1 picture(s) of another kind than .png are left out",)


def test_what_is_refused_names_the_frame(tmp_path: Path) -> None:
    folder = fill(tmp_path / "f", ["a.png", "b.png"])
    fill(folder, ["c.png"], (5, 8))
    with pytest.raises(UnreadableFile, match=r"f: c.png has 5 x 8 pixels, a.png 6 x 8; frames share one size"):
        read(folder)
    (folder / "c.png").write_bytes(b"broken")
    with pytest.raises(UnreadableFile, match=r"f: frame c.png cannot be read: "):
        read(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableFile, match=r"empty: a folder of 0 file\(s\) and no picture"):
        read(tmp_path / "empty")


def test_memory_is_bounded_by_the_first_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fill(tmp_path / "f", [f"{i}.png" for i in range(9)])
    monkeypatch.setattr(limits, "MAX_DECODED_BYTES", 6 * 8 * 4 * 5)
    with pytest.raises(UnreadableFile, match="9 frames of 6 x 8 pixels need"):
        read(folder)
