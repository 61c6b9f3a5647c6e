"""The rule that names a film's morphology, on drawings of known truth."""

import numpy as np
import pytest

from morphoscope.errors import BadParameter
from morphoscope.measure.template_order import order

PERIOD = 12
ROWS, COLUMNS = np.indices((240, 240))


def lattice(rows, columns):
    """Cosines whose product has a bump at each point of a centred lattice."""
    return np.cos(2 * np.pi * ROWS / rows) + np.cos(2 * np.pi * COLUMNS / columns)


def lines(angle_deg, period=PERIOD):
    turned = np.radians(angle_deg)
    return np.cos(2 * np.pi * (COLUMNS * np.cos(turned) + ROWS * np.sin(turned)) / period) > 0


def test_dots_are_hexagonal():
    found = order(lattice(12, 12) > 1, period_px=PERIOD)
    assert found.name == "hexagonal"
    assert found.dots == pytest.approx(1)


def test_enclosed_holes_are_ladders():
    found = order(lattice(12, 20) < 0.6, period_px=PERIOD)
    assert found.name == "ladders"
    assert found.holes == pytest.approx(1)


@pytest.mark.parametrize("angle", [20, 45, -35, 70])
def test_lines_aslant_are_skew(angle):
    found = order(lines(angle), period_px=PERIOD)
    assert found.name == "skew"
    assert found.slanted > 0.95


@pytest.mark.parametrize("angle", [0, 5, 90])
def test_lines_along_or_across_the_grating_are_not(angle):
    found = order(lines(angle), period_px=PERIOD)
    assert found.slanted < 0.05
    assert found.name == "lines"


def test_every_other_line_broken_into_dots():
    odd = (COLUMNS // 12) % 2 == 1
    stripes = COLUMNS % 12 < 6
    found = order(stripes & (~odd | (ROWS % 12 < 8)), period_px=PERIOD)
    assert found.name == "alternating lines"
    assert found.dots == pytest.approx(0.4, abs=0.06)


def test_noise_and_nothing_are_no_morphology():
    noise = np.random.default_rng(0).random((100, 100)) > 0.5
    assert order(noise, period_px=6).name == "mixed"
    assert order(np.zeros((50, 50), bool), period_px=6).name == "mixed"


def test_what_is_no_phase_is_refused():
    with pytest.raises(BadParameter, match="a phase is a plane of true and false"):
        order(np.zeros((5, 5)), period_px=6)
    with pytest.raises(BadParameter, match="period_px=1 must be at least 3 pixels"):
        order(np.zeros((5, 5), bool), period_px=1)
