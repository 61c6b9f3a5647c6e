"""Python, the command line and the studio give the same JSON for the same question."""

import json
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

import morphoscope as ms
from morphoscope.app import Workspace
from morphoscope.core import Micrograph, PixelSize
from morphoscope.web import create_app

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2; either will do
    from starlette.testclient import TestClient

BASE = "http://127.0.0.1:8765"


@pytest.fixture
def image(tmp_path):
    """Blurred noise with a pixel size, as an OME-TIFF."""
    noise = np.random.default_rng(0).random((96, 128))
    smooth = sum(np.roll(noise, (i, j), (0, 1)) for i in range(5) for j in range(5)) / 25
    pixels = ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)
    return ms.write(Micrograph(pixels, PixelSize(2.5, 2.5, "given")), tmp_path / "texture.ome.tif")


def by_command(image, folder, task, *flags):
    command = [sys.executable, "-m", "morphoscope", *task.split(), str(image), *flags, "--json", "--workspace", str(folder)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def by_studio(image, folder, task, name, **parameters):
    with TestClient(create_app(Workspace(folder), token=None, port=8765), base_url=BASE) as client:
        client.headers["origin"] = BASE
        sent = client.post(
            "/uploads", files={"file": (image.name, image.read_bytes())}, headers={"accept": "application/json"}
        ).json()
        reference = sent["files"][0]["reference"]
        started = client.post(f"/api/run/{task.replace(' ', '-')}", json={name: reference, **parameters}).json()
        deadline = time.monotonic() + 60
        while client.get(f"/runs/{started['run']}/progress.json").json()["state"] in ("waiting", "running"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return client.get(started["report"]).json()


@pytest.mark.parametrize("task, name, parameters", [
    ("measure two-point", "image", {"phase": "dark", "threshold": 0.5}),
    ("inspect", "file", {}),
    ("measure particles", "image", {}),
    ("measure lineal-path", "image", {"phase": "dark", "z_max_px": 20}),
    ("measure spectrum", "image", {"period_min_px": 4}),
    ("measure morphology", "image", {"smooth_px": 1.0}),
    ("segment", "image", {"method": "li", "denoise": "median"}),
    ("measure pattern", "pattern", {"centre_row_px": 47.5, "centre_column_px": 63.5}),
    pytest.param("measure sheet", "files", {"structure": "phases", "scale_bar": "never"},
                 marks=[pytest.mark.slow, pytest.mark.timeout(400)]),
])  # fmt: skip
def test_three_doors_one_report(image, tmp_path, task, name, parameters):
    python = ms.run(task, image, workspace=tmp_path / "python", **parameters)
    flags = [f"--{key.replace('_', '-')}={value}" for key, value in parameters.items()]
    answers = [
        json.loads(python.to_json()),
        by_command(image, tmp_path / "command", task, *flags),
        by_studio(image, tmp_path / "studio", task, name, **parameters),
    ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["run"].startswith(task.replace(" ", "-"))
