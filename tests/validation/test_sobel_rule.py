"""The Sobel rule on the paper's open images gives the counts known for the authors' own conversion."""

import numpy as np
import pytest

from morphoscope.core import Run
from morphoscope.measure.sobel import edge_strength
from morphoscope.tasks.miscibility import sobel


@pytest.mark.slow
def test_counts_on_the_open_images(tmp_path, shared_data):
    report = sobel(Run(tmp_path), data=shared_data / "miscibility", threshold=18.0, conversion="paper")
    assert [report.values[name].value for name in ("tp", "fp", "fn", "tn")] == [7, 6, 78, 309]
    assert report.values["accuracy"].value == pytest.approx(0.79)


def test_one_step_edge():
    step = np.zeros((5, 10))
    step[:, 5:] = 10
    assert edge_strength(step) == pytest.approx(0.5 * 40 * 2 / 10)  # two columns of 4 x 10, halved
    assert edge_strength(255 * (step > 0)) == pytest.approx(np.rint(255 / 2) * 2 / 10)  # saturated
