"""Cut-out labels of journal scale bars with their transcriptions: what is read, and what the grammar makes of it."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from morphoscope.measure.scalebar import label, ocr

pytest.importorskip("rapidocr", reason="needs morphoscope[ocr]")

MISTAKEN = ("/14_inv.tif",)
"""Crops whose transcription is wrong: this one shows 10 nm and is transcribed as 100 nm."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_journal_labels(shared_data: Path) -> None:
    """At least 90 % of the labels are understood, 99 % of these rightly; in none is a plain reading wrong by tens."""
    place = shared_data / "scalebar_known" / "ide_ocr_crops" / "scalebar-ground-truth.zip"
    with zipfile.ZipFile(place) as crops:
        names = sorted(name for name in crops.namelist() if name.endswith(".tif") and not name.endswith(MISTAKEN))
        told = [crops.read(name.replace(".tif", ".gt.txt")).decode().strip() for name in names]
        planes = [np.asarray(Image.open(io.BytesIO(crops.read(name))).convert("L")) for name in names]
    pairs = []
    for words, (read, _) in zip(told, ocr.engine().read(planes), strict=True):
        truth, found = label.parse(words), label.parse(read)
        if truth:
            pairs.append((words, read, truth[0].nm, found[0] if found else None))
    understood = [(words, read, nm, length) for words, read, nm, length in pairs if length is not None]
    right = [math.isclose(nm, length.nm) for _, _, nm, length in understood]
    wrong = [(words, read, length.plain) for (words, read, _, length), fine in zip(understood, right, strict=True) if not fine]
    print(f"\n{len(names)} labels, {len(pairs)} lengths, {len(understood)} understood, {sum(right)} right; wrong: {wrong}")
    assert len(understood) >= 0.9 * len(pairs)
    assert sum(right) >= 0.99 * sum(length.plain >= 0.5 for *_, length in understood)
    assert not [w for w in wrong if w[2] >= 0.9]
