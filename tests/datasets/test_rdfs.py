"""Tables of radial distribution functions."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from morphoscope.datasets.rdfs import COMPOSITION, SHIPPED, Rdfs, read_rdfs, write_rdfs
from morphoscope.errors import InputError, UnreadableFile
from morphoscope.measure import rdf

R = (np.arange(12) + 0.5) * 0.1


def small():
    rows = tuple({"id": f"a{k}", "salt": 0.5 * k, "kind": "x"} for k in range(3))
    g = np.linspace(0.1, 2, 36).reshape(3, 12)
    error = np.full((3, 12), np.nan)
    error[0] = 0.1
    return Rdfs(rows, R, g, error)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_a_table_comes_back_and_has_the_same_bytes_each_time(tmp_path, name):
    write_rdfs(small(), tmp_path / name)
    first = (tmp_path / name).read_bytes()
    back = read_rdfs(tmp_path / name)
    assert back.g == pytest.approx(small().g, rel=1e-3)
    assert np.isnan(back.error[1]).all()
    assert back.error[0] == pytest.approx(0.1)
    assert [row["salt"] for row in back] == [0, 0.5, 1]
    assert back.descriptors() == ("salt",)
    write_rdfs(small(), tmp_path / name)
    assert (tmp_path / name).read_bytes() == first


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a,b\n1,2\n", "fewer than 10 columns"),
        (",".join(f"g_{x:.2f}" for x in R) + "\n", "no row"),
        (",".join(f"g_{x:.2f}" for x in R) + "\n" + ",".join(["1"] * 11) + "\n", "different length"),
        (",".join(f"g_{x:.2f}" for x in R) + "\n" + ",".join(["1"] * 11 + ["many"]) + "\n", "'many' where a number"),
        (",".join(f"g_{x:.2f}" for x in R) + "\n" + ",".join(["-1"] * 12) + "\n", "negative"),
    ],
)
def test_what_is_no_table_is_one_sentence(tmp_path, text, match):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(UnreadableFile, match=match):
        read_rdfs(tmp_path / "t.csv")


def test_a_damaged_archive_is_one_sentence(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"id,g_0.05\n" * 50)[:20])
    with pytest.raises(UnreadableFile, match="is not text, so it is no table of distributions; give a CSV"):
        read_rdfs(tmp_path / "t.csv.gz")


def test_a_hole_in_a_column_is_named():
    holed = Rdfs(({"id": "a", "salt": None},), R, np.ones((1, 12)), np.ones((1, 12)))
    with pytest.raises(InputError, match="salt of row a"):
        holed.numbers(("salt",))


def test_the_shipped_table_is_whole():
    table = read_rdfs()
    assert len(table.r) == 100
    assert table.descriptors() == COMPOSITION
    assert set(table.column("source")) <= {"md", "pmf+mc", "prism"}
    assert len({row["id"] for row in table}) == len(table)
    for row, g in zip(table, table.g, strict=True):
        assert row["first_peak_g"] == pytest.approx(rdf.first_peak(table.r, g)[1], rel=1e-3)
        assert row["state"] == rdf.state(table.r, g, row["D"])
    assert SHIPPED.stat().st_size < 3e6
    assert {"fig4_aggregated", "fig4_bridged", "fig4_dispersed"} <= set(table.column("point"))
