"""The studio over one workspace that holds an upload and two finished runs."""

import time

import pytest
from visitors import BASE, PORT, TOKEN, TestClient, png_bytes

from morphoscope.app import Workspace
from morphoscope.web import create_app


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A workspace with a run of each kind of task, computed once."""
    workspace = Workspace(tmp_path_factory.mktemp("studio") / "lab")
    (reference,) = workspace.inputs.add([("stripes.png", [png_bytes()])], limit_bytes=10**6)
    workspace.reference = reference
    workspace.blend = workspace.run("simulate blend", size_px=64, time=20).run
    workspace.measured = workspace.run("measure two-point", image=reference, pixel_size_nm=2.0).run
    return workspace


@pytest.fixture(scope="session")
def app(lab):
    """The studio with a token and a small upload limit."""
    return create_app(lab, token=TOKEN, port=PORT, upload_limit_mb=1)


@pytest.fixture(scope="session")
def served(app):
    """The application while it is up; its jobs are stopped at the end."""
    with TestClient(app, base_url=BASE, follow_redirects=False, raise_server_exceptions=False):
        yield app


@pytest.fixture
def stranger(served):
    """Somebody without the token."""
    return TestClient(served, base_url=BASE, follow_redirects=False, raise_server_exceptions=False)


@pytest.fixture
def client(stranger):
    """Somebody who opened the address with the token."""
    assert stranger.get("/", params={"token": TOKEN}).status_code == 303
    return stranger


@pytest.fixture
def finished(client):
    """Waits until a run has ended and gives its last state."""

    def wait(run_id, seconds=60):
        deadline = time.monotonic() + seconds
        while (state := client.get(f"/runs/{run_id}/progress.json").json())["state"] in ("waiting", "running"):
            assert time.monotonic() < deadline, state
            time.sleep(0.05)
        return state

    return wait
