"""``morphoscope runs``: list, show, open, compare and clean what the workspace holds."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path
from typing import Any

import click

from ..app import RunInfo, Workspace, default_workspace, write_page
from ..errors import InputError
from . import show

_workspace = click.option(
    "--workspace", "-w", metavar="FOLDER", envvar="MORPHOSCOPE_WORKSPACE", help="Folder that keeps the runs"
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else")


def _open(folder: str | None) -> Workspace:
    root = Path(folder) if folder else default_workspace()
    if not (root / "runs").is_dir():
        raise InputError(f"{root} is no workspace yet; it appears with the first run")
    return Workspace(root)


@click.group()
def runs() -> None:
    """List, show, open, compare and clean finished and unfinished runs."""


@runs.command("list")
@click.option("--state", type=click.Choice(["done", "running", "interrupted", "failed"]), help="Only these")
@_json
@_workspace
def list_runs(state: str | None, as_json: bool, workspace: str | None) -> None:
    """Every run, newest first."""
    infos = [info for info in _open(workspace).shelf.all() if state in (None, info.state)]
    if as_json:
        click.echo(json.dumps([vars(info) for info in infos], indent=1, ensure_ascii=False))
    elif not infos:
        click.echo("no runs")
    else:
        show.table("runs", [_row(info) for info in infos], most=200)


def _row(info: RunInfo) -> dict[str, object]:
    seconds = "" if info.seconds is None else f"{info.seconds:.1f}"
    return {
        "run": info.id,
        "state": info.state,
        "seconds": seconds,
        "started": info.started[:16],
        "title": info.title or info.error,
    }


@runs.command("show")
@click.argument("run")
@_json
@_workspace
def show_run(run: str, as_json: bool, workspace: str | None) -> None:
    """The report of RUN; the first or last characters of its id are enough."""
    shelf = _open(workspace).shelf
    info = shelf.info(shelf.find(run))
    if info.state != "done":
        reason = f": {info.error}" if info.error else ""
        raise InputError(f"run {info.id} is {info.state}{reason}")
    show.report(shelf.report(info.id), shelf.folder(info.id), as_json=as_json)
    if not as_json:
        for name, value in info.parameters.items():
            click.echo(f"  parameter {name}: {value}")
        click.echo(f"  seed {info.seed}, started {info.started}, {info.seconds or 0:.2f} s")


@runs.command("open")
@click.argument("run")
@click.option("--html", metavar="FILE", help="Where to write the page [default: pages/RUN.html in the workspace]")
@click.option("--browser/--no-browser", default=True, help="Open it in the browser")
@_workspace
def open_run(run: str, html: str | None, browser: bool, workspace: str | None) -> None:
    """The report of RUN as one HTML page that needs no network."""
    lab = _open(workspace)
    run_id = lab.shelf.find(run)
    page = write_page(lab, run_id, Path(html) if html else lab.root / "pages" / f"{run_id}.html")
    click.echo(str(page))
    if browser:
        webbrowser.open(page.as_uri())


@runs.command("compare")
@click.argument("first")
@click.argument("second")
@_json
@_workspace
def compare(first: str, second: str, as_json: bool, workspace: str | None) -> None:
    """Parameters that differ, and values side by side, of the runs FIRST and SECOND."""
    shelf = _open(workspace).shelf
    a, b = (shelf.info(shelf.find(run)) for run in (first, second))
    rows = _differences(a, b) + _values(shelf.report(a.id).values, shelf.report(b.id).values)
    if as_json:
        click.echo(json.dumps({"first": a.id, "second": b.id, "rows": rows}, indent=1, ensure_ascii=False))
    else:
        click.echo(f"first  {a.id}\nsecond {b.id}")
        show.table("comparison", rows, most=200)


def _differences(a: RunInfo, b: RunInfo) -> list[dict[str, Any]]:
    one, two = ({"task": i.task, "seed": i.seed, **i.parameters} for i in (a, b))
    names = [name for name in one | two if one.get(name) != two.get(name)]
    return [{"what": f"parameter {n}", "first": _text(one.get(n)), "second": _text(two.get(n)), "change": ""} for n in names]


def _values(one: Any, two: Any) -> list[dict[str, Any]]:
    rows = []
    for name in one | two:
        x, y = one.get(name), two.get(name)
        both = x and y and isinstance(x.value, int | float) and isinstance(y.value, int | float) and x.value
        change = f"{100 * (y.value - x.value) / abs(x.value):+.1f} %" if both else ""
        rows.append({"what": name, "first": str(x or ""), "second": str(y or ""), "change": change})
    return rows


def _text(value: object) -> str:
    return "" if value is None else str(value)


@runs.command("clean")
@click.argument("ids", metavar="RUN...", nargs=-1)
@click.option("--unfinished", is_flag=True, help="Every interrupted or failed run")
@click.option("--older-than", type=click.FloatRange(0), metavar="DAYS", help="Every run started longer ago")
@click.option("--yes", is_flag=True, help="Do not ask")
@_workspace
def clean(ids: tuple[str, ...], unfinished: bool, older_than: float | None, yes: bool, workspace: str | None) -> None:
    """Remove runs; one that another run or a campaign refers to stays until that one goes too."""
    shelf = _open(workspace).shelf
    wanted = [shelf.find(run) for run in ids]
    if unfinished:
        wanted += [info.id for info in shelf.all() if info.state in ("interrupted", "failed")]
    elif older_than is not None and not ids:
        wanted = [info.id for info in shelf.all()]
    if not wanted and not unfinished and older_than is None:
        raise InputError("say which runs to remove: RUN..., --unfinished or --older-than DAYS")
    if wanted and not yes:
        click.confirm(f"Remove up to {len(wanted)} run(s)?", abort=True, err=True)
    removed, kept = shelf.clean(wanted, older_than_days=older_than)
    for sentence in kept:
        click.echo(f"kept: {sentence}")
    click.echo(f"removed {len(removed)} run(s)")
