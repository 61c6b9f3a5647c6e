"""The printed scale bar of a micrograph: found, measured and read, or left alone where it cannot be."""

from __future__ import annotations

from .reading import ScaleBar, read

__all__ = ["ScaleBar", "read"]
