"""The nouns. numpy only; imports nothing else from morphoscope but errors."""

from .curve import Curve
from .dataset import Dataset
from .labels import LabelMap
from .micrograph import Micrograph
from .model import Model
from .param import Param
from .pattern import Pattern
from .pixel_size import PixelSize
from .report import Figure, Quantity, Report
from .run import Child, Run
from .sample import Sample
from .stack import Stack
from .trajectory import Trajectory

__all__ = [
    "Child",
    "Curve",
    "Dataset",
    "Figure",
    "LabelMap",
    "Micrograph",
    "Model",
    "Param",
    "Pattern",
    "PixelSize",
    "Quantity",
    "Report",
    "Run",
    "Sample",
    "Stack",
    "Trajectory",
]
