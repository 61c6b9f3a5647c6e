"""The cost of simulations: probes through which the line must go, and runs whose cost was recorded."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from morphoscope.errors import InputError
from morphoscope.physics.nanocomposite import StatePoint
from morphoscope.physics.nanocomposite_lammps import Settings
from morphoscope.physics.simulation_cost import START_UP_S, Probe, Speed, atoms, speed, steps

HERE = Path(__file__).parents[2] / "experiments" / "nanonet"


def test_the_line_goes_through_both_probes():
    known = speed(Probe(1000, [0.7e-3, 0.72e-3, 0.68e-3]), Probe(5000, [3.1e-3, 3.1e-3]))
    assert known.bead == pytest.approx(0.6e-6)
    assert known.step == pytest.approx(0.1e-3)
    assert known.seconds(5000, 1000) == pytest.approx(3.1 + START_UP_S)
    low, high = known.interval(100.0)
    assert 100 - low == pytest.approx(high - 100)
    assert 1.96 * 0.05 * 100 < high - 100 < 1.96 * 0.08 * 100


def test_noise_never_makes_steps_cheaper_than_nothing():
    known = speed(Probe(1000, [0.5e-3]), Probe(5000, [3.5e-3]))
    assert known.step >= 0
    assert known.bead * 5000 + known.step == pytest.approx(3.5e-3)
    with pytest.raises(InputError, match="different size"):
        speed(Probe(1000, [1e-3]), Probe(1000, [1e-3]))


def recorded(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["piece"] != "0"]


def test_recorded_runs_cost_what_the_model_says_of_their_machine():
    """Two sizes of the campaign's pieces give a line; all their other pieces lie near it."""
    windows, chunks = (recorded(HERE / name) for name in ("windows.csv", "chunks.csv"))
    windows = [row for row in windows if row["D"] == "3" and row["round"] == "1"]
    taken = [
        Probe(int(rows[0]["atoms"]), [float(row["cpu_s"]) / count for row in rows[:10]])
        for rows, count in ((windows, 28_000), (chunks, 50_000))
    ]
    known = speed(*taken)
    for row in windows[10:]:
        said = known.seconds(int(row["atoms"]), 28_000) - START_UP_S
        assert said == pytest.approx(float(row["cpu_s"]), rel=0.35)


def test_a_box_and_its_steps():
    point = StatePoint(diameter=3, beads=40, density=7e-4)
    volume = 8 / 7e-4
    assert atoms(point, 8) == pytest.approx(0.933 * volume, rel=0.05)
    assert steps(Settings(push_off=800, warm_up=3000), 500_000, 1_000_000) == 1_504_600
    assert Speed(0.0, 1e-6).million_bead_steps == pytest.approx(1.0)
