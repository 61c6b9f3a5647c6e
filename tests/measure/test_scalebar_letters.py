"""Lines of letters beside a stroke."""

import numpy as np
import pytest

from morphoscope.measure.scalebar import bars, letters
from morphoscope.physics import scalebars


@pytest.mark.parametrize("place", scalebars.PLACES)
@pytest.mark.parametrize("light", [True, False])
def test_the_label_is_among_the_lines(place: str, light: bool, rng: np.random.Generator) -> None:
    background = np.clip(0.5 + 0.05 * rng.standard_normal((300, 420)), 0, 1)
    grey, paper = (1.0, 0.0) if light else (0.0, 1.0)
    printed = scalebars.Printed("plain", 200, "nm", "200 nm", 90.0, 5.0, "", 24, place, 160.0, 200.0, grey, paper, None)
    levels = np.rint(scalebars.render(background, printed) * 255).astype(np.uint8)
    inked = np.abs(levels / 255 - background) > 0.3
    inked[198:208, 158:252] = False
    rows, columns = np.nonzero(inked)
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    bar = bars.find(levels)[0]
    assert (bar.left, bar.right) == (pytest.approx(160, abs=0.2), pytest.approx(250, abs=0.2))
    boxes = np.array([line.box for line in letters.beside(levels, bar)])
    assert np.abs(boxes - (left, top, right, bottom)).max(axis=1).min() <= 3


def test_texture_holds_no_line_as_long_as_a_label(rng: np.random.Generator) -> None:
    levels = np.rint(np.clip(110 + 20 * rng.standard_normal((300, 420)), 0, 255)).astype(np.uint8)
    levels[200:205, 160:250] = 255
    assert letters.beside(levels, bars.find(levels)[0]) == []
