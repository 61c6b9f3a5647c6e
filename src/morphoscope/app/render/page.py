"""A Report as a view for templates, and as one self-contained page that opens offline."""

from __future__ import annotations

import functools
import importlib.resources
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from ...core import Figure, Quantity, Report
from ...errors import MorphoscopeError
from ...tasks import TASKS
from .figures import figure
from .pictures import picture
from .reproduce import provenance
from .words import duration, head, human, linked, number, size, unit_symbol

TEMPLATES = Path(__file__).parents[1] / "templates"
ASSETS = Path(__file__).parent / "assets"
MOST_ROWS = 1000
Link = Callable[[str], str]
"""From the name of a file in the run's folder to an address; for pictures it must lead to what browsers show."""


def environment(loader: BaseLoader | None = None) -> Environment:
    """Jinja with our filters; everything is escaped."""
    found = loader or FileSystemLoader(TEMPLATES)
    made = Environment(loader=found, autoescape=select_autoescape(default=True), undefined=StrictUndefined)
    made.filters |= {"human": human, "number": number, "duration": duration, "unit": unit_symbol, "linked": linked, "size": size}
    made.filters["json_block"] = json_block
    made.trim_blocks = made.lstrip_blocks = True
    return made


def json_block(data: Any) -> Markup:
    """JSON that may stand inside a script element of type application/json."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def plotly_js() -> Path:
    """Plotly's own bundle, as the plotly package brings it."""
    return Path(str(importlib.resources.files("plotly") / "package_data" / "plotly.min.js"))


def view(report: Report, folder: Path, *, picture_link: Link, file_link: Link | None, anchor: str = "") -> dict[str, Any]:
    """Everything the template of a report shows; ``file_link`` None leaves downloads out."""
    drawn = [_figure_view(report, name, folder, picture_link, anchor) for name in _all_figures(report)]
    return {
        "title": report.title,
        "task": report.task,
        "run": report.run,
        "seed": report.seed,
        "anchor": anchor,
        "template": f"{layout_of(report)}.html",
        "values": [_value_view(name, quantity) for name, quantity in report.values.items()],
        "figures": drawn,
        "tables": [_table_view(name, rows, anchor) for name, rows in report.tables.items()],
        "notes": [linked(note) for note in report.notes],
        "cites": [linked(cite) for cite in report.cites],
        "files": []
        if file_link is None
        else [_file_view(name, inner, folder, file_link) for name, inner in report.files.items()],
        "origin": provenance(report, folder),
    }


def page(report: Report, folder: Path, *, children: Sequence[tuple[Report, Path]] = ()) -> str:
    """
    One HTML document that opens without a network: style, scripts, plots and pictures are inside.

    ``children`` are reports with their folders; each becomes a section, listed at the top, unless the task's
    answer is one sheet.
    """
    everything = [(report, folder), *(() if layout_of(report) == "sheet" else children)]
    sections = [
        view(one, place, picture_link=_embedded(one, place), file_link=None, anchor=f"s{index}")
        for index, (one, place) in enumerate(everything)
    ]
    plots = any("plot" in drawn for section in sections for drawn in section["figures"])
    return (
        environment()
        .get_template("page.html")
        .render(
            title=report.title,
            sections=sections,
            style=Markup(asset("report.css")),
            script=Markup(asset("report.js")),
            plotly=Markup(_inline(plotly_js().read_text(encoding="utf-8"))) if plots else "",
        )
    )


def layout_of(report: Report) -> str:
    """How the page of ``report`` is laid out: "sections" or "sheet"; the template has the same name."""
    return TASKS[report.task].layout if report.task in TASKS else "sections"


@functools.cache
def asset(name: str) -> str:
    """Text of one of our own style or script files."""
    return _inline((ASSETS / name).read_text(encoding="utf-8"))


def _inline(script: str) -> str:
    """``script`` so that nothing in it ends the element it stands in."""
    return re.sub(r"</(script|style)", r"<\\/\1", script, flags=re.IGNORECASE)


def _embedded(report: Report, folder: Path) -> Link:
    return lambda name: picture(inside(folder, report.files.get(name, name))).data_uri()


def inside(folder: Path, inner: str) -> Path:
    """The file ``inner`` of a run's folder; one sentence when it is not there."""
    path = (folder / inner).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise MorphoscopeError(f"the file {inner!r} is not in the run's folder")
    return path


def _all_figures(report: Report) -> Mapping[str, Figure]:
    """The report's figures, and one for each curve that none of them shows."""
    shown = {name for drawn in report.figures.values() for name in drawn.data}
    return {**report.figures, **{name: Figure("line", (name,)) for name in report.curves if name not in shown}}


def _figure_view(report: Report, name: str, folder: Path, picture_link: Link, anchor: str) -> dict[str, Any]:
    wanted = _all_figures(report)[name]
    drawn: dict[str, Any] = {"name": name, "label": head(name), "kind": wanted.kind, "caption": linked(wanted.caption)}
    drawn["id"] = f"{anchor}-{name}"
    try:
        whole = report if name in report.figures else Report(report.title, curves=report.curves, figures={name: wanted})
        made = figure(whole, name, folder)
        if "images" not in made:
            return drawn | {"plot": made, "summary": _in_words(wanted, made)}
        images = []
        for image in made["images"]:
            shown = picture(inside(folder, image["file"]))
            images.append({**image, "src": picture_link(image["name"]), "width": shown.width, "height": shown.height})
        return drawn | {"images": images}
    except MorphoscopeError as error:
        return drawn | {"problem": str(error)}


def _in_words(wanted: Figure, made: Mapping[str, Any]) -> str:
    """What a plot shows, for those who do not see it."""
    axes = [made["layout"].get(axis, {}).get("title", {}).get("text", "") for axis in ("yaxis", "xaxis")]
    what = " against ".join(filter(None, axes)) or ", ".join(human(name) for name in wanted.data)
    return f"{wanted.kind} plot of {what}"


def _value_view(name: str, quantity: Quantity) -> dict[str, Any]:
    known = quantity.low is not None and quantity.high is not None
    return {
        "name": name,
        "label": human(name),
        "text": number(quantity.value),
        "unit": unit_symbol(quantity.unit) if quantity.value is not None else "",
        "interval": f"{number(quantity.low, 4)} to {number(quantity.high, 4)}" if known else "",
        "raw": quantity.value,
        "bounds": [quantity.low, quantity.high] if known else [],
    }


def _table_view(name: str, rows: Sequence[Mapping[str, Any]], anchor: str) -> dict[str, Any]:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    numeric = [
        all(row.get(c) is None or (isinstance(row[c], int | float) and not isinstance(row[c], bool)) for row in rows)
        for c in columns
    ]
    heads = [{"name": c, "label": head(c), "numeric": n} for c, n in zip(columns, numeric, strict=True)]
    cells = [
        [{"raw": row.get(c), "text": "" if row.get(c) is None else number(row[c])} for c in columns] for row in rows[:MOST_ROWS]
    ]
    return {
        "name": name,
        "label": human(name),
        "columns": heads,
        "rows": cells,
        "total": len(rows),
        "id": f"{anchor}-table-{name}",
    }


def _file_view(name: str, inner: str, folder: Path, link: Link) -> dict[str, Any]:
    path = folder / inner
    return {"name": name, "file": inner, "href": link(inner), "bytes": path.stat().st_size if path.is_file() else None}
