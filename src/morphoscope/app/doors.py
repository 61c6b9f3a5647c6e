"""The Python door: ``ms.run("measure two-point", image="a.tif")`` and ``ms.campaign``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..core import Report
from .campaigns import run_campaign
from .correcting import correct_label
from .workspace import Workspace


def default_workspace() -> Path:
    """``$MORPHOSCOPE_WORKSPACE``, or ``morphoscope-lab`` in the current folder."""
    return Path(os.environ.get("MORPHOSCOPE_WORKSPACE", "morphoscope-lab"))


def run(
    task: str, *inputs: Any, seed: int = 0, device: str = "auto", workspace: str | Path | None = None, **parameters: Any
) -> Report:
    """
    Answer ``task`` and keep the run in ``workspace``.

    Inputs may be paths, ``run:<id>/<file>``, Micrographs or arrays. The report's files are in the
    workspace's folder ``runs/<report.run>``.
    """
    return Workspace(workspace or default_workspace()).run(task, *inputs, seed=seed, device=device, **parameters)


def campaign(
    task: str,
    points: Iterable[Mapping[str, Any]],
    *,
    on: str = "here",
    retries: int = 1,
    workspace: str | Path | None = None,
) -> Report:
    """
    Answer ``task`` for every mapping of parameters in ``points``; asked again, only what is missing is computed.

    ``on`` is "here", "local:<workers>", "tcp://host:port" of a Dask scheduler, or "slurm:<profile.toml>".
    """
    return run_campaign(Workspace(workspace or default_workspace()), task, list(points), on=on, retries=retries)


def correct(image: str | Path, *, label: str, model: str | Path = "", who: str = "", workspace: str | Path | None = None) -> None:
    """
    Keep ``label`` as what ``image`` shows, so that trainings with ``corrections="corrections"`` learn from it.

    ``label`` is one of the classes of ``model``: a kept model's name, ``run:<id>`` of a training or a folder; the shipped
    judge of miscibility where none is given.
    """
    correct_label(Workspace(workspace or default_workspace()), image, label, model=model, who=who)
