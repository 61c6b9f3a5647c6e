"""A Model as a folder: model.json, weights.safetensors, card.md. Loading runs no code from the folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from ..core import Model
from ..errors import NotFound, UnreadableFile, WorkspaceError

DESCRIPTION, WEIGHTS, CARD = "model.json", "weights.safetensors", "card.md"
SCHEMA = 1


def write_model(model: Model, folder: Path) -> Path:
    """Write ``model`` as ``folder``, whole or not at all; a folder of that name must not exist."""
    if folder.exists():
        raise WorkspaceError(f"{folder} exists; choose another name or remove it first")
    part = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        described = {"schema": SCHEMA, "kind": model.kind, "settings": dict(model.settings)}
        (part / DESCRIPTION).write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
        (part / WEIGHTS).write_bytes(save({name: np.ascontiguousarray(array) for name, array in model.arrays.items()}))
        (part / CARD).write_text(model.card, encoding="utf-8")
        part.rename(folder)
    except OSError as error:
        raise WorkspaceError(f"{folder}: cannot be written ({error.strerror or error})") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def read_model(folder: Path, *, kind: str | tuple[str, ...]) -> Model:
    """The model in ``folder`` (or in its sub-folder ``model``), which must be of ``kind``, or of one of them."""
    kinds = (kind,) if isinstance(kind, str) else kind
    at = folder if (folder / DESCRIPTION).is_file() else folder / "model"
    if not (at / DESCRIPTION).is_file():
        raise NotFound(f"{folder}: no model here; give a folder that holds {DESCRIPTION}, or a run that trained one")
    try:
        described = json.loads((at / DESCRIPTION).read_text(encoding="utf-8"))
        found, settings, schema = described["kind"], described["settings"], described["schema"]
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise UnreadableFile(at / DESCRIPTION, f"does not describe a model ({error})") from None
    if schema != SCHEMA:
        raise UnreadableFile(at / DESCRIPTION, f"is of schema {schema}; this program reads schema {SCHEMA}")
    if found not in kinds:
        needed = " or ".join(map(repr, kinds))
        raise UnreadableFile(at / DESCRIPTION, f"is a model of kind {found!r}; {needed} is needed here")
    try:
        arrays = load((at / WEIGHTS).read_bytes())
        card = (at / CARD).read_text(encoding="utf-8") if (at / CARD).is_file() else ""
    except (OSError, SafetensorError, ValueError) as error:
        raise UnreadableFile(at / WEIGHTS, f"is missing or damaged ({error})") from None
    return Model(found, settings, arrays, card)
