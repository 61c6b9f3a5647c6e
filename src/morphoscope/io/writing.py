"""Nouns to files; placeholder table filled by the writers' modules."""

from __future__ import annotations

from pathlib import Path

from ..core import Micrograph


def write(micrograph: Micrograph, path: str | Path) -> Path:
    """Write ``micrograph``; the extension chooses the format."""
    raise NotImplementedError
