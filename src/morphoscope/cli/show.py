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
TEXT_WIDTH = 20


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
    """A table with the columns that fit whole; text columns share what is left, and what is left out is named."""
    if not rows:
        click.echo(f"  table {name}: empty")
        return
    console = Console(highlight=False)
    cells = {column: [_cell(row.get(column)) for row in rows[:most]] for column in rows[0]}
    same = {column: texts[0] for column, texts in cells.items() if len(texts) > 1 and len(set(texts)) == 1}
    told_apart = {column: texts for column, texts in cells.items() if any(texts) and column not in same}
    shown, hidden = _fitting(told_apart, console.width)
    grid = Table(title=name, title_justify="left", box=None, header_style="bold")
    for column in shown:
        grid.add_column(column, overflow="fold", no_wrap=not _is_text(cells[column]))
    for texts in zip(*(cells[column] for column in shown), strict=True):
        grid.add_row(*texts)
    console.print(grid)
    if told := ", ".join(f"{column} {text}" for column, text in same.items() if text):
        click.echo(f"  the same in every row: {told}")
    if hidden:
        click.echo(f"  columns that do not fit: {', '.join(hidden)}; --json prints all")
    if len(rows) > most:
        click.echo(f"  ... and {len(rows) - most} rows more; --json prints all")


def _fitting(cells: dict[str, list[str]], width: int) -> tuple[list[str], list[str]]:
    """Columns that fit into ``width`` characters, in order, and those that do not."""
    shown, hidden, left = list[str](), list[str](), width
    for column, texts in cells.items():
        needed = 2 + max(len(column), TEXT_WIDTH if _is_text(texts) else max(map(len, texts)))
        (shown if needed <= left or not shown else hidden).append(column)
        left -= needed if column in shown else 0
    return shown, hidden


def _is_text(texts: list[str]) -> bool:
    """Whether a column holds sentences, which may be broken between words."""
    return any(len(text) > TEXT_WIDTH and " " in text for text in texts)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
