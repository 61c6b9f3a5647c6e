"""The 95 % intervals of particle sizes and densities hold the truth as often as they say."""

import particle_coverage
import pytest


@pytest.mark.slow
def test_a_few_windows_agree_with_it():
    rows = list(particle_coverage.rows(4, seed=5, crowds=["touching"], noises=(0.05,)))
    assert sum(row["windows"] for row in rows) == 4 * 8
    assert sum(row["covered"] for row in rows) >= 25
    assert all(abs(row["bias_percent"]) < 12 for row in rows)
