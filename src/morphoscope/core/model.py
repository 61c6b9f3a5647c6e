"""Something learnt: numbers, what they mean, and how good they were where they had not been fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Model:
    """
    ``kind`` names the code that can use it, ``settings`` are JSON, ``arrays`` are the fitted numbers.

    ``card`` tells a person what it was trained on, its honest score and its limits, in Markdown. On disk a model
    is a folder of ``model.json``, ``weights.safetensors`` and ``card.md``; nothing in it is executed on loading.
    """

    kind: str
    settings: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    card: str = ""
