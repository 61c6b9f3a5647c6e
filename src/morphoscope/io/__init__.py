"""
Files to nouns and back.

``READERS`` lists every format once. A file is recognised by its first bytes, then by its extension;
the reader's module is imported only when a file needs it. Whatever goes wrong inside a reader comes
out as one sentence that names the file.
"""

from __future__ import annotations

from .companions import companions
from .formats import READERS, Format, Options
from .model_folder import read_model, write_model
from .reading import read, read_micrograph, read_pattern, recognise
from .writing import write

__all__ = [
    "READERS",
    "Format",
    "Options",
    "companions",
    "read",
    "read_micrograph",
    "read_model",
    "read_pattern",
    "recognise",
    "write",
    "write_model",
]
