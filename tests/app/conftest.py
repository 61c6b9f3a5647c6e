"""A fresh workspace, and toy tasks in TASKS while a test runs."""

import importlib.util
from pathlib import Path

import pytest

from morphoscope.app import Workspace
from morphoscope.app.fields import task_fields
from morphoscope.app.identity import code_identity

TOYS = Path(__file__).with_name("toys.py")


@pytest.fixture
def toys():
    """The toy tasks, registered as ``toy double`` and so on."""
    spec = importlib.util.spec_from_file_location("toys", TOYS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    task_fields.cache_clear()
    code_identity.cache_clear()
    module.register()
    yield module
    module.unregister()
    task_fields.cache_clear()
    code_identity.cache_clear()


@pytest.fixture
def lab(tmp_path, toys):
    """A workspace that knows the toys."""
    return Workspace(tmp_path / "lab")


@pytest.fixture
def executed(lab):
    """Lines that the toys left, one for each time a task was really computed."""
    return lambda: (lab.root / "executed.txt").read_text().splitlines() if (lab.root / "executed.txt").exists() else []
