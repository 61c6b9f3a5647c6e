"""
A Report's figures as plotly dictionaries. What ``Figure.data`` names, by kind:

============ =====================================================================================
line, band   curves; the 95 % interval of each is drawn as a band (``band`` draws it stronger)
points       curves: the first as points with the bars of their 95 % interval, the others as lines; axes are
             logarithmic where the points span decades, and what is not positive is then left out
box, violin  tables with one row an observation: the first text column is the group, each numeric
             column a distribution; without a text column every column is a group of its own.
             ``table:column:group`` takes these two columns only, and every observation is a dot
bar          a table: first column the label (numbers stand where they are on the axis), the other
             numeric columns the bars; columns ``low`` and ``high`` are the interval of the first of them
forest       ``table:column``: a dot a row, labelled by the text columns, with the interval between
             ``column_low`` and ``column_high``, and a line at 0
confusion    a table: first column the true label, the other columns the count of each prediction
parity       a table whose first two numeric columns are what was measured and what was predicted
             (``low`` and ``high`` bound the prediction), or curves whose x and y are these
heat         a table: first column the row's label or position, the other columns the cells
image        names of files, shown side by side
overlay      names of files of one size, the first below, each other laid over it
============ =====================================================================================

``image`` and ``overlay`` become ``<img>``, so their dictionary has ``images`` in place of ``data``.
Colours of text, grid and background are left to the page, which knows whether it is light or dark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...core import Curve, Figure, Report
from ...errors import NotFound
from .words import axis_title, head, human, translucent

PALETTE = ("#3a7fc1", "#d9822b", "#2c9a76", "#a05fb4", "#cf4a5a", "#b8961f", "#6f7d8c", "#4bb3c9")
BLUES = ((0, "#eef3f8"), (1, "#245f9c"))
LOG_SPAN = 1e3
Row = Mapping[str, Any]


def figure(report: Report, name: str, folder: Path) -> dict[str, Any]:
    """The figure called ``name`` of ``report``, whose files lie in ``folder``, as plotly's data and layout."""
    if name not in report.figures:
        raise NotFound(f"{report.title} has no figure {name!r}; it has {', '.join(report.figures) or 'none'}")
    drawn = report.figures[name]
    return _KINDS[drawn.kind](report, drawn, folder)


def _lines(report: Report, drawn: Figure, folder: Path) -> dict[str, Any]:
    named = {name: _curve(report, name) for name in drawn.data}
    strength = 0.32 if drawn.kind == "band" else 0.16
    traces: list[dict[str, Any]] = []
    for index, (name, curve) in enumerate(named.items()):
        traces += _interval(curve, _colour(index), strength)
        traces.append(_trace(curve, name, index, many=len(named) > 1))
    curves = list(named.values())
    layout = _axes(
        axis_title(_common(c.x_name for c in curves), _common(c.x_unit for c in curves)),
        axis_title(_common(c.y_name for c in curves), _common(c.y_unit for c in curves)),
    )
    if _spans_decades([c.y for c in curves]):
        layout["yaxis"]["type"] = "log"
        if all(_geometric(c.x) for c in curves):
            layout["xaxis"]["type"] = "log"
    if len(named) > 1:
        layout["showlegend"] = True
    return {"data": traces, "layout": layout}


def _points(report: Report, drawn: Figure, folder: Path) -> dict[str, Any]:
    named = {name: _curve(report, name) for name in drawn.data}
    traces = [_trace(curve, name, index, many=len(named) > 1) for index, (name, curve) in enumerate(named.items())]
    measured = next(iter(named.values()))
    traces[0] |= {"mode": "markers", "marker": {"size": 5, "color": _colour(0)}}
    for trace in traces[1:]:
        trace["mode"] = "lines"
    layout = _axes(axis_title(measured.x_name, measured.x_unit), axis_title(measured.y_name, measured.y_unit))
    low, high = measured.interval()
    if _mostly_decades(measured.y):
        layout["yaxis"] |= {"type": "log", "exponentformat": "power"}
        if _geometric(measured.x):
            layout["xaxis"]["type"] = "log"
        low = None if low is None else np.where(low > 0, low, measured.y / 3)  # a bar to zero has no end on this axis
        for trace in traces:
            trace["y"] = [None if value is None or value <= 0 else value for value in trace["y"]]
    if low is not None and high is not None:
        up, down = _numbers(high - measured.y), _numbers(measured.y - low)
        traces[0]["error_y"] = {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1, "width": 0}
    layout["showlegend"] = len(named) > 1
    return {"data": traces, "layout": layout}


def _mostly_decades(y: np.ndarray) -> bool:
    """Whether nearly all values are positive and their bulk spans more than a factor of 30."""
    finite = y[np.isfinite(y)]
    if not finite.size or (finite > 0).mean() < 0.7:
        return False
    low, high = np.quantile(finite[finite > 0], [0.02, 1])
    return bool(high > 30 * low)


def _trace(curve: Curve, name: str, index: int, *, many: bool) -> dict[str, Any]:
    unit = {axis: f" {u}" if u else "" for axis, u in (("x", curve.x_unit), ("y", curve.y_unit))}
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines" if len(curve) > 30 else "lines+markers",
        "name": _label(name),
        "x": _numbers(curve.x),
        "y": _numbers(curve.y),
        "line": {"color": _colour(index), "width": 2},
        "marker": {"size": 6},
        "hovertemplate": f"{_plain(curve.x_name)} %{{x:.4g}}{unit['x']}<br>{_plain(curve.y_name)} %{{y:.4g}}{unit['y']}",
    }
    trace["hovertemplate"] += f"<extra>{_label(name)}</extra>" if many else "<extra></extra>"
    if curve.x_error is not None:
        trace["error_x"] = {"type": "data", "array": _numbers(curve.x_error), "color": _colour(index), "thickness": 1}
    return trace


def _interval(curve: Curve, colour: str, strength: float) -> list[dict[str, Any]]:
    """Two invisible edges with the area between them filled, or nothing where no interval is known."""
    low, high = curve.interval()
    if low is None or high is None:
        return []
    edge: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": _numbers(curve.x), "line": {"width": 0, "color": colour}}
    edge |= {"hoverinfo": "skip", "showlegend": False}
    return [
        edge | {"y": _numbers(low), "name": "95 % interval, low"},
        edge | {"y": _numbers(high), "name": "95 % interval", "fill": "tonexty", "fillcolor": translucent(colour, strength)},
    ]


def _distributions(report: Report, drawn: Figure, folder: Path) -> dict[str, Any]:
    traces: list[dict[str, Any]] = []
    names: list[str] = []
    looks: dict[str, Any] = {"type": drawn.kind}
    looks |= {"boxpoints": "outliers"} if drawn.kind == "box" else {"meanline": {"visible": True}, "points": False}
    for table in drawn.data:
        rows, dots = _observations(report, table)
        numeric, texts = _columns(rows)
        names += [column for column in numeric if column not in names]
        for column in numeric:
            colour = _colour(len(traces))
            trace = looks | {"name": _label(column), "y": [row.get(column) for row in rows], "marker": {"color": colour}}
            trace |= {"line": {"color": colour}, "fillcolor": translucent(colour, 0.25)}
            if texts:
                trace["x"] = [str(row.get(texts[0])) for row in rows]
            if dots:
                trace |= {"boxpoints" if drawn.kind == "box" else "points": "all", "jitter": 0.35, "pointpos": 0}
                trace |= {"text": dots, "hovertemplate": "%{text}<br>%{y:.4g}<extra></extra>"}
            traces.append(trace)
    layout = _axes("", _titled(names[0]) if len(names) == 1 else "")
    layout["showlegend"] = len(traces) > 1 and any("x" in trace for trace in traces)
    if any("x" in trace for trace in traces):
        layout["xaxis"]["type"] = "category"
    if layout["showlegend"]:
        layout["boxmode" if drawn.kind == "box" else "violinmode"] = "group"
    return {"data": traces, "layout": layout}


def _observations(report: Report, name: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of a table, or two columns of it; then also the first column of each row, which names its dot."""
    table, _, wanted = name.partition(":")
    rows = _table(report, table)
    if not wanted:
        return rows, []
    column, _, group = wanted.partition(":")
    kept = [row for row in rows if row.get(column) is not None and row.get(group)]
    return [{group: str(row[group]), column: row[column]} for row in kept], [
        _plain(str(next(iter(row.values())))) for row in kept
    ]


def _forest(report: Report, drawn: Figure, folder: Path) -> dict[str, Any]:
    table, _, column = drawn.data[0].partition(":")
    rows = [row for row in _table(report, table) if row.get(column) is not None]
    texts = [name for name in _columns(rows)[1] if len({row[name] for row in rows}) > 1 or len(rows) == 1]
    labels = [", ".join(_titled(row[name]) if "_" in row[name] else _plain(row[name]) for name in texts) for row in rows]
    up = [_difference(row.get(f"{column}_high"), row[column]) for row in rows]
    down = [_difference(row[column], row.get(f"{column}_low")) for row in rows]
    trace: dict[str, Any] = {"type": "scatter", "mode": "markers", "name": _label(column), "x": [row[column] for row in rows]}
    trace |= {"y": labels, "marker": {"size": 9, "color": _colour(0)}}
    trace["error_x"] = {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1.6, "width": 4}
    layout = _axes(_label(column), "")
    layout["xaxis"] |= {"zeroline": True, "zerolinewidth": 1.5}
    layout["yaxis"] |= {"type": "category", "autorange": "reversed"}
    return {"data": [trace], "layout": layout}


def _bars(report: Report, drawn: Figure, folder: Path) -> dict[str, Any]:
    traces: list[dict[str, Any]] = []
    label, placed = "", True
    for table in drawn.data:
        rows = _table(report, table)
        label = next(iter(rows[0])) if rows else label
        bars = [column for column in _columns(rows)[0] if column not in ("low", "high", label)]
        placed = placed and label in _columns(rows)[0]
        for column in bars:
            x = [row.get(label) if placed else str(row.get(label)) for row in rows]
            trace: dict[str, Any] = {"type": "bar", "name": _label(column), "x": x}
            trace |= {"y": [row.get(column) for row in rows], "marker": {"color": _colour(len(traces))}}
            if column == bars[0]:
                trace |= _error_bars(rows, column)
            traces.append(trace)
    layout = _axes(_titled(label), traces[0]["name"] if len(traces) == 1 else "")
    layout |= {"barmode": "group", "bargap": 0.06 if placed else 0.3, "showlegend": len(traces) > 1}
    layout["xaxis"]["type"] = "linear" if placed else "category"
    return {"data": traces, "layout": layout}


def _error_bars(rows: Sequence[Row], column: str) -> dict[str, Any]:
    if not all({"low", "high"} <= set(row) for row in rows):
        return {}
    up = [_difference(row["high"], row[column]) for row in rows]
    down = [_difference(row[column], row["low"]) for row in rows]
    return {"error_y": {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1.4, "width": 4}}


def _confusion(report: Report, drawn: Figure, folder: Path) -> dict[str, Any]:
    rows = _table(report, drawn.data[0])
    label, *predicted = list(rows[0]) if rows else [""]
    counts = [[row.get(column) or 0 for column in predicted] for row in rows]
    shares = [[cell / max(sum(row), 1) for cell in row] for row in counts]
    text = [[f"{c:g}<br>{s:.0%}" for c, s in zip(cs, ss, strict=True)] for cs, ss in zip(counts, shares, strict=True)]
    trace = _cells(predicted, [str(row.get(label)) for row in rows], shares)
    trace |= {"text": text, "texttemplate": "%{text}", "zmin": 0, "zmax": 1, "showscale": False, "colorscale": BLUES}
    trace["hovertemplate"] = "true %{y}<br>predicted %{x}<br>%{text}<extra></extra>"
    return {"data": [trace], "layout": _grid_layout("Predicted", "True", square=True)}


def _heat(report: Report, drawn: Figure, folder: Path) -> dict[str, Any]:
    rows = _table(report, drawn.data[0])
    label, *columns = list(rows[0]) if rows else [""]
    trace = _cells(columns, [row.get(label) for row in rows], [[row.get(column) for column in columns] for row in rows])
    trace |= {"colorscale": "Viridis", "colorbar": {"thickness": 12, "outlinewidth": 0}}
    layout = _grid_layout("", _label(label), square=False)
    if all(isinstance(row.get(label), int | float) for row in rows):
        layout["yaxis"] |= {"type": "linear", "autorange": True}
    return {"data": [trace], "layout": layout}


def _cells(x: Sequence[Any], y: Sequence[Any], z: Sequence[Sequence[Any]]) -> dict[str, Any]:
    return {"type": "heatmap", "x": [str(c) for c in x], "y": list(y), "z": [list(r) for r in z], "xgap": 1, "ygap": 1}


def _grid_layout(x: str, y: str, *, square: bool) -> dict[str, Any]:
    layout = _axes(x, y)
    layout["xaxis"] |= {"type": "category", "showgrid": False, "side": "bottom"}
    layout["yaxis"] |= {"type": "category", "showgrid": False, "autorange": "reversed"}
    if square:
        layout["yaxis"] |= {"scaleanchor": "x", "constrain": "domain"}
        layout["xaxis"] |= {"constrain": "domain"}
    return layout


def _parity(report: Report, drawn: Figure, folder: Path) -> dict[str, Any]:
    traces: list[dict[str, Any]] = []
    titles = ("Measured", "Predicted")
    for index, name in enumerate(drawn.data):
        dots: dict[str, Any] = {"type": "scatter", "mode": "markers", "name": _label(name)}
        dots["marker"] = {"size": 8, "color": translucent(_colour(index), 0.75)}
        if name in report.curves:
            curve = report.curves[name]
            titles = (axis_title(curve.x_name, curve.x_unit), axis_title(curve.y_name, curve.y_unit))
            dots |= {"x": _numbers(curve.x), "y": _numbers(curve.y)}
        else:
            rows = _table(report, name)
            numeric, texts = _columns(rows)
            if len(numeric) < 2:
                raise NotFound(f"the table {name!r} of {report.title} needs two columns of numbers for a parity figure")
            measured, predicted = numeric[:2]
            titles = (_label(measured), _label(predicted))
            dots |= {"x": [row.get(measured) for row in rows], "y": [row.get(predicted) for row in rows]}
            dots |= _error_bars(rows, predicted)
            if texts:
                dots |= {"text": [str(row.get(texts[0])) for row in rows], "hovertemplate": "%{text}<br>%{x:.4g}, %{y:.4g}"}
        traces.append(dots)
    known = [v for trace in traces for axis in "xy" for v in trace[axis] if v is not None]
    ends = [min(known), max(known)] if known else [0, 1]
    diagonal: dict[str, Any] = {"type": "scatter", "mode": "lines", "name": "equal", "x": ends, "y": ends, "hoverinfo": "skip"}
    diagonal |= {"line": {"dash": "dot", "width": 1.2, "color": "#8a929c"}, "showlegend": False}
    layout = _axes(*titles)
    layout["yaxis"] |= {"scaleanchor": "x", "constrain": "domain"}
    layout["xaxis"] |= {"constrain": "domain"}
    return {"data": [diagonal, *traces], "layout": layout | {"showlegend": len(traces) > 1}}


def _pictures(report: Report, drawn: Figure, folder: Path) -> dict[str, Any]:
    return {"images": [{"name": name, "file": report.files.get(name, name)} for name in drawn.data], "layout": {}}


def _curve(report: Report, name: str) -> Curve:
    if name not in report.curves:
        raise NotFound(f"{report.title} has no curve {name!r}; it has {', '.join(report.curves) or 'none'}")
    return report.curves[name]


def _table(report: Report, name: str) -> list[dict[str, Any]]:
    if name not in report.tables:
        raise NotFound(f"{report.title} has no table {name!r}; it has {', '.join(report.tables) or 'none'}")
    return [{key: _cell(value) for key, value in row.items()} for row in report.tables[name]]


def _cell(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _columns(rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """Names of the columns of numbers, and of the others."""
    names = list(dict.fromkeys(key for row in rows for key in row))
    numeric = [n for n in names if all(row.get(n) is None or _is_number(row[n]) for row in rows)]
    return numeric, [n for n in names if n not in numeric]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _difference(large: Any, small: Any) -> float | None:
    return None if large is None or small is None else large - small


def _axes(x: str, y: str) -> dict[str, Any]:
    return {
        "xaxis": {"title": {"text": x}, "automargin": True},
        "yaxis": {"title": {"text": y}, "automargin": True},
        "colorway": list(PALETTE),
        "showlegend": False,
        "margin": {"l": 56, "r": 16, "t": 16, "b": 48},
        "hovermode": "closest",
    }


def _colour(index: int) -> str:
    return PALETTE[index % len(PALETTE)]


def _plain(text: str) -> str:
    """``text`` without what plotly reads as markup."""
    return text.replace("<", "‹").replace(">", "›").replace("%{", "% {")


def _label(name: str) -> str:
    return _plain(human(name))


def _titled(name: str) -> str:
    """A column as the title of an axis, with the unit that its ending states."""
    return _plain(head(name))


def _common(words: Any) -> str:
    """The word if all agree, else all of them."""
    return ", ".join(dict.fromkeys(words))


def _numbers(array: np.ndarray) -> list[float | None]:
    """Seven significant digits, which no screen can show more of; None where not finite."""
    return [float(f"{value:.7g}") if np.isfinite(value) else None for value in np.asarray(array, float).tolist()]


def _spans_decades(arrays: Sequence[np.ndarray]) -> bool:
    finite = np.concatenate([a[np.isfinite(a)] for a in arrays]) if arrays else np.empty(0)
    return bool(finite.size) and bool(finite.min() > 0) and bool(finite.max() / finite.min() > LOG_SPAN)


def _geometric(x: np.ndarray) -> bool:
    """Whether the points look evenly spaced on a logarithmic rather than a linear axis, or span decades anyway."""
    finite = x[np.isfinite(x)]
    return bool(finite.size) and bool(finite.min() > 0) and bool(finite.max() / finite.min() > 30)


_KINDS: dict[str, Callable[[Report, Figure, Path], dict[str, Any]]] = {
    "line": _lines,
    "band": _lines,
    "points": _points,
    "box": _distributions,
    "violin": _distributions,
    "bar": _bars,
    "forest": _forest,
    "confusion": _confusion,
    "heat": _heat,
    "parity": _parity,
    "image": _pictures,
    "overlay": _pictures,
}
