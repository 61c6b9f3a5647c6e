"""What is printed leaves no trace in the filling, and the filling is as rough as the specimen."""

import numpy as np
import pytest

from morphoscope.core import Micrograph
from morphoscope.measure.annotations import Print
from morphoscope.measure.print_filling import textured_over


@pytest.fixture
def printed():
    rng = np.random.default_rng(1)
    grain = rng.standard_normal((120, 160))
    pixels = np.clip(0.5 + 0.08 * grain, 0, 1).astype(np.float32)
    mask = np.zeros(pixels.shape, bool)
    mask[100:, :] = mask[5:30, 5:40] = True
    return pixels, Print(mask, (("box", (5, 5, 40, 30)),))


def test_the_print_has_no_influence(printed):
    pixels, known = printed
    white, black = (Micrograph(np.where(known.mask, level, pixels).astype(np.float32)) for level in (1.0, 0.0))
    assert np.array_equal(textured_over(white, known), textured_over(black, known))


def test_the_specimen_stays_and_the_filling_is_as_rough(printed):
    pixels, known = printed
    filled = textured_over(Micrograph(np.where(known.mask, 1, pixels).astype(np.float32)), known)
    assert np.array_equal(filled[~known.mask], pixels[~known.mask])
    assert filled[known.mask].std() == pytest.approx(pixels.std(), rel=0.2)
    assert filled[known.mask].mean() == pytest.approx(0.5, abs=0.02)


def test_nothing_printed_changes_nothing(printed):
    pixels, known = printed
    nothing = Print(np.zeros_like(known.mask), ())
    assert np.array_equal(textured_over(Micrograph(pixels), nothing), pixels)
