"""Every example runs alone in an empty folder, quickly, and leaves a picture or a page that holds something."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))
LIMIT_S = 30
every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)


def test_there_are_examples():
    assert len(EXAMPLES) >= 3
    assert [path.name[:2] for path in EXAMPLES] == [f"{number:02d}" for number in range(1, len(EXAMPLES) + 1)]


@every_example
def test_an_example_says_what_it_is_for(example):
    title, _, text = (ast.get_docstring(ast.parse(example.read_text(encoding="utf-8"))) or "").partition("\n\n")
    assert 10 < len(title) < 100, f"{example.name}: the first line of its docstring is the title in the gallery"
    assert len(text) > 100, f"{example.name}: say in a few sentences what is shown"


@pytest.mark.slow
@pytest.mark.timeout(300)
@every_example
def test_an_example_runs_and_leaves_pictures(example, tmp_path):
    started = os.times()
    done = subprocess.run(
        [sys.executable, "-W", "error", str(example)], cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False
    )
    ended = os.times()
    assert done.returncode == 0, done.stderr
    cpu_s = ended.children_user + ended.children_system - started.children_user - started.children_system
    assert cpu_s < 2 * LIMIT_S, f"{example.name} took {cpu_s:.0f} s of processor time; make it smaller"
    assert done.stdout.strip(), f"{example.name} says nothing"
    pictures, pages = sorted(tmp_path.glob("*.png")), sorted(tmp_path.glob("*.html"))
    assert pictures, f"{example.name} leaves no picture for the gallery"
    for picture in pictures:
        with Image.open(picture) as image:
            pixels = np.asarray(image, float)
            assert pixels.std() > 0.05 * np.ptp(pixels) > 0, f"{picture.name} is nearly empty"
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "plotly" in text
        assert 'src="http' not in text, f"{page.name} loads something from the network"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_campaign_that_is_started_again_computes_nothing(tmp_path):
    example = next(path for path in EXAMPLES if "campaign" in path.name)
    outputs, changed = [], []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, str(example)], cwd=tmp_path, capture_output=True, text=True, timeout=280, check=True
        )
        outputs.append(done.stdout)
        changed.append({path.name: path.stat().st_mtime_ns for path in (tmp_path / "morphoscope-lab" / "runs").iterdir()})
        time.sleep(0.01)
    assert outputs[0] == outputs[1]
    assert changed[0] == changed[1]
