"""Run by Dask workers at their start, from a copy, so that they know the toy tasks."""

import importlib.util
import os

_spec = importlib.util.spec_from_file_location("toys", os.environ["TOYS"])
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
_module.register()
