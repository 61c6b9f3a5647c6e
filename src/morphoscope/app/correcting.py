"""Labels corrected by name of a model: what the command line and Python ask for."""

from __future__ import annotations

from pathlib import Path

from ..errors import BadParameter
from .corrections import Correction
from .fields import task_fields
from .models import SHIPPED, describe
from .workspace import Workspace

MODEL_OF = "classify predict"


def correct_label(
    workspace: Workspace, image: str | Path, label: str, *, model: str | Path = "", who: str = ""
) -> Correction | None:
    """Keep ``label``, one of the classes of ``model``, for ``image``; an empty label takes a correction back."""
    path = workspace.inputs.resolve(image)
    if path.is_dir():
        raise BadParameter(f"image: {path} is a folder; give one image")
    classes = model_classes(workspace, model)
    if not label:
        workspace.corrections.remove(workspace.digest(path), classes=classes)
        return None
    return workspace.corrections.add(path, label, classes=classes, who=who)


def model_classes(workspace: Workspace, model: str | Path = "") -> tuple[str, ...]:
    """The classes that ``model`` tells apart; those of the shipped judge of miscibility where none is given."""
    if not str(model):
        return describe(SHIPPED, "shipped", "").classes
    field = task_fields(MODEL_OF)["model"]
    return describe(workspace.inputs.resolve(model, field), str(model), str(model)).classes
