"""Videos: every frame with its moment, only what was asked for, damage without a hang."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from morphoscope.core import Stack
from morphoscope.errors import UnreadableFile
from morphoscope.io import limits, read

av = pytest.importorskip("av", reason="the extra 'video' is not installed")


def make(
    path: Path,
    codec: str = "rawvideo",
    pixels: str = "gray",
    *,
    count: int = 8,
    shape: tuple[int, int] = (48, 64),
    rate: int = 10,
) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = shape[1], shape[0], pixels
        for index in range(count):
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.full((*shape, 3), 20 * index, np.uint8), format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def video(path: Path, **options: object) -> Stack:
    noun = read(path, **options)  # type: ignore[arg-type]
    assert isinstance(noun, Stack)
    return noun


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.avi", "rawvideo", "gray"),
        ("a.avi", "mjpeg", "yuvj420p"),
        ("a.mp4", "mpeg4", "yuv420p"),
        ("a.mov", "qtrle", "rgb24"),
        ("a.mkv", "ffv1", "gray16le"),
    ],
)
def test_frames_and_times(tmp_path: Path, name: str, codec: str, pixels: str) -> None:
    stack = video(make(tmp_path / name, codec, pixels))
    assert (len(stack), stack.axis) == (8, "time")
    assert stack.times_s == pytest.approx([i / 10 for i in range(8)])
    scale = 257 if pixels == "gray16le" else 1
    np.testing.assert_allclose([frame.raw().mean() / scale for frame in stack], [20 * i for i in range(8)], atol=3)
    assert stack[0].header["codec"] == codec


@pytest.mark.parametrize(
    ("frames", "expected"),
    [(slice(2, 5), [2, 3, 4]), (slice(None, None, 3), [0, 3, 6]), (slice(-2, None), [6, 7]), (slice(6, 99), [6, 7])],
)
def test_only_the_frames_asked_for(tmp_path: Path, frames: slice, expected: list[int]) -> None:
    stack = video(make(tmp_path / "a.avi"), frames=frames)
    assert stack.times_s == pytest.approx([i / 10 for i in expected])
    np.testing.assert_allclose([frame.raw().mean() for frame in stack], [20 * i for i in expected], atol=1)
    assert not stack.notes


def test_beyond_the_end_and_backwards(tmp_path: Path) -> None:
    path = make(tmp_path / "a.avi")
    with pytest.raises(UnreadableFile, match="lie beyond its end"):
        read(path, frames=slice(50, None))
    with pytest.raises(UnreadableFile, match="read forwards only"):
        read(path, frames=slice(None, None, -1))


def test_memory_is_bounded_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "a.avi")
    monkeypatch.setattr(limits, "MAX_DECODED_BYTES", 48 * 64 * 4 * 3)
    with pytest.raises(UnreadableFile, match=r"8 frames of 48 x 64 pixels need .* read fewer frames"):
        read(path)
    assert len(video(path, frames=slice(0, 3))) == 3


def test_damage(tmp_path: Path) -> None:
    whole = make(tmp_path / "a.avi", "mjpeg", "yuvj420p").read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) * 2 // 3])
    stack = video(tmp_path / "cut.avi")
    assert 0 < len(stack) < 8
    assert any("damaged: 8 frames should be there" in note for note in stack.notes)
    (tmp_path / "b.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(200))
    with pytest.raises(UnreadableFile, match=r"b.mp4: no video that can be decoded|b.mp4: has no video"):
        read(tmp_path / "b.mp4")
    (tmp_path / "c.mp4").write_text("no video at all")
    with pytest.raises(UnreadableFile, match=r"c.mp4: no video that can be decoded"):
        read(tmp_path / "c.mp4")


def test_animated_gif(tmp_path: Path) -> None:
    pictures = [Image.fromarray(np.full((20, 30), 40 * i, np.uint8)) for i in range(4)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=[100, 200, 300, 400])
    stack = video(tmp_path / "a.gif", frames=slice(1, None))
    assert stack.times_s == pytest.approx((0.1, 0.3, 0.6))
    np.testing.assert_allclose([frame.raw().mean() for frame in stack], [40, 80, 120], atol=1)
    pictures[2].save(tmp_path / "b.gif")
    assert not isinstance(read(tmp_path / "b.gif"), Stack)
