"""``morphoscope corrections``: what a person knows better than a model."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from ..app import Workspace, correct_label, default_workspace
from . import show

_workspace = click.option(
    "--workspace", "-w", metavar="FOLDER", envvar="MORPHOSCOPE_WORKSPACE", help="Folder that keeps the runs and corrections"
)
_model = click.option(
    "--model", metavar="MODEL", default="", help="Whose classes: a kept model's name, run:ID or a folder [default: miscibility]"
)


def _open(folder: str | None) -> Workspace:
    return Workspace(folder or default_workspace())


@click.group()
def corrections() -> None:
    """Correct the label of images; trainings learn from them with --corrections corrections."""


@corrections.command("add")
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
@click.option("--label", required=True, help="What the images show")
@click.option("--who", default="", help="Who says so [default: the name of your account]")
@_model
@_workspace
def add(images: tuple[str, ...], label: str, who: str, model: str, workspace: str | None) -> None:
    """Keep LABEL for each IMAGE."""
    lab = _open(workspace)
    for image in images:
        correct_label(lab, image, label, model=model, who=who)
    click.echo(f"{len(images)} image(s) kept as {label} in {lab.corrections.table}")


@corrections.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else")
@_workspace
def list_corrections(as_json: bool, workspace: str | None) -> None:
    """Every corrected label, oldest first."""
    rows = [asdict(row) for row in _open(workspace).corrections.all()]
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    elif not rows:
        click.echo("no corrections")
    else:
        show.table("corrections", [{**row, "sha256": row["sha256"][:12]} for row in rows], most=200)


@corrections.command("remove")
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
@_model
@_workspace
def remove(images: tuple[str, ...], model: str, workspace: str | None) -> None:
    """Take back the correction of each IMAGE."""
    lab = _open(workspace)
    for image in images:
        correct_label(lab, image, "", model=model)
    click.echo(f"{len(images)} correction(s) taken back")
