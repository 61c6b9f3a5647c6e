"""
Where an input comes from: a path, an uploaded file, a file of another run, or a noun in memory.

References are ``upload:<digest>/<name>`` and ``run:<id>`` or ``run:<id>/<file>``; where nothing else has that name,
``corrections`` is the workspace's table of corrected labels, and the name of a kept model that model. The browser may
only give references, never a path of the server.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from .. import io
from ..core import Micrograph
from ..errors import BadParameter, InputError, NotFound
from .fields import Field

CORRECTIONS = "corrections"


class Inputs:
    """The inputs of one workspace; ``run_folder`` gives the folder of a finished run, ``model`` that of a kept model."""

    def __init__(
        self, root: Path, run_folder: Callable[[str], Path], model: Callable[[str], Path | None], corrections: Path
    ) -> None:
        self._root, self._run_folder, self._model, self._corrections = root, run_folder, model, corrections

    def resolve(self, raw: Any, field: Field | None = None, *, web: bool = False) -> Path:
        """The path behind ``raw``, checked against what ``field`` accepts."""
        name = field.name if field else "input"
        if isinstance(raw, np.ndarray):
            raw = Micrograph.from_raw(raw)
        if isinstance(raw, Micrograph):
            return self._keep(raw)
        if not isinstance(raw, str | Path):
            raise BadParameter(f"{name}: give a path, a Micrograph or an array, not a {type(raw).__name__}")
        text = str(raw)
        if text.startswith("upload:"):
            path = self._inside(self._root, text.removeprefix("upload:"))
        elif text.startswith("run:"):
            run_id, _, inner = text.removeprefix("run:").partition("/")
            folder = self._run_folder(run_id)
            path = self._inside(folder, inner) if inner else folder
        elif name == "model" and (kept := self._model(text)) and (web or not Path(text).exists()):
            path = kept
        elif text == CORRECTIONS and (web or not Path(text).exists()):
            path = self._corrected()
        elif web:
            raise BadParameter(f"{name}: upload a file or choose a file of a run; paths of the server are not accepted")
        else:
            path = Path(text).expanduser()
        self._check(name, path, field.param.accepts if field else "any")
        return path.resolve()

    def named(self, text: str) -> bool:
        """Whether ``text`` is a name of the workspace's own: a kept model, or its corrections."""
        return self._model(text) is not None or (text == CORRECTIONS and self._corrections.is_file())

    def _corrected(self) -> Path:
        if not self._corrections.is_file():
            raise NotFound("no label was corrected in this workspace yet; 'morphoscope corrections add' and the studio do")
        return self._corrections

    def reference(self, path: Path) -> str:
        """How to name ``path`` so that it can be found again: a reference if it lies in the workspace."""
        if path == self._corrections.resolve():
            return CORRECTIONS
        if path.parent == (self._root.parent / "models").resolve():
            return path.name
        runs = self._root.parent / "runs"
        if path.is_relative_to(runs):
            return f"run:{path.relative_to(runs)}"
        return f"upload:{path.relative_to(self._root)}" if path.is_relative_to(self._root) else str(path)

    def add(self, files: Iterable[tuple[str, Iterable[bytes]]], *, limit_bytes: int) -> list[str]:
        """
        Keep uploaded ``files`` (name, chunks) together in one folder and return a reference to each.

        Files that come together stay together, so that an image finds its side-car.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._root, prefix=".part-") as part:
            digest, names, left = hashlib.sha256(), list[str](), limit_bytes
            for given, chunks in files:
                name = _safe_name(given)
                digest.update(name.encode() + b"\0")
                with open(Path(part) / name, "wb") as file:
                    for chunk in chunks:
                        left -= len(chunk)
                        if left < 0:
                            raise InputError(f"{name}: larger than the upload limit of {limit_bytes / 2**20:.0f} MiB")
                        digest.update(chunk)
                        file.write(chunk)
                names.append(name)
            folder = digest.hexdigest()[:16]
            with contextlib.suppress(OSError):  # the same files are there already
                os.rename(part, self._root / folder)
                Path(part).mkdir()
        return [f"upload:{folder}/{name}" for name in names]

    def _keep(self, micrograph: Micrograph) -> Path:
        """Write a micrograph from memory to a file named by its content, so that it can be asked about."""
        mask = b"" if micrograph.mask is None else micrograph.mask.tobytes()
        known = (micrograph.pixels.shape, micrograph.pixel_size, micrograph.offset, micrograph.gain, micrograph.unit)
        digest = hashlib.sha256(micrograph.pixels.tobytes() + mask + repr(known).encode()).hexdigest()[:16]
        stem = PurePath(micrograph.source).stem or "micrograph"
        path = self._root / digest / f"{_safe_name(stem)}.h5"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            io.write(micrograph, path)
        return path

    def _inside(self, root: Path, inner: str) -> Path:
        path = (root / inner).resolve()
        if not path.is_relative_to(root.resolve()) or not path.exists():
            raise NotFound(f"no file {PurePath(inner).name!r} there")
        return path

    def _check(self, name: str, path: Path, accepts: str) -> None:
        if not path.exists():
            raise NotFound(f"no file or folder at {path}")
        if accepts == "file" and path.is_dir():
            raise BadParameter(f"{name}: {path} is a folder; give one file")
        if accepts == "folder" and not path.is_dir():
            raise BadParameter(f"{name}: {path} is a file; give a folder")


def _safe_name(given: str) -> str:
    """The last part of ``given`` without characters that a file name or a page could trip over."""
    name = PurePath(given.replace("\\", "/")).name
    kept = "".join(c if c.isprintable() and c not in '<>:"|?*/' else "_" for c in name).strip(". ")
    return kept[-120:] or "file"
