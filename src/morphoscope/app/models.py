"""The models of one workspace: those kept under a name, and what a model folder says of itself."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BadParameter, NotFound, UnreadableFile, WorkspaceError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,63}")
DESCRIPTION = "model.json"
SHIPPED = Path(__file__).parents[1] / "learn" / "shipped" / "miscibility"


@dataclass(frozen=True)
class KnownModel:
    """One line of the list of models; ``reference`` is what a task takes as its model."""

    name: str
    reference: str
    kind: str
    classes: tuple[str, ...]
    honest: str


class Models:
    """Named models in ``root``; ``run_folder`` gives the folder of a finished run."""

    def __init__(self, root: Path, run_folder: Callable[[str], Path]) -> None:
        self._root, self._run_folder = root, run_folder

    def keep(self, run_id: str, name: str, *, replace: bool = False) -> Path:
        """Keep the model that the run ``run_id`` trained under ``name``."""
        if not NAME.fullmatch(name):
            raise BadParameter(f"{name!r} is no name for a model; use letters, digits, points, dashes and spaces")
        source, place = model_folder(self._run_folder(run_id)), self._root / name
        if place.exists() and not replace:
            raise WorkspaceError(f"there is a model {name!r} already; choose another name, or give --replace")
        part = self._root / f".{name}.part"
        try:
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(source, part)
            shutil.rmtree(place, ignore_errors=True)
            part.rename(place)
        except OSError as error:
            raise WorkspaceError(f"the model cannot be kept in {self._root} ({error.strerror or error})") from None
        return place

    def folder(self, name: str) -> Path | None:
        """Where the model called ``name`` is kept, if there is one."""
        place = self._root / name
        return place if NAME.fullmatch(name) and (place / DESCRIPTION).is_file() else None

    def all(self) -> list[KnownModel]:
        """Every kept model, by name."""
        folders = sorted(path for path in self._root.glob("*") if self.folder(path.name))
        return [describe(path, path.name, path.name) for path in folders]


def model_folder(folder: Path) -> Path:
    """The model in ``folder``, or in its sub-folder ``model``."""
    for at in (folder, folder / "model"):
        if (at / DESCRIPTION).is_file():
            return at
    raise NotFound(f"{folder.name}: no model here; give a run of a training, such as one of miscibility train")


def describe(folder: Path, name: str, reference: str) -> KnownModel:
    """What the model in ``folder`` says of itself; without a ``name`` also what it is called."""
    path = model_folder(folder) / DESCRIPTION
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        settings = told["settings"]
        name = name or str(settings.get("name", "unnamed"))
        return KnownModel(name, reference, told["kind"], tuple(settings.get("classes", ())), settings.get("honest", ""))
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableFile(path, f"does not describe a model ({error})") from None
