"""
Two thousand rendered scale bars of known value and length, and pictures without one.

``pytest -m long tests/validation/test_scalebar_rendered.py`` measures what the reader promises: values right in 99 % of its
answers, half of the lengths within half a pixel, never wrong by a factor of ten, silent where there is nothing to read. It
takes a quarter of an hour or more; the slow tests draw fewer. ``scalebar_rendered.csv`` holds the table as it was
measured, and says of how many bars.
"""

from __future__ import annotations

from typing import Any

import pytest
import rendered_bars

pytest.importorskip("rapidocr", reason="needs morphoscope[ocr]")

FEWER_BARS, FEWER_BARE = 40, 15


def check(rows: list[dict[str, Any]], *, share: float, right: float) -> None:
    """The promises, on these rows."""
    *styles, everything, _ = rendered_bars.table(rows)
    for line in (*styles, everything):
        print(line)
    assert everything["right_share"] >= right
    assert everything["wrong_by_tens"] == 0
    assert everything["length_error_median_px"] <= 0.5
    assert everything["answered_share"] >= share


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_some_rendered_bars() -> None:
    check([rendered_bars.bar(number) for number in range(FEWER_BARS)], share=0.5, right=1.0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_answer_where_there_is_no_bar() -> None:
    assert [row for number in range(FEWER_BARE) if (row := rendered_bars.bare(number))["read_nm"] is not None] == []


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_two_thousand_rendered_bars() -> None:
    check([rendered_bars.bar(number) for number in range(rendered_bars.BARS)], share=0.6, right=0.99)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_answer_on_many_pictures_without_a_bar() -> None:
    given = (rendered_bars.bare(number) for number in range(rendered_bars.BARE))
    assert [row for row in given if row["read_nm"] is not None] == []
