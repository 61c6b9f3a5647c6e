"""A task with every parameter settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Question:
    """
    What is asked; ``id`` names the run that answers it.

    ``parameters`` are typed, as the task takes them; ``config`` is what the run's folder records, with
    the parameters as they were given under ``given``.
    """

    task: str
    parameters: Mapping[str, Any]
    seed: int
    id: str
    config: Mapping[str, Any]
