"""The grammar of scale labels."""

import pytest

from morphoscope.measure.scalebar import label


def only(text: str, **known: bool) -> label.Length:
    (length,) = label.parse(text, **known)
    return length


@pytest.mark.parametrize(
    "text, nm",
    [
        ("50 nm", 50),
        ("50nm", 50),
        ("5   µm", 5e3),
        ("5 μm", 5e3),
        ("2um", 2e3),
        ("0.5 µm", 500),
        ("0,5 µm", 500),
        ("2.5 μm", 2500),
        ("1 mm", 1e6),
        ("5 Å", 0.5),
        ("1.00um", 1e3),
        ("10.0 µm", 1e4),
        ("SU8010 5.0kV 8.8mm x100k SE(U) 500nm", 500),
        ("15 kV x1.50k 20.0um", 2e4),
        ("10 microns", 1e4),
        ("10u", 1e4),
    ],
)
def test_a_length_is_read(text: str, nm: float) -> None:
    assert label.parse(text)[-1].nm == pytest.approx(nm)


@pytest.mark.parametrize("text, nm", [("lum", 1e3), ("l µm", 1e3), ("IO nm", 10), ("5O nm", 50), ("2OO nm", 200), ("1OOnm", 100)])
def test_letters_that_stand_for_digits(text: str, nm: float) -> None:
    length = only(text)
    assert length.nm == pytest.approx(nm)
    assert length.plain < 1


@pytest.mark.parametrize(
    "text",
    ["", "00", "nm", "µm", "25 kV", "5 1/nm", "10 nm-1", "10 nm⁻¹", "d = 2.91 Å", "3.1 ± 1.2 nm", "05 µm", "0 nm", "17.3 nm",
     "x1.50k", "5 min", "(a)", "10 N", "50", "2 M"],
)  # fmt: skip
def test_what_is_no_length_of_a_bar(text: str) -> None:
    assert label.parse(text) == []


def test_uncommon_numbers_only_where_they_are_expected() -> None:
    assert label.parse("4.29um") == []
    assert only("4.29um", any_value=True).nm == pytest.approx(4290)


def test_a_hundred_millimetres_is_doubted() -> None:
    length = only("100mm")
    assert length.plain < 0.2
    assert set(length.others_nm) == {100.0, 1e5}


def test_a_picometre_that_must_be_a_micrometre() -> None:
    assert only("5 pm").unit == "µm"
    doubtful = only("100 pm")
    assert doubtful.others_nm == (1e5,)
    assert doubtful.plain < 0.5


def test_the_pixel_size_decides_between_meanings() -> None:
    doubtful = only("50 pm")
    sensible = label.sensible(doubtful, 200.0)
    assert sensible is not None
    assert sensible.nm == pytest.approx(5e4)
    assert label.sensible(only("1 Å"), 500.0) is None


@pytest.mark.parametrize("value, weight", [(1, 1), (20, 1), (0.5, 1), (2.5, 0.9), (300, 0.9), (7.5, 0.65), (17, 0), (430, 0)])
def test_how_usual_a_number_is(value: float, weight: float) -> None:
    assert label.mantissa_weight(value) == weight
