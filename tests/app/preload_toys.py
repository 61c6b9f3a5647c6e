"""Imported by Dask workers at their start, so that they know the toy tasks."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location("toys", Path(__file__).with_name("toys.py"))
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
_module.register()
