"""Agreement against the worked examples of the literature."""

import numpy as np
import pytest

from morphoscope.measure.agreement import fleiss_kappa, krippendorff_alpha


def test_fleiss_example():
    """Ten items, fourteen raters, five classes: the example that reads 0.210."""
    counts = np.array(
        [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
         [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]
    )  # fmt: skip
    assert fleiss_kappa(counts) == pytest.approx(0.210, abs=5e-4)


def test_krippendorff_example():
    """Four observers, twelve units, missing votes: the example whose nominal alpha reads 0.743."""
    votes = np.array(
        [[1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
         [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0], [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0]]
    )  # fmt: skip
    counts = np.stack([(votes == k).sum(axis=0) for k in range(1, 6)], axis=1)
    assert krippendorff_alpha(counts) == pytest.approx(0.743, abs=5e-4)


def test_ends():
    same = np.array([[5, 0], [0, 5], [5, 0]])
    assert fleiss_kappa(same) == krippendorff_alpha(same) == 1
    assert np.isnan(fleiss_kappa(np.array([[3, 0], [3, 0]])))
    assert np.isnan(krippendorff_alpha(np.array([[1, 0], [0, 1]])))


def test_votes_by_chance_agree_by_chance(rng):
    first = rng.binomial(20, 0.3, size=3000)
    counts = np.stack([first, 20 - first], axis=1)
    assert fleiss_kappa(counts) == pytest.approx(0, abs=0.01)
    assert krippendorff_alpha(counts) == pytest.approx(0, abs=0.01)
