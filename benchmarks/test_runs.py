"""
What the application layer costs on top of a task: run with ``pytest benchmarks``.

Bounds: a finished run is read back in 20 ms, a fresh one costs 50 ms beyond its task.
"""

import itertools
import statistics
import time

import pytest

from morphoscope.app import Workspace
from morphoscope.core import Run
from morphoscope.tasks import load

SMALL = {"size_px": 32, "time": 0.0}


@pytest.fixture
def lab(tmp_path):
    """A fresh workspace with the task imported."""
    found = Workspace(tmp_path / "lab")
    found.run("simulate blend", seed=10**6, **SMALL)
    return found


def test_a_finished_run_is_read_back(benchmark, lab):
    benchmark(lab.run, "simulate blend", seed=10**6, **SMALL)
    assert benchmark.stats["median"] < 0.020


def test_a_fresh_run_costs_little_beyond_its_task(benchmark, lab, tmp_path):
    seeds, task = itertools.count(), load("simulate blend")
    defaults = lab.question("simulate blend", raw=SMALL).parameters
    bare = median_seconds(lambda seed: task(Run(folder(tmp_path, seed), seed), **defaults))
    benchmark.pedantic(lambda: lab.run("simulate blend", seed=next(seeds), **SMALL), rounds=30)
    overhead = benchmark.stats["median"] - bare
    benchmark.extra_info["overhead_ms"] = round(1000 * overhead, 2)
    assert overhead < 0.050


def folder(tmp_path, seed):
    path = tmp_path / f"bare-{seed}"
    path.mkdir()
    return path


def median_seconds(call, rounds=15):
    """Median seconds of ``call(seed)``."""
    seconds = []
    for seed in range(rounds):
        start = time.perf_counter()
        call(seed)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)
