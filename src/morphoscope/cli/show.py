"""What the terminal shows: progress on standard error, the answer on standard output."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..app import Report

PLAIN_EVERY_S = 10.0
NEVER_WRAPPED = ("run", "state", "started")


@contextlib.contextmanager
def progress(task: str) -> Iterator[Callable[[float, float, str], None]]:
    """A bar with time left on a terminal, a plain line now and then in a log."""
    if not sys.stderr.isatty():
        yield _PlainProgress(task)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=Console(stderr=True), transient=True) as bar:
        number = bar.add_task(task, total=None, note="")

        def tell(done: float, total: float, note: str) -> None:
            bar.update(number, completed=done, total=total, note=note)

        yield tell


class _PlainProgress:
    def __init__(self, task: str) -> None:
        self._task, self._start = task, time.monotonic()
        self._last = self._start

    def __call__(self, done: float, total: float, note: str) -> None:
        now = time.monotonic()
        if now - self._last < PLAIN_EVERY_S or not total:
            return
        self._last = now
        left = f", about {(now - self._start) * (total - done) / done:.0f} s left" if done else ""
        click.echo(f"{self._task}: {100 * done / total:.0f} %{left}{' - ' + note if note else ''}", err=True)


def report(answer: Report, folder: Path, *, as_json: bool, html: str | None = None) -> None:
    """Print ``answer``: as JSON and nothing else, or for reading."""
    if as_json:
        click.echo(answer.to_json())
        return
    click.secho(answer.title, bold=True)
    width = max((len(name) for name in answer.values), default=0)
    for name, quantity in answer.values.items():
        click.echo(f"  {name:<{width}}  {quantity}")
    for name, rows in answer.tables.items():
        table(name, rows)
    for name, curve in answer.curves.items():
        axes = f"{curve.y_name}({curve.x_name})"
        click.echo(f"  curve {name}: {axes}, {len(curve)} points")
    for note in answer.notes:
        click.secho(f"  note: {note}", fg="yellow")
    for name, inner in answer.files.items():
        click.echo(f"  file {name}: {folder / inner}")
    if html:
        click.echo(f"  page: {Path(html).resolve()}")
    click.secho(f"  run {answer.run}", dim=True)


def table(name: str, rows: list[dict[str, object]], *, most: int = 40) -> None:
    """A table with as many columns as fit."""
    if not rows:
        click.echo(f"  table {name}: empty")
        return
    grid = Table(title=name, title_justify="left", box=None, header_style="bold")
    columns = [column for column in rows[0] if any(row.get(column) not in (None, "") for row in rows)]
    for column in columns:
        grid.add_column(column, overflow="fold", no_wrap=column in NEVER_WRAPPED)
    for row in rows[:most]:
        grid.add_row(*(_cell(row.get(column)) for column in columns))
    Console(highlight=False).print(grid)
    if len(rows) > most:
        click.echo(f"  ... and {len(rows) - most} rows more; --json prints all")


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
