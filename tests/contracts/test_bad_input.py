"""What is no good file is refused in one sentence that names it: at once, in little memory, with exit code 1."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from bombs import BOMBS
from made_files import DEEP, HEIGHTS, MADE, make_file
from PIL import Image
from test_fuzz import check, fuzz

from morphoscope.cli import main
from morphoscope.core import Micrograph
from morphoscope.errors import MorphoscopeError, UnknownFormat, UnreadableFile
from morphoscope.io import READERS, read

EXTENSIONS = sorted({extension for entry in READERS.values() for extension in entry.extensions})
FRAME_BY_FRAME = {"lammps", "dcd", "xtc"}
TEXT = {"text", "text grid", "pdh", "cansas", "video", "jpeg", "wrapped", "gif", "nanoscope", "emi"}
"""Formats whose beginning may be a smaller file of its own, or whose readers may show what is left."""

WHOLE_OR_NOT = ("png", "bmp", "tiff", "dm", "tia", "mrc", "npy", "npz", "hdf5", "gwyddion", "detector", "wrapped zip")


def refusal(path: Path) -> str:
    """The sentence with which ``path`` is refused; it names the file and is one line."""
    with pytest.raises(UnreadableFile) as caught:
        read(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path.name}: ")
    assert "\n" not in sentence
    assert 12 < len(sentence) - len(path.name) < 400
    assert "Traceback" not in sentence
    return sentence


@pytest.mark.parametrize("extension", [*EXTENSIONS, ".xyz", ""])
def test_an_empty_file(extension, tmp_path):
    path = tmp_path / f"a{extension}"
    path.touch()
    assert refusal(path) == f"a{extension}: the file is empty"


@pytest.mark.parametrize("name", MADE)
def test_a_file_cut_short(name, tmp_path):
    path = make_file(name, tmp_path)
    content = path.read_bytes()
    for length in sorted({1, 2, 4, 10, *(len(content) * k // 20 for k in range(1, 20)), len(content) - 1}):
        path.write_bytes(content[:length])
        try:
            noun = read(path)
        except UnreadableFile as error:
            assert str(error).startswith(f"{path.name}: ")  # noqa: PT017
            assert "\n" not in str(error)  # noqa: PT017
        else:
            whole = length > 0.9 * len(content)  # only what follows the pixels is missing
            earlier = name in FRAME_BY_FRAME and len(noun) < 2  # whole frames before the cut, as of a file still being written
            assert name in TEXT or whole or earlier or getattr(noun, "notes", ()), (
                f"{length} of {len(content)} bytes passed in silence"
            )


@pytest.mark.parametrize("name", WHOLE_OR_NOT)
def test_half_an_image_is_never_taken_for_a_whole_one(name, tmp_path):
    path = make_file(name, tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    refusal(path)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_prose_under_any_name(extension, tmp_path):
    path = tmp_path / f"notes{extension}"
    path.write_text("These are my notes of Tuesday.\nThe film was cloudy.\n" * 9)
    refusal(path)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_pickle_is_never_opened(extension, tmp_path):
    class Trap:
        def __reduce__(self) -> tuple:
            return os.mkdir, (str(tmp_path / "sprung"),)

    path = tmp_path / f"model{extension}"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps(Trap(), protocol=protocol))
        sentence = refusal(path)
        assert protocol < 2 or "pickle" in sentence
    assert not (tmp_path / "sprung").exists()


def test_an_array_of_objects_is_never_opened(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", a=np.array([{"a": 1}], object))
    for name in ("a.npy", "a.npz"):
        assert "objects" in refusal(tmp_path / name).lower()


def test_a_wrong_extension_is_read_by_content_or_refused(tmp_path):
    """The first bytes decide: a PNG called .tif is a PNG; text called .png is no picture."""
    png = make_file("png", tmp_path)
    for name in ("picture.tif", "picture.jpg", "picture.xyz", "picture.dm4", "picture.txt", "picture"):
        noun = read(shutil.copy(png, tmp_path / name))
        assert isinstance(noun, Micrograph)
        assert noun.pixels.shape == (12, 16)
    curve = make_file("text", tmp_path)
    for extension in (".png", ".tif", ".dm3", ".h5", ".npy", ".gwy", ".ser"):
        assert f"named {extension}, but its content is not" in refusal(Path(shutil.copy(curve, tmp_path / f"curve{extension}")))


def test_what_nobody_reads_is_answered_with_what_is_read(tmp_path):
    path = tmp_path / "a.docx"
    path.write_bytes(b"word")
    sentence = refusal(path)
    assert "no reader for .docx; formats read: png, jpeg, bmp" in sentence
    with pytest.raises(UnknownFormat):
        read(path)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\n")
    assert "a PDF" in refusal(tmp_path / "a.pdf")
    (tmp_path / "a.png").write_bytes(b"<!DOCTYPE HTML><html>404</html>")
    assert "a web page" in refusal(tmp_path / "a.png")


def test_missing_folder_and_locked(tmp_path):
    assert refusal(tmp_path / "gone.tif") == "gone.tif: no such file"
    assert refusal(tmp_path / "gone" / "a.tif") == "a.tif: no such file"
    (tmp_path / "empty.tif").mkdir()
    refusal(tmp_path / "empty.tif")
    (tmp_path / "loop.tif").symlink_to(tmp_path / "loop.tif")
    assert "cannot be opened" in refusal(tmp_path / "loop.tif")
    (tmp_path / "file.txt").write_text("x")
    assert "cannot be opened (Not a directory)" in refusal(tmp_path / "file.txt" / "a.tif")


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may read everything")
def test_a_file_without_permission(tmp_path):
    path = make_file("png", tmp_path)
    path.chmod(0)
    assert refusal(path) == "made.png: cannot be opened (Permission denied)"


def test_an_open_that_is_denied(tmp_path, monkeypatch):
    path = make_file("png", tmp_path)

    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", deny)
    with pytest.raises(UnreadableFile, match=r"made\.png: cannot be opened \(Permission denied\)"):
        read(path)


def test_a_device_or_a_pipe_is_no_file(tmp_path):
    """Reading a pipe would wait for ever."""
    os.mkfifo(tmp_path / "pipe.png")
    assert "not a regular file" in refusal(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    assert "not a regular file" in refusal(tmp_path / "zero.png")


def test_images_without_pixels(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((0, 5)))
    refusal(tmp_path / "a.npy")
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((4, 4), np.uint8))
    content = bytearray((tmp_path / "b.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        place = file.pages[0].tags["ImageWidth"].valueoffset
    content[place : place + 2] = b"\0\0"
    (tmp_path / "b.tif").write_bytes(bytes(content))
    refusal(tmp_path / "b.tif")
    png = bytearray(make_file("png", tmp_path).read_bytes())
    png[16:24] = bytes(8)
    (tmp_path / "c.png").write_bytes(bytes(png))
    refusal(tmp_path / "c.png")
    bmp = bytearray(make_file("bmp", tmp_path).read_bytes())
    bmp[18:26] = bytes(8)
    (tmp_path / "d.bmp").write_bytes(bytes(bmp))
    refusal(tmp_path / "d.bmp")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_pixels_that_are_no_number(bad, tmp_path):
    plane = HEIGHTS.copy()
    plane[3, 4] = bad
    np.save(tmp_path / "a.npy", plane)
    tifffile.imwrite(tmp_path / "a.tif", plane)
    for name in ("a.npy", "a.tif"):
        assert "1 of 192 pixels are NaN or infinite" in refusal(tmp_path / name)
        assert not read(tmp_path / name, nan="mask").mask[3, 4]
    tifffile.imwrite(tmp_path / "b.tif", np.full((4, 4), bad, np.float32))
    with pytest.raises(UnreadableFile, match=r"b\.tif: all pixels are NaN or infinite"):
        read(tmp_path / "b.tif", nan="mask")


def test_tiny_files_that_claim_gigabytes(tmp_path):
    """In a process of its own, whose memory is measured: what is claimed is refused before it is decoded."""
    sources = []
    for name, build in BOMBS.items():
        sources.append(tmp_path / name)
        sources[-1].write_bytes(build())
        assert sources[-1].stat().st_size < 5 * 2**20
    outcomes = fuzz(sources, tmp_path / "out", -1, 0)
    check(outcomes)
    read_after_all = [o["mutation"] for o in outcomes if o["outcome"] == "read" and "text.png" not in o["mutation"]]
    assert not read_after_all
    for outcome in outcomes:
        if outcome["outcome"] == "refused":
            because = ("bomb", "cut short", "beyond the file", "exceeds limit", "amplification")
            assert any(word in outcome["message"] for word in because), outcome
    peaks = {o["mutation"]: o["peak_bytes"] / 2**20 for o in outcomes}
    assert max(peaks.values()) < 600, peaks


def shell(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command line."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    said = capsys.readouterr()
    return left.value.code, said.out, said.err


def bad_files(folder: Path) -> list[Path]:
    """One of each kind of trouble."""
    (folder / "empty.tif").touch()
    (folder / "notes.png").write_text("not a picture")
    (folder / "huge.png").write_bytes(BOMBS["huge.png"]())
    (folder / "model.npy").write_bytes(pickle.dumps([1, 2]))
    (folder / "cut.bmp").write_bytes(make_file("bmp", folder).read_bytes()[:200])
    nan = np.full((4, 4), np.nan, np.float32)
    tifffile.imwrite(folder / "nan.tif", nan)
    names = ("empty.tif", "notes.png", "huge.png", "model.npy", "cut.bmp", "nan.tif", "missing.tif")
    return [folder / name for name in names]


def test_the_command_line_says_it_in_one_line_and_exits_with_1(tmp_path, capsys):
    lab = tmp_path / "lab"
    for path in bad_files(tmp_path):
        code, out, err = shell(["inspect", str(path), "--workspace", str(lab)], capsys)
        assert code == 1, path
        assert out == ""
        lines = err.strip().splitlines()
        assert len(lines) == 1, err
        assert path.name in lines[0]
        code, out, err = shell(["inspect", str(path), "--json", "--workspace", str(lab)], capsys)
        assert (code, out) == (1, "")
        (line,) = err.strip().splitlines()
        assert path.name in json.loads(line)["message"]
        assert "Traceback" not in err
    runs = [p for p in lab.rglob("*") if p.is_dir() and p.parent.name == "runs"]
    assert runs == [], "a user's error leaves nothing behind"


def test_a_name_that_breaks_lines_or_is_not_utf8_breaks_nothing(tmp_path):
    for raw in (b"two\nlines.tif", b"bell\x07.tif", b"sch\xf6n.tif", "größe µ.tif".encode()):
        path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), raw)))
        path.write_bytes(b"")
        with pytest.raises(MorphoscopeError) as caught:
            read(path)
        sentence = str(caught.value)
        assert sentence.isprintable()
        sentence.encode("utf-8")
        path.write_bytes(Path(make_file("tiff", tmp_path)).read_bytes())
        assert len(read(path)) == 2


def test_many_pages_of_nothing(tmp_path):
    """A TIFF whose pages point at each other in a circle ends all the same."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, DEEP)
    content = bytearray(buffer.getvalue())
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        page = file.pages[0]
        count = len(page.tags)
        place = page.offset + 2 + 12 * count
    content[place : place + 4] = page.offset.to_bytes(4, "little")
    path = tmp_path / "circle.tif"
    path.write_bytes(bytes(content))
    outcomes = fuzz([path], tmp_path / "out", -1, 0)
    check(outcomes)


def test_pictures_survive_a_recursion_limit(tmp_path):
    """Deep nesting in a header is refused, not followed until the interpreter gives up."""
    deep = b"GWYP" + b"GwyContainer\0" + (10**6).to_bytes(4, "little") + b"a\0oGwyContainer\0\xff\xff\xff\x7f" * 20_000
    (tmp_path / "deep.gwy").write_bytes(deep)
    refusal(tmp_path / "deep.gwy")
    assert sys.getrecursionlimit() >= 1000
    Image.new("L", (3, 3)).save(tmp_path / "fine.png")
    assert isinstance(read(tmp_path / "fine.png"), Micrograph)
