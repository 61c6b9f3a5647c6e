"""
Reports as pictures and pages.

``figure`` gives one figure as plotly's data and layout, ``page`` a whole report, with its children, as
one HTML document that opens offline. The studio builds its report page from the same ``view``.
"""

from __future__ import annotations

from .figures import figure
from .page import ASSETS, TEMPLATES, environment, layout_of, page, plotly_js, view
from .pictures import picture
from .reproduce import command_line, provenance, python_call

__all__ = [
    "ASSETS",
    "TEMPLATES",
    "command_line",
    "environment",
    "figure",
    "layout_of",
    "page",
    "picture",
    "plotly_js",
    "provenance",
    "python_call",
    "view",
]
