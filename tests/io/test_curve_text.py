"""Curves from text: separators, decimal signs, headers, encodings, columns, and what is no curve."""

from pathlib import Path

import numpy as np
import pytest

from morphoscope.core import Curve
from morphoscope.errors import UnreadableFile
from morphoscope.io import read

X, Y, E = np.array([0.01, 0.02, 0.05, 0.1]), np.array([1e5, 2.5e3, -3.5, 0.25]), np.array([1.0, 2.0, 3.0, 0.5])


def rows(*columns: np.ndarray, separator: str = " ", decimal: str = ".") -> list[str]:
    return [separator.join(repr(float(v)).replace(".", decimal) for v in row) for row in zip(*columns, strict=True)]


def curve(path: Path, lines: list[str], *, newline: str = "\n", encoding: str = "utf-8") -> Curve:
    path.write_bytes(newline.join(lines).encode(encoding))
    noun = read(path)
    assert isinstance(noun, Curve)
    return noun


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("separator", "decimal"),
    [*[(s, ".") for s in (" ", "   ", "\t", ";", "; ", ",", ", ")], *[(s, ",") for s in (" ", "\t", ";")]],
)
def test_separators_decimal_signs_and_line_ends(tmp_path: Path, separator: str, decimal: str, newline: str) -> None:
    found = curve(tmp_path / "a.dat", rows(X, Y, E, separator=separator, decimal=decimal), newline=newline)
    np.testing.assert_array_equal(found.x, X)
    np.testing.assert_array_equal(found.y, Y)
    assert found.y_error is not None
    np.testing.assert_array_equal(found.y_error, E)
    assert found.x_unit == found.y_unit == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    unit = "nm" if encoding == "latin-1" else "Å⁻¹"
    found = curve(tmp_path / "a.txt", [f"q [{unit}]\tGrö\xdfe [1/cm]", *rows(X, Y, separator="\t")], encoding=encoding)
    assert (found.x_name, found.y_name, found.y_unit) == ("q", "Größe", "1/cm")
    assert found.x_unit == ("nm" if encoding == "latin-1" else "1/Å")


@pytest.mark.parametrize(
    ("heading", "names", "units"),
    [
        ("q (1/nm);I (1/cm)", ("q", "I"), ("1/nm", "1/cm")),
        ("Q [A^-1];I(Q) [cm-1]", ("Q", "I(Q)"), ("1/Å", "1/cm")),
        ("# r;g(r)", ("r", "g(r)"), ("", "")),
        ("k  Omega(k)", ("k", "Omega(k)"), ("", "")),
        ("<X>   <Y>", ("X", "Y"), ("", "")),
        ("time (s);height (nm)", ("time", "height"), ("s", "nm")),
        ('"q, nm-1";"I, a.u."', ("q", "I"), ("1/nm", "a.u.")),
        ("q_nm^-1;I", ("q_nm^-1", "I"), ("", "")),
        ("S(k);K", ("S(k)", "K"), ("", "")),
    ],
)
def test_names_and_units_from_the_heading(tmp_path: Path, heading: str, names: tuple[str, str], units: tuple[str, str]) -> None:
    found = curve(tmp_path / "a.csv", ["a sentence about this measurement, of 12 words", "", heading, *rows(X, Y, separator=";")])
    assert ((found.x_name, found.y_name), (found.x_unit, found.y_unit)) == (names, units)
    assert "a sentence" in found.header["text"]


def test_long_header_with_numbers_and_a_footer(tmp_path: Path) -> None:
    head = [f"parameter {i}: {i * 1.5}" for i in range(300)] + ["1 2", "3 4", "end of header"]
    found = curve(tmp_path / "a.dat", [*head, *rows(X, Y, E), "the end"])
    np.testing.assert_array_equal(found.x, X)
    assert "the end" in found.header["text"]


def test_columns_and_what_they_are(tmp_path: Path) -> None:
    four = curve(tmp_path / "a.dat", rows(X, Y, E, E / 100))
    assert four.x_error is not None
    np.testing.assert_array_equal(four.x_error, E / 100)
    named = curve(tmp_path / "b.dat", ["q I dq dI", *rows(X, Y, E / 100, E)])
    assert named.x_error is not None
    assert named.y_error is not None
    np.testing.assert_array_equal(named.x_error, E / 100)
    np.testing.assert_array_equal(named.y_error, E)
    several = curve(tmp_path / "c.dat", ["r g_AA g_AB", *rows(X, Y, E)])
    assert several.y_error is None
    assert several.notes == ("columns left out: g_AB",)
    signed = curve(tmp_path / "d.dat", rows(X, Y, E - 2))
    assert signed.y_error is None
    assert signed.notes == ("columns left out: number 3",)


def test_rows_without_numbers_are_dropped_and_counted(tmp_path: Path) -> None:
    found = curve(tmp_path / "a.txt", ["0 -1.#IND", "1 2", "2 nan", "3 4", "4 NaN", "5 1.#QNAN", "6 7", "7 1.0D+02"])
    np.testing.assert_array_equal(found.x, [1, 3, 6, 7])
    np.testing.assert_array_equal(found.y, [2, 4, 7, 100])
    assert found.notes == ("4 row(s) without numbers were left out",)


def test_comments_between_rows_and_a_second_table(tmp_path: Path) -> None:
    found = curve(tmp_path / "a.dat", ["# x y", "1 2", "# middle", "2 3", "", "3 4"])
    np.testing.assert_array_equal(found.x, [1, 2, 3])
    two = [*[f"{i} {i * i}" for i in range(20)], "second part", *[f"{i} {i}" for i in range(12)]]
    assert curve(tmp_path / "b.dat", two).notes == ("1 other table(s) in the file are left out",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Dear reader,\nthis is a letter.\nYours\n", "a.txt: text without a table of numbers: no curve and no pattern"),
        (b"[SemImageFile]\r\nMagnification=50000\r\nPixelSize=1.98\r\n", "text without a table of numbers"),
        (b"1\n2\n3\n4\n", "a single column of numbers; a curve needs x and y"),
        (bytes(range(256)) * 20, "its content is binary"),
        (b"0 nan\n1 nan\n2 nan\n", "without a single row of finite x and y"),
        (b"   \n\n", "text without a table"),
    ],
)
def test_what_is_no_curve(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(UnreadableFile, match=message):
        read(tmp_path / "a.txt")


def test_six_columns_of_nist_reduction(tmp_path: Path) -> None:
    heading = "The 6 columns are | Q (1/A) | I(Q) (1/cm) | std. dev. I(Q) (1/cm) | sigmaQ | meanQ | ShadowFactor|"
    found = curve(tmp_path / "a.abs", ["FILE: X", heading, *rows(X, Y, E, E / 100, X, E)])
    assert (found.x_name, found.x_unit, found.y_name, found.y_unit) == ("Q", "1/Å", "I(Q)", "1/cm")
    assert found.y_error is not None
    assert found.x_error is not None
    np.testing.assert_array_equal(found.y_error, E)
    np.testing.assert_array_equal(found.x_error, E / 100)
