"""CanSAS XML in both versions, with and without the namespace."""

from pathlib import Path

import numpy as np
import pytest

from morphoscope.core import Curve
from morphoscope.errors import UnreadableFile
from morphoscope.io import read


def write(
    path: Path, points: str, *, space: str = ' xmlns="urn:cansas1d:1.1"', sets: int = 1, head: str = '<?xml version="1.0"?>'
) -> Path:
    data = f"<SASdata>{points}</SASdata>" * sets
    entry = (
        f"<SASentry><Title>made µ</Title><Run>7</Run>{data}<SASsample><thickness unit='mm'>1</thickness></SASsample></SASentry>"
    )
    path.write_text(f'{head}<SASroot version="1.1"{space}>{entry}</SASroot>', encoding="utf-8")
    return path


def points(unit: str = "1/A", *, qdev: bool = True) -> str:
    extra = f'<Qdev unit="{unit}">0.1</Qdev>' if qdev else f'<dQl unit="{unit}">0.1</dQl>'
    return "".join(
        f'<Idata><Q unit="{unit}">{q}</Q><I unit="1/cm">{10 - q}</I><Idev unit="1/cm">{q / 10}</Idev>{extra}</Idata>'
        for q in (1, 2, 3)
    )


@pytest.mark.parametrize("space", [' xmlns="urn:cansas1d:1.1"', ' xmlns="cansas1d/1.0"', ""])
@pytest.mark.parametrize(("unit", "spelled"), [("1/A", "1/Å"), ("1/nm", "1/nm"), ("nm^-1", "1/nm"), ("A^{-1}", "1/Å"), ("", "")])
def test_points_with_errors_and_units(tmp_path: Path, space: str, unit: str, spelled: str) -> None:
    curve = read(write(tmp_path / "a.xml", points(unit), space=space))
    assert isinstance(curve, Curve)
    np.testing.assert_array_equal(curve.x, [1, 2, 3])
    np.testing.assert_array_equal(curve.y, [9, 8, 7])
    assert (curve.x_name, curve.x_unit, curve.y_name, curve.y_unit) == ("Q", spelled, "I", "1/cm")
    assert curve.y_error is not None
    assert curve.x_error is not None
    np.testing.assert_allclose(curve.y_error, [0.1, 0.2, 0.3])
    assert curve.header["Title"] == "made µ"
    assert curve.header["SASsample"]["thickness"] == "1 mm"


def test_several_sets_slit_smearing_and_missing_numbers(tmp_path: Path) -> None:
    broken = points(qdev=False).replace('<I unit="1/cm">8</I>', '<I unit="1/cm">NaN</I>')
    curve = read(write(tmp_path / "a.xml", broken, sets=3))
    assert isinstance(curve, Curve)
    np.testing.assert_array_equal(curve.x, [1, 3])
    assert curve.x_error is None
    text = " ".join(curve.notes)
    assert "holds 3 data sets" in text
    assert "slit-smeared" in text
    assert "1 point(s) without numbers" in text


def test_each_data_set_can_be_picked(tmp_path: Path) -> None:
    first, second = points(), points(qdev=False).replace('<I unit="1/cm">', '<I unit="1/cm">1')
    path = write(tmp_path / "a.xml", f"{first}</SASdata><SASdata>{second}")
    whole, other = read(path), read(path, frames=slice(1, 2))
    assert isinstance(whole, Curve)
    assert isinstance(other, Curve)
    assert whole.header["data_sets"] == other.header["data_sets"] == 2
    assert (whole.y[0], other.y[0]) == (9, 19)
    assert "slit_length" not in whole.header
    assert other.header["slit_length"] == 0.1
    assert "this is number 2" in " ".join(other.notes)
    with pytest.raises(UnreadableFile, match=r"holds 2 data set\(s\); the one asked for is not among them"):
        read(path, frames=slice(2, 3))


def test_declared_encoding_and_xml_in_a_text_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", points(), head='<?xml version="1.0" encoding="ISO-8859-1"?>')
    path.write_bytes(path.read_text("utf-8").encode("latin-1"))
    curve = read(path)
    assert isinstance(curve, Curve)
    assert curve.header["Title"] == "made µ"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<?xml version="1.0"?><html><body/></html>', "an XML file of <html>, not CanSAS data"),
        ('<?xml version="1.0"?><SASroot><SASentry>', "broken XML"),
        ('<?xml version="1.0"?><SASroot><SASentry><SASdata/></SASentry></SASroot>', "without a single point"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(UnreadableFile, match=message):
        read(tmp_path / "a.xml")


def test_entities_that_multiply_are_stopped(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "lol"}">' for i in range(10))
    (tmp_path / "a.xml").write_text(f'<?xml version="1.0"?><!DOCTYPE x [{entities}]><SASroot>&e9;</SASroot>')
    with pytest.raises(UnreadableFile, match="broken XML"):
        read(tmp_path / "a.xml")
