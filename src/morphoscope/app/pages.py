"""A run and the runs it asked, as one page of HTML."""

from __future__ import annotations

from pathlib import Path

from ..errors import WorkspaceError
from . import render
from .workspace import Workspace, write_text


def page_of(workspace: Workspace, run_id: str) -> str:
    """The report of ``run_id``, with its children as sections."""
    shelf = workspace.shelf
    children = [(shelf.report(child), shelf.folder(child)) for child in shelf.info(run_id).children if shelf.finished(child)]
    return render.page(shelf.report(run_id), shelf.folder(run_id), children=children)


def write_page(workspace: Workspace, run_id: str, path: Path) -> Path:
    """Write the page of ``run_id`` to ``path``."""
    text = page_of(workspace, run_id)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    except OSError as error:
        raise WorkspaceError(f"cannot write the page {path} ({error.strerror}); choose another file") from None
    return path.resolve()
