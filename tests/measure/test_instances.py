"""Agreement of label maps changed by hand."""

import numpy as np
import pytest

from morphoscope.errors import InputError
from morphoscope.measure.instances import agreement


def squares():
    labels = np.zeros((30, 30), int)
    labels[2:12, 2:12], labels[2:12, 16:26], labels[16:26, 2:12] = 1, 2, 7
    return labels


def test_the_same_map_agrees_whatever_its_numbers():
    other = np.array([0, 5, 3, 0, 0, 0, 0, 9])[squares()]
    found = agreement(other, squares())
    assert (found.area_iou, found.mean_iou, found.f1, found.found, found.true) == (1, 1, 1, 3, 3)
    assert set(found.pairs) == {(5, 1, 1.0), (3, 2, 1.0), (9, 7, 1.0)}


def test_a_shift_a_loss_and_an_invention():
    shifted = np.roll(squares(), 2, axis=0)  # 80 of 120 pixels shared
    assert agreement(shifted, squares()).mean_iou == pytest.approx(80 / 120)
    lost = np.where(squares() == 7, 0, squares())
    found = agreement(lost, squares())
    assert (found.f1, found.mean_iou, found.area_iou) == pytest.approx((4 / 5, 2 / 3, 2 / 3))
    assert agreement(squares(), lost).f1 == pytest.approx(4 / 5)


def test_merged_particles_match_neither():
    merged = np.where(squares() == 2, 1, squares())
    found = agreement(merged, squares())
    assert found.area_iou == 1
    assert found.f1 == pytest.approx(2 / 5)


def test_nothing_and_other_sizes():
    nothing = np.zeros((5, 5), int)
    assert agreement(nothing, nothing).f1 == 1
    assert agreement(nothing, np.eye(5, dtype=int)).mean_iou == 0
    with pytest.raises(InputError, match=r"\(5, 5\) and \(4, 5\) cannot be compared"):
        agreement(nothing, np.zeros((4, 5), int))
