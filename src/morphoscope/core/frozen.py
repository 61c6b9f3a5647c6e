"""Arrays inside a noun cannot be written to: a change makes a new noun."""

from __future__ import annotations

from typing import Any

import numpy as np


def freeze(noun: Any, *names: str) -> None:
    """Replace the array attributes ``names`` of ``noun`` by read-only views; None stays None, lists become arrays."""
    for name in names:
        value = getattr(noun, name)
        if value is not None:
            view = np.asarray(value).view()
            view.flags.writeable = False
            object.__setattr__(noun, name, view)
