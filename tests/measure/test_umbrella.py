"""WHAM recovers potentials from which samples were drawn, within the errors it states."""

from __future__ import annotations

import numpy as np
import pytest

from morphoscope.errors import InputError
from morphoscope.measure import umbrella

WIDTH = 0.05
GRID = np.linspace(1.5, 8.5, 7001)


def truth(x: np.ndarray) -> np.ndarray:
    return -4 * np.exp(-((x - 3) ** 2) / 0.2) + 1.5 * np.exp(-((x - 4) ** 2) / 0.3)


def windows(rng: np.random.Generator, *, samples: int, inefficiency: int, tilt: float = 0.0) -> list[umbrella.Window]:
    """Correlated samples: independent draws, each held for ``inefficiency`` steps. ``tilt`` makes one leg lag behind."""
    made = []
    for leg, side in (("in", -1), ("out", 1)):
        for centre in np.arange(2.4, 8, 0.25):
            energy = truth(GRID) + 30 * (GRID - centre) ** 2 + side * tilt * GRID
            p = np.exp(-(energy - energy.min()))
            drawn = rng.choice(GRID, size=samples // inefficiency, p=p / p.sum())
            held = np.repeat(drawn, inefficiency)
            made.append(umbrella.window(held, spring=60.0, centre=float(centre), width=WIDTH, leg=leg))
    return made


def test_a_known_potential_is_recovered_within_its_errors() -> None:
    rng = np.random.default_rng(1)
    force = umbrella.potential(windows(rng, samples=3000, inefficiency=20), rng=rng, width=WIDTH, zero_from=6.5, draws=20)
    inside = (force.x > 2.5) & (force.x < 7.5) & np.isfinite(force.w)
    pull = (force.w - truth(force.x))[inside] / force.error[inside]
    assert np.abs(force.w - truth(force.x))[inside].max() < 1.0
    assert 0.3 < np.sqrt(np.mean(pull**2)) < 1.6


def test_legs_that_disagree_widen_the_error() -> None:
    rng = np.random.default_rng(2)
    even = umbrella.potential(windows(rng, samples=2000, inefficiency=4), rng=rng, width=WIDTH, zero_from=6.5, draws=10)
    lagging = umbrella.potential(
        windows(rng, samples=2000, inefficiency=4, tilt=0.5), rng=rng, width=WIDTH, zero_from=6.5, draws=10
    )
    near = np.argmin(np.abs(even.x - 3))
    assert lagging.hysteresis[near] == pytest.approx(0.5 * 4.3, rel=0.25)  # the tilt times the way to the zero
    assert lagging.error[near] > 3 * even.error[near]


def test_statistical_inefficiency_of_held_and_drifting_samples() -> None:
    rng = np.random.default_rng(3)
    held = [umbrella.inefficiency(np.repeat(rng.normal(size=300), 10)) for _ in range(30)]
    assert 9 < np.mean(held) < 14
    assert np.median([umbrella.inefficiency(rng.normal(size=3000)) for _ in range(30)]) == pytest.approx(1, abs=0.3)
    steps = np.repeat(rng.normal(0, 0.3, 10), 300)
    assert umbrella.inefficiency(rng.normal(size=3000) + steps) > 10
    assert umbrella.inefficiency(np.ones(50)) == 1


def test_without_windows_there_is_no_potential() -> None:
    with pytest.raises(InputError, match="needs umbrella windows"):
        umbrella.potential([], rng=np.random.default_rng(0), width=WIDTH, zero_from=5)
