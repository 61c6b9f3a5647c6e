"""A click command from a task's fields: arguments, options with units and limits, campaigns."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ..app import TASKS, Field, Workspace, default_workspace, load, product, read_grid, run_campaign, task_fields, write_page
from ..errors import BadParameter, InputError
from . import show

WIDE = {"max_content_width": 110}
WORKSPACE = click.Option(
    ["--workspace", "-w"],
    metavar="FOLDER",
    envvar="MORPHOSCOPE_WORKSPACE",
    help=f"Folder that keeps the runs [default: {default_workspace()}]",
)


def task_command(task: str) -> click.Command:
    """The command of one task; importing the task happens here and not before."""
    known = task_fields(task)
    inputs = [field for field in known.values() if field.positional]
    parameters: list[click.Parameter] = [_argument(field, last=field is inputs[-1]) for field in inputs]
    parameters += [_option(field) for field in known.values() if not field.positional]
    parameters += _common(TASKS[task].page)

    def callback(**given: Any) -> None:
        _answer(task, given)

    doc = inspect.cleandoc(_docstring(task)) + _inputs_help(inputs)
    return click.Command(task.split()[-1], params=parameters, callback=callback, help=doc, context_settings=WIDE)


def _docstring(task: str) -> str:
    return "\n\n".join((inspect.getdoc(load(task)) or TASKS[task].summary).split("\n\n")[:2])


def _inputs_help(inputs: Sequence[Field]) -> str:
    lines = [f"  {field.name.upper()}  {field.param.help}" for field in inputs]
    return "\n\n\b\n" + "\n".join(lines) if lines else ""


def _argument(field: Field, *, last: bool) -> click.Argument:
    """The last input may be given several times: as a list where the task takes one, as many runs otherwise."""
    return click.Argument(
        [field.name], nargs=-1 if last else 1, required=False, metavar=field.name.upper() + ("..." if last else "")
    )


def _option(field: Field) -> click.Option:
    flag = "--" + field.name.replace("_", "-")
    default = "required" if field.required else "unset" if field.default is None else f"default: {_text(field.default)}"
    limits = "" if field.param.choices else field.limits or field.param.unit
    facts = "; ".join(filter(None, (limits, default)))
    text = f"{field.param.help} [{facts}]"
    if field.kind == "bool" and not field.many:
        return click.Option([f"{flag}/--no-{flag[2:]}", field.name], default=None, help=text)
    metavar = {"int": "INT", "float": "NUMBER", "str": "TEXT", "bool": "BOOL", "input": "PATH"}[field.kind]
    kind = click.Choice(field.param.choices) if field.param.choices else click.Path() if field.kind == "input" else None
    return click.Option([flag, field.name], multiple=True, type=kind, metavar=None if field.param.choices else metavar, help=text)


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _common(page: str) -> list[click.Parameter]:
    html = (
        f"Write the report as one HTML page [default, unless --json is given: {page}]"
        if page
        else "Write the report as one HTML page too"
    )
    return [
        click.Option(["--seed"], multiple=True, type=int, metavar="INT", help="Random seed [default: 0]"),
        click.Option(
            ["--device"], type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help="Where to compute [default: auto]"
        ),
        click.Option(["--grid"], metavar="CSV", help="One run a row; the header names parameters"),
        click.Option(
            ["--on"], metavar="WHERE", default="here", help="here (default), local:WORKERS, tcp://HOST:PORT, slurm:PROFILE.toml"
        ),
        click.Option(["--retries"], type=int, metavar="INT", default=1, help="More tries for a failed point [default: 1]"),
        click.Option(["--html"], metavar="FILE", default=None, help=html),
        click.Option(["--json", "as_json"], is_flag=True, help="Print the report as JSON and nothing else"),
        WORKSPACE,
    ]


def _answer(task: str, given: dict[str, Any]) -> None:
    workspace = Workspace(given.pop("workspace") or default_workspace(), on=given["on"])
    as_json, html, grid = given.pop("as_json"), given.pop("html"), given.pop("grid")
    on, retries, device = given.pop("on"), given.pop("retries"), given.pop("device")
    points = _points(task, given, Path(grid) if grid else None)
    with show.progress(task) as tell:
        if len(points) == 1 and not grid:
            point = points[0]
            report = workspace.run(task, seed=point.pop("seed", 0), device=device, tell=tell, **point)
        else:
            report = run_campaign(workspace, task, points, on=on, retries=retries, device=device, tell=tell)
    rows = report.tables.get("points", [])
    if rows and all(row.get("state") == "failed" for row in rows) and report.run.startswith("campaign-"):
        raise InputError(f"all {len(rows)} points of the campaign failed, the first with: {rows[0]['error']}")
    html = html or ("" if as_json else TASKS[task].page.replace("{input}", _input_name(task, points[0])))
    if html:
        write_page(workspace, report.run, Path(html))
    show.report(report, workspace.shelf.folder(report.run), as_json=as_json, html=html)


def _input_name(task: str, point: Mapping[str, Any]) -> str:
    """Name of the first input, for the page written unasked."""
    known = [point.get(field.name) for field in task_fields(task).values() if field.positional]
    first = next((item for value in known for item in (value if isinstance(value, list) else [value]) if item), task.split()[-1])
    return Path(str(first)).resolve().stem or "report"


def _points(task: str, given: Mapping[str, Any], grid: Path | None) -> list[dict[str, Any]]:
    """The parameters of each run: every combination of what was given more than once, times the grid's rows."""
    known = task_fields(task)
    fixed, varied = dict[str, Any](), dict[str, list[Any]]()
    for name, value in given.items():
        if value is None or value == ():
            continue
        if not isinstance(value, tuple):
            fixed[name] = value
        elif name in known and known[name].many:
            fixed[name] = list(value)
        else:
            varied[name] = list(value)
    points = [fixed | point for point in product(varied)]
    if grid is None:
        return points
    rows = read_grid(grid)
    if twice := set(rows[0]) & (set(fixed) | set(varied)):
        raise BadParameter(f"{min(twice)} is given both by --grid and on the command line")
    return [point | row for point in points for row in rows]
