"""
What a micrograph looks like, in about 250 numbers that a person can name.

Four families: round blobs of either polarity and their symmetry (``blobs``), connected bright and dark domains and
their shapes (``domains``), the power spectrum (``waves``), and grey-level co-occurrence (``texture``). All are taken
on one frame: the picture without its print, reduced to a common area, locally flattened. A length is therefore in
parts of the picture and not in nm, and neither the size of the image nor the printed scale can be read from them.

Checked against: drawn discs, stripes and noise of known size, density and polarity, in
tests/measure/test_descriptors.py.
"""

from __future__ import annotations

from ...core import Micrograph
from .blobs import blobs
from .domains import domains
from .frame import Frame, frame
from .texture import texture
from .waves import waves

FAMILIES = {"blobs": blobs, "domains": domains, "waves": waves, "texture": texture}


def describe(micrograph: Micrograph, *, families: tuple[str, ...] = tuple(FAMILIES)) -> dict[str, float]:
    """Name to number, always the same names in the same order; masked pixels do not count."""
    return describe_frame(frame(micrograph), families=families)


def describe_frame(view: Frame, *, families: tuple[str, ...] = tuple(FAMILIES)) -> dict[str, float]:
    """The same of a frame."""
    return {f"{family}.{name}": value for family in families for name, value in FAMILIES[family](view).items()}


__all__ = ["FAMILIES", "Frame", "describe", "describe_frame", "frame"]
