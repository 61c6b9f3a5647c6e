"""Importing the package and asking for help stay light."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from morphoscope.tasks import TASKS

HEAVY = {"torch", "torchvision", "timm", "sklearn", "scipy", "skimage", "pandas"}
HEAVY |= {"matplotlib", "h5py", "tifffile", "fabio", "av", "plotly", "dask", "fastapi"}

HEAVIEST = {"torch", "torchvision", "timm", "sklearn", "matplotlib"}


def loaded_by(code: str) -> set[str]:
    """Top-level modules a fresh interpreter holds after ``code``."""
    ending = "\nimport sys\nsys.stdout.write('\\n' + ' '.join({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code + ending], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def best_of(count: int, command: list[str]) -> float:
    """Shortest time in seconds; processor time where other programs keep this machine busy."""
    times = []
    for _ in range(count):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(min(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
        assert done.returncode == 0, done.stderr
    return min(times)


def test_import_loads_nothing_heavy():
    assert not loaded_by("import morphoscope") & (HEAVY | {"numpy", "PIL"})


def test_the_face_shows_its_names_before_loading_them():
    code = "import morphoscope as ms; names = dir(ms); assert 'Micrograph' in names and 'read' in names"
    assert not loaded_by(code) & HEAVY
    assert "numpy" in loaded_by("import morphoscope as ms; ms.Micrograph")


def test_the_nouns_and_the_table_of_readers_load_numpy_alone():
    loaded = loaded_by("import morphoscope as ms; ms.Micrograph; ms.read; ms.Report")
    assert not loaded & (HEAVY | {"PIL"})


def test_import_takes_less_than_a_third_of_a_second():
    assert best_of(3, [sys.executable, "-c", "import morphoscope"]) < 0.3


def test_help_takes_less_than_half_a_second():
    script = Path(sysconfig.get_path("scripts")) / "morphoscope"
    command = [str(script)] if script.exists() else [shutil.which("morphoscope") or "morphoscope"]
    assert best_of(3, [*command, "--help"]) < 0.5


def test_help_imports_no_task_and_nothing_heavy():
    code = "import sys\nfrom morphoscope.cli import main\nsys.argv = ['morphoscope', '--help']\n"
    loaded = loaded_by(f"{code}try: main()\nexcept SystemExit: pass")
    assert "click" in loaded
    assert not loaded & HEAVY


def test_no_task_loads_torch_when_imported():
    modules = sorted({one.where.split(":")[0] for one in TASKS.values()})
    code = "import importlib, sys\n"
    code += f"for one in {modules!r}:\n"
    code += "    importlib.import_module('morphoscope.tasks.' + one)\n"
    code += f"    found = {HEAVIEST!r} & sys.modules.keys()\n"
    code += "    assert not found, f'{one} loads {found}'"
    assert not loaded_by(code) & HEAVIEST
