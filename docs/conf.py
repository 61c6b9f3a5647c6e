"""Settings of Sphinx: everything is built from this checkout, without network."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generated  # noqa: E402  (it lies beside this file)

import morphoscope  # noqa: E402

project = "morphoscope"
author = "The morphoscope developers"
copyright = author
release = version = morphoscope.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
html_math_renderer = "mathml"

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 90

html_theme = "furo"
html_title = "morphoscope"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"top_of_page_buttons": []}


def fill(app, docname, source):
    """Put what is generated in place of the marks; Sphinx hands the text over as the only item of a list."""
    source[0] = generated.fill(source[0], pictures=str(app.config.pictures).lower() not in ("0", "false"))


def equation(writer, node):
    """An equation as MathML, which browsers draw themselves: no script, no network."""
    block = isinstance(node, nodes.math_block)
    text = re.sub(r"\{\\rm ([^}]*)\}", r"\\mathrm{\1}", node.astext())  # the converter does not know the old \rm
    try:
        markup = tex2mathml(text, as_block=block)
    except MathError as error:
        logging.getLogger(__name__).warning("equation %r: %s", text, error, location=node)
        markup = writer.encode(text)
    writer.body.append(f'<div class="math">{markup}</div>' if block else markup)
    raise nodes.SkipNode


def setup(app):
    """``-D pictures=0`` builds the gallery without running the examples."""
    app.add_config_value("pictures", "1", "env", types=(str, bool))
    app.add_html_math_renderer("mathml", (equation, None), (equation, None))
    app.connect("source-read", fill)
    return {"parallel_read_safe": True}
