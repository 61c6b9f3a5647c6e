"""Data sets, one a file, and the search for leaks between their parts."""

from __future__ import annotations

from .leaks import Leaks, Pair
from .leaks import find as find_leaks

__all__ = ["Leaks", "Pair", "find_leaks"]
