"""
Printed words in a picture: found and read by RapidOCR's networks, which come inside its wheel and run offline.

One engine serves the whole process, on one thread of its own, so that results do not depend on the machine's load.
"""

from __future__ import annotations

import functools
import importlib
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import MissingDependency

try:
    import rapidocr  # a light package: what it stands on is loaded with the first engine
except ImportError:
    INSTALLED = False
else:
    INSTALLED = True

SETTINGS = {
    "Global.log_level": "error",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}
SMALLEST_PX = 8
LINE_PX = 48
"""Height the recogniser reads at."""


@dataclass(frozen=True)
class Text:
    """Words in the box ``left, top, right, bottom`` (pixels of the picture), with the recogniser's own score."""

    words: str
    score: float
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Of the box."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """Column half way."""
        return (self.left + self.right) / 2


class Engine:
    """Finds lines of text and reads them; made once by ``engine()``."""

    def __init__(self) -> None:
        if not INSTALLED:
            raise MissingDependency("rapidocr", "ocr", "read the label of a scale bar")
        whole: Any = rapidocr.RapidOCR(params=SETTINGS)
        self._input: Any = importlib.import_module("rapidocr.ch_ppocr_rec").TextRecInput
        self._find, self._read = whole._load_det_model(), whole._load_rec_model()
        self._find.limit_type, self._find.limit_side_len = "max", 4000
        self._guard = threading.Lock()

    def boxes(self, grey: np.ndarray) -> list[tuple[float, float, float, float]]:
        """Boxes (left, top, right, bottom) around the lines of text of an 8-bit plane."""
        if min(grey.shape) < SMALLEST_PX:
            return []
        with self._guard:
            found = self._find(_coloured(grey)).boxes
        if found is None:
            return []
        return [(*quad.min(axis=0).tolist(), *quad.max(axis=0).tolist()) for quad in np.asarray(found, float)]

    def read(self, crops: list[np.ndarray]) -> list[tuple[str, float]]:
        """Words and score of each 8-bit crop that holds one line."""
        if not crops:
            return []
        with self._guard:
            found: Any = self._read(self._input(img=[_coloured(crop) for crop in crops], return_word_box=False))
        return [(str(words), float(score)) for words, score in zip(found.txts, found.scores, strict=True)]


@functools.cache
def engine() -> Engine:
    """The process's only engine."""
    return Engine()


def _coloured(grey: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.repeat(grey[..., None], 3, axis=2))
