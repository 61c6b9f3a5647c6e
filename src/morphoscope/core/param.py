"""How a task describes one parameter, once, for every door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Param:
    """
    Use as ``radius_nm: Annotated[float, Param("blur radius", unit="nm", low=0)] = 5.0``.

    ``low`` and ``high`` are allowed themselves unless ``open_low`` or ``open_high``. A parameter of
    type Path is an input: its bytes are part of the question. ``accepts`` says what it may be, and ``words`` are
    given on as they are instead of a path; the parameter's type is then ``Path | str``.
    """

    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    choices: tuple[str, ...] = ()
    accepts: Literal["file", "folder", "any"] = "file"
    words: tuple[str, ...] = ()
