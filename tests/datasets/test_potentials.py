"""Tables of potentials of mean force."""

from __future__ import annotations

import pytest

from morphoscope.datasets.potentials import COLUMNS, SHIPPED, read_potentials
from morphoscope.errors import UnreadableFile

HEAD = "id," + ",".join(COLUMNS)
ROWS = [f"a,3,0.1,40,{3 + k / 10},{-2 + k / 5},0.3" for k in range(6)]


def written(tmp_path, *lines):
    path = tmp_path / "pmf.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_table_is_read_by_composition_in_order_of_distance(tmp_path):
    other = [row.replace("a,3,0.1", "b,2,0.1") for row in ROWS]
    first, second = read_potentials(written(tmp_path, "# how it was made", HEAD, *reversed(ROWS), *other))
    assert (first.point, second.point) == ((3, 0.1, 40), (2, 0.1, 40))
    assert list(first.r) == pytest.approx([3, 3.1, 3.2, 3.3, 3.4, 3.5])
    assert first.w[0] == -2
    assert first.error[0] == 0.3


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([HEAD.replace("w_error_kT", "x"), *ROWS], "no column w_error_kT"),
        ([HEAD, *ROWS[:3]], "five or more distances"),
        ([HEAD, *ROWS, ROWS[0]], "each of them once"),
        ([HEAD, *ROWS, "a,3,0.1,40,broken,1,1"], "line 8 is not a row of numbers"),
        ([HEAD, *ROWS, "a,3,0.1,40,3.9,nan,1"], "line 8 holds a number that is not finite"),
        ([HEAD, *ROWS, "a,3"], "line 8 is not a row"),
        ([""], "no column D"),
    ],
)
def test_a_wrong_table_is_named(tmp_path, lines, says):
    with pytest.raises(UnreadableFile, match=says):
        read_potentials(written(tmp_path, *lines))


def test_bytes_are_no_table(tmp_path):
    path = tmp_path / "pmf.csv"
    path.write_bytes(b"\xff\xfe\x00\x01" * 20)
    with pytest.raises(UnreadableFile):
        read_potentials(path)


def test_the_shipped_table_is_sound():
    members = read_potentials()
    if not SHIPPED.exists():
        assert members == []
    for member in members:
        assert member.r[0] < member.diameter < member.r[-1]
        assert (member.error > 0).all()
