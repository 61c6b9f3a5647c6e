"""The 95 % intervals of particle sizes and densities hold the truth as often as they say."""

import csv
from pathlib import Path

import particle_coverage
import pytest

TABLE = Path(__file__).with_name("particle_coverage.csv")


def committed():
    with TABLE.open() as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@pytest.mark.parametrize("quantity", list(particle_coverage.NAMES.values()))
def test_the_committed_table_holds_what_is_said_of_it(quantity):
    rows = [row for row in committed() if row["quantity"] == quantity]
    assert len(rows) == 2 * len(particle_coverage.CROWDS) * len(particle_coverage.NOISES)
    windows, covered = (sum(int(row[name]) for row in rows) for name in ("windows", "covered"))
    assert windows >= 600
    assert 0.93 <= covered / windows <= 0.985
    assert min(int(row["covered"]) / int(row["windows"]) for row in rows) >= 0.8


@pytest.mark.slow
def test_a_few_windows_agree_with_it():
    rows = list(particle_coverage.rows(4, seed=5, crowds=["touching"], noises=(0.05,)))
    assert sum(row["windows"] for row in rows) == 4 * 8
    assert sum(row["covered"] for row in rows) >= 25
    assert all(abs(row["bias_percent"]) < 12 for row in rows)
