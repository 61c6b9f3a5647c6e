"""The pure melt of Kremer-Grest chains with attraction: density, bond length, temperature and chain shape are the known ones."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from morphoscope.app import Workspace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("lammps") is None and not shutil.which("lmp"), reason="LAMMPS is not installed"),
]


def test_the_melt_has_its_density_bond_and_shape(tmp_path: Path) -> None:
    report = Workspace(tmp_path).run(
        "simulate nanocomposite", rho=0.0, N=40, level="smoke", dt=0.01, equilibration=4000, production=12000, seed=2
    )
    density = report.values["bead_density"]
    assert density.value == pytest.approx(0.933, abs=max(0.005, (density.high - density.low)))
    checks = {row["check"]: row for row in report.tables["checks"]}
    assert {"temperature", "pressure", "bond length", "R^2 / Rg^2", "density of the melt"} < set(checks)
    assert [name for name, row in checks.items() if not row["ok"]] == []
    assert checks["bond length"]["value"] == pytest.approx(0.964, abs=0.002)
    assert report.tables["failures"] == []
