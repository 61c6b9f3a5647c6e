"""LAMMPS dumps and logs: what is read, and one sentence for what is not."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from morphoscope.core import Trajectory
from morphoscope.errors import UnreadableFile
from morphoscope.io import lammps, read

FRAME = """\
ITEM: TIMESTEP
{step}
ITEM: NUMBER OF ATOMS
3
ITEM: BOX BOUNDS pp pp pp
-1 9
0 10
0 12
ITEM: ATOMS {columns}
{rows}
"""


def frame(step: int, rows: str = "2 1 4 5 6\n1 1 0 1 2\n3 2 7 8 9", columns: str = "id type xu yu zu") -> str:
    return FRAME.format(step=step, columns=columns, rows=rows)


def test_atoms_are_sorted_and_measured_from_the_corner(tmp_path: Path) -> None:
    (tmp_path / "a.dump").write_text(frame(0) + frame(100))
    found = read(tmp_path / "a.dump")
    assert isinstance(found, Trajectory)
    np.testing.assert_allclose(found.positions[1], [[1, 1, 2], [5, 5, 6], [8, 8, 9]])
    np.testing.assert_allclose(found.lengths[0], [10, 10, 12])
    assert found.types.tolist() == [1, 1, 2]
    assert found.times.tolist() == [0, 100]
    assert len(read(tmp_path / "a.dump", frames=slice(1, None))) == 1


def test_scaled_coordinates_and_missing_types(tmp_path: Path) -> None:
    (tmp_path / "a.lammpstrj").write_text(frame(0, "1 0.5 0.5 0.5\n2 0 0 0\n3 0.1 0.2 0.5", "id xs ys zs"))
    found = lammps.read_dump(tmp_path / "a.lammpstrj", dt=0.01)
    np.testing.assert_allclose(found.positions[0], [[5, 5, 6], [0, 0, 0], [1, 2, 6]])
    assert found.types.tolist() == [1, 1, 1]
    assert found.time_unit == "tau"


@pytest.mark.parametrize("cut", [5, 25, 40, 60, 100, 130, -2, -1])
def test_an_unfinished_last_frame_is_left_out(tmp_path: Path, cut: int) -> None:
    whole = frame(0)
    (tmp_path / "a.dump").write_text(whole + frame(100)[:cut])
    assert len(lammps.read_dump(tmp_path / "a.dump")) == 1


DAMAGED = {
    "nothing": ("", "empty"),
    "no dump": ("hello\n", "is not"),
    "cut in the middle": (frame(0)[:-10] + frame(100), "line 1 is cut short"),
    "cut in a line": (frame(0)[:-9] + frame(100), "run into each other"),
    "letters": (frame(0).replace("4 5 6", "4 five 6") + frame(100), "cannot be decoded"),
    "nan": (frame(0).replace("4 5 6", "4 nan 6") + frame(100), "values that are not numbers"),
    "binary": (frame(0).replace("4 5 6", "4 \udcff\udcfe 6"), "is not"),
    "atoms vanish": (frame(0) + frame(5, "1 1 1 1 1\n2 1 2 2 2").replace("\n3\nITEM: BOX", "\n2\nITEM: BOX"), "same atoms"),
    "twice the same": (frame(0, "1 1 1 1 1\n1 1 2 2 2\n3 1 1 1 1") + frame(5), "repeat"),
    "backwards": (frame(5) + frame(0), "do not rise"),
    "only a head": (frame(0)[:55], "no complete frame"),
    "tilted": (frame(0).replace("BOUNDS pp", "BOUNDS xy xz yz pp"), "tilted"),
    "flat": (frame(0).replace("0 10", "0 0"), "without volume"),
    "no ids": (frame(0, columns="a type xu yu zu"), "without id"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_dump_is_one_sentence(tmp_path: Path, kind: str) -> None:
    text, reason = DAMAGED[kind]
    (tmp_path / "a.dump").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UnreadableFile, match=reason) as caught:
        read(tmp_path / "a.dump")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("a.dump: ")


def test_a_dump_cut_or_scrambled_anywhere_never_ends_in_a_traceback(tmp_path: Path) -> None:
    whole = (frame(0) + frame(100)).encode()
    rng = np.random.default_rng(0)
    for k in range(150):
        body = bytearray(whole[: rng.integers(1, len(whole))] if k % 2 else whole)
        for at in rng.integers(0, len(body), 2):
            body[at] = rng.integers(0, 256)
        (tmp_path / "a.dump").write_bytes(bytes(body))
        with contextlib.suppress(UnreadableFile):
            assert len(read(tmp_path / "a.dump")) <= 2


def test_a_trajectory_survives_writing(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    made = Trajectory(
        positions=rng.normal(0, 20, (4, 5, 3)),
        lengths=rng.uniform(9, 11, (4, 3)),
        times=np.arange(4) * 250,
        types=np.array([2, 2, 2, 1, 2]),
    )
    lammps.write_dump(made, tmp_path / "a.dump")
    back = lammps.read_dump(tmp_path / "a.dump")
    np.testing.assert_allclose(back.positions, made.positions, rtol=1e-6)
    np.testing.assert_allclose(back.lengths, made.lengths)
    assert back.types.tolist() == made.types.tolist()


LOG = """\
   Step          Temp          Press
         0   1.0            0.5
Loop time of 3.5 on 1 procs for 0 steps with 120 atoms
Dangerous builds = 1
   Step          Temp          Press
         0   2.0            0.5
WARNING: something in between
       100   0.9            1.5
       200   1.1            2.5
Loop time of 7.5 on 1 procs for 200 steps with 121 atoms
Dangerous builds = 2
"""


def test_the_last_table_of_a_log_is_averaged(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(LOG)
    found = lammps.last_thermo(tmp_path / "log")
    assert found == pytest.approx({"Step": 150, "Temp": 1.0, "Press": 2.0, "atoms": 121, "seconds": 7.5, "dangerous": 3})
    (tmp_path / "log").write_text(LOG[:60])
    with pytest.raises(UnreadableFile, match="no run came to its end"):
        lammps.last_thermo(tmp_path / "log")
