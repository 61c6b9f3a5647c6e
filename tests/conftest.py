"""Fixtures shared by all tests."""

from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of third-party data that may not be redistributed; the test skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"third-party data not found beside the checkout ({SHARED.name})")
    return SHARED


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(20240)
