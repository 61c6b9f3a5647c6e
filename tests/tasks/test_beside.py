"""Two processes give what one gives, also when the second dies."""

import os
import signal

import numpy as np
import pytest
from PIL import Image

from morphoscope.tasks import beside
from morphoscope.tasks.descriptors import survey


@pytest.fixture
def two(monkeypatch):
    monkeypatch.setattr(beside, "FEWEST", 2)
    monkeypatch.setattr(beside, "spare_core", lambda: True)


@pytest.fixture
def images(tmp_path, rng):
    paths = []
    for k in range(8):
        paths.append(tmp_path / f"{k}.png")
        Image.fromarray(rng.integers(0, 255, (64, 64)).astype(np.uint8)).save(paths[-1])
    for k in (1, 6):
        paths[k].write_bytes(b"no picture")
    return paths


def test_the_table_is_the_same(images, monkeypatch, two):
    waiting = []

    def slow(done, total, note):  # leaves the other process time to answer
        waiting.append((done, total))
        while len(waiting) == 2 and not _finished():
            signal.sigtimedwait([], 0.05)

    holder = {}
    original = beside.from_the_end

    def kept(where, items):
        context = original(where, items)

        class Kept:
            def __enter__(self):
                holder["answers"] = context.__enter__()
                return holder["answers"]

            def __exit__(self, *told):
                return context.__exit__(*told)

        return Kept()

    def _finished():
        return len(holder["answers"]) >= 6

    monkeypatch.setattr("morphoscope.tasks.descriptors.from_the_end", kept)
    both = survey(images, progress=slow)
    assert len(holder["answers"]) >= 6
    monkeypatch.setattr("morphoscope.tasks.descriptors.from_the_end", original)
    monkeypatch.setattr(beside, "FEWEST", 1000)
    alone = survey(images)
    assert both.names == alone.names
    assert both.read == alone.read
    assert len(both.read) == 6
    assert (both.rows == alone.rows).all()
    assert (both.printed == alone.printed).all()
    assert both.left_out == alone.left_out
    assert [path.name for path, _ in both.left_out] == ["1.png", "6.png"]


def test_a_second_process_that_cannot_work_does_no_harm(two):
    with beside.from_the_end("no.such:thing", ["a", "b", "c"]) as answers:
        pass
    assert answers == {}


def test_short_lists_and_busy_machines_stay_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(beside.subprocess, "Popen", lambda *_, **__: pytest.fail("started"))
    with beside.from_the_end("x:y", ["a"]) as answers:
        assert answers == {}
    busy = tmp_path / "loadavg"
    busy.write_text("0.01 0.02 0.03 99/210 4711\n", encoding="ascii")
    monkeypatch.setattr(beside, "LOAD", busy)
    assert not beside.spare_core()
    monkeypatch.setattr(beside, "LOAD", tmp_path / "none")
    monkeypatch.setattr(os, "getloadavg", lambda: (99.0, 0, 0))
    assert not beside.spare_core()
