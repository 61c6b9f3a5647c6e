"""
The public SEM images of polymer blends with their records (Liang et al.): layout, records, articles, splits.

Layout: ``NIMS_image/Total_checked/<key>_<label>.png|jpg`` with label 1 for miscible, and
``NIMS_image/NIMS_image_data_total.txt``. A key is ``<paper>_page<p>_image<i>[_<panel>]``; some papers are
shorter (``304_a``).
"""

from __future__ import annotations

from .layout import CITE, LABELS, LICENCE, find, load
from .records import Record, read_records
from .split import figure, open_keys, public_split

__all__ = [
    "CITE",
    "LABELS",
    "LICENCE",
    "Record",
    "figure",
    "find",
    "load",
    "open_keys",
    "public_split",
    "read_records",
]
