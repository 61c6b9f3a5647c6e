"""The Report's JSON is a contract with scripts and with the studio."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from morphoscope.core import Curve, Figure, Quantity, Report


def full() -> Report:
    x = np.array([0.0, 1.5, 3.0])
    return Report(
        title="Two-point correlation",
        values={
            "phi": Quantity(0.5, "", 0.4, 0.6),
            "width_px": Quantity(640, "px"),
            "lost": Quantity(math.nan, "nm", math.inf, None),
        },
        curves={
            "S2": Curve(x, np.array([0.5, np.nan, 0.25]), "r", "S2", "nm", "", y_error=np.full(3, 0.1)),
            "bare": Curve(x, x, "q", "I", "1/nm", "1/cm"),
        },
        tables={"phases": [{"name": "a", "share": np.float32(0.25), "n": np.int64(3), "ok": np.bool_(True), "at": np.arange(2)}]},
        figures={"S2": Figure("band", ("S2",), "with its interval")},
        files={"thumbnail": "thumb.png"},
        notes=("no scale",),
        cites=("Torquato 2002",),
        run="abc",
        task="measure two-point",
        seed=3,
    )


CURVE = ["x", "y", "x_name", "x_unit", "y_name", "y_unit", "y_low", "y_high"]


def test_the_keys_are_those_of_the_contract():
    data = json.loads(full().to_json())
    assert sorted(data) == sorted(
        ["title", "run", "task", "values", "curves", "tables", "figures", "files", "notes", "cites", "schema", "seed"]
    )
    assert data["schema"] == 1
    assert data["values"]["phi"] == {"value": 0.5, "unit": "", "low": 0.4, "high": 0.6}
    for curve in data["curves"].values():
        assert sorted(curve) == sorted(CURVE)
    assert data["figures"]["S2"] == {"kind": "band", "data": ["S2"], "caption": "with its interval"}
    assert data["tables"]["phases"] == [{"name": "a", "share": 0.25, "n": 3, "ok": True, "at": [0, 1]}]
    assert (data["run"], data["task"], data["seed"], data["files"]) == ("abc", "measure two-point", 3, {"thumbnail": "thumb.png"})
    assert (data["notes"], data["cites"]) == (["no scale"], ["Torquato 2002"])


def test_what_is_no_number_is_null_and_whole_numbers_stay_whole():
    text = full().to_json()
    assert "NaN" not in text
    assert "Infinity" not in text
    data = json.loads(text)
    assert data["values"]["lost"] == {"value": None, "unit": "nm", "low": None, "high": None}
    assert data["curves"]["S2"]["y"] == [0.5, None, 0.25]
    assert data["curves"]["S2"]["y_low"][1] is None
    assert data["curves"]["S2"]["y_low"][0] == pytest.approx(0.5 - 1.96 * 0.1)
    assert data["curves"]["bare"]["y_low"] is None
    assert '"value": 640,' in text


def test_an_empty_report_has_every_key():
    data = json.loads(Report(title="nothing").to_json())
    assert data["values"] == data["curves"] == data["tables"] == data["figures"] == data["files"] == {}
    assert data["notes"] == data["cites"] == []


def test_json_comes_back_as_the_same_report(tmp_path: Path):
    report = full()
    back = Report.from_json(report.to_json())
    assert back.to_json() == report.to_json()
    np.testing.assert_array_equal(back.curves["S2"].y, report.curves["S2"].y)
    assert back.figures == report.figures
    assert back.values["phi"] == report.values["phi"]
    path = tmp_path / "report.json"
    path.write_text(report.to_json(), encoding="utf-8")
    assert Report.load(path).to_dict() == report.to_dict()


numbers = st.one_of(st.none(), st.integers(-(2**53), 2**53), st.floats())
texts = st.text(max_size=12)


@given(
    values=st.dictionaries(texts, st.tuples(numbers, texts, numbers, numbers), max_size=3),
    ys=st.lists(st.floats(), max_size=6),
    cells=st.dictionaries(texts, st.one_of(numbers, texts, st.lists(numbers, max_size=3), st.booleans()), max_size=3),
    notes=st.lists(texts, max_size=3),
)
def test_any_report_survives_json(values, ys, cells, notes):
    y = np.array(ys, float)
    report = Report(
        title="any",
        values={name: Quantity(*q) for name, q in values.items()},
        curves={"c": Curve(np.arange(len(y)), y, "x", "y")},
        tables={"t": [cells]},
        notes=tuple(notes),
    )
    text = report.to_json()
    text.encode("utf-8")
    back = Report.from_json(text)
    assert back.to_json() == text
    expected = np.where(np.isfinite(y), y, np.nan)
    np.testing.assert_array_equal(back.curves["c"].y, expected)


def test_numpy_numbers_are_written_as_numbers():
    report = Report(
        title="n",
        values={"a": Quantity(np.int64(3)), "b": Quantity(np.float32(0.5)), "c": Quantity(np.float64("nan"))},
        tables={"t": [{"p": Path("a/b"), "m": {1: np.uint8(4)}, "t": (1, np.nan)}]},
        files={"a": Path("a.png")},
        seed=np.int64(5),
    )
    data = json.loads(report.to_json())
    assert [q["value"] for q in data["values"].values()] == [3, 0.5, None]
    assert data["tables"]["t"] == [{"p": "a/b", "m": {"1": 4}, "t": [1, None]}]
    assert data["files"] == {"a": "a.png"}
    assert data["seed"] == 5


def test_a_file_name_that_is_not_utf8_can_be_reported():
    name = b"sch\xf6n.tif".decode("utf-8", "surrogateescape")
    text = Report(title=name, notes=(name,)).to_json()
    assert text.encode("utf-8")
    assert Report.from_json(text).title == name


@pytest.mark.parametrize(
    "quantity, text",
    [
        (Quantity(640, "px"), "640 px"),
        (Quantity(np.int64(123456), "px"), "123456 px"),
        (Quantity(0.123456789, "nm"), "0.12346 nm"),
        (Quantity(2.0, "nm", 1.5, 2.5), "2 [1.5, 2.5] nm"),
        (Quantity(2.0, "nm", 1.5), "2 nm"),
        (Quantity(3.5), "3.5"),
        (Quantity(None, "nm"), "unknown"),
        (Quantity(math.nan, "nm"), "unknown"),
    ],
)
def test_a_quantity_reads_like_a_number_in_a_paper(quantity, text):
    assert str(quantity) == text
